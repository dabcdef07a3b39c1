package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// intake takes records from inputs into a workspace, in batches.
type intake struct {
	c       *console
	into    sink
	as      string
	options record.Options
	refused *rejects
	got     taken

	// types are how many events there were of each type.
	types map[engine.Type]int
}

// taken counts records: an order with ten lines is one.
type taken struct{ read, accepted, duplicates, refused int }

// Bounds of a batch. One batch waits for one commit: records enough to fill it, and not
// more bytes than memory holds lightly.
const (
	batchRecords = 1000
	batchBytes   = 4 << 20 // as read, inflated or not
)

// reading returns the options for one input.
func (k *intake) reading(in *input) record.Options {
	o := k.options
	o.Now = in.now
	o.Source = in.digest
	if in.dated.Before(in.now) {
		o.Base = in.dated.Add(-record.UndatedFor)
	} else {
		o.Base = in.now.Add(-record.UndatedFor)
	}
	return o
}

// take reads one input to its end. What was accepted before an error stands.
func (k *intake) take(ctx context.Context, in *input) (err error) {
	b := k.c.bar(in.name, in.size)
	defer func() { b.end(err) }()
	k.refused.of(in.name, b)
	var (
		batch []engine.Command
		lines []int
		begun int64
	)
	flush := func() error {
		err := k.keep(ctx, batch, lines)
		batch, lines, begun = batch[:0], lines[:0], in.taken.Load()
		b.at(begun, count(k.got.read)+" records")
		return err
	}
	for entry, err := range record.Commands(k.as, in.source(), k.reading(in)) {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, flush())
		}
		if rejected, one := errors.AsType[*record.Rejected](err); one {
			k.got.read++
			k.got.refused++
			if err := k.refused.add(rejected); err != nil {
				return errors.Join(err, flush())
			}
			continue
		}
		if err != nil {
			return errors.Join(err, flush())
		}
		k.got.read++
		k.count(entry.Value)
		batch, lines = append(batch, entry.Value), append(lines, entry.Line)
		if len(batch) >= batchRecords || in.taken.Load()-begun >= batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// keep writes a batch and counts what became of it.
func (k *intake) keep(ctx context.Context, batch []engine.Command, lines []int) error {
	if len(batch) == 0 {
		return nil
	}
	o, err := k.into.keep(ctx, batch)
	k.got.accepted += o.Accepted
	k.got.duplicates += o.Duplicates
	k.got.refused += len(o.Rejected)
	for _, r := range o.Rejected {
		r.Line = lines[r.Line-1]
		if err := k.refused.add(&r); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("write %d records: %w", len(batch), err)
	}
	return nil
}

// rejectedBy puts the store's refusal of a command into the words of a reading's.
func rejectedBy(err error, line int) *record.Rejected {
	if invalid, ok := errors.AsType[*engine.Invalid](err); ok {
		return &record.Rejected{Line: line, Field: invalid.Field, Code: invalid.Code, Want: invalid.Want}
	}
	return &record.Rejected{Line: line, Code: "refused", Want: err.Error()}
}

// count counts an event by its type.
func (k *intake) count(command engine.Command) {
	if event, ok := command.(engine.RecordEvent); ok {
		if k.types == nil {
			k.types = make(map[engine.Type]int)
		}
		k.types[event.Lines[0].Type]++
	}
}

// tellTypes says which types of event weigh nothing: a misspelt one does so silently
// otherwise.
func (k *intake) tellTypes(settings engine.Settings) {
	for _, name := range slices.Sorted(maps.Keys(k.types)) {
		if _, known := settings.Types[name]; !known && !slices.Contains(weightless, name) {
			k.c.say("%s events are of type %q, which weighs nothing until PUT /v1/settings/interaction-types says otherwise", count(k.types[name]), name)
		}
	}
}

// weightless are types that weigh nothing and are meant to.
var weightless = []engine.Type{engine.Search, engine.Seen, engine.TicketOpened, engine.SolutionShown, engine.Escalated, engine.CSAT}

// tell writes what came of it all.
func (k *intake) tell(dry bool) {
	done, duplicates := "accepted", ", "+count(k.got.duplicates)+" seen before"
	if dry {
		done, duplicates = "would be accepted", " (nothing was written)"
	}
	where := ""
	if k.refused.written() {
		where = " (listed in " + k.refused.path + ")"
	}
	fmt.Fprintf(k.c.out, "%s %s read: %s %s%s, %s refused%s\n",
		count(k.got.read), k.as, count(k.got.accepted), done, duplicates, count(k.got.refused), where)
}
