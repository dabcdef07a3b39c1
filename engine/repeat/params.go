// Package repeat is the source "buy_again": what a customer bought before, by how likely
// they buy it again now. It is the modified Poisson-Gamma model of Bhagat,
// Muralidharan, Lobzhanidze and Vishwanath ("Buy It Again: Modeling Repeat Purchase
// Recommendations", KDD 2018): the chance that an item is bought again at all, times the
// chance that it is bought soon, from a Gamma prior over the rates at which the item is
// bought and what this customer did.
package repeat

import (
	"math"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	// Prior is how many of the shop's average repeat customers are added to those of
	// each item before its rates are fitted; default 10.
	Prior float64 `json:"prior"`
	// Horizon is the time within which a purchase is hoped for; default a week. It
	// matters where some items are bought far more often than others.
	Horizon time.Duration `json:"horizon"`
}

// WithDefaults returns p with the default for what is zero.
func (p Params) WithDefaults() Params {
	if p.Prior == 0 {
		p.Prior = 10
	}
	if p.Horizon == 0 {
		p.Horizon = 7 * 24 * time.Hour
	}
	return p
}

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case !(p.Prior > 0) || math.IsInf(p.Prior, 1):
		return engine.Invalidf(engine.CodeInvalidField, "prior", "a number above 0, not %v", p.Prior)
	case p.Horizon < 0:
		return engine.Invalidf(engine.CodeInvalidField, "horizon", "a duration above 0, not %v", p.Horizon)
	}
	return nil
}
