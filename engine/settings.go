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
}

// Settings are the shop's choices about its data, in one place.
type Settings struct {
	Types map[Type]TypeSetting `json:"interaction_types"`
	// MaxWeight caps what one customer and one item can add up to, so that a
	// wholesaler's pallet does not drown everybody else.
	MaxWeight float64 `json:"max_weight"`
}

const day = 24 * time.Hour

// DefaultSettings returns the settings of a shop that set none. A purchase is the
// unit; a view is worth a fifth of it and fades in two months.
func DefaultSettings() Settings {
	return Settings{
		MaxWeight: 5,
		Types: map[Type]TypeSetting{
			View:           {0.2, 60 * day},
			Click:          {0.2, 60 * day},
			AddToCart:      {0.5, 90 * day},
			RemoveFromCart: {-0.5, 90 * day},
			Purchase:       {1, 730 * day},
			Return:         {-1, 730 * day},
			Rating:         {1, 0},
			Bookmark:       {0.7, 365 * day},
			Dismiss:        {-1, 180 * day},
			SolutionUsed:   {0.5, 365 * day},
			Solved:         {1, 365 * day},
			Reopened:       {-1, 365 * day},
		},
	}
}

// Interest is what a customer's history says about one item.
type Interest struct {
	Item   ItemNum
	Weight float64   // above 0: wanted, this much; 0: net-negative, a known dislike
	Type   Type      // of the strongest interaction
	At     time.Time // of the newest interaction that weighs
}

// Interests sums a history into one weight an item, newest first (ties by item
// number), at most limit of them (0 for all): the capped sum of
//
//	type weight x 2^(-age/half-life) x log2(1 + quantity)
//
// with ages counted back from asOf; what is newer than asOf has age 0. Rows without an
// item or of a type without weight say nothing. It is used alike to assemble training
// data and to read a history at request time.
func (s Settings) Interests(rows []Row, asOf time.Time, limit int) []Interest {
	type sum struct {
		Interest
		strongest float64
	}
	byItem := make(map[ItemNum]*sum, min(len(rows), 64))
	for i := range rows {
		r := &rows[i]
		set := s.Types[r.Type]
		if r.Item == "" || set.Weight == 0 {
			continue
		}
		w := set.Weight * math.Log2(1+max(0, r.Pieces()))
		if age := asOf.Sub(r.At); age > 0 && set.HalfLife > 0 {
			w *= math.Exp2(-float64(age) / float64(set.HalfLife))
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
	}
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
