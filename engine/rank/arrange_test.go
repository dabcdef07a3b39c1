package rank_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
)

// pool is a random set of scored items with what arranging may look at.
type pool struct {
	scored []rank.Scored
	groups map[engine.ItemNum]string
	brands map[engine.ItemNum][]string
}

func drawPool(t *rapid.T, most int) *pool {
	p := &pool{groups: map[engine.ItemNum]string{}, brands: map[engine.ItemNum][]string{}}
	for n := range engine.ItemNum(rapid.IntRange(0, most).Draw(t, "items")) {
		score := rapid.SampledFrom([]float64{-1, 0, 0.5, 0.5000001, 1, 2, 7}).Draw(t, "score") // full of ties
		p.scored = append(p.scored, rank.Scored{Item: n, Score: score})
		p.groups[n] = rapid.SampledFrom([]string{"", "", "g1", "g2"}).Draw(t, "group")
		p.brands[n] = rapid.SampledFrom([][]string{nil, {"x"}, {"x"}, {"y"}, {"x", "y", "x"}}).Draw(t, "brands")
	}
	for i := range p.scored { // in any order
		j := rapid.IntRange(0, i).Draw(t, "swap")
		p.scored[i], p.scored[j] = p.scored[j], p.scored[i]
	}
	return p
}

func (p *pool) values(n engine.ItemNum, c engine.Constraint) []string {
	if c.Attribute == "parity" {
		return []string{fmt.Sprint(n % 2)}
	}
	return p.brands[n]
}

func alike(a, b engine.ItemNum) float64 {
	if a%3 == b%3 {
		return 0.9
	}
	return 0.1
}

func (p *pool) rules(t *rapid.T) *rank.Rules {
	r := &rank.Rules{
		Count:     rapid.IntRange(1, 15).Draw(t, "count"),
		Collapse:  rapid.Bool().Draw(t, "collapse"),
		Diversity: rapid.SampledFrom([]float64{0, 0, 0.3, 1}).Draw(t, "diversity"),
		Group:     func(n engine.ItemNum) string { return p.groups[n] },
		Values:    p.values,
		Similar:   alike,
	}
	for range rapid.IntRange(0, 4).Draw(t, "pins") {
		r.Pins = append(r.Pins, rank.Pinned{
			Item: engine.ItemNum(rapid.IntRange(0, min(8, len(p.scored)+2)).Draw(t, "pin")), Rank: rapid.IntRange(1, 16).Draw(t, "rank"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "constraints") {
		r.Constraints = append(r.Constraints, engine.Constraint{
			Attribute: rapid.SampledFrom([]string{"brand", "parity"}).Draw(t, "attribute"),
			Max:       rapid.IntRange(1, 3).Draw(t, "max"), Window: rapid.IntRange(0, 5).Draw(t, "window"),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "relevant") == 0 {
		r.MinRelevance = new(rapid.SampledFrom([]float64{-5, 0.5, 1, 9}).Draw(t, "min relevance"))
	}
	return r
}

func sorted(scored []rank.Scored) []rank.Scored {
	out := slices.Clone(scored)
	slices.SortFunc(out, func(a, b rank.Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Item, b.Item))
	})
	return out
}

// What always holds of a list, whatever the rules.
func TestArrangeKeepsItsRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPool(t, 30)
		for range 8 {
			p.check(t, p.rules(t))
		}
	})
}

// arranged is the list alone.
func arranged(scored []rank.Scored, r *rank.Rules) []rank.Placed {
	list, _ := rank.Arrange(scored, r)
	return list
}

