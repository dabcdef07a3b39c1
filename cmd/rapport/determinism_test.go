package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/training"
)

// fitted is what a training came to: the model as it is stored, and lists made with it.
type fitted struct {
	model []byte
	lists []string
}

// TestSameSeedSameModel trains on the same part of the sample shop with different
// numbers of processors and workers. The model has the same bytes, and the lists have
// the same items with the same scores and reasons.
func TestSameSeedSameModel(t *testing.T) {
	shop, home := smallShop(t), t.TempDir()
	at := time.Date(2011, time.December, 1, 12, 0, 0, 0, time.UTC)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first *fitted
	for _, processors := range []int{1, 2, 4} {
		for _, workers := range []int{1, 2} {
			name := fmt.Sprintf("%d processors, %d workers", processors, workers)
			dir := filepath.Join(home, fmt.Sprint(processors, workers))
			if err := snapshot(dir, shop); err != nil {
				t.Fatal(err)
			}
			runtime.GOMAXPROCS(processors)
			got := fit(t, dir, 7, workers, at)
			switch {
			case first == nil:
				first = got
			case !bytes.Equal(got.model, first.model):
				t.Errorf("%s: another model than with one of each (%d bytes, %d)", name, len(got.model), len(first.model))
			}
			for i, list := range got.lists {
				if list != first.lists[i] {
					t.Errorf("%s: list %d is\n%s, want\n%s", name, i, list, first.lists[i])
					break
				}
			}
		}
	}
	// The test can tell: another seed gives another model.
	if other := fit(t, shop, 8, 2, at); bytes.Equal(other.model, first.model) {
		t.Error("seed 8 gives the model of seed 7")
	}
}

// fit trains once and asks for 50 lists.
func fit(t *testing.T, dir string, seed uint64, workers int, at time.Time) *fitted {
	t.Helper()
	ctx := t.Context()
	now := func() time.Time { return at }
	w, err := assemble(ctx, dir, parts{
		now: now, random: rand.New(rand.NewPCG(1, 1)).Uint64,
		trainer: training.Options{Seed: seed, Workers: workers, Now: now, Search: &training.Search{
			training.Factor(factor.Params{Dims: 16, Epochs: 4, Lambda: 0.003}, factor.Params{Dims: 16, Epochs: 4, Lambda: 0.03}),
			training.EASE(neighbour.Params{Lambda: 20}, neighbour.Params{Lambda: 200}),
			training.Embed(embed.Params{Dims: 16}), training.Session(), training.BuyAgain(),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := w.trainer.Now(ctx, nil); err != nil {
		t.Fatalf("training: %v", err)
	}
	version, _, err := w.store.Current(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.store.LoadModel(ctx, version)
	if err != nil {
		t.Fatal(err)
	}
	out := &fitted{}
	if out.model, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	personal := 0
	err = w.store.Scan(ctx, func(who engine.Subject, _ []engine.Row) error {
		if who.Kind != engine.CustomerSubject || len(out.lists) == 50 {
			return nil
		}
		answer, err := w.recommender.Recommend(ctx, &engine.Request{Customer: engine.CustomerID(who.ID), Count: 20, Explain: engine.ExplainFull})
		if answer.Basis == engine.BasisPersonal {
			personal++
		}
		out.lists = append(out.lists, asText(answer))
		return err
	})
	if err != nil || len(out.lists) != 50 || personal < 40 {
		t.Fatalf("%d lists, %d of them personal: %v", len(out.lists), personal, err)
	}
	return out
}
