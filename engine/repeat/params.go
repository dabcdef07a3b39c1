// Package repeat is the source "buy_again": what a customer bought before, by how likely
// they buy it again now. It is the modified Poisson-Gamma model of Bhagat,
// Muralidharan, Lobzhanidze and Vishwanath ("Buy It Again: Modeling Repeat Purchase
// Recommendations", KDD 2018): the chance that an item is bought again at all, times the
// chance that it is bought soon, from a Gamma prior over the rates at which the item is
// bought and what this customer did. Where the paper takes the share of customers who
// bought the item a second time for all, here who bought it three times is asked for a
// fourth: who came back is more likely to.
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
	// Soon is how far an item that was bought just now waits until it is due: 1 as the
	// paper has it, below 0 not at all. Default 0.25, which is best on the sixty days
	// before the end of UCI Online Retail (go run ./benchmarks/repeat -days 60).
	Soon float64 `json:"soon"`
}

// WithDefaults returns p with the default for what is zero.
func (p Params) WithDefaults() Params {
	if p.Prior == 0 {
		p.Prior = 10
	}
	if p.Horizon == 0 {
		p.Horizon = 7 * 24 * time.Hour
	}
	if p.Soon == 0 {
		p.Soon = 0.25
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case !(p.Prior > 0) || math.IsInf(p.Prior, 1):
		return engine.Invalidf(engine.CodeInvalidField, "prior", "a number above 0, not %v", p.Prior)
	case p.Horizon < 0:
		return engine.Invalidf(engine.CodeInvalidField, "horizon", "a duration above 0, not %v", p.Horizon)
	case !(p.Soon <= 1) || math.IsInf(p.Soon, -1):
		return engine.Invalidf(engine.CodeInvalidField, "soon", "a number up to 1, not %v", p.Soon)
	}
	return nil
}
