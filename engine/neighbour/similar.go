package neighbour

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// similarity is the shrunk cosine of the columns of two items,
//
//	w_i . w_j / (|w_i| |w_j| + shrink)
//
// with norms the lengths of the columns.
type similarity struct {
	norms  []float64
	shrink float64
}

func newSimilarity(wanted *wanting, shrink float64) *similarity {
	s := &similarity{norms: make([]float64, wanted.data.Rows.Len()), shrink: max(shrink, 0)}
	wanted.all(func(_ int, cells []model.Cell) {
		for _, c := range cells {
			s.norms[c.Row] += float64(c.Weight) * float64(c.Weight)
		}
	})
	for i, square := range s.norms {
		s.norms[i] = math.Sqrt(square)
	}
	return s
}

// nearest finds for each item the k most similar others, of those whose columns in data
// have an inner product above 0; ties go to the lower row. The most similar come first.
// The result is the same for any number of workers.
//
// It goes item by item with one dense sum a worker, in which items stand by the length of
// their columns, longest first: most of what is added goes to few places, that stay in a
// cache, and for neighbouring places one bound on the inner product says which can be
// among the nearest. Sums are of float32, exact where all weights are 1.
func nearest(ctx context.Context, wanted *wanting, s *similarity, k, workers int) ([][]model.Edge, error) {
	if len(s.norms) <= 1<<16 {
		return nearestOf[uint16](ctx, wanted, s, k, workers)
	}
	return nearestOf[uint32](ctx, wanted, s, k, workers)
}

// place is where an item stands when items are sorted: two bytes where these do, as what
// is read over and over is places.
type place interface{ uint16 | uint32 }

func nearestOf[P place](ctx context.Context, wanted *wanting, s *similarity, k, workers int) ([][]model.Edge, error) {
	return turn[P](wanted, s.norms).nearest(ctx, s.shrink, k, workers)
}

func (t *turned[P]) nearest(ctx context.Context, shrink float64, k, workers int) ([][]model.Edge, error) {
	out := make([][]model.Edge, len(t.rows))
	scratch := make([]*accumulator[P], workers)
	vector.Fork(workers, len(t.rows), func(worker, at int) {
		if ctx.Err() != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = newAccumulator(t)
		}
		scratch[worker].sum(at)
		out[t.rows[at]] = scratch[worker].best(at, k, shrink)
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("find the most similar items: %w", err)
	}
	return out, nil
}

// turned is the matrix in both directions, with items by their place.
type turned[P place] struct {
	rows  []int     // of each place
	of    []P       // the place of each row
	norms []float64 // of each place, descending
	// What customers have, one after another, and where each customer's begins: places,
	// ascending. All cells have one weight, or each its own.
	places  []P
	weights []float32 // nil where all are the same
	square  float64   // of the weight that all have, else 1
	starts  []int
	// Who has an item, place after place: the customer, and the weight, nil where all are the same.
	customers []uint32
	by        []float32
	cells     []uint32 // where in places each of them has it; nil before locate
	ends      []int
	loads     []int // of each place, what its customers have in all: how many sums it takes
}

