package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/session"
)

// draw returns settings from the ranges of the literature: those of Serenade's own search
// for M, K and L, those of session-rec's configurations for the decays, each of which
// stays away half of the time.
func draw(rng *rand.Rand) session.Params {
	between := func(low, high float64) float64 { return low * math.Pow(high/low, rng.Float64()) }
	maybe := func(low, high float64) float64 {
		if value := between(low, high); rng.IntN(2) == 0 {
			return value
		}
		return 0
	}
	p := session.Params{M: int(between(100, 2500)), K: int(between(30, 1500)), L: 1 + rng.IntN(20)}
	p.Click, p.Match, p.Near = maybe(0.3, 10), maybe(0.3, 10), maybe(0.3, 10)
	p.Length = float64(rng.IntN(5)) / 4
	p.Age = time.Duration(maybe(2, 200) * 24 * float64(time.Hour))
	p.Plain = maybe(0.5, 10)
	return p
}

// tune draws so many settings and returns the one of the highest MRR on valid, the first
// of equals, and that MRR.
func tune(ctx context.Context, train, valid [][]click, drawn int, seed uint64) (best session.Params, most float64, err error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	settings := make([]session.Params, drawn)
	for i := range settings {
		settings[i] = draw(rng)
	}
	seqs, ids := sequences(train)
	reached, errs := make([]float64, drawn), make([]error, drawn)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				var m *session.Model
				if m, errs[i] = session.Fit(ctx, seqs, settings[i]); errs[i] == nil {
					reached[i] = judge(m, ids, valid).MRR
				}
			}
		})
	}
	for i := range settings {
		next <- i
	}
	close(next)
	workers.Wait()
	for i := range settings {
		if errs[i] != nil {
			return best, most, errs[i]
		}
		if reached[i] > most {
			best, most = settings[i], reached[i]
		}
	}
	return best, most, nil
}

// tuneAndJudge tunes and appends what the best settings reach on the test sessions.
func tuneAndJudge(ctx context.Context, dir string, drawn int, seed uint64, results string) error {
	train, valid, err := load(dir, "valid")
	if err != nil {
		return err
	}
	best, most, err := tune(ctx, train, valid, drawn, seed)
	if err != nil {
		return err
	}
	text, err := json.Marshal(best)
	if err != nil {
		return err
	}
	fmt.Printf("best of %d on valid.txt, MRR@20 %.4f: %s\n", drawn, most, text)
	_, test, err := load(dir, "test")
	if err != nil {
		return err
	}
	header()
	r, err := fitAndJudge(ctx, train, test, best)
	if err != nil {
		return err
	}
	r.Part, r.Tried, r.ValidMRR = "test", drawn, most
	return measure.Append(results, "session", "serenade-example", r)
}
