// Package embed is the source "embed": behaviour embeddings (item2vec; Barkan and
// Koenigstein 2016). What a customer did, in order, is a sentence and its items are the
// words: products viewed, put into carts and bought, articles read, fixes that solved.
// Items that stand near the same items get vectors near each other, so that one space
// holds products, content and solutions.
//
// # Two ways to the same space
//
// Method "sgns" is skip-gram with negative sampling (Mikolov et al. 2013): it steps
// through the sentences and pulls the vectors of neighbours together. Method "ppmi" is
// its closed form: what skip-gram factorises without saying so is the pointwise mutual
// information of items within a window, shifted by the logarithm of the number of
// negatives (Levy and Goldberg 2014); its positive part is counted and decomposed
// outright. The two check each other. On yoochoose-100k they foretell the next click
// equally well and share 6 of 10 nearest neighbours, where two seeds of SGNS share 8.
//
// Vectors are of length 1, so that the inner product of two is their cosine.
package embed

import (
	"math"

	"github.com/rapportengine/rapport/engine"
)

// The methods.
const (
	Auto = "auto" // PPMI, of evenly picked sentences where there are more than autoPairs
	SGNS = "sgns"
	PPMI = "ppmi"
)

// Params are the settings of a fit. Zero values stand for the defaults, which were chosen
// on the last tenth of the training sessions of yoochoose-100k (benchmarks/embed):
// behaviour wants other values than text (Caselles-Dupré, Lesaint and Royo-Letelier
// 2018).
type Params struct {
	Method string `json:"method"` // Auto, SGNS or PPMI
	Dims   int    `json:"dims"`   // length of a vector
	// Window is how many steps away another item is still a neighbour. Nearer ones
	// count more: at distance d a pair has the weight (Window-d+1)/Window, in SGNS as
	// the chance of a window drawn from 1 to Window.
	Window int `json:"window"`
	// MinCount is how many steps an item needs for a vector.
	MinCount int `json:"min_count"`
	// Subsample is the share of all steps above which an item is thinned out: one with
	// the share f stays with the chance sqrt(Subsample/f). 1 keeps all.
	Subsample float64 `json:"subsample"`
	// Seed draws the first vectors, from it and an item's id alone, and all that
	// chance decides.
	Seed uint64 `json:"seed"`

	// Of SGNS:
	Epochs       int     `json:"epochs"`    // passes over the sentences
	Negatives    int     `json:"negatives"` // drawn for each pair
	LearningRate float64 `json:"learning_rate"`
	// NegativePower shapes how often an item is a negative: its count to this power,
	// which may be below 0. For 0 give a very small number.
	NegativePower float64 `json:"negative_power"`

	// Of PPMI:
	// Smoothing is the power of the neighbours' counts, below 1 to lower what is
	// rare: what NegativePower is to SGNS (Levy, Goldberg and Dagan 2015).
	Smoothing float64 `json:"smoothing"`
	Shift     float64 `json:"shift"` // PMI is lowered by its logarithm; 1 for not at all
	Power     float64 `json:"power"` // of the singular values in U S^Power

	// Of a query: the newest Causes items of a history count, each by Decay of the one
	// after it. Anchors count all and alike.
	Causes int     `json:"causes"`
	Decay  float64 `json:"decay"`

	// Workers is how many goroutines work; default 1. The result is the same for any
	// number. SGNS takes one: its steps follow one another.
	Workers int `json:"-"`
}

const (
	maxDims      = 1024
	maxWindow    = 1000
	maxNegatives = 1000
	maxCauses    = engine.MaxHistory
	// leastRate is what the learning rate falls to, as a share of where it began.
	leastRate = 1e-4
	// autoPairs is of how many pairs, counted as steps x 2 Window, Auto makes use: it
	// takes PPMI, which is as good as SGNS and some ten times faster (BenchmarkFit: 9 s
	// against 96 s for a million steps), but holds every distinct pair, 16 bytes each.
	autoPairs = 6_000_000
)

// WithDefaults fills in what was left zero.
func (p Params) WithDefaults() Params {
	set(&p.Method, Auto)
	set(&p.Dims, 64)
	set(&p.Window, 3)
	set(&p.MinCount, 1)
	set(&p.Subsample, 1e-3)
	set(&p.Epochs, 20)
	set(&p.Negatives, 5)
	set(&p.LearningRate, 0.1)
	set(&p.NegativePower, -0.75)
	set(&p.Smoothing, 0.5)
	set(&p.Shift, 1)
	set(&p.Power, 1)
	set(&p.Causes, 20)
	set(&p.Decay, 0.4)
	set(&p.Workers, 1)
	return p
}

func set[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	if p.Method != Auto && p.Method != SGNS && p.Method != PPMI {
		return engine.Invalidf(engine.CodeInvalidField, "method", "%q, %q or %q, not %q", Auto, SGNS, PPMI, p.Method)
	}
	for _, whole := range []struct {
		name       string
		value, top int
	}{
		{"dims", p.Dims, maxDims},
		{"window", p.Window, maxWindow},
		{"min_count", p.MinCount, math.MaxInt32},
		{"epochs", p.Epochs, math.MaxInt32},
		{"negatives", p.Negatives, maxNegatives},
		{"causes", p.Causes, maxCauses},
		{"workers", p.Workers, math.MaxInt32},
	} {
		if whole.value < 1 || whole.value > whole.top {
			return engine.Invalidf(engine.CodeInvalidField, whole.name, "a whole number from 1 to %d, not %d", whole.top, whole.value)
		}
	}
	for _, number := range []struct {
		name               string
		value, bottom, top float64
	}{
		{"subsample", p.Subsample, 1e-12, 1},
		{"learning_rate", p.LearningRate, 1e-9, 1},
		{"negative_power", p.NegativePower, -2, 2},
		{"smoothing", p.Smoothing, 1e-9, 2},
		{"shift", p.Shift, 1e-6, 1e6},
		{"power", p.Power, 1e-9, 2},
		{"decay", p.Decay, 1e-6, 1},
	} {
		if !(number.value >= number.bottom && number.value <= number.top) {
			return engine.Invalidf(engine.CodeInvalidField, number.name, "a number from %v to %v, not %v", number.bottom, number.top, number.value)
		}
	}
	return nil
}
