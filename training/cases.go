package training

import (
	"cmp"
	"context"
	"iter"
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
	// Who asks. In a case of a snapshot it is their name alone: see Someone.
	Who     recommend.Someone
	Request engine.Request
	Now     time.Time
	Targets []engine.ItemNum
	// Counters are those of the moment, nil for the world's; in a case of a snapshot they
	// are counted while cases are asked.
	Counters *tally.Counters
	// Only are the items looked at, nil for all.
	Only *roaring.Bitmap

	past *past
}

// past is what a case of a snapshot is made of when it is asked: ten thousand histories
// and counters of their own would take gigabytes at once.
type past struct {
	snap   *Snapshot
	events []event // of who asks, before the moment
	counts *counts // of the moment; nil for the world's
}

// Someone returns who asks, with their history.
func (c *Case) Someone() recommend.Someone {
	if c.past == nil {
		return c.Who
	}
	who := Known(c.Who.Subject, c.past.snap.rows(c.Who.Subject, c.past.events, nil))
	who.Customer = c.Who.Customer
	return who
}

// unknown reports whether nothing is known of who asks.
func (c *Case) unknown() bool {
	return len(c.Who.Rows) == 0 && (c.past == nil || len(c.past.events) == 0)
}

// ofNobody returns the case as asked by somebody nothing is known of.
func (c *Case) ofNobody() Case {
	out := *c
	out.Who = recommend.Someone{}
	if c.past != nil {
		out.past = &past{snap: c.past.snap, counts: c.past.counts}
	}
	return out
}

// NextCases makes one case a subject: the first moment in [from, to) at which they
// wanted something new to them, that is an event of a target type with an item that is
// not in their history. Its history is what came before the moment, its targets the
// new items of that moment (an order's lines), its counters those of the moment. Cases come
// in the order of time; there are at most limit of them, evenly picked.
func (s *Snapshot) NextCases(from, to time.Time, target func(engine.Type) bool, limit int) []Case {
	return s.cases(from, to, s.ofType(target), firstNew, limit)
}

// AgainCases makes cases as NextCases does of who has bought before: at the first moment
// at which they wanted anything, new or not, all of which are targets.
func (s *Snapshot) AgainCases(from, to time.Time, target func(engine.Type) bool, limit int) []Case {
	return s.cases(from, to, s.ofType(target), s.firstAgain, limit)
}

// first finds the first moment in [from, to) at which a history asks for something, and
// what: some of its wanted events' items, each once; none where there is no such moment.
// It walks over the history once, since a crawler's has a hundred thousand rows.
type first func(events []event, from, to int64, wanted func(event) bool) (at int64, targets []engine.ItemNum)

