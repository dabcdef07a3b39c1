package record

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// EventPatch decodes a change of an event, for engine.UpdateEvent: the fields that are
// given change in all its lines, null clears, and properties are merged name by name.
// An order gets other lines by items; item_id, quantity and price are for an event of
// one line. What tells the event, its event_id and subject, may be repeated and not
// changed. The function returned refuses, as *engine.Invalid, what would not be right.
func EventPatch(r io.Reader, o Options) (func(lines []engine.Interaction) ([]engine.Interaction, error), error) {
	o.Format, o.Unknown = JSON, Refuse
	return One(readWith(r, o, eventSchema, func(d *decoder[event]) finish[event, func([]engine.Interaction) ([]engine.Interaction, error)] {
		d.patching()
		d.apart = true
		var given []change[event]
		d.met = func(f *field[event], v value) { given = append(given, change[event]{f.name, f.set, v}) }
		return func(t *event, c *reading) (func([]engine.Interaction) ([]engine.Interaction, error), problem) {
			if t.timed {
				if p := c.past(t.At); p != nil {
					return nil, at("at", p)
				}
			}
			c.o = &Options{} // the times were looked at; a change made later is not refused for them
			return func(lines []engine.Interaction) ([]engine.Interaction, error) { return changed(lines, given, c) }, nil
		}
	}))
}

// changed returns the lines of an event as a patch makes them.
func changed(lines []engine.Interaction, given []change[event], c *reading) ([]engine.Interaction, error) {
	if len(lines) == 0 {
		return nil, fmt.Errorf("the event: %w", engine.ErrNotFound)
	}
	var out []engine.Interaction
	for _, line := range lines {
		e := event{Interaction: line, timed: true}
		e.Properties = maps.Clone(line.Properties)
		for _, g := range given {
			if len(lines) > 1 && slices.Contains([]string{"item_id", "quantity", "price"}, g.name) {
				return nil, at(g.name, refuse("the event has %d lines; send items, with all of them", len(lines)))
			}
			if p := g.set(&e, g.v); p != nil {
				return nil, at(g.name, p)
			}
		}
		if e.EventID != line.EventID || e.Customer != line.Customer || e.Session != line.Session {
			return nil, refuse("event_id, customer_id and session_id tell the event and stay as they are; delete it and send another")
		}
		if e.order && !e.named(given) {
			e.Item = ""
		}
		if e.Type == "" {
			return nil, missing("type", "a type such as view or purchase is needed")
		}
		record, p := finishEvent(&e, c)
		if p != nil {
			return nil, p
		}
		if e.order {
			return record.Lines, nil
		}
		out = append(out, record.Lines...)
	}
	return out, nil
}

// named reports whether a patch gives an item_id.
func (e *event) named(given []change[event]) bool {
	return e.Item != "" && slices.ContainsFunc(given, func(g change[event]) bool { return g.name == "item_id" })
}
