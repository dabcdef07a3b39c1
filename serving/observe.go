package serving

import (
	"maps"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Observe takes what was committed into the live state, in sequence order. The store
// calls it from its committer, before it releases the writers: whoever wrote sees it.
func (r *Recommender) Observe(group []engine.Committed) {
	if len(group) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := *r.shop.Load()
	var (
		rows, was []engine.Row
		items     []catalogue.Entry
	)
	for i := range group {
		c := &group[i]
		next.seq = max(next.seq, c.Seq)
		r.note(c)
		switch {
		case c.Settings != nil:
			next.World = next.World.WithSettings(*c.Settings)
			defer r.wake() // once the shop is stored
		case c.Item != nil:
			items = append(items, catalogue.Entry{Num: c.Num, Item: c.Item})
		case c.Deleted != nil:
			items = append(items, catalogue.Entry{Num: c.Num})
		case c.Scenario != nil:
			next.scenarios = withScenario(next.scenarios, *c.Scenario)
		case c.Dropped != "":
			next.scenarios = withoutScenario(next.scenarios, c.Dropped)
		case c.Erased != nil:
			r.record.forget(c.Erased.Subjects)
			r.health.forget()
			r.gaps.forget()
		case c.DroppedTicket != "", c.Customer != nil && !c.Customer.Allows(engine.Train):
			r.gaps.forget()
		}
		if c.Seq > next.counted {
			rows, was = append(rows, c.Rows...), append(was, c.Was...)
		}
	}
	if len(items) > 0 {
		next.World = r.withItems(next.World, items)
		if r.encoding > 0 {
			r.changed = append(r.changed, items...)
		}
	}
	if len(rows) > 0 {
		next.World = next.World.WithRows(rows)
	}
	if len(was) > 0 {
		next.World = next.World.WithoutRows(was)
	}
	r.people.observe(group)
	r.shop.Store(&next)
}

// scenario is a place that is compiled when it is first asked for.
type scenario struct {
	engine.Scenario
	place atomic.Pointer[recommend.Place]
}

func builtIn() map[string]*scenario {
	out := make(map[string]*scenario)
	for _, s := range engine.DefaultScenarios() {
		out[s.Name] = &scenario{Scenario: s}
	}
	return out
}

func withScenario(old map[string]*scenario, s engine.Scenario) map[string]*scenario {
	next := maps.Clone(old)
	_, s.BuiltIn = builtIn()[s.Name] // cannot be deleted, only set back
	next[s.Name] = &scenario{Scenario: s}
	return next
}

// withoutScenario forgets a scenario; a built-in one returns to its default.
func withoutScenario(old map[string]*scenario, name string) map[string]*scenario {
	next := maps.Clone(old)
	delete(next, name)
	if s, ok := builtIn()[name]; ok {
		next[name] = s
	}
	return next
}

// compiled returns the place of a scenario, compiling it at first use. Attributes were
// checked when it was sent; one that no item has any more matches none.
func (s *scenario) compiled() (*recommend.Place, error) {
	if p := s.place.Load(); p != nil {
		return p, nil
	}
	p, err := recommend.NewPlace(s.Scenario, nil)
	if err != nil {
		return nil, err
	}
	s.place.Store(p)
	return p, nil
}
