// Package follow holds two sources that learn from order what follows an item: "markov",
// the first-order Markov chain (what was done right after it), and "rules", sequential
// rules (Kamehkhosh, Jannach and Ludewig, "A comparison of frequent pattern techniques and
// a deep learning method for session-based recommendation", 2017; Ludewig and Jannach,
// "Evaluation of session-based recommendation algorithms", 2018): what was done within
// some steps after it, nearer steps counting more.
//
// Both are learned within the timelines of customers and sessions and asked with the newest
// items of a history. They are cheap baselines of everything that looks at order, and where
// what comes next hangs on the last few things done they are hard to beat.
package follow

import (
	"math"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// The names of the sources.
const (
	MarkovName = "markov"
	RulesName  = "rules"
)

// Fall is how the weight of a pair falls with the steps d between its items.
type Fall string

// The ways to fall, as in session-rec.
const (
	Div       Fall = "div"       // 1/d
	Quadratic Fall = "quadratic" // 1/d^2
	Linear    Fall = "linear"    // 1 - 0.1 (d-1), 0 from 11 steps on
	Log       Fall = "log"       // 1/log10(d + 1.7) as a share of that of one step
	Same      Fall = "same"      // 1
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	Steps int  `json:"steps"` // how many steps later an item still follows; default 3, of markov 1
	Fall  Fall `json:"fall"`  // default Div
	// Back is how much a pair counts also in the other order, up to 1: then order plays no
	// role. Default 0.6, of markov none; below 0 none.
	Back float64 `json:"back"`
	// From and To are the powers of how often the first and the second item of a pair
	// were done, by which its sum is divided. From 1 and To 0 give the share of the steps
	// after the first that led to the second, and are what markov does; To above 0 lowers
	// what follows everything. Defaults 0.5 and 0; below 0 From is none.
	From float64 `json:"from"`
	To   float64 `json:"to"`
	// K is how many followers are kept of each item, the strongest; default 500. Of more than
	// 5 million in all fewer are kept, but 100.
	K int `json:"k"`
	// Gap is after what pause nothing follows any more; 0, the default, for never.
	Gap time.Duration `json:"gap"`

	// Of a query: the newest Causes items of a history count, each by Decay of the one
	// after it; defaults 10 and 0.6, of markov 1. Anchors count all and alike.
	Causes int     `json:"causes"`
	Decay  float64 `json:"decay"`

	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

const (
	maxSteps  = 1000
	maxK      = 10_000
	maxCauses = engine.MaxHistory
	maxPower  = 4
)

// Markov returns p as the chain has it where nothing was said: the share of what came
// right after the one cause.
func (p Params) Markov() Params {
	set(&p.Steps, 1)
	set(&p.Back, -1)
	set(&p.From, 1)
	set(&p.Causes, 1)
	return p.WithDefaults()
}

// WithDefaults returns p with the default of the rules for what is zero. They rank the last
// action but one best on Beauty (5-core), and well on MovieLens 100K, of 100 settings drawn
// at random. As published, rules take 10 steps, nothing backwards and one cause.
func (p Params) WithDefaults() Params {
	set(&p.Steps, 3)
	set(&p.Fall, Div)
	set(&p.Back, 0.6)
	set(&p.From, 0.5)
	set(&p.K, 500)
	set(&p.Causes, 10)
	set(&p.Decay, 0.6)
	set(&p.Workers, 1)
	return p
}

func set[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// Check says what of the settings of rules cannot be fitted, those that are zero being
// defaults.
func (p Params) Check() error {
	p = p.WithDefaults()
	return p.check(RulesName)
}

// CheckMarkov is Check for the chain.
func (p Params) CheckMarkov() error {
	p = p.Markov()
	return p.check(MarkovName)
}

// check refuses settings that cannot be fitted under a name.
func (p *Params) check(name string) error {
	for _, whole := range []struct {
		name       string
		value, top int
	}{
		{"steps", p.Steps, maxSteps}, {"k", p.K, maxK}, {"causes", p.Causes, maxCauses}, {"workers", p.Workers, math.MaxInt32},
	} {
		if whole.value < 1 || whole.value > whole.top {
			return engine.Invalidf(engine.CodeInvalidField, whole.name, "a whole number from 1 to %d, not %d", whole.top, whole.value)
		}
	}
	for _, number := range []struct {
		name               string
		value, bottom, top float64
	}{
		{"back", p.Back, -1, 1}, {"from", p.From, -maxPower, maxPower}, {"to", p.To, 0, maxPower}, {"decay", p.Decay, 1e-6, 1},
	} {
		if !(number.value >= number.bottom && number.value <= number.top) {
			return engine.Invalidf(engine.CodeInvalidField, number.name, "a number from %v to %v, not %v", number.bottom, number.top, number.value)
		}
	}
	switch {
	case name == MarkovName && (p.Steps != 1 || p.Causes != 1):
		return engine.Invalidf(engine.CodeInvalidField, "steps", "a chain looks one step back and at one cause; %s take more", RulesName)
	case p.weight(1) == 0:
		return engine.Invalidf(engine.CodeInvalidField, "fall", "%q, %q, %q, %q or %q, not %q", Div, Quadratic, Linear, Log, Same, p.Fall)
	case p.Gap < 0:
		return engine.Invalidf(engine.CodeInvalidField, "gap", "a duration of at least 0, not %v", p.Gap)
	}
	return nil
}

// weight is what a pair counts whose items are d steps apart, from 1; 0 for an unknown
// Fall.
func (p *Params) weight(d int) float64 {
	switch p.Fall {
	case Div:
		return 1 / float64(d)
	case Quadratic:
		return 1 / (float64(d) * float64(d))
	case Linear:
		return max(0, 1-0.1*float64(d-1))
	case Log:
		return math.Log10(2.7) / math.Log10(float64(d)+1.7)
	case Same:
		return 1
	}
	return 0
}
