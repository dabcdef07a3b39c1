// Package basket is the source "tifu": what a customer's next basket holds, from the
// baskets before it. It is TIFU-kNN of Hu, He, Gao and Zhang ("Modeling Personalized Item
// Frequency Information for Next-basket Recommendation", SIGIR 2020): of each customer
// how often everything was bought, the late baskets counting for more, mixed with the
// same of the customers who buy most alike.
//
// It reads no clock: only the order of baskets counts. No id of a customer is kept.
package basket

import (
	"math"

	"github.com/rapportengine/rapport/engine"
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	// K is how many of the customers who buy most alike are asked; default 300.
	K int `json:"k"`
	// Within is what a basket counts beside the one after it; default 1.
	Within float64 `json:"within"`
	// Groups is into how many spans of as many baskets a history is cut; default 1.
	// Between is what a span counts beside the one after it; default 0.7.
	Groups  int     `json:"groups"`
	Between float64 `json:"between"`
	// Alpha is the share of a customer's own baskets in a score, the others' being the
	// rest; default 0.7.
	Alpha float64 `json:"alpha"`
	// Customers is how many customers are compared with at most, those who bought last;
	// default 5,000. It bounds memory and the time of an answer.
	Customers int `json:"customers"`
}

// WithDefaults returns p with the default for what is zero. K and Alpha are what its
// authors found for Ta-Feng, where they also let old baskets fade (Within 0.9, Groups 7,
// Between 0.7); that nothing fades is better on UCI Online Retail and on The Complete
// Journey.
func (p Params) WithDefaults() Params {
	if p.K == 0 {
		p.K = 300
	}
	if p.Within == 0 {
		p.Within = 1
	}
	if p.Groups == 0 {
		p.Groups = 1
	}
	if p.Between == 0 {
		p.Between = 0.7
	}
	if p.Alpha == 0 {
		p.Alpha = 0.7
	}
	if p.Customers == 0 {
		p.Customers = 5000
	}
	return p
}

// Limits of what a fit takes.
const (
	maxGroups    = 100
	maxCustomers = 1_000_000
)

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	share := func(v float64) bool { return v > 0 && v <= 1 }
	switch {
	case p.K < 1:
		return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number above 0, not %d", p.K)
	case !share(p.Within):
		return engine.Invalidf(engine.CodeInvalidField, "within", "a number above 0 and up to 1, not %v", p.Within)
	case p.Groups < 1 || p.Groups > maxGroups:
		return engine.Invalidf(engine.CodeInvalidField, "groups", "a whole number from 1 to %d, not %d", maxGroups, p.Groups)
	case !share(p.Between):
		return engine.Invalidf(engine.CodeInvalidField, "between", "a number above 0 and up to 1, not %v", p.Between)
	case !share(p.Alpha):
		return engine.Invalidf(engine.CodeInvalidField, "alpha", "a number above 0 and up to 1, not %v", p.Alpha)
	case p.Customers < 1 || p.Customers > maxCustomers:
		return engine.Invalidf(engine.CodeInvalidField, "customers", "a whole number from 1 to %d, not %d", maxCustomers, p.Customers)
	}
	return nil
}

// groupOf returns the group of the i-th of n baskets, oldest first, and how many baskets
// that group has. The groups differ by one basket at most, the later ones being the
// larger; where there are fewer baskets than groups each is one by itself, from the first
// group on, so that a short history is damped.
func (p Params) groupOf(i, n int) (group, size int) {
	if n < p.Groups {
		return i, 1
	}
	size = n / p.Groups
	small := (p.Groups - n%p.Groups) * size // baskets in the groups without one more
	if i < small {
		return i / size, size
	}
	size++
	return p.Groups - n%p.Groups + (i-small)/size, size
}

// weight is what the i-th of n baskets, oldest first, adds for each of its items:
//
//	Within^(n-1-i) x Between^(Groups-1-group) / (baskets of the group x groups there are)
//
// Within counts back from the newest basket of all, and Between from the last of the groups
// asked for, as the authors' program does; in the paper's formulas Within begins anew in
// each group.
func (p Params) weight(i, n int) float64 {
	group, size := p.groupOf(i, n)
	return math.Pow(p.Within, float64(n-1-i)) * math.Pow(p.Between, float64(p.Groups-1-group)) / float64(size*min(n, p.Groups))
}
