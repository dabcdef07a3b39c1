// Package invent makes shops that never were, for benchmarks and tests whose truth must
// be known: customers have tastes, items are more or less popular, some come late, and
// everything has its time. The same settings give the same shop.
package invent

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Shop says what is invented.
type Shop struct {
	Customers int
	Items     int
	Events    float64 // purchases of a customer in the mean; their numbers are log-normal
	Seed      uint64
}

// The form of the shop.
const (
	dims      = 8   // of the space of tastes
	groups    = 12  // of items, and so of tastes
	spread    = 0.5 // of items and customers about their group
	steepness = 4.0 // how much more an item of one's taste is bought than one against it, as a power of e
	flatTop   = 10  // popularity falls as (rank + flatTop)^-fall, after Zipf and Mandelbrot
	fall      = 0.9
	late      = 0.2 // share of items that come after the opening
	year      = 365 * 24 * time.Hour
	variety   = 0.7 // sigma of the log of a customer's number of purchases
)

// Opened is when every shop opened.
var Opened = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// item is what a customer sees of one.
type item struct {
	taste  [dims]float64
	weight float64 // popularity, cumulated over the items before it
	from   time.Time
}

// Histories returns what each customer bought in a year, oldest first, in the order of
// the customers' numbers. Items are numbered in ids as "item-0", "item-1", ...; nobody
// buys one twice.
func (s Shop) Histories(ids *catalogue.IDs) map[engine.Subject][]engine.Row {
	rng := rand.New(rand.NewPCG(s.Seed, 0x9e3779b97f4a7c15))
	centres := make([][dims]float64, groups)
	for g := range centres {
		centres[g] = direction(rng, [dims]float64{}, 1)
	}
	items := s.items(rng, centres)
	for i := range items {
		ids.Assign(ID(i))
	}
	out := make(map[engine.Subject][]engine.Row, s.Customers)
	for c := range s.Customers {
		who := Customer(c)
		taste := direction(rng, centres[rng.IntN(groups)], spread)
		n := max(2, int(s.Events*math.Exp(variety*rng.NormFloat64()-variety*variety/2)))
		out[who] = history(rng, who, items, taste, min(n, s.Items/4))
	}
	return out
}

// ID is the id of an item, by its number from 0.
func ID(i int) engine.ItemID { return engine.ItemID("item-" + strconv.Itoa(i)) }

// Customer is a customer, by their number from 0.
func Customer(c int) engine.Subject {
	return engine.OfCustomer(engine.CustomerID("customer-" + strconv.Itoa(c)))
}

// Subjects returns the customers in the order of their numbers.
func (s Shop) Subjects() []engine.Subject {
	out := make([]engine.Subject, s.Customers)
	for c := range out {
		out[c] = Customer(c)
	}
	return out
}

// direction returns a vector of length 1 near a centre.
func direction(rng *rand.Rand, centre [dims]float64, spread float64) (v [dims]float64) {
	var length float64
	for d := range v {
		v[d] = centre[d] + spread*rng.NormFloat64()/math.Sqrt(dims)
		length += v[d] * v[d]
	}
	for d := range v {
		v[d] /= math.Sqrt(length)
	}
	return v
}

func (s Shop) items(rng *rand.Rand, centres [][dims]float64) []item {
	items := make([]item, s.Items)
	var sum float64
	for i, rank := range rng.Perm(s.Items) {
		sum += math.Pow(float64(rank+flatTop), -fall)
		items[i] = item{taste: direction(rng, centres[rng.IntN(groups)], spread), weight: sum, from: Opened}
		if rng.Float64() < late {
			items[i].from = Opened.Add(time.Duration(rng.Float64() * float64(year)))
		}
	}
	return items
}

// history draws what somebody buys: moments evenly over the year, and at each an item
// that is there, in proportion to popularity x e^(steepness x (cosine of tastes - 1)), by
// rejection.
func history(rng *rand.Rand, who engine.Subject, items []item, taste [dims]float64, n int) []engine.Row {
	moments := make([]time.Time, n)
	for i := range moments {
		moments[i] = Opened.Add(time.Duration(rng.Float64() * float64(year)))
	}
	slices.SortFunc(moments, time.Time.Compare)
	total := items[len(items)-1].weight
	had := make(map[int]bool, n)
	rows := make([]engine.Row, 0, n)
	for _, at := range moments {
		for {
			i, _ := slices.BinarySearchFunc(items, rng.Float64()*total, func(it item, x float64) int { return cmp.Compare(it.weight, x) })
			var cosine float64
			for d := range taste {
				cosine += taste[d] * items[i].taste[d]
			}
			if had[i] || at.Before(items[i].from) || rng.Float64() > math.Exp(steepness*(cosine-1)) {
				continue
			}
			had[i] = true
			rows = append(rows, engine.Row{Num: engine.ItemNum(i), Interaction: engine.Interaction{
				Type: engine.Purchase, Customer: engine.CustomerID(who.ID), Item: ID(i), At: at, Quantity: 1,
			}})
			break
		}
	}
	return rows
}
