package rank

import (
	"cmp"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Rules say how a list is arranged. Similar and Values may be nil where Diversity is 0
// and Constraints is empty.
type Rules struct {
	Count        int
	Pins         []Pinned // those that are not among the scored items do no harm
	Constraints  []engine.Constraint
	Collapse     bool
	Diversity    float64  // 0 to 1
	MinRelevance *float64 // items scoring below are left out, unless they are pinned
	// Before is what stands above in order, shown earlier: the list goes on below it.
	// Ranks of pins and windows of constraints count from its first, groups in it do
	// not come again. Its items are not among the scored.
	Before []engine.ItemNum
	// Room, where it is large enough, is where the list lies.
	Room []Placed

	Group   func(engine.ItemNum) string                      // group_id, "" for none
	Values  func(engine.ItemNum, engine.Constraint) []string // the values a constraint counts, as text
	Similar func(a, b engine.ItemNum) float64                // 1 alike, 0 unrelated
}

// Pinned is a pin whose item was found.
type Pinned struct {
	Item engine.ItemNum
	Rank int    // from 1
	Why  string // what moved the item; "" is MovedPin
}

// fewMore is how many items more than twice the list are made ready for it: groups and
// constraints hold some back.
const fewMore = 8

// Looks is how many items, best first, are made ready for the list: it seldom looks at
// more.
func (r *Rules) Looks() int {
	n := 2*r.last() + fewMore
	if r.Diversity > 0 {
		n = max(n, r.pool()+len(r.Pins))
	}
	return n
}

// Fewest is how many items, best first, the list looks at where no group holds one back: its own,
// and a few where scores are near one another. It is Looks where more is known to be looked at.
func (r *Rules) Fewest() int {
	if r.Diversity > 0 || len(r.Constraints) > 0 {
		return r.Looks()
	}
	return r.last() + near
}

// near is how many items more than the list are made ready for it at the least.
const near = 2

// last is the last rank of the list, counted from the first item of Before.
func (r *Rules) last() int { return len(r.Before) + r.Count }

// Placed is an item of the finished list; its rank is its index + 1, below Before.
type Placed struct {
	Scored
	Moved []string // what arranging did to it, empty for most
}

// What arranging can do to an item.
const (
	MovedPin        = "pinned"
	MovedDiversity  = "diversity"
	MovedConstraint = "constraint"
)

// Arrange makes the list out of scored, which it takes over. Pins stand where they
// were put; the rest follow by score, less what collapse, constraints and diversity
// move. An item held back by a constraint is taken at the first rank that allows it.
// A constraint counts pins, those further down too, and never moves them. Where items
// run out before a pin's rank, the pin follows the last of them.
//
// lowest is the score of the last item that was looked at: items that score less would
// have changed nothing. It is -Inf where all were looked at.
func Arrange(scored []Scored, r *Rules) (list []Placed, lowest float64) {
	seen := r.newSeen()
	for _, n := range r.Before {
		seen.add(n)
	}
	pins, rest := r.takePins(scored, seen)
	lowest = math.Inf(1)
	best := NewStream(rest, r.Looks())
	next := func() (Scored, bool) {
		s, ok := best.Next()
		if lowest = s.Score; !ok {
			lowest = math.Inf(-1)
		}
		return s, ok
	}
	if r.Diversity > 0 && r.Similar != nil {
		next = r.diversify(next, len(rest), pins)
	}
	list = slices.Grow(r.Room[:0], min(r.Count, len(scored)))
	waiting := r.newWaiting(pins)
	for rank := len(r.Before) + 1; rank <= r.last(); rank++ {
		placed, ok := pins[rank]
		if !ok {
			placed, ok = r.take(next, seen, waiting)
		}
		if !ok {
			break
		}
		list = append(list, placed)
		seen.add(placed.Item)
		waiting.placed(placed.Item, rank)
	}
	list = r.latePins(list, pins)
	if r.Diversity > 0 {
		markMoved(list)
	}
	return list, lowest
}

// take returns what stands at the next rank: the first of the waiting that may, else
// the next of the stream that may.
func (r *Rules) take(next func() (Scored, bool), seen *seen, waiting *waiting) (Placed, bool) {
	if s, ok := waiting.first(seen); ok {
		return Placed{s, []string{MovedConstraint}}, true
	}
	for {
		c, ok := next()
		if !ok || (r.MinRelevance != nil && c.Score < *r.MinRelevance) {
			return Placed{}, false
		}
		if !seen.has(c.Item) && waiting.allows(c) {
			return Placed{Scored: c}, true
		}
	}
}

// takePins separates the pinned items from the others, and adds their groups to seen.
// Of two pins at one rank, of one item or of one group the first wins; the other's
// item is then like any other, as is one whose rank lies beyond the list.
func (r *Rules) takePins(scored []Scored, seen *seen) (map[int]Placed, []Scored) {
	if len(r.Pins) == 0 {
		return nil, scored
	}
	at := make(map[engine.ItemNum]int, len(r.Pins)) // in scored
	for _, p := range r.Pins {
		at[p.Item] = -1
	}
	for i, s := range scored {
		if _, pinned := at[s.Item]; pinned {
			at[s.Item] = i
		}
	}
	pins, taken := make(map[int]Placed), make(map[engine.ItemNum]bool)
	for _, p := range r.Pins {
		_, occupied := pins[p.Rank]
		if i := at[p.Item]; i >= 0 && !occupied && !taken[p.Item] && p.Rank > len(r.Before) && p.Rank <= r.last() && !seen.has(p.Item) {
			pins[p.Rank], taken[p.Item] = Placed{scored[i], []string{cmp.Or(p.Why, MovedPin)}}, true
			seen.add(p.Item)
		}
	}
	rest := scored[:0]
	for _, s := range scored {
		if !taken[s.Item] {
			rest = append(rest, s)
		}
	}
	return pins, rest
}

// latePins appends the pins whose rank lies beyond the end of a short list.
func (r *Rules) latePins(list []Placed, pins map[int]Placed) []Placed {
	for rank := len(r.Before) + len(list) + 1; rank <= r.last() && len(pins) > 0; rank++ {
		if p, ok := pins[rank]; ok {
			list = append(list, p)
		}
	}
	return list
}

// seen remembers which groups stand in the list already, or will by a pin.
type seen struct {
	group  func(engine.ItemNum) string // nil: groups do not matter
	groups map[string]bool
}

func (r *Rules) newSeen() *seen {
	if !r.Collapse || r.Group == nil {
		return &seen{}
	}
	return &seen{group: r.Group, groups: make(map[string]bool)}
}

func (s *seen) add(n engine.ItemNum) {
	if s.group == nil {
		return
	}
	if g := s.group(n); g != "" {
		s.groups[g] = true
	}
}

func (s *seen) has(n engine.ItemNum) bool {
	return s.group != nil && s.groups[s.group(n)]
}