// Items that score less than the last one looked at change nothing: a list of some items
// is that of all where the others score less than that, or less than what is relevant.
func TestListHangsOnWhatWasLookedAt(t *testing.T) {
	proven := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawPool(t, 30)
		if len(p.scored) == 0 {
			return
		}
		for range 8 {
			r := p.rules(t)
			want := arranged(slices.Clone(p.scored), r)
			least := rapid.SampledFrom(p.scored).Draw(t, "least").Score
			some, unseen := []rank.Scored{}, math.Inf(-1)
			for _, s := range p.scored {
				pinned := slices.ContainsFunc(r.Pins, func(pin rank.Pinned) bool { return pin.Item == s.Item })
				if pinned || s.Score >= least {
					some = append(some, s)
				} else {
					unseen = max(unseen, s.Score)
				}
			}
			got, lowest := rank.Arrange(some, r)
			if lowest > unseen || r.MinRelevance != nil && *r.MinRelevance > unseen {
				proven++
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("of the items from %v on %v, looked at down to %v; of all %v", least, got, lowest, want)
				}
			}
		}
	})
	if proven == 0 {
		t.Error("no list was shown to be that of all items")
	}
}

func (p *pool) check(t *rapid.T, r *rank.Rules) {
	before := slices.Clone(p.scored)
	list := arranged(slices.Clone(p.scored), r)
	if len(list) > r.Count {
		t.Fatalf("%d items, count %d", len(list), r.Count)
	}
	seen, groups := map[engine.ItemNum]bool{}, map[string]bool{}
	for i, placed := range list {
		if !slices.Contains(before, placed.Scored) {
			t.Fatalf("%v was not among the scored, or its score was changed", placed.Scored)
		}
		if seen[placed.Item] {
			t.Fatalf("item %d stands there twice", placed.Item)
		}
		seen[placed.Item] = true
		if g := p.groups[placed.Item]; r.Collapse && g != "" && groups[g] {
			t.Fatalf("group %s stands there twice: %v", g, list)
		}
		groups[p.groups[placed.Item]] = true
		pinned := slices.Contains(placed.Moved, rank.MovedPin)
		if pinned != (p.standing(r)[placed.Item] != 0) {
			t.Fatalf("item %d at rank %d says it was moved %v: %v", placed.Item, i+1, placed.Moved, r.Pins)
		}
		if r.MinRelevance != nil && placed.Score < *r.MinRelevance && !pinned {
			t.Fatalf("item %d scores %v, at least %v was asked", placed.Item, placed.Score, *r.MinRelevance)
		}
	}
	p.checkPins(t, r, list)
	p.checkWindows(t, r, list)
	p.checkFull(t, r, list)
	if again := arranged(slices.Clone(p.scored), r); fmt.Sprint(again) != fmt.Sprint(list) {
		t.Fatalf("arranged twice: %v, then %v", list, again)
	}
}

// standing are the pins that hold: the first of a rank, item and group.
func (p *pool) standing(r *rank.Rules) map[engine.ItemNum]int {
	out, ranks, groups := map[engine.ItemNum]int{}, map[int]bool{}, map[string]bool{}
	for _, pin := range r.Pins {
		eligible := slices.ContainsFunc(p.scored, func(s rank.Scored) bool { return s.Item == pin.Item })
		group := p.groups[pin.Item]
		if eligible && pin.Rank <= r.Count && !ranks[pin.Rank] && out[pin.Item] == 0 && !(r.Collapse && groups[group] && group != "") {
			out[pin.Item], ranks[pin.Rank], groups[group] = pin.Rank, true, true
		}
	}
	return out
}

// short is how much of the list stands before pins that moved up behind its end.
func (p *pool) short(r *rank.Rules, list []rank.Placed) int {
	pins := p.standing(r)
	for i, placed := range list {
		if want := pins[placed.Item]; want != 0 && want != i+1 {
			return i
		}
	}
	return len(list)
}

// checkPins: a pin stands at its rank, unless the list ends before.
func (p *pool) checkPins(t *rapid.T, r *rank.Rules, list []rank.Placed) {
	for item, want := range p.standing(r) {
		at := slices.IndexFunc(list, func(placed rank.Placed) bool { return placed.Item == item })
		if at < 0 || at+1 != want && at < p.short(r, list) {
			t.Fatalf("item %d, pinned to %d, stands at %d of %v", item, want, at+1, list)
		}
	}
}

