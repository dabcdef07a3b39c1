package neighbour

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// RidgeName is the name of the source of FitRidge.
const RidgeName = "ridge"

// RidgeParams are the settings of FitRidge. The zero value of each stands for its
// default.
type RidgeParams struct {
	K      int     `json:"k"`      // most similar items that each item is foretold from; default 100
	Lambda float64 `json:"lambda"` // strength of the regularisation, in customers; default 50
	// Shrink is added below the fraction of the cosine that chooses neighbours, so that
	// what few customers want does not crowd out the rest; below 0 none, default 20.
	Shrink float64 `json:"shrink"`
	// Recent is how much an item of the history counts beside the one after it: the i-th
	// newest counts Recent^i. 1, the default, is a history without order; what comes next
	// hangs more on what was last, and 0.7 to 0.9 are worth trying.
	Recent float64 `json:"recent"`
	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

func (RidgeParams) source() (name string, version uint32) { return RidgeName, 1 }

func (p RidgeParams) fitted() RidgeParams {
	p.Recent, p.Workers = 0, 0
	return p
}

func (p RidgeParams) recency() float64 { return p.Recent }

// WithDefaults returns p with the default for what is zero: these lie within 1 % of the
// best settings on the validation parts of Amazon Beauty, Last.fm and MovieLens 100K
// (benchmarks/linear).
func (p RidgeParams) WithDefaults() RidgeParams {
	if p.K == 0 {
		p.K = 100
	}
	if p.Lambda == 0 {
		p.Lambda = 50
	}
	if p.Shrink == 0 {
		p.Shrink = 20
	}
	if p.Recent == 0 {
		p.Recent = 1
	}
	if p.Workers == 0 {
		p.Workers = 1
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p RidgeParams) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p RidgeParams) check() error {
	switch {
	case p.K < 1 || p.K > maxK:
		return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number from 1 to %d, not %d", maxK, p.K)
	case !(p.Lambda > 0) || math.IsInf(p.Lambda, 1):
		return engine.Invalidf(engine.CodeInvalidField, "lambda", "a number above 0, not %v", p.Lambda)
	case math.IsNaN(p.Shrink) || math.IsInf(p.Shrink, 0):
		return engine.Invalidf(engine.CodeInvalidField, "shrink", "a finite number, not %v", p.Shrink)
	case p.Workers < 1:
		return engine.Invalidf(engine.CodeInvalidField, "workers", "a whole number above 0, not %d", p.Workers)
	}
	return checkRecent(p.Recent)
}

// Ridge is the fitted source "ridge": EASE, where each item is foretold from its K most
// similar items alone.
type Ridge = Links[RidgeParams]

// FitRidge learns for each item j the weights b of its K most similar items N, by the
// cosine of who wanted them, that
//
//	(G_NN + lambda I) b = G_Nj
//
// where G counts how many customers wanted both of two items: the ridge regression of
// who wanted j on who wanted those. With all other items in N it is column j of EASE's
// weights; to regress on the most similar ones is how SLIM is made to scale (fsSLIM;
// Ning and Karypis, "SLIM: sparse linear methods for top-n recommender systems", 2011,
// section 4.3). An item costs K^3/6 multiplications and one pass over the customers of
// its neighbours; a worker's memory is 8 K^2 bytes and what one neighbourhood's customers
// have of it, the source's 8 K bytes an item.
func FitRidge(ctx context.Context, data *model.Data, p RidgeParams) (*Ridge, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	wanted := wants(data, func(int) float64 { return 1 })
	byItem := wanted.ByItem()
	scoredBy, err := nearest(ctx, wanted, newSimilarity(wanted, p.Shrink), p.K, p.Workers)
	if err != nil {
		return nil, err
	}
	scratch := make([]*neighbourhood, p.Workers)
	failed := make([]error, p.Workers)
	vector.Fork(p.Workers, len(byItem), func(worker, j int) {
		if ctx.Err() != nil || failed[worker] != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = newNeighbourhood(len(wanted.Customers))
		}
		failed[worker] = scratch[worker].learn(scoredBy[j], byItem, byItem[j], p.Lambda)
	})
	for _, err := range append(failed, ctx.Err()) {
		if err != nil {
			return nil, fmt.Errorf("fit ridge, lambda %v: %w", p.Lambda, err)
		}
	}
	return newLinks(p, data.Rows, model.TurnedEdges(scoredBy)), nil
}

// LoadRidge is the model.Loader of the source.
func LoadRidge(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	return loadLinks[RidgeParams](r, ids)
}

// wants returns the matrix of what is wanted, each cell of a customer who wants n items
// with the weight given for n.
func wants(data *model.Data, weight func(n int) float64) *model.Data {
	out := &model.Data{Rows: data.Rows, Customers: make([][]model.Cell, len(data.Customers))}
	for u, cells := range data.Customers {
		for _, c := range cells {
			if c.Weight > 0 {
				out.Customers[u] = append(out.Customers[u], c)
			}
		}
		w := float32(weight(len(out.Customers[u])))
		for i := range out.Customers[u] {
			out.Customers[u][i].Weight = w
		}
	}
	return out
}

// neighbourhood is where the weights of one item are learned, again and again.
type neighbourhood struct {
	// of holds for each customer what they want among the neighbours, by place there,
	// ascending; touched says who wants any.
	of      [][]model.Cell
	touched []uint32
	lower   []float64 // triangle of the sums, row by row
	right   []float64
	sums    *vector.Sym // of the last item, to be used again
}

func newNeighbourhood(customers int) *neighbourhood {
	return &neighbourhood{of: make([][]model.Cell, customers)}
}

// learn gives the links of an item, which name its neighbours, the weights that foretell
// its column.
func (h *neighbourhood) learn(links []model.Edge, byItem [][]model.Cell, column []model.Cell, lambda float64) error {
	if len(links) == 0 {
		return nil
	}
	h.gather(links, byItem)
	n := len(links)
	h.lower, h.right = zeros(h.lower, triangle(n)), zeros(h.right, n)
	for _, u := range h.touched {
		for at, a := range h.of[u] {
			row := h.lower[triangle(int(a.Row)):]
			for _, b := range h.of[u][:at+1] {
				row[b.Row] += float64(a.Weight) * float64(b.Weight)
			}
		}
	}
	for _, c := range column {
		for _, a := range h.of[c.Row] {
			h.right[a.Row] += float64(a.Weight) * float64(c.Weight)
		}
	}
	for _, u := range h.touched {
		h.of[u] = h.of[u][:0]
	}
	if h.sums == nil || h.sums.Len() != n {
		h.sums = vector.NewSym(n)
	}
	g := h.sums
	g.SetLower(h.lower)
	g.AddDiagonal(lambda)
	if err := g.Factorise(); err != nil {
		return err
	}
	g.Solve(h.right)
	for i := range links {
		links[i].Weight = float32(h.right[i])
	}
	return nil
}

// gather fills of and touched.
func (h *neighbourhood) gather(links []model.Edge, byItem [][]model.Cell) {
	h.touched = h.touched[:0]
	for at, l := range links {
		for _, c := range byItem[l.Row] {
			if len(h.of[c.Row]) == 0 {
				h.touched = append(h.touched, c.Row)
			}
			h.of[c.Row] = append(h.of[c.Row], model.Cell{Row: uint32(at), Weight: c.Weight})
		}
	}
}

// zeros returns n zeros, in the room of old where they fit.
func zeros(old []float64, n int) []float64 {
	if cap(old) < n {
		return make([]float64, n)
	}
	old = old[:n]
	clear(old)
	return old
}
