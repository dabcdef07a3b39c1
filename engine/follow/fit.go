package follow

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Model is one of the fitted sources.
type Model struct {
	name   string
	params Params
	rows   *model.Rows
	next   *model.Edges // who follows each row, and how strongly
	sums   sync.Pool    // of *vector.Sums
}

func newModel(name string, p Params, rows *model.Rows, next *model.Edges) *Model {
	m := &Model{name: name, params: p, rows: rows, next: next}
	m.sums.New = func() any { return vector.NewSums(rows.Len()) }
	return m
}

// FitMarkov counts what was done right after each item.
func FitMarkov(ctx context.Context, seqs *model.Sequences, p Params) (*Model, error) {
	return fit(ctx, MarkovName, seqs, p.Markov())
}

// Fit counts what was done within some steps after each item:
//
//	strength(i,j) = sum of weight(steps between) over the pairs of i and a later j
//	                / (n_i^From n_j^To)
//
// with n how often an item was done. Only what was wanted counts, pairs of an item with
// itself do not. It goes item by item with one dense sum a worker: time is the number of
// all steps times Steps, memory 8 bytes a follower.
func Fit(ctx context.Context, seqs *model.Sequences, p Params) (*Model, error) {
	return fit(ctx, RulesName, seqs, p.WithDefaults())
}

func fit(ctx context.Context, name string, seqs *model.Sequences, p Params) (*Model, error) {
	if err := p.check(name); err != nil {
		return nil, err
	}
	followers, err := followersOf(ctx, seqs, p)
	if err != nil {
		return nil, err
	}
	return known(name, p, seqs.Rows, followers), nil
}

// rowsAtOnce is of how many rows the followers lie in one piece of memory.
const rowsAtOnce = 256

