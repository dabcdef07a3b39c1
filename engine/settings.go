package engine

import (
	"math"
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
	// Support are the limits of stepping back from a ticket; nil are DefaultSupport's.
	Support *Support `json:"support,omitempty"`
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

// Worth is what one row says before it fades: type weight x log2(1 + quantity), with the
// sign turned where a value was given that is below the type's Liked. Rows without an
// item or of a type without weight are worth nothing.
func (s Settings) Worth(r *Row) float64 {
	set := s.Types[r.Type]
	return set.worth(r)
}

// worth is Worth of a row of the type.
func (set *TypeSetting) worth(r *Row) float64 {
	if r.Item == "" || set.Weight == 0 {
		return 0
	}
	w := set.Weight
	if pieces := r.Pieces(); pieces != 1 { // log2(1 + 1) is 1
		w *= math.Log2(1 + max(0, pieces))
	}
	if r.Value != 0 && r.Value < set.Liked {
		return -w
	}
	return w
}