// checkWindows counts every window anew. Only pins may break a constraint, and only
// among themselves; pins that moved up behind a short list do not count.
func (p *pool) checkWindows(t *rapid.T, r *rank.Rules, list []rank.Placed) {
	list = list[:p.short(r, list)]
	for _, c := range r.Constraints {
		width := c.Window
		if width == 0 {
			width = max(1, len(list))
		}
		for from := range list {
			window := list[from:min(from+width, len(list))]
			same, free := map[string]int{}, map[string]bool{}
			for _, placed := range window {
				values := slices.Compact(slices.Sorted(slices.Values(p.values(placed.Item, c))))
				for _, v := range values {
					same[v]++
					free[v] = free[v] || !slices.Contains(placed.Moved, rank.MovedPin)
				}
			}
			for v, n := range same {
				if n > c.Max && free[v] {
					t.Fatalf("%+v: %d of %s from rank %d: %v", c, n, v, from+1, list)
				}
			}
		}
	}
}

// checkFull: without constraints the list is as long as it can be, and without
// diversity too it is the sorted one but for pins and groups.
func (p *pool) checkFull(t *rapid.T, r *rank.Rules, list []rank.Placed) {
	if len(r.Constraints) > 0 {
		return
	}
	used, groups := map[engine.ItemNum]bool{}, map[string]bool{}
	use := func(n engine.ItemNum) {
		used[n] = true
		groups[p.groups[n]] = r.Collapse && p.groups[n] != ""
	}
	var rest []rank.Scored
	for _, placed := range list {
		if slices.Contains(placed.Moved, rank.MovedPin) {
			use(placed.Item)
		} else {
			rest = append(rest, placed.Scored)
		}
	}
	var want []rank.Scored
	for _, s := range sorted(p.scored) {
		if len(list)-len(rest)+len(want) < r.Count && !used[s.Item] && !groups[p.groups[s.Item]] && (r.MinRelevance == nil || s.Score >= *r.MinRelevance) {
			use(s.Item)
			want = append(want, s)
		}
	}
	if len(rest) != len(want) {
		t.Fatalf("%d items besides pins, want %d: %v", len(rest), len(want), list)
	}
	if r.Diversity == 0 && !slices.Equal(rest, want) {
		t.Fatalf("besides pins %v, want %v", rest, want)
	}
}

// The next page of a list, told what stood on the first, is what a longer list would have
// gone on with: groups, windows and held-back items are remembered.
func TestArrangeGoesOnBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPool(t, 30)
		r := p.rules(t)
		r.Pins, r.Diversity = nil, 0
		first, count := rapid.IntRange(1, 12).Draw(t, "first page"), r.Count
		r.Count = first + count
		want := arranged(slices.Clone(p.scored), r)
		r.Count = first
		got := arranged(slices.Clone(p.scored), r)
		r.Count = count
		for _, placed := range got {
			r.Before = append(r.Before, placed.Item)
		}
		rest := slices.DeleteFunc(slices.Clone(p.scored), func(s rank.Scored) bool { return slices.Contains(r.Before, s.Item) })
		got = append(got, arranged(rest, r)...)
		same := func(a, b rank.Placed) bool { return a.Scored == b.Scored }
		if !slices.EqualFunc(got, want, same) {
			t.Fatalf("%+v, page of %d: got %v, want %v", r.Constraints, first, got, want)
		}
	})
}