// followersOf counts, and returns the followers of each row. What they are counted in takes more
// than they do, and is gone then.
func followersOf(ctx context.Context, seqs *model.Sequences, p Params) ([][]model.Edge, error) {
	f := newFitting(seqs, p)
	followers := make([][]model.Edge, seqs.Rows.Len())
	type scratch struct {
		sums  *vector.Sums
		edges []model.Edge
		ends  []int
	}
	workers := make([]scratch, p.Workers)
	vector.Fork(p.Workers, (len(followers)+rowsAtOnce-1)/rowsAtOnce, func(worker, piece int) {
		if ctx.Err() != nil {
			return
		}
		s := &workers[worker]
		if s.sums == nil {
			s.sums = vector.NewSums(len(followers))
		}
		rows := followers[piece*rowsAtOnce : min(len(followers), (piece+1)*rowsAtOnce)]
		s.edges, s.ends = s.edges[:0], s.ends[:0]
		for i := range rows {
			s.edges = f.of(uint32(piece*rowsAtOnce+i), s.sums, s.edges)
			s.ends = append(s.ends, len(s.edges))
		}
		edges, from := slices.Clone(s.edges), 0
		for i, end := range s.ends {
			rows[i], from = edges[from:end], end
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("count what follows: %w", err)
	}
	return followers, nil
}

// fitting is what all items of a fit are counted in.
type fitting struct {
	params  Params
	weights []float64 // by steps - 1
	// The runs laid end to end: steps of one timeline without a pause. Of each step its item, and
	// whether a run begins with it.
	rows []uint32
	// The steps by their row, ascending, and of each row where its end.
	steps []uint32
	until []uint32
}

// begins is set of a step's row where a run begins with it.
const begins = 1 << 31

func newFitting(seqs *model.Sequences, p Params) *fitting {
	f := &fitting{params: p, until: make([]uint32, seqs.Rows.Len())}
	for d := range p.Steps {
		f.weights = append(f.weights, p.weight(d+1))
	}
	n := 0
	for steps := range seqs.All() {
		for i := range steps {
			if steps[i].Weight > 0 {
				f.until[steps[i].Row]++
				n++
			}
		}
	}
	f.rows, f.steps = make([]uint32, 0, n), make([]uint32, n)
	for steps := range seqs.All() {
		f.add(steps)
	}
	next, from := make([]uint32, len(f.until)), uint32(0)
	for row, count := range f.until {
		next[row] = from
		from += count
		f.until[row] = from
	}
	for at := range f.rows {
		row := f.row(at)
		f.steps[next[row]] = uint32(at)
		next[row]++
	}
	return f
}

// row returns the row of a step.
func (f *fitting) row(at int) uint32 { return f.rows[at] &^ begins }

// opens reports whether a run begins with a step, or none is there.
func (f *fitting) opens(at int) bool { return at >= len(f.rows) || f.rows[at]&begins != 0 }

// stepsOf returns the steps of a row.
func (f *fitting) stepsOf(row uint32) []uint32 {
	from := uint32(0)
	if row > 0 {
		from = f.until[row-1]
	}
	return f.steps[from:f.until[row]]
}

// add lays out the runs of a timeline, oldest first.
func (f *fitting) add(steps []model.Step) {
	var last *model.Step
	for i := range steps {
		s := &steps[i]
		if !(s.Weight > 0) {
			continue
		}
		row := s.Row
		if last == nil || f.params.Gap > 0 && s.At.Sub(last.At) > f.params.Gap {
			row |= begins
		}
		last = s
		f.rows = append(f.rows, row)
	}
}

// edgesMost bounds the edges of a source (40 MB): above 10,000 items each keeps fewer than
// the 500 strongest that are usual, but fewest where model.LinksEach allows for them.
const (
	edgesMost = 5_000_000
	fewest    = 100
)

// of appends the K strongest followers of a row, ascending, to out; ties go to the lower row.
func (f *fitting) of(row uint32, sums *vector.Sums, out []model.Edge) []model.Edge {
	for _, step := range f.stepsOf(row) {
		after, before := true, f.params.Back > 0 // the run goes on that way
		for d, w := range f.weights {
			if after = after && !f.opens(int(step)+d+1); after {
				if next := f.row(int(step) + d + 1); next != row {
					sums.Add(next, w)
				}
			}
			if before = before && !f.opens(int(step)-d); before {
				if earlier := f.row(int(step) - d - 1); earlier != row {
					sums.Add(earlier, w*f.params.Back)
				}
			}
		}
	}
	top := vector.NewTop(min(f.params.K, max(fewest, edgesMost/len(f.until)), model.LinksEach(len(f.until))))
	below := f.power(row, max(f.params.From, 0))
	sums.Drain(func(j int, sum float64) {
		if s := float32(sum / (below * f.power(uint32(j), f.params.To))); s > 0 {
			top.Push(engine.ItemNum(j), s)
		}
	})
	from := len(out)
	for _, s := range top.Best() {
		out = append(out, model.Edge{Row: uint32(s.Item), Weight: s.Score})
	}
	slices.SortFunc(out[from:], func(a, b model.Edge) int { return cmp.Compare(a.Row, b.Row) })
	return out
}

// power is a power of how often an item was done.
func (f *fitting) power(row uint32, power float64) float64 {
	if power == 0 {
		return 1
	}
	return math.Pow(float64(len(f.stepsOf(row))), power)
}

// known keeps the items that follow or are followed.
func known(name string, p Params, rows *model.Rows, followers [][]model.Edge) *Model {
	known := make([]bool, rows.Len())
	for row, list := range followers {
		known[row] = known[row] || len(list) > 0
		for _, to := range list {
			known[to.Row] = true
		}
	}
	place, kept := make([]uint32, rows.Len()), []int(nil)
	for row := range known {
		if known[row] {
			place[row] = uint32(len(kept))
			kept = append(kept, row)
		}
	}
	for at, row := range kept {
		followers[at] = followers[row]
		for i := range followers[at] {
			followers[at][i].Row = place[followers[at][i].Row]
		}
	}
	return newModel(name, p, rows.Subset(kept), model.NewEdges(followers[:len(kept)]))
}
