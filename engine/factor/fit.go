package factor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	Dims       int     `json:"dims"`         // length of a vector, 1 to 1,024; default 64
	Lambda     float64 `json:"lambda"`       // strength of the regularisation; default 0.005
	Alpha0     float64 `json:"alpha0"`       // weight of what was not observed; default 0.1
	Nu         float64 `json:"nu"`           // how the regularisation grows with the number of cells; default 1
	Epochs     int     `json:"epochs"`       // each solves for all customers, then all items; default 16
	InitStdDev float64 `json:"init_std_dev"` // of a vector's initial length; default 0.1
	// Steps are those of conjugate gradients by which an epoch moves each vector; -1
	// solves for it exactly, in several times the time. Default 3.
	Steps int    `json:"steps"`
	Seed  uint64 `json:"seed"`
	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

// maxDims bounds what one solve costs: d^3/6 multiplications. maxSteps is more than any
// equation gains by in float32, maxEpochs than any fit does.
const (
	maxDims   = 1024
	maxSteps  = 100
	maxEpochs = 1000
)

// WithDefaults fills in what was left zero.
func (p Params) WithDefaults() Params {
	set(&p.Dims, 64)
	set(&p.Lambda, 0.005)
	set(&p.Alpha0, 0.1)
	set(&p.Nu, 1)
	set(&p.Epochs, 16)
	set(&p.InitStdDev, 0.1)
	set(&p.Steps, 3)
	set(&p.Workers, 1)
	return p
}

func set[T int | float64](to *T, value T) {
	if *to == 0 {
		*to = value
	}
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case p.Dims < 1 || p.Dims > maxDims:
		return engine.Invalidf(engine.CodeInvalidField, "dims", "a whole number from 1 to %d, not %d", maxDims, p.Dims)
	case !positive(p.Lambda):
		return engine.Invalidf(engine.CodeInvalidField, "lambda", "a number above 0, not %v", p.Lambda)
	case !positive(p.Alpha0):
		return engine.Invalidf(engine.CodeInvalidField, "alpha0", "a number above 0, not %v", p.Alpha0)
	case math.IsNaN(p.Nu) || math.Abs(p.Nu) > 2:
		return engine.Invalidf(engine.CodeInvalidField, "nu", "a number from -2 to 2, not %v", p.Nu)
	case p.Epochs < 1 || p.Epochs > maxEpochs:
		return engine.Invalidf(engine.CodeInvalidField, "epochs", "a whole number from 1 to %d, not %d", maxEpochs, p.Epochs)
	case !positive(p.InitStdDev):
		return engine.Invalidf(engine.CodeInvalidField, "init_std_dev", "a number above 0, not %v", p.InitStdDev)
	case p.Steps < -1 || p.Steps > maxSteps:
		return engine.Invalidf(engine.CodeInvalidField, "steps", "a whole number from 1 to %d, or -1 for exact solutions, not %d", maxSteps, p.Steps)
	case p.Workers < 1:
		return engine.Invalidf(engine.CodeInvalidField, "workers", "a whole number above 0, not %d", p.Workers)
	}
	return nil
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 1) }

// Fit learns the items' vectors from data. After each epoch it calls epoch (nil for
// none) with its number from 1, and stops on the error that returns. Stopped by ctx it
// returns ctx's error, and on values that are no longer numbers an error, never a bad
// model. Data without customers gives a model without rows.
func Fit(ctx context.Context, data *model.Data, p Params, epoch func(n int) error) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	f := newFit(data, p)
	for row := range data.Rows.Len() {
		initialise(f.items.vector(row), data.Rows.ID(row), p)
	}
	if err := f.run(ctx, p.Epochs, epoch); err != nil {
		return nil, err
	}
	return newModel(p, data.Rows, f.items), nil
}