// cases makes one case a subject: of the first moment in [from, to) that has targets.
func (s *Snapshot) cases(from, to time.Time, wanted func(event) bool, find first, limit int) []Case {
	type moment struct {
		person  int
		at      int64
		targets []engine.ItemNum
	}
	var moments []moment
	for i, p := range s.People {
		if at, targets := find(p.events, from.UnixNano(), to.UnixNano(), wanted); len(targets) > 0 {
			moments = append(moments, moment{i, at, targets})
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	moments = Pick(moments, limit)
	counts := s.countsIn(from, to)
	cases, pasts := make([]Case, len(moments)), make([]past, len(moments))
	for i, m := range moments {
		p := s.People[m.person]
		pasts[i] = past{s, p.events[:before(p.events, m.at)], counts}
		cases[i] = Case{Who: recommend.Someone{Subject: p.Subject}, Now: time.Unix(0, m.at).UTC(), Targets: m.targets, past: &pasts[i]}
	}
	return cases
}

func (s *Snapshot) ofType(target func(engine.Type) bool) func(event) bool {
	return func(e event) bool { return target(s.types.of(&e)) }
}

// firstNew finds the first moment with wanted items that are not in the history before it.
func firstNew(events []event, from, to int64, wanted func(event) bool) (at int64, targets []engine.ItemNum) {
	start, end := before(events, from), before(events, to)
	if !slices.ContainsFunc(events[start:end], wanted) {
		return 0, nil // most people: nothing to remember
	}
	known := make(map[engine.ItemNum]bool)
	for _, e := range events[:start] {
		known[e.item] = true
	}
	for moment := range byMoment(events[start:end]) {
		for _, e := range moment {
			if wanted(e) && !known[e.item] {
				known[e.item] = true
				targets = append(targets, e.item)
			}
		}
		if len(targets) > 0 {
			return moment[0].at, targets
		}
		for _, e := range moment {
			known[e.item] = true
		}
	}
	return 0, nil
}

// firstAgain finds the first moment with wanted items after something was bought.
func (s *Snapshot) firstAgain(events []event, from, to int64, wanted func(event) bool) (at int64, targets []engine.ItemNum) {
	bought := func(e event) bool { return s.types.of(&e) == engine.Purchase }
	start, end := before(events, from), before(events, to)
	had := slices.ContainsFunc(events[:start], bought)
	for moment := range byMoment(events[start:end]) {
		if targets = distinct(moment, wanted); had && len(targets) > 0 {
			return moment[0].at, targets
		}
		had = had || slices.ContainsFunc(moment, bought)
	}
	return 0, nil
}

// byMoment yields the events, oldest first, by the moment at which they happened.
func byMoment(events []event) iter.Seq[[]event] {
	return func(yield func([]event) bool) {
		for len(events) > 0 {
			n := 1
			for n < len(events) && events[n].at == events[0].at {
				n++
			}
			if !yield(events[:n]) {
				return
			}
			events = events[n:]
		}
	}
}

// distinct returns the items of the wanted events, each once, in their order.
func distinct(events []event, wanted func(event) bool) []engine.ItemNum {
	var out []engine.ItemNum
	seen := make(map[engine.ItemNum]bool)
	for _, e := range events {
		if wanted(e) && !seen[e.item] {
			seen[e.item] = true
			out = append(out, e.item)
		}
	}
	return out
}

// BasketCases makes one case an order of several items in [from, to): its first item is
// what the list is about, the others are the targets. At most limit, evenly picked.
func (s *Snapshot) BasketCases(from, to time.Time, target func(engine.Type) bool, limit int) []Case {
	var cases []Case
	wanted := s.ofType(target)
	for _, p := range s.People {
		for order := range byMoment(p.events[before(p.events, from.UnixNano()):before(p.events, to.UnixNano())]) {
			if items := distinct(order, wanted); len(items) > 1 {
				cases = append(cases, Case{
					Request: engine.Request{Item: s.IDs.ID(items[0])},
					Now:     time.Unix(0, order[0].at).UTC(), Targets: items[1:],
				})
			}
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
	err := put(ctx, w, place, cases, workers, func(i int, in *recommend.Input) error {
		start := time.Now()
		answer, err := recommend.Recommend(in)
		if err != nil {
			return err
		}
		out[i].Took = time.Since(start)
		n := len(answer.Items)
		out[i].Items, out[i].Scores = slices.Grow(out[i].Items, n), slices.Grow(out[i].Scores, n)
		for _, item := range answer.Items {
			out[i].Items, out[i].Scores = append(out[i].Items, item.Num), append(out[i].Scores, item.Score)
		}
		return nil
	})
	return out, err
}

// put calls do with every case as the request it stands for. Workers share the cases.
func put(ctx context.Context, w *recommend.World, place *recommend.Place, cases []Case, workers int, do func(i int, in *recommend.Input) error) error {
	var turn sync.Mutex // guards the cursor, and so gives counters in the order of the cases
	var at cursor
	next := 0
	return each(ctx, len(cases), workers, func(int) error {
		turn.Lock()
		i := next
		next++
		counters := at.of(&cases[i])
		turn.Unlock()
		return do(i, cases[i].input(w, place, counters))
	})
}

// input is the case as the request it stands for, with its counters; nil for the world's.
func (c *Case) input(w *recommend.World, place *recommend.Place, counters *tally.Counters) *recommend.Input {
	if counters != nil {
		w = w.WithCounters(counters)
	}
	who := c.Someone()
	return &recommend.Input{World: w, Place: place, Someone: &who, Request: &c.Request, Now: c.Now, Offline: true, Only: c.Only}
}

// each runs do for 0..n-1 on some workers and returns the first error.
func each(ctx context.Context, n, workers int, do func(i int) error) error {
	var (
		next atomic.Int64
		wait sync.WaitGroup
		once sync.Once
		fail error
	)
	work := func() {
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
	}
	for range workers - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	if fail != nil {
		return fail
	}
	return ctx.Err()
}
