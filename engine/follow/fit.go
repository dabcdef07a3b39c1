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
	f := newFitting(seqs, p)
	followers := make([][]model.Edge, seqs.Rows.Len())
	scratch := make([]*vector.Sums, p.Workers)
	vector.Fork(p.Workers, len(followers), func(worker, row int) {
		if ctx.Err() != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = vector.NewSums(len(followers))
		}
		followers[row] = f.of(uint32(row), scratch[worker])
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("count what follows: %w", err)
	}
	return f.model(name, seqs.Rows, followers), nil
}

// fitting is what all items of a fit are counted in.
type fitting struct {
	params  Params
	weights []float64 // by steps - 1
	// The runs laid end to end: steps of one timeline without a pause. Of each step its
	// item and its run, and of each run where it ends.
	rows, run []uint32
	ends      []uint32
	// The steps by their row, ascending, and of each row where its end.
	steps []uint32
	until []uint32
}

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
	f.rows, f.run, f.steps = make([]uint32, 0, n), make([]uint32, 0, n), make([]uint32, n)
	for steps := range seqs.All() {
		f.add(steps)
	}
	next, from := make([]uint32, len(f.until)), uint32(0)
	for row, count := range f.until {
		next[row] = from
		from += count
		f.until[row] = from
	}
	for at, row := range f.rows {
		f.steps[next[row]] = uint32(at)
		next[row]++
	}
	return f
}

// stepsOf returns the steps of a row.
func (f *fitting) stepsOf(row uint32) []uint32 { return f.steps[from(f.until, row):f.until[row]] }

// from returns where what ends at ends[i] begins.
func from(ends []uint32, i uint32) uint32 {
	if i == 0 {
		return 0
	}
	return ends[i-1]
}

// add lays out the runs of a timeline, oldest first.
func (f *fitting) add(steps []model.Step) {
	var last *model.Step
	for i := range steps {
		s := &steps[i]
		if !(s.Weight > 0) {
			continue
		}
		if last != nil && f.params.Gap > 0 && s.At.Sub(last.At) > f.params.Gap {
			f.close()
		}
		last = s
		f.rows, f.run = append(f.rows, s.Row), append(f.run, uint32(len(f.ends)))
	}
	f.close()
}

// close ends the run that is open, if any is.
func (f *fitting) close() {
	if end := uint32(len(f.rows)); end > from(f.ends, uint32(len(f.ends))) {
		f.ends = append(f.ends, end)
	}
}

// edgesMost bounds the edges of a source (40 MB): above 10,000 items each keeps fewer than
// the 500 strongest that are usual, but fewest.
const (
	edgesMost = 5_000_000
	fewest    = 100
)

// of returns the K strongest followers of a row, ascending; ties go to the lower row.
func (f *fitting) of(row uint32, sums *vector.Sums) []model.Edge {
	for _, at := range f.stepsOf(row) {
		run := f.run[at]
		begin, end := int(from(f.ends, run)), int(f.ends[run])
		for d, w := range f.weights {
			if next := int(at) + d + 1; next < end && f.rows[next] != row {
				sums.Add(f.rows[next], w)
			}
			if before := int(at) - d - 1; f.params.Back > 0 && before >= begin && f.rows[before] != row {
				sums.Add(f.rows[before], w*f.params.Back)
			}
		}
	}
	top := vector.NewTop(min(f.params.K, max(fewest, edgesMost/len(f.until))))
	below := f.power(row, max(f.params.From, 0))
	sums.Drain(func(j int, sum float64) {
		if s := float32(sum / (below * f.power(uint32(j), f.params.To))); s > 0 {
			top.Push(engine.ItemNum(j), s)
		}
	})
	best := top.Best()
	out := make([]model.Edge, len(best))
	for i, s := range best {
		out[i] = model.Edge{Row: uint32(s.Item), Weight: s.Score}
	}
	slices.SortFunc(out, func(a, b model.Edge) int { return cmp.Compare(a.Row, b.Row) })
	return out
}

// power is a power of how often an item was done.
func (f *fitting) power(row uint32, power float64) float64 {
	if power == 0 {
		return 1
	}
	return math.Pow(float64(len(f.stepsOf(row))), power)
}

// model keeps the items that follow or are followed.
func (f *fitting) model(name string, rows *model.Rows, followers [][]model.Edge) *Model {
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
	lists := make([][]model.Edge, len(kept))
	for at, row := range kept {
		lists[at] = followers[row]
		for i := range lists[at] {
			lists[at][i].Row = place[lists[at][i].Row]
		}
	}
	return newModel(name, f.params, rows.Subset(kept), model.NewEdges(lists))
}
