package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/training/peer"
)

// factorFit is iALS with vectors of one length.
type factorFit struct {
	Dims    int     `json:"dims"`
	Lambda  float64 `json:"lambda"`
	Alpha0  float64 `json:"alpha0"`
	Steps   int     `json:"steps"`     // of an iteration, -1 for exact solutions
	Epoch   cost    `json:"iteration"` // median
	Fit     cost    `json:"fit"`
	NDCG    float64 `json:"ndcg@10"`
	Fold    float64 `json:"fold_in_us"` // CPU time of folding in FoldOf items
	FoldOf  int     `json:"fold_in_items"`
	Tuned   bool    `json:"tuned"`
	Workers int     `json:"workers"`
}

// gorseFit is Gorse's ALS, which has one thread.
type gorseFit struct {
	peer.Params
	Epoch cost    `json:"iteration"` // (all - one) / (iterations - 1)
	Fit   cost    `json:"fit"`
	NDCG  float64 `json:"ndcg@10"`
	Tuned bool    `json:"tuned"`
}

func (b *bench) factors(ctx context.Context) error {
	best := factor.Params{}
	if b.tune {
		var err error
		if best, err = b.tuneFactors(ctx); err != nil {
			return err
		}
	}
	for _, dims := range b.dimsOf {
		p := best
		p.Dims, p.Epochs, p.Steps, p.Workers = dims, b.epochs, b.steps, b.workers
		p = p.WithDefaults()
		out := factorFit{Dims: dims, Lambda: p.Lambda, Alpha0: p.Alpha0, Steps: p.Steps, Tuned: b.tune, Workers: b.workers, FoldOf: foldOf}
		m, each, all, err := timedFactors(ctx, b.data, p)
		if err != nil {
			return err
		}
		out.Epoch, out.Fit = measure.MedianCost(each), all
		out.NDCG = b.worth(proposed(m))
		if out.Fold, err = b.foldIn(m); err != nil {
			return err
		}
		b.to.Factor = append(b.to.Factor, out)
		fmt.Printf("factors, %d dimensions: %.3f s an iteration (%.3f CPU); NDCG@10 %.4f after %d; fold-in of %d items %.1f µs\n",
			dims, out.Epoch.Seconds, out.Epoch.CPU, out.NDCG, b.epochs, foldOf, out.Fold)
	}
	return nil
}

// timedFactors fits, and says what each iteration took, and all of it.
func timedFactors(ctx context.Context, data *model.Data, p factor.Params) (m *factor.Model, each []cost, all cost, err error) {
	watch, err := measure.Began()
	if err != nil {
		return nil, nil, all, err
	}
	lap := watch
	m, err = factor.Fit(ctx, data, p, func(int) error {
		c, err := lap.Lap()
		each = append(each, c)
		return err
	})
	if err != nil {
		return nil, nil, all, err
	}
	all, err = watch.Lap()
	return m, each, all, err
}

// foldOf is how many items are folded in.
const foldOf = 50

// foldIn is the CPU time of one fold-in, in microseconds.
func (b *bench) foldIn(m *factor.Model) (float64, error) {
	q := &model.Query{}
	for i := range min(foldOf, m.Rows().Len()) {
		q.History = append(q.History, engine.Interest{Item: m.Rows().Num(i * m.Rows().Len() / foldOf), Weight: 1})
	}
	n := 0
	c, err := measure.Timed(func() error {
		for start := time.Now(); time.Since(start) < time.Second/2; n++ {
			m.Open(q)
		}
		return nil
	})
	return c.CPU * 1e6 / float64(n), err
}

func (b *bench) gorse(ctx context.Context) error {
	p := peer.Params{Dims: b.gorseDims, Alpha: b.gorseAlpha, Reg: b.gorseRe}
	if b.tune {
		var err error
		if p, err = b.tuneGorse(ctx, p); err != nil {
			return err
		}
	}
	out := gorseFit{Params: p, Tuned: b.tune}
	var took [2]cost
	for i, epochs := range []int{1, b.epochs} {
		out.Epochs = epochs
		var s *peer.Source
		var err error
		took[i], err = measure.Timed(func() error {
			s, err = peer.Fit(ctx, peer.ALS, b.data, out.Params)
			return err
		})
		if err != nil {
			return err
		}
		if epochs == b.epochs {
			out.NDCG = b.worth(proposed(s))
		}
	}
	out.Fit = took[1]
	out.Epoch = cost{Seconds: took[1].Seconds - took[0].Seconds, CPU: took[1].CPU - took[0].CPU}.Per(max(1, b.epochs-1))
	b.to.Gorse = &out
	fmt.Printf("Gorse's ALS, %d dimensions, alpha %g, reg %g: %.3f s an iteration (%.3f CPU); NDCG@10 %.4f after %d\n",
		p.Dims, p.Alpha, p.Reg, out.Epoch.Seconds, out.Epoch.CPU, out.NDCG, b.epochs)
	for _, f := range b.to.Factor {
		if f.Dims == p.Dims {
			b.to.GorseTo = out.Epoch.CPU / f.Epoch.CPU
			fmt.Printf("an iteration of Gorse's takes %.1f times the CPU of ours\n", b.to.GorseTo)
		}
	}
	return nil
}

// The settings that are tried, as many of ours as of Gorse's.
var (
	lambdas = []float64{.001, .003, .01}
	alphas0 = []float64{.03, .1, .3}
	alphas  = []float64{.05, .2, .8}
	regs    = []float64{.015, .06, .24}
)

// tuneFactors returns the settings that foretell the last known event best, at the first
// length.
func (b *bench) tuneFactors(ctx context.Context) (best factor.Params, err error) {
	most := -1.0
	data := b.shorter()
	for _, lambda := range lambdas {
		for _, alpha := range alphas0 {
			p := factor.Params{Dims: b.dimsOf[0], Epochs: b.epochs, Workers: b.workers, Lambda: lambda, Alpha0: alpha}
			m, err := factor.Fit(ctx, data, p, nil)
			if err != nil {
				return best, err
			}
			got := b.worthOf(b.shortHistory, b.last, proposed(m))
			measure.Say("factors, lambda %g, alpha0 %g: NDCG@10 %.4f on the last known event", lambda, alpha, got)
			if got > most {
				most, best = got, factor.Params{Lambda: lambda, Alpha0: alpha}
			}
		}
	}
	return best, nil
}

func (b *bench) tuneGorse(ctx context.Context, p peer.Params) (best peer.Params, err error) {
	most := -1.0
	data := b.shorter()
	p.Epochs = b.epochs
	for _, p.Alpha = range alphas {
		for _, p.Reg = range regs {
			s, err := peer.Fit(ctx, peer.ALS, data, p)
			if err != nil {
				return best, err
			}
			got := b.worthOf(b.shortHistory, b.last, proposed(s))
			measure.Say("gorse, alpha %g, reg %g: NDCG@10 %.4f on the last known event", p.Alpha, p.Reg, got)
			if got > most {
				most, best = got, p
			}
		}
	}
	return best, nil
}

// shorter is the data without each customer's last known event, which settings are chosen
// on.
func (b *bench) shorter() *model.Data {
	var build model.Builder
	for c := range b.shop.Customers {
		build.Add(b.shortHistory(c))
	}
	return build.Data(b.shop.IDs(), 1)
}

func (b *bench) shortHistory(c int) []engine.Interest { return b.shop.History(c)[1:] }

func (b *bench) last(c int) uint32 { return uint32(b.shop.History(c)[0].Item) }
