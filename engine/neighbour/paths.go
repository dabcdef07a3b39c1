package neighbour

import (
	"context"
	"io"
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// PathName is the name of the source of FitPaths.
const PathName = "rp3beta"

// PathParams are the settings of FitPaths. The zero value of each stands for its
// default.
type PathParams struct {
	K     int     `json:"k"`     // items of most paths to each item that it is scored by; default 200
	Alpha float64 `json:"alpha"` // power of the chance of each step; default 0.7
	Beta  float64 `json:"beta"`  // how much who is wanted by many is lowered, below 0 not; default 0.4
	// Recent is how much an item of the history counts beside the one after it: the i-th
	// newest counts Recent^i. 1, the default, is a history without order; what comes next
	// hangs more on what was last, and 0.7 to 0.9 are worth trying.
	Recent float64 `json:"recent"`
	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

func (PathParams) source() (name string, version uint32) { return PathName, 1 }

func (p PathParams) recency() float64 { return p.Recent }

// WithDefaults returns p with the default for what is zero.
func (p PathParams) WithDefaults() PathParams {
	if p.K == 0 {
		p.K = 200
	}
	if p.Alpha == 0 {
		p.Alpha = 0.7
	}
	if p.Beta == 0 {
		p.Beta = 0.4
	}
	if p.Recent == 0 {
		p.Recent = 1
	}
	if p.Workers == 0 {
		p.Workers = 1
	}
	return p
}

// check refuses settings that cannot be fitted.
func (p PathParams) check() error {
	switch {
	case p.K < 1 || p.K > maxK:
		return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number from 1 to %d, not %d", maxK, p.K)
	case !(p.Alpha > 0 && p.Alpha <= 4):
		return engine.Invalidf(engine.CodeInvalidField, "alpha", "a number above 0, up to 4, not %v", p.Alpha)
	case !(p.Beta >= -4 && p.Beta <= 4):
		return engine.Invalidf(engine.CodeInvalidField, "beta", "a number from -4 to 4, not %v", p.Beta)
	case p.Workers < 1:
		return engine.Invalidf(engine.CodeInvalidField, "workers", "a whole number above 0, not %d", p.Workers)
	}
	return checkRecent(p.Recent)
}

// Paths is the fitted source "rp3beta".
type Paths = Links[PathParams]

// FitPaths weighs the paths from an item i over a customer who wants it to another item
// j that they want. Each step is one of equal chances, to the power of Alpha (P3alpha;
// Cooper et al. 2014), and an item's score is divided by how many want it, to the power
// of Beta (Christoffel et al., "Blockbusters and wallflowers", 2015; Paudel et al.,
// "Updatable, accurate, diverse, and scalable recommendations for interactive
// applications", 2016, equation 5):
//
//	weight(i,j) = sum over customers u of both: (1/|U_i| x 1/|I_u|)^Alpha / |U_j|^Beta
//
// The K highest to each item are kept. Time is the sum of squares of the customers'
// numbers of items, memory 8 bytes an item and K.
func FitPaths(ctx context.Context, data *model.Data, p PathParams) (*Paths, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	wanted := wants(data, func(n int) float64 { return math.Pow(float64(n), -p.Alpha/2) })
	byItem := wanted.ByItem()
	leave, arrive := make([]float64, len(byItem)), make([]float64, len(byItem))
	for i, cells := range byItem {
		leave[i] = math.Pow(float64(len(cells)), -p.Alpha)
		arrive[i] = math.Pow(float64(len(cells)), -max(p.Beta, 0))
	}
	scoredBy, err := nearest(ctx, wanted, byItem, p.K, p.Workers, func(j, i int, dot float64) float64 {
		return dot * leave[i] * arrive[j]
	})
	if err != nil {
		return nil, err
	}
	return newLinks(p, data.Rows, scoredBy), nil
}

// LoadPaths is the model.Loader of the source.
func LoadPaths(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	return loadLinks[PathParams](r, ids)
}
