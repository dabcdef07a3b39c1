package engine

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// TypeSetting says what a type of interaction means to models.
type TypeSetting struct {
	Weight   float64       `json:"weight"`              // strength and sign; 0 is ignored
	HalfLife time.Duration `json:"half_life,omitempty"` // 0 never fades
	// Liked is the least value that means the customer liked it: a value that is given
	// and lies below turns the weight's sign. 0 looks at no value.
	Liked float64 `json:"liked,omitempty"`
}

// Settings are the shop's choices about its data, in one place.
type Settings struct {
	Types map[Type]TypeSetting `json:"interaction_types"`
	// MaxWeight caps what one customer and one item can add up to, so that a
	// wholesaler's pallet does not drown everybody else.
	MaxWeight float64 `json:"max_weight"`
	// KeepPrivate stores the words of tickets as they come. Default is to take card
	// numbers, mail addresses and phone numbers out of them first.
	KeepPrivate bool `json:"keep_private,omitempty"`
	// Sources are settings, numbers and words by the source's name and their own, that a
	// training takes instead of choosing among its own tries: what a tuning found.
	Sources map[string]map[string]any `json:"sources,omitempty"`
}

const day = 24 * time.Hour

// DefaultSettings returns the settings of a shop that set none. A purchase is the
// unit; a view is worth a fifth of it and fades in two months.
func DefaultSettings() Settings {
	return Settings{
		MaxWeight: 5,
		Types: map[Type]TypeSetting{
			View:           {Weight: 0.2, HalfLife: 60 * day},
			Click:          {Weight: 0.2, HalfLife: 60 * day},
			AddToCart:      {Weight: 0.5, HalfLife: 90 * day},
			RemoveFromCart: {Weight: -0.5, HalfLife: 90 * day},
			Purchase:       {Weight: 1, HalfLife: 730 * day},
			Return:         {Weight: -1, HalfLife: 730 * day},
			Rating:         {Weight: 1, Liked: 3}, // of five stars
			Bookmark:       {Weight: 0.7, HalfLife: 365 * day},
			Dismiss:        {Weight: -1, HalfLife: 180 * day},
			SolutionUsed:   {Weight: 0.5, HalfLife: 365 * day},
			NotSolved:      {Weight: -1, HalfLife: 365 * day},
			Solved:         {Weight: 1, HalfLife: 365 * day},
			Reopened:       {Weight: -1, HalfLife: 365 * day},
		},
	}
}

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

// moment is when an item was bought or given back.
type moment struct {
	of   *Interest
	back bool
	at   time.Time
}

// countBought writes what was bought, and when, to the interests of the moments.
func countBought(moments []moment) {
	slices.SortFunc(moments, func(a, b moment) int {
		switch {
		case a.of.Item != b.of.Item:
			return cmp.Compare(a.of.Item, b.of.Item)
		case a.back != b.back && b.back:
			return -1
		case a.back != b.back:
			return 1
		}
		return a.at.Compare(b.at)
	})
	for i, m := range moments {
		if i > 0 && m.of == moments[i-1].of && m.back == moments[i-1].back && m.at.Equal(moments[i-1].at) {
			continue
		}
		in := m.of
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

// Worth is what one row says before it fades: type weight x log2(1 + quantity), with the
// sign turned where a value was given that is below the type's Liked. Rows without an
// item or of a type without weight are worth nothing.
func (s Settings) Worth(r *Row) float64 {
	set := s.Types[r.Type]
	if r.Item == "" || set.Weight == 0 {
		return 0
	}
	w := set.Weight * math.Log2(1+max(0, r.Pieces()))
	if r.Value != 0 && r.Value < set.Liked {
		return -w
	}
	return w
}

// Interests sums a history into one weight an item, newest first (ties by item
// number), at most limit of them (0 for all): the capped sum of
//
//	Worth x 2^(-age/half-life)
//
// with ages counted back from asOf; what is newer than asOf has age 0. It is used alike to assemble training
// data and to read a history at request time.
func (s Settings) Interests(rows []Row, asOf time.Time, limit int) []Interest {
	type sum struct {
		Interest
		strongest float64
	}
	byItem := make(map[ItemNum]*sum, min(len(rows), 64))
	var moments []moment
	for i := range rows {
		r := &rows[i]
		w := s.Worth(r)
		if w == 0 {
			continue
		}
		if age, half := asOf.Sub(r.At), s.Types[r.Type].HalfLife; age > 0 && half > 0 {
			w *= math.Exp2(-float64(age) / float64(half))
		}
		in := byItem[r.Num]
		if in == nil {
			in = &sum{Interest: Interest{Item: r.Num, Type: r.Type}}
			byItem[r.Num] = in
		}
		in.Weight += w
		if math.Abs(w) > in.strongest {
			in.strongest, in.Type = math.Abs(w), r.Type
		}
		if r.At.After(in.At) {
			in.At = r.At
		}
		if r.Type == Purchase || r.Type == Return {
			moments = append(moments, moment{&in.Interest, r.Type == Return, r.At})
		}
	}
	countBought(moments)
	out := make([]Interest, 0, len(byItem))
	for _, in := range byItem {
		in.Weight = min(max(in.Weight, 0), s.MaxWeight)
		out = append(out, in.Interest)
	}
	slices.SortFunc(out, func(a, b Interest) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return cmp.Compare(a.Item, b.Item)
	})
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	return out
}