func turn[P place](wanted *wanting, norms []float64) *turned[P] {
	t := &turned[P]{
		rows: make([]int, len(norms)), of: make([]P, len(norms)), norms: make([]float64, len(norms)), square: 1,
		starts: make([]int, 1, len(wanted.data.Customers)+1), ends: make([]int, len(norms)), loads: make([]int, len(norms)),
	}
	for row := range t.rows {
		t.rows[row] = row
	}
	slices.SortFunc(t.rows, func(a, b int) int {
		if c := cmp.Compare(norms[b], norms[a]); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	for at, row := range t.rows {
		t.of[row], t.norms[at] = P(at), norms[row]
	}
	n, alike := 0, true // whether all cells have one weight, which then is not kept
	var weight float32
	wanted.all(func(_ int, cells []model.Cell) {
		for _, c := range cells {
			t.ends[t.of[c.Row]]++
			t.loads[t.of[c.Row]] += len(cells)
			if n == 0 {
				weight = c.Weight
			}
			alike = alike && c.Weight == weight
			n++
		}
		t.starts = append(t.starts, n)
	})
	t.customers, t.places = make([]uint32, n), make([]P, n)
	next, from := make([]int, len(norms)), 0
	for at, n := range t.ends {
		next[at] = from
		from += n
		t.ends[at] = from
	}
	if !alike {
		t.by, t.weights = make([]float32, n), make([]float32, n)
	} else if n > 0 {
		t.square = float64(weight) * float64(weight)
	}
	wanted.all(func(u int, cells []model.Cell) {
		for _, c := range cells {
			at := &next[t.of[c.Row]]
			t.customers[*at] = uint32(u)
			if !alike {
				t.by[*at] = c.Weight
			}
			*at++
		}
	})
	t.list()
	return t
}

// list lists what customers have by going through the places, so that theirs ascend.
func (t *turned[P]) list() {
	next, from := slices.Clone(t.starts), 0
	for at, end := range t.ends {
		for i := from; i < end; i++ {
			cell := &next[t.customers[i]]
			t.places[*cell] = P(at)
			if t.weights != nil {
				t.weights[*cell] = t.by[i]
			}
			*cell++
		}
		from = end
	}
}

// locate finds cells, which not all who search need.
func (t *turned[P]) locate() {
	if t.cells != nil {
		return
	}
	t.cells = make([]uint32, len(t.customers))
	next := slices.Clone(t.starts)
	for i, u := range t.customers { // by place, as theirs lie
		t.cells[i] = uint32(next[u])
		next[u]++
	}
}

// column returns where in customers those of a place are.
func (t *turned[P]) column(at int) (from, to int) {
	if at > 0 {
		from = t.ends[at-1]
	}
	return from, t.ends[at]
}

// accumulator sums the inner products of one item's column with all. It belongs to one
// goroutine.
type accumulator[P place] struct {
	*turned[P]
	sums    []float32 // by place; whole spans
	words   [span / 64]uint64
	touched []P // places that were added to, where there are few
}

// span is how many places share a bound.
const span = 128

// fewShare is of how many places one must be added to for all to be gone through: 16 are looked at
// at once, and one after another. All of a million for each are 10^12.
const fewShare = 16

// few reports whether the sums of the column at a place are for few of all places.
func (a *accumulator[P]) few(at int) bool { return a.loads[at] < len(a.rows)/fewShare }

func newAccumulator[P place](t *turned[P]) *accumulator[P] {
	return &accumulator[P]{turned: t, sums: make([]float32, (len(t.rows)+span-1)/span*span)}
}

// sum adds up the inner products with the column at a place.
func (a *accumulator[P]) sum(at int) {
	from, to := a.column(at)
	if a.few(at) {
		a.sumFew(from, to)
		return
	}
	for i := from; i < to; i++ {
		u := a.customers[i]
		begin, end := a.starts[u], a.starts[u+1]
		if a.weights == nil {
			count(a.sums, a.places[begin:end])
		} else {
			add(a.sums, a.places[begin:end], a.weights[begin:end], a.by[i])
		}
	}
}

// sumFew is sum of some of customers, which notes the places that are added to. One may be noted
// twice.
func (a *accumulator[P]) sumFew(from, to int) {
	a.touched = a.touched[:0]
	for i := from; i < to; i++ {
		u, w := a.customers[i], float32(1)
		if a.weights != nil {
			w = a.by[i]
		}
		for c := a.starts[u]; c < a.starts[u+1]; c++ {
			p, each := a.places[c], float32(1)
			if a.sums[p] == 0 {
				a.touched = append(a.touched, p)
			}
			if a.weights != nil {
				each = a.weights[c]
			}
			a.sums[p] += float32(w * each)
		}
	}
}

// count adds 1 at every place.
func count[P place](sums []float32, places []P) {
	for len(places) >= 4 {
		sums[places[0]]++
		sums[places[1]]++
		sums[places[2]]++
		sums[places[3]]++
		places = places[4:]
	}
	for _, p := range places {
		sums[p]++
	}
}

// add adds w times the weight of every place.
func add[P place](sums []float32, places []P, weights []float32, w float32) {
	for i, p := range places {
		sums[p] += float32(w * weights[i])
	}
}

// best returns the k most similar to the item at a place, best first, and empties the sums.
func (a *accumulator[P]) best(at, k int, shrink float64) []model.Edge {
	top := vector.NewTop(k)
	a.sums[at] = 0
	norm := a.norms[at]
	similar := func(i int) float32 { return float32(float64(a.sums[i]) * a.square / (norm*a.norms[i] + shrink)) }
	if a.few(at) {
		for _, p := range a.touched {
			if a.sums[p] > 0 {
				top.Push(engine.ItemNum(a.rows[p]), similar(int(p)))
			}
			a.sums[p] = 0 // which also holds for a place that was noted twice
		}
		return edgesOf(top)
	}
	for from := 0; from < len(a.rows); from += span {
		// The least that an inner product here must be, less what roundings may take.
		last := min(from+span, len(a.rows)) - 1
		bound := float64(top.Worst()) * (norm*a.norms[last] + shrink) / a.square * (1 - 1e-6)
		vector.AtLeast(a.words[:], a.sums[from:][:span], max(float32(bound), math.SmallestNonzeroFloat32))
		for w, word := range a.words {
			for ; word != 0; word &= word - 1 {
				i := from + w*64 + bits.TrailingZeros64(word)
				top.Push(engine.ItemNum(a.rows[i]), similar(i))
			}
		}
	}
	clear(a.sums)
	return edgesOf(top)
}

// edgesOf returns what was kept, best first.
func edgesOf(top *vector.Top) []model.Edge {
	found := top.Best()
	out := make([]model.Edge, 0, len(found))
	for _, s := range found {
		if s.Score > 0 && !math.IsInf(float64(s.Score), 0) {
			out = append(out, model.Edge{Row: uint32(s.Item), Weight: s.Score})
		}
	}
	return out
}
