// Package gen makes shops that never were, for benchmarks of speed: customers with tastes,
// items with attributes and a popularity, interactions in visits, and of each customer one
// interaction held out. A seed and three sizes are a shop, to the bit, for any number of
// threads. (Package invent makes smaller ones whose items come and go, for benchmarks of
// what a training makes of time.)
//
// # The law
//
// Items and customers are directions in a space of 16 dimensions, around 24 common
// centres. A customer with the taste u comes to the item v of popularity rank r with a
// probability in proportion to
//
//	(r + 20)^-0.9 * min(1, exp(beta (<u, v> - 0.8)))
//
// where beta, from 3 to 6, is how much the customer follows their taste. How much a
// customer does is log-normal with sigma 1, from 5 interactions to a tenth of the items.
// Nobody comes to an item twice. The order is that of the draws, so that nothing can be
// learnt from it but what belongs together; the last one is held out.
package gen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Set is the size of a shop and what it is drawn by.
type Set struct {
	Name      string `json:"name"`
	Customers int    `json:"customers"`
	Items     int    `json:"items"`
	Events    int    `json:"events"` // about as many
	Seed      uint64 `json:"seed"`
}

// Sets are those that benchmarks name: S and L are what peers were measured on.
var Sets = []Set{
	{Name: "tiny", Customers: 600, Items: 500, Events: 24_000, Seed: 3},
	{Name: "M", Customers: 5_000, Items: 5_000, Events: 400_000, Seed: 4},
	{Name: "S", Customers: 50_000, Items: 20_000, Events: 5_000_000, Seed: 1},
	{Name: "L", Customers: 200_000, Items: 100_000, Events: 20_000_000, Seed: 2},
	{Name: "million", Customers: 200_000, Items: 1_000_000, Events: 20_000_000, Seed: 5},
}

// Named returns one of Sets.
func Named(name string) (Set, error) {
	i := slices.IndexFunc(Sets, func(s Set) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range Sets {
			names = append(names, s.Name)
		}
		return Set{}, fmt.Errorf("no set is called %q; there are %v", name, names)
	}
	return Sets[i], nil
}

// The law's constants.
const (
	dims      = 16
	centres   = 24
	ofItems   = 0.6 // spread of items about their centre
	ofPeople  = 0.5
	flatTop   = 20
	fall      = 0.9
	affinity  = 0.8 // the cosine from which on taste holds nobody back
	least     = 5   // interactions of a customer
	mostShare = 10  // at most one in so many items
	visit     = 4.0 // interactions of a visit in the mean
	year      = 365 * 24 * 60 * 60
)

// Opened is when every shop opened; all happens in the year after it.
var Opened = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Event is one thing that somebody bought.
type Event struct {
	Item  uint32
	At    uint32 // seconds after Opened
	Visit uint32 // of the customer, from 0
}

// Shop is what was made of a Set.
type Shop struct {
	Set
	items  []item
	events [][]Event // by customer, oldest first
}

type taste [dims]float32

// item is what the law knows of one, and its centre, which its attributes are made of.
type item struct {
	taste  taste
	centre int
	rank   int // of popularity
}

// New makes a shop.
func New(s Set) *Shop {
	rng := s.rng(0)
	var around [centres]taste
	for i := range around {
		for d := range around[i] {
			around[i][d] = float32(rng.NormFloat64())
		}
	}
	shop := &Shop{Set: s, items: make([]item, s.Items), events: make([][]Event, s.Customers)}
	for i, rank := range rng.Perm(s.Items) {
		c := rng.IntN(centres)
		shop.items[i] = item{taste: near(rng, &around[c], ofItems), centre: c, rank: rank}
	}
	byRank := newRanks(shop.items)
	counts := s.counts(rng)
	workers := runtime.GOMAXPROCS(0)
	hands := make([]hand, workers)
	vector.Fork(workers, s.Customers, func(worker, c int) {
		h := &hands[worker]
		if h.had == nil {
			h.shop, h.byRank, h.had = shop, byRank, make([]uint64, (s.Items+63)/64)
		}
		rng := s.rng(uint64(c) + 1)
		shop.events[c] = h.draw(rng, near(rng, &around[rng.IntN(centres)], ofPeople), counts[c])
	})
	return shop
}

// rng is the source of one customer's chances, or with 0 of what all share.
func (s *Set) rng(who uint64) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, who)) }

