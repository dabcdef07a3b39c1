package training

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/tally"
)

// TestCountersOfTheMoment holds the counters that cases are asked with, in whatever order, to
// what is counted anew of all that happened before each.
func TestCountersOfTheMoment(t *testing.T) {
	ids := catalogue.NewIDs()
	for i := range 40 {
		ids.Assign(engine.ItemID(fmt.Sprint(i)))
	}
	large := largeCatalogue(ids)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		s := NewSnapshot(ids, engine.DefaultSettings())
		if rapid.Bool().Draw(t, "large") {
			s.Items = large
		}
		for c := range rapid.IntRange(1, 12).Draw(t, "customers") {
			rows := make([]engine.Row, rapid.IntRange(1, 8).Draw(t, "rows"))
			for i := range rows {
				n := engine.ItemNum(rapid.IntRange(0, 39).Draw(t, "item"))
				rows[i] = engine.Row{Num: n, Interaction: engine.Interaction{
					Item: ids.ID(n), Type: rapid.SampledFrom([]engine.Type{engine.View, engine.Purchase, engine.Click}).Draw(t, "type"),
					At: start.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "hour")) * time.Hour), Quantity: float64(rapid.IntRange(0, 2).Draw(t, "quantity")),
				}}
			}
			s.Add(engine.OfCustomer(engine.CustomerID(fmt.Sprint("c", c))), rows)
		}
		from := start.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "from")) * time.Hour)
		cases := s.NextCases(from, start.AddDate(1, 0, 0), func(engine.Type) bool { return true }, 0)
		if len(cases) == 0 {
			return
		}
		var at cursor
		for _, i := range rapid.SliceOf(rapid.IntRange(0, len(cases)-1)).Draw(t, "order") {
			c := &cases[i]
			until := c.Now
			if s.Items == large { // as of the moment in which they ask, and of none before the window
				if until = at.of(c).Floor(c.Now); until.Before(from) {
					until = from
				}
				if grain := s.Before(from).grain(); c.Now.Sub(until) > grain {
					t.Fatalf("what was counted at %v is asked for at %v, in moments of %v", until, c.Now, grain)
				}
			}
			got, want := at.of(c), s.Before(until).Counters()
			for n := range engine.ItemNum(40) {
				for _, span := range []tally.Span{tally.AllTime, tally.Days, tally.Clicked} {
					if a, b := got.Value(n, span, c.Now), want.Value(n, span, c.Now); math.Abs(a-b) > 1e-9 {
						t.Fatalf("item %d at %v counts %v, of what happened before %v", n, c.Now, a, b)
					}
				}
			}
			who := c.Someone()
			for _, r := range who.Rows {
				if !r.At.Before(c.Now) {
					t.Fatalf("%s knows of %v at %v", who.Subject, r.At, c.Now)
				}
			}
		}
	})
}

// The slow way to find a case: every event of the window is looked at, and with it all of
// the history before.
func firstSlowly(events []event, from, to int64, wanted func(event) bool, targets func(at int64) []engine.ItemNum) (at int64, items []engine.ItemNum) {
	for _, e := range events {
		if e.at >= from && e.at < to && wanted(e) {
			if items := targets(e.at); len(items) > 0 {
				return e.at, items
			}
		}
	}
	return 0, nil
}

// wantedAt returns the items of wanted events at a moment, each once.
func wantedAt(events []event, at int64, wanted func(event) bool) []engine.ItemNum {
	var out []engine.ItemNum
	for _, e := range events {
		if e.at == at && wanted(e) && !slices.Contains(out, e.item) {
			out = append(out, e.item)
		}
	}
	return out
}

// TestFirstMoments holds the one walk over a history to a search that begins anew at each
// event.
func TestFirstMoments(t *testing.T) {
	s := NewSnapshot(catalogue.NewIDs(), engine.DefaultSettings())
	numbered := func(t engine.Type) uint32 { return s.types.deed(deed{kind: s.kind(t)}) }
	view, purchase := numbered(engine.View), numbered(engine.Purchase)
	rapid.Check(t, func(t *rapid.T) {
		events := make([]event, rapid.IntRange(0, 40).Draw(t, "events"))
		for i := range events {
			events[i] = event{
				at:   rapid.Int64Range(0, 12).Draw(t, "at"),
				item: engine.ItemNum(rapid.IntRange(0, 8).Draw(t, "item")),
				deed: rapid.SampledFrom([]uint32{view, view, purchase}).Draw(t, "kind"),
			}
		}
		slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
		from := rapid.Int64Range(0, 12).Draw(t, "from")
		to := from + rapid.Int64Range(0, 8).Draw(t, "length")
		most := engine.ItemNum(rapid.IntRange(0, 8).Draw(t, "most"))
		anyType := rapid.Bool().Draw(t, "any type")
		wanted := func(e event) bool { return (anyType || e.deed == purchase) && e.item <= most }

		at, got := firstNew(events, from, to, wanted)
		wantAt, want := firstSlowly(events, from, to, wanted, func(at int64) []engine.ItemNum {
			return slices.DeleteFunc(wantedAt(events, at, wanted), func(n engine.ItemNum) bool {
				return slices.ContainsFunc(events, func(e event) bool { return e.at < at && e.item == n })
			})
		})
		if at != wantAt || !slices.Equal(got, want) {
			t.Fatalf("first new in [%d, %d) of %v: %v at %d, want %v at %d", from, to, events, got, at, want, wantAt)
		}
		at, got = s.firstAgain(events, from, to, wanted)
		wantAt, want = firstSlowly(events, from, to, wanted, func(at int64) []engine.ItemNum {
			if !slices.ContainsFunc(events, func(e event) bool { return e.at < at && e.deed == purchase }) {
				return nil
			}
			return wantedAt(events, at, wanted)
		})
		if at != wantAt || !slices.Equal(got, want) {
			t.Fatalf("first again in [%d, %d) of %v: %v at %d, want %v at %d", from, to, events, got, at, want, wantAt)
		}
	})
}

// TestCasesOfACrawler holds that a history of 100,000 rows is walked over once: what a
// wish is looked at for is counted.
func TestCasesOfACrawler(t *testing.T) {
	const rows = 100_000
	var looked int
	wanted := func(event) bool { looked++; return true }
	s := NewSnapshot(catalogue.NewIDs(), engine.DefaultSettings())
	s.types.deed(deed{kind: s.kind(engine.Purchase)})
	for _, spread := range []int64{0, 1} { // all in one moment, and one after another
		events := make([]event, rows)
		for i := range events {
			events[i] = event{at: rows + spread*int64(i), item: engine.ItemNum(i)}
		}
		events = append([]event{{at: 0, item: 0}}, events...)
		for name, find := range map[string]first{"new": firstNew, "again": s.firstAgain} {
			looked = 0
			at, _ := find(events, rows, 3*rows, wanted)
			if at == 0 || looked > 3*rows {
				t.Errorf("%s, spread %d: at %d after %d looks at %d rows", name, spread, at, looked, rows)
			}
		}
		again := slices.Concat(events, events) // nothing new in the window
		for i := range again[len(events):] {
			again[len(events)+i].at += 2 * rows
		}
		looked = 0
		if at, targets := firstNew(again, 2*rows, 9*rows, wanted); at != 0 || targets != nil {
			t.Errorf("of what was all seen before %v are new", targets)
		}
		if looked > 3*rows {
			t.Errorf("%d looks at %d rows", looked, 2*rows)
		}
	}
}
