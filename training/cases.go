package training

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/tally"
)

// Case is one question whose answer is known: what somebody wanted next, asked with
// what was known before.
type Case struct {
	Who     recommend.Someone
	Request engine.Request
	Now     time.Time
	Targets []engine.ItemNum
	// Counters are those of the moment, nil for the world's.
	Counters *tally.Counters
	// Only are the items looked at, nil for all.
	Only *roaring.Bitmap
}

// NextCases makes one case a subject: the first moment in [from, to) at which they
// wanted something new to them, that is an event of a target type with an item that is
// not in their history. Its history is what came before the moment, its targets the
// new items of that moment (an order's lines), its counters those of the moment, or of
// one shortly before (countersMost). Cases come in the order of time; there are at most
// limit of them, evenly picked.
func (s *Snapshot) NextCases(from, to time.Time, target func(engine.Type) bool, limit int) []Case {
	return s.cases(from, to, target, newAt, limit)
}

// AgainCases makes cases as NextCases does of who has bought before: at the first moment
// at which they wanted anything, new or not, all of which are targets.
func (s *Snapshot) AgainCases(from, to time.Time, target func(engine.Type) bool, limit int) []Case {
	return s.cases(from, to, target, s.allAt, limit)
}

// countersMost bounds how many counters cases hold, for each that differs from the one
// before may take 100 KB of its own: of more cases some in a row share those of the first.
const countersMost = 4000

