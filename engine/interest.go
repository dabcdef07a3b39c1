package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// Interest is what a customer's history says about one item.
type Interest struct {
	Item   ItemNum
	Weight float64   // above 0: wanted, this much; 0: net-negative, a known dislike
	Type   Type      // of the strongest interaction
	At     time.Time // of the newest interaction that weighs
	// Bought is at how many moments the item was bought (lines of one order are one),
	// less those at which it was given back. FirstBought and LastBought are the first
	// and the last of them, zero where Bought is 0.
	Bought      int
	FirstBought time.Time
	LastBought  time.Time
}

// Interests sums a history into one weight an item, newest first (ties by item
// number), at most limit of them (0 for all): the capped sum of
//
//	Worth x 2^(-age/half-life)
//
// with ages counted back from asOf; what is newer than asOf has age 0. It is used alike to assemble training
// data and to read a history at request time.
func (s Settings) Interests(rows []Row, asOf time.Time, limit int) []Interest {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.open(len(rows))
	for i := range rows {
		r.add(s.Types, &rows[i], asOf)
	}
	r.countBought()
	return r.interests(s.MaxWeight, limit)
}

// reading is the room in which a history is summed.
type reading struct {
	places []int32 // by a hash of the item, 1 + its place in sums; 0 for none
	shift  int     // of the hash, to a place
	sums   []sum
	types  []typed
	bought []moment
	order  []dated
	last   faded
}

var readings = sync.Pool{New: func() any { return new(reading) }}

// sum is what the rows of an item have summed to so far.
type sum struct {
	Interest
	strongest float64
}

// typed is a type of interaction as the settings have it.
type typed struct {
	name Type
	TypeSetting
}

// moment is when an item was bought or given back.
type moment struct {
	of   int32 // place in sums
	back bool
	at   time.Time
}

// faded is what an age leaves of a weight.
type faded struct {
	age, half time.Duration
	left      float64
}

// open makes room for so many rows.
func (r *reading) open(rows int) {
	size := max(bits.Len(uint(2*rows)), 4) // at most half of the places are taken
	r.shift = 64 - size
	r.places = slices.Grow(r.places[:0], 1<<size)[:1<<size]
	clear(r.places)
	r.sums, r.types, r.bought, r.last = r.sums[:0], r.types[:0], r.bought[:0], faded{}
}

// of returns the sum of an item, a new one of the given type where there is none.
func (r *reading) of(n ItemNum, first Type) int32 {
	for at := int(uint64(n) * 0x9e3779b97f4a7c15 >> r.shift); ; at = (at + 1) & (len(r.places) - 1) {
		switch place := r.places[at] - 1; {
		case place < 0:
			r.sums = append(r.sums, sum{Interest: Interest{Item: n, Type: first}})
			r.places[at] = int32(len(r.sums))
			return int32(len(r.sums)) - 1
		case r.sums[place].Item == n:
			return place
		}
	}
}

// setting returns what the settings say of a type. A history has few types.
func (r *reading) setting(types map[Type]TypeSetting, name Type) *TypeSetting {
	for i := range r.types {
		if r.types[i].name == name {
			return &r.types[i].TypeSetting
		}
	}
	r.types = append(r.types, typed{name, types[name]})
	return &r.types[len(r.types)-1].TypeSetting
}

// left is what an age leaves of a weight. Rows of one order are of one age.
func (r *reading) left(age, half time.Duration) float64 {
	if age <= 0 || half <= 0 {
		return 1
	}
	if r.last.age != age || r.last.half != half {
		r.last = faded{age, half, math.Exp2(-float64(age) / float64(half))}
	}
	return r.last.left
}

// add adds a row to the sum of its item.
func (r *reading) add(types map[Type]TypeSetting, row *Row, asOf time.Time) {
	set := r.setting(types, row.Type)
	w := set.worth(row)
	if w == 0 {
		return
	}
	if set.HalfLife > 0 {
		w *= r.left(asOf.Sub(row.At), set.HalfLife)
	}
	place := r.of(row.Num, row.Type)
	in := &r.sums[place]
	in.Weight += w
	if math.Abs(w) > in.strongest {
		in.strongest, in.Type = math.Abs(w), row.Type
	}
	if row.At.After(in.At) {
		in.At = row.At
	}
	if row.Type == Purchase || row.Type == Return {
		r.bought = append(r.bought, moment{place, row.Type == Return, row.At})
	}
}

// countBought writes what was bought, and when, to the interests.
func (r *reading) countBought() {
	slices.SortFunc(r.bought, func(a, b moment) int {
		switch {
		case a.of != b.of:
			return cmp.Compare(a.of, b.of)
		case a.back != b.back && b.back:
			return -1
		case a.back != b.back:
			return 1
		}
		return a.at.Compare(b.at)
	})
	for i, m := range r.bought {
		if i > 0 && m.of == r.bought[i-1].of && m.back == r.bought[i-1].back && m.at.Equal(r.bought[i-1].at) {
			continue
		}
		in := &r.sums[m.of]
		switch {
		case !m.back && in.Bought == 0:
			in.Bought, in.FirstBought, in.LastBought = 1, m.at, m.at
		case !m.back:
			in.Bought, in.LastBought = in.Bought+1, m.at
		case in.Bought <= 1:
			in.Bought, in.FirstBought, in.LastBought = 0, time.Time{}, time.Time{}
		default:
			in.Bought--
		}
	}
}

// dated is by what the interests are sorted, ascending: a time turned round, the item.
type dated struct {
	second int64
	rest   uint64 // nanoseconds and the item
	place  int32
}

func datedAt(at time.Time, item ItemNum, place int) dated {
	return dated{-at.Unix(), uint64(1e9-at.Nanosecond())<<32 | uint64(item), int32(place)}
}

// interests returns the newest sums.
func (r *reading) interests(most float64, limit int) []Interest {
	r.order = r.order[:0]
	for i := range r.sums {
		r.order = append(r.order, datedAt(r.sums[i].At, r.sums[i].Item, i))
	}
	slices.SortFunc(r.order, func(a, b dated) int {
		if a.second != b.second {
			return cmp.Compare(a.second, b.second)
		}
		return cmp.Compare(a.rest, b.rest)
	})
	count := len(r.order)
	if limit > 0 {
		count = min(count, limit)
	}
	out := make([]Interest, count)
	for i, d := range r.order[:count] {
		out[i] = r.sums[d.place].Interest
		out[i].Weight = min(max(out[i].Weight, 0), most)
	}
	return out
}