// A pin keeps the rank it has in the whole list; one above the page is like any other.
func TestPinsBelow(t *testing.T) {
	scored := []rank.Scored{{Item: 5, Score: 5}, {Item: 4, Score: 4}, {Item: 3, Score: 3}, {Item: 2, Score: 2}}
	list := arranged(scored, &rank.Rules{Count: 3, Before: []engine.ItemNum{9, 8}, Pins: []rank.Pinned{{Item: 2, Rank: 4}, {Item: 3, Rank: 1}}})
	got := fmt.Sprint(list)
	if want := "[{{5 5} []} {{2 2} [pinned]} {{4 4} []}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// An item a constraint holds back stands at the first rank that has room for it.
func TestConstraintHoldsBackAndLetsGo(t *testing.T) {
	brand := []string{"x", "x", "x", "y", "x", "y"}
	var scored []rank.Scored
	for n := range brand {
		scored = append(scored, rank.Scored{Item: engine.ItemNum(n), Score: float64(10 - n)})
	}
	r := &rank.Rules{
		Count:       6,
		Constraints: []engine.Constraint{{Attribute: "brand", Max: 1, Window: 2}},
		Values:      func(n engine.ItemNum, _ engine.Constraint) []string { return brand[n : n+1] },
	}
	got := fmt.Sprint(arranged(scored, r))
	if want := "[{{0 10} []} {{3 7} []} {{1 9} [constraint]} {{5 5} []} {{2 8} [constraint]}]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A pin that is far off holds nothing back.
func TestConstraintLooksNoFurtherThanItsWindow(t *testing.T) {
	scored := []rank.Scored{{Item: 0, Score: 3}, {Item: 1, Score: 2}, {Item: 2, Score: 1}, {Item: 3, Score: 0}}
	brand := []string{"x", "y", "z", "x"}
	r := &rank.Rules{
		Count: 4, Pins: []rank.Pinned{{Item: 3, Rank: 4}},
		Constraints: []engine.Constraint{{Attribute: "brand", Max: 1, Window: 3}},
		Values:      func(n engine.ItemNum, _ engine.Constraint) []string { return brand[n : n+1] },
	}
	got := fmt.Sprint(arranged(scored, r))
	if want := "[{{0 3} []} {{1 2} []} {{2 1} []} {{3 0} [pinned]}]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// 50,000 items of one brand, of which the list may hold one: a look a rank, not one an
// item and rank. The naive way takes minutes here.
func TestConstraintOnOneBrandIsNotQuadratic(t *testing.T) {
	var scored []rank.Scored
	for n := range engine.ItemNum(50_000) {
		scored = append(scored, rank.Scored{Item: n, Score: float64(n)})
	}
	r := &rank.Rules{
		Count:       1000,
		Constraints: []engine.Constraint{{Attribute: "brand", Max: 1, Window: 3}},
		Values: func(n engine.ItemNum, _ engine.Constraint) []string {
			if n < 400 {
				return []string{"rare"}
			}
			return []string{"common"}
		},
	}
	if list := arranged(scored, r); len(list) != 2 { // common, rare, and then neither
		t.Errorf("%d items", len(list))
	}
}

func TestDiversityStaysInItsPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPool(t, 100)
		r := &rank.Rules{Count: rapid.IntRange(1, 10).Draw(t, "count"), Diversity: 1, Similar: alike}
		best := sorted(p.scored)
		list := arranged(slices.Clone(p.scored), r)
		if len(list) != min(r.Count, len(best)) {
			t.Fatalf("%d items of %d, count %d", len(list), len(best), r.Count)
		}
		for i, placed := range list {
			if !slices.Contains(best[:min(len(best), 5*r.Count)], placed.Scored) {
				t.Fatalf("%v is not among the best %d", placed, 5*r.Count)
			}
			if below := slices.IndexFunc(list[i:], func(o rank.Placed) bool { return o.Before(placed.Scored) }); (below >= 0) != slices.Contains(placed.Moved, rank.MovedDiversity) {
				t.Fatalf("rank %d: moved %v in %v", i+1, placed.Moved, list)
			}
		}
		kinds := map[engine.ItemNum]bool{}
		for _, placed := range list[:min(3, len(list))] { // three kinds, if the pool has them
			kinds[placed.Item%3] = true
		}
		there := map[engine.ItemNum]bool{}
		for _, s := range best[:min(len(best), 5*r.Count)] {
			there[s.Item%3] = true
		}
		if len(kinds) < min(3, len(list), len(there)) {
			t.Fatalf("diversity 1 took %v, with %v at hand", list, there)
		}
	})
}

// What is pinned counts as taken: the rest differs from it.
func TestDiversityLooksAtPins(t *testing.T) {
	scored := []rank.Scored{{Item: 0, Score: 1}, {Item: 1, Score: 1}, {Item: 3, Score: 1}}
	r := &rank.Rules{Count: 2, Diversity: 0.5, Similar: alike, Pins: []rank.Pinned{{Item: 3, Rank: 2}}}
	if list := arranged(scored, r); list[0].Item != 1 || list[1].Item != 3 {
		t.Errorf("got %v, want item 1, unlike the pinned 3", list)
	}
}