// cases makes one case a subject: of the first moment in [from, to) that has targets.
func (s *Snapshot) cases(from, to time.Time, target func(engine.Type) bool, targets func([]event, int64, func(event) bool) []engine.ItemNum, limit int) []Case {
	type moment struct {
		person int
		at     int64
	}
	var moments []moment
	for i, p := range s.People {
		for _, e := range p.events[before(p.events, from.UnixNano()):before(p.events, to.UnixNano())] {
			if target(s.types.names[e.kind]) && len(targets(p.events, e.at, s.isTarget(target))) > 0 {
				moments = append(moments, moment{i, e.at})
				break
			}
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	moments = Pick(moments, limit)
	over, share := s.countersOver(from), (len(moments)+countersMost-1)/countersMost
	var counters *tally.Counters
	cases := make([]Case, len(moments))
	for i, m := range moments {
		p := s.People[m.person]
		if i%share == 0 {
			counters = over(m.at)
		}
		rows := s.rows(p.Subject, p.events[:before(p.events, m.at)], nil)
		cases[i] = Case{
			Who:      Known(p.Subject, rows),
			Now:      time.Unix(0, m.at).UTC(),
			Targets:  targets(p.events, m.at, s.isTarget(target)),
			Counters: counters,
		}
	}
	return cases
}

func (s *Snapshot) isTarget(target func(engine.Type) bool) func(event) bool {
	return func(e event) bool { return target(s.types.names[e.kind]) }
}

// newAt returns the items of target events at one moment that are not in the history
// before it, each once.
func newAt(events []event, at int64, target func(event) bool) []engine.ItemNum {
	n := before(events, at)
	var out []engine.ItemNum
	for _, e := range events[n:] {
		if e.at != at {
			break
		}
		known := slices.ContainsFunc(events[:n], func(old event) bool { return old.item == e.item })
		if target(e) && !known && !slices.Contains(out, e.item) {
			out = append(out, e.item)
		}
	}
	return out
}

// allAt returns the items of target events at one moment, each once; none where nothing
// was bought before.
func (s *Snapshot) allAt(events []event, at int64, target func(event) bool) []engine.ItemNum {
	n := before(events, at)
	if !slices.ContainsFunc(events[:n], func(e event) bool { return s.types.names[e.kind] == engine.Purchase }) {
		return nil
	}
	var out []engine.ItemNum
	for _, e := range events[n:] {
		if e.at != at {
			break
		}
		if target(e) && !slices.Contains(out, e.item) {
			out = append(out, e.item)
		}
	}
	return out
}

// countersOver returns the counters as of rising moments from a start on.
func (s *Snapshot) countersOver(from time.Time) func(at int64) *tally.Counters {
	var later []engine.Row
	for _, p := range s.People {
		later = s.rows(p.Subject, p.events[before(p.events, from.UnixNano()):], later)
	}
	slices.SortStableFunc(later, func(a, b engine.Row) int { return a.At.Compare(b.At) })
	counters := s.Before(from).Counters()
	return func(at int64) *tally.Counters {
		n := rowsBefore(later, at)
		if n > 0 {
			counters, later = counters.With(later[:n]), later[n:]
		}
		return counters
	}
}

// rowsBefore returns how many rows, oldest first, lie before a moment.
func rowsBefore(rows []engine.Row, at int64) int {
	n, _ := slices.BinarySearchFunc(rows, at, func(r engine.Row, at int64) int {
		if r.At.UnixNano() < at {
			return -1
		}
		return 1
	})
	return n
}

// BasketCases makes one case an order of several items in [from, to): its first item is
// what the list is about, the others are the targets. At most limit, evenly picked.
func (s *Snapshot) BasketCases(from, to time.Time, target func(engine.Type) bool, limit int) []Case {
	var cases []Case
	for _, p := range s.People {
		events := p.events[before(p.events, from.UnixNano()):before(p.events, to.UnixNano())]
		for start := 0; start < len(events); {
			end := start + 1
			for end < len(events) && events[end].at == events[start].at {
				end++
			}
			var items []engine.ItemNum
			for _, e := range events[start:end] {
				if target(s.types.names[e.kind]) && !slices.Contains(items, e.item) {
					items = append(items, e.item)
				}
			}
			if len(items) > 1 {
				cases = append(cases, Case{
					Request: engine.Request{Item: s.IDs.ID(items[0])},
					Now:     time.Unix(0, events[start].at).UTC(), Targets: items[1:],
				})
			}
			start = end
		}
	}
	return Pick(cases, limit)
}

// Pick returns at most limit of the values, evenly spread over them; 0 for all.
func Pick[T any](values []T, limit int) []T {
	if limit == 0 || len(values) <= limit {
		return values
	}
	out := make([]T, limit)
	for i := range out {
		out[i] = values[i*len(values)/limit]
	}
	return out
}

// Known returns somebody with a history, as serving would hold them.
func Known(who engine.Subject, rows []engine.Row) recommend.Someone {
	s := recommend.Someone{Subject: who, Rows: rows, Bought: roaring.New(), Dismissed: roaring.New()}
	for i := range rows {
		switch rows[i].Type {
		case engine.Purchase:
			s.Bought.Add(uint32(rows[i].Num))
		case engine.Dismiss:
			s.Dismissed.Add(uint32(rows[i].Num))
		}
	}
	return s
}

// input is the case as the request it stands for.
func (c *Case) input(w *recommend.World, place *recommend.Place) *recommend.Input {
	if c.Counters != nil {
		w = w.WithCounters(c.Counters)
	}
	return &recommend.Input{World: w, Place: place, Someone: &c.Who, Request: &c.Request, Now: c.Now, Offline: true, Only: c.Only}
}

// Outcome is the list a case got, best first.
type Outcome struct {
	Items  []engine.ItemNum
	Scores []float64 // nil where there are none
	Took   time.Duration
}

// Ask answers every case through engine/recommend: the code that serves. Workers share
// the cases; the outcomes do not depend on their number.
func Ask(ctx context.Context, w *recommend.World, place *recommend.Place, cases []Case, workers int) ([]Outcome, error) {
	out := make([]Outcome, len(cases))
	err := each(ctx, len(cases), workers, func(i int) error {
		start := time.Now()
		answer, err := recommend.Recommend(cases[i].input(w, place))
		if err != nil {
			return err
		}
		out[i].Took = time.Since(start)
		for _, item := range answer.Items {
			out[i].Items = append(out[i].Items, item.Num)
			out[i].Scores = append(out[i].Scores, item.Score)
		}
		return nil
	})
	return out, err
}

// each runs do for 0..n-1 on some workers and returns the first error.
func each(ctx context.Context, n, workers int, do func(i int) error) error {
	var (
		next atomic.Int64
		wait sync.WaitGroup
		once sync.Once
		fail error
	)
	for range max(1, workers) {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := do(i); err != nil {
					once.Do(func() { fail = err })
					next.Store(int64(n))
					return
				}
			}
		})
	}
	wait.Wait()
	if fail != nil {
		return fail
	}
	return ctx.Err()
}