// run goes through so many epochs.
func (f *fit) run(ctx context.Context, epochs int, epoch func(n int) error) error {
	f.items.sumGram(f.Alpha0, f.Workers)
	for n := 1; n <= epochs; n++ {
		if err := f.epoch(ctx); err != nil {
			return fmt.Errorf("fit factors, epoch %d: %w", n, err)
		}
		if epoch == nil {
			continue
		}
		if err := epoch(n); err != nil {
			return fmt.Errorf("fit factors, epoch %d: %w", n, err)
		}
	}
	return nil
}

// fit is the state of a fit: two sides, and the matrix in both directions.
type fit struct {
	Params
	customers, items   *side
	byCustomer, byItem *matrix
	solvers            []*solver
}

// newFit returns a fit in which nobody has a vector yet.
func newFit(data *model.Data, p Params) *fit {
	f := &fit{
		Params:     p,
		customers:  newSide(len(data.Customers), p.Dims),
		items:      newSide(data.Rows.Len(), p.Dims),
		byCustomer: byCustomer(data),
		byItem:     byItem(data),
	}
	for range p.Workers {
		f.solvers = append(f.solvers, newSolver(p))
	}
	return f
}

// initialise draws an item's first vector from its id and the seed alone, so that it
// does not depend on which other items there are, or in which order.
func initialise(v []float32, id engine.ItemID, p Params) {
	h := engine.HashOf(string(id))
	rng := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(h[:])^p.Seed, binary.LittleEndian.Uint64(h[8:])))
	sd := p.InitStdDev / math.Sqrt(float64(p.Dims))
	for k := range v {
		v[k] = float32(sd * rng.NormFloat64())
	}
}

// epoch solves for all customers with the items held still, then the other way round.
func (f *fit) epoch(ctx context.Context) error {
	if err := f.half(ctx, f.customers, f.byCustomer, f.items); err != nil {
		return err
	}
	return f.half(ctx, f.items, f.byItem, f.customers)
}

// errDiverged says that the values have grown out of a float32's range.
var errDiverged = errors.New("the factors are no longer finite numbers")

// chunk is how many rows a worker takes at a time.
const chunk = 32

// half solves for every row of one side, and sums its Gram matrix.
func (f *fit) half(ctx context.Context, to *side, cells *matrix, other *side) error {
	var failed firstError
	vector.Fork(f.Workers, (to.rows+chunk-1)/chunk, func(worker, at int) {
		if ctx.Err() != nil || failed.seen() {
			return
		}
		for row := at * chunk; row < min((at+1)*chunk, to.rows); row++ {
			if row+1 < to.rows {
				other.expect(cells.of(row + 1).picks)
			}
			if err := f.solvers[worker].move(to.vector(row), cells.of(row), other); err != nil {
				failed.set(err)
				return
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	if failed.err != nil {
		return failed.err
	}
	to.sumGram(f.Alpha0, f.Workers)
	return nil
}

// A side that is larger than farBytes does not stay in a second-level cache, and who needs a row of it waits
// for it. What the next equation needs is asked for while the one before it is solved, up to soonRows of
// it, a quarter or half of such a cache.
const (
	farBytes = 4 << 20
	soonRows = 1 << 11
)

// expect asks for rows that are needed soon.
func (s *side) expect(rows []uint32) {
	if 4*len(s.vectors) > farBytes {
		vector.PrefetchRows(s.vectors, rows[:min(len(rows), soonRows)], s.dims)
	}
}

// move moves one vector to, or towards, where the objective is least.
func (s *solver) move(v []float32, k known, other *side) error {
	if s.Steps > 0 {
		s.steps.refine(v, k, float32(s.ridge(k.total(), other.rows)), other, s.Steps)
	} else {
		w, err := s.Solve(k, other)
		if err != nil {
			return err
		}
		for k, x := range w {
			v[k] = float32(x)
		}
	}
	if length := vector.Dot(v, v); length-length != 0 {
		return errDiverged
	}
	return nil
}

// firstError keeps one of the errors of several goroutines.
type firstError struct {
	mu  sync.Mutex // guards err
	err error
}

func (e *firstError) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}

func (e *firstError) seen() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err != nil
}