// near returns a direction about a centre.
func near(rng *rand.Rand, centre *taste, spread float64) (v taste) {
	var length float64
	for d := range v {
		x := float64(centre[d]) + spread*rng.NormFloat64()
		v[d] = float32(x)
		length += x * x
	}
	for d := range v {
		v[d] /= float32(math.Sqrt(length))
	}
	return v
}

// counts deals the interactions out to the customers.
func (s *Set) counts(rng *rand.Rand) []int {
	active, sum := make([]float64, s.Customers), 0.0
	for c := range active {
		active[c] = math.Exp(rng.NormFloat64())
		sum += active[c]
	}
	out := make([]int, s.Customers)
	over := 0.0
	for c, a := range active {
		want := a/sum*float64(s.Events) + over
		out[c] = min(max(int(want), least), max(least, s.Items/mostShare))
		over = want - float64(out[c])
	}
	return out
}

// ranks draws items by popularity: the inverse of the cumulated law, found from a table
// that says where to begin.
type ranks struct {
	items []uint32 // by rank
	up    []float64
	from  []uint32
}

const guides = 1 << 16

func newRanks(items []item) *ranks {
	r := &ranks{items: make([]uint32, len(items)), up: make([]float64, len(items)), from: make([]uint32, guides)}
	for i := range items {
		r.items[items[i].rank] = uint32(i)
	}
	sum := 0.0
	for k := range r.up {
		sum += math.Pow(float64(k+flatTop), -fall)
		r.up[k] = sum
	}
	for k := range r.up {
		r.up[k] /= sum
	}
	at := uint32(0)
	for g := range r.from {
		for r.up[at] < float64(g)/guides {
			at++
		}
		r.from[g] = at
	}
	return r
}

func (r *ranks) draw(rng *rand.Rand) uint32 {
	x := rng.Float64()
	at := r.from[int(x*guides)]
	for r.up[at] < x && int(at) < len(r.up)-1 {
		at++
	}
	return r.items[at]
}

// hand draws customers, one after another.
type hand struct {
	shop   *Shop
	byRank *ranks
	had    []uint64 // a bit an item
}

// draw returns what a customer of this taste does, n times.
func (h *hand) draw(rng *rand.Rand, u taste, n int) []Event {
	beta := 3 + 3*rng.Float64()
	out := make([]Event, 0, n)
	for len(out) < n {
		i := h.byRank.draw(rng)
		if h.had[i/64]&(1<<(i%64)) != 0 {
			continue
		}
		if p := math.Exp(beta * (float64(dot(&u, &h.shop.items[i].taste)) - affinity)); p < 1 && rng.Float64() > p {
			continue
		}
		h.had[i/64] |= 1 << (i % 64)
		out = append(out, Event{Item: i})
	}
	for _, e := range out {
		h.had[e.Item/64] = 0
	}
	when(rng, out)
	return out
}

func dot(a, b *taste) (sum float32) {
	for d := range a {
		sum += a[d] * b[d]
	}
	return sum
}

// when spreads events over visits, and these over the year. Visits lie a day apart in the
// mean or more, where there are not too many; the events of one within minutes.
func when(rng *rand.Rand, events []Event) {
	starts := make([]int, 1+int(float64(len(events))/visit))
	for i := range starts {
		starts[i] = rng.IntN(year - 2*60*60)
	}
	slices.Sort(starts)
	at, last := 0, -1
	for i := range events {
		v := i * len(starts) / len(events)
		if v != last {
			at, last = max(at+1, starts[v]), v
		} else {
			at += 5 + rng.IntN(240)
		}
		events[i].At, events[i].Visit = uint32(at), uint32(v)
	}
}

// Of returns what a customer did, oldest first, the held-out last one too.
func (s *Shop) Of(customer int) []Event { return s.events[customer] }

// Known returns what a customer did but for the held-out last one.
func (s *Shop) Known(customer int) []Event { return s.events[customer][:len(s.events[customer])-1] }

// Held returns a customer's last event.
func (s *Shop) Held(customer int) Event { return s.events[customer][len(s.events[customer])-1] }

// Count returns how many events there are.
func (s *Shop) Count() int {
	n := 0
	for _, e := range s.events {
		n += len(e)
	}
	return n
}

// Time is when an event happened.
func (e Event) Time() time.Time { return Opened.Add(time.Duration(e.At) * time.Second) }

// ItemID is the id of an item by its number.
func ItemID(i int) engine.ItemID { return engine.ItemID("i" + strconv.Itoa(i)) }

// CustomerID is the id of a customer by their number.
func CustomerID(c int) engine.CustomerID { return engine.CustomerID("c" + strconv.Itoa(c)) }
