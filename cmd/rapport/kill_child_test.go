package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// TestKillChild is the server that TestKill kills; it is no test of its own. As "serve"
// it is the command itself; as "slow" it dawdles between commit and observation and
// while it saves a model, and says so, so that kills can be told to fall there.
func TestKillChild(t *testing.T) {
	mode, dir := os.Getenv("RAPPORT_KILL_CHILD"), os.Getenv("RAPPORT_KILL_DIR")
	if mode == "" {
		t.Skip("started by TestKill")
	}
	var err error
	if mode == "serve" {
		err = run(t.Context(), []string{"serve", "--dir", dir, "--addr", "127.0.0.1:0"}, os.Stdout, os.Stderr)
	} else {
		err = dawdle(t.Context(), dir)
	}
	t.Fatalf("the server ended: %v", err)
}

// dawdler slows down where a kill is most likely to hurt.
type dawdler struct {
	*store.Store
	mu  sync.Mutex // guards rng
	rng *rand.Rand
}

func (d *dawdler) rest(most time.Duration) {
	d.mu.Lock()
	rest := time.Duration(d.rng.Int64N(int64(most)))
	d.mu.Unlock()
	time.Sleep(rest)
}

// observe stands between a commit and its observation.
func (d *dawdler) observe(next func([]engine.Committed)) func([]engine.Committed) {
	return func(group []engine.Committed) {
		d.mu.Lock()
		slow := d.rng.IntN(4) == 0
		d.mu.Unlock()
		if slow {
			fmt.Println("gap")
			d.rest(20 * time.Millisecond)
		}
		next(group)
		if slow {
			fmt.Println("seen")
		}
	}
}

// SaveModel takes its time over each part of the model.
func (d *dawdler) SaveModel(ctx context.Context, version int, report []byte, r io.Reader) error {
	fmt.Println("saving")
	defer fmt.Println("saved")
	return d.Store.SaveModel(ctx, version, report, &dawdling{r, d})
}

type dawdling struct {
	io.Reader
	d *dawdler
}

func (r *dawdling) Read(p []byte) (int, error) {
	r.d.rest(20 * time.Millisecond)
	return r.Reader.Read(p[:min(len(p), 64<<10)])
}

// dawdle is the serve command with a dawdler in it.
func dawdle(ctx context.Context, dir string) error {
	seed, err := strconv.ParseUint(os.Getenv("RAPPORT_KILL_SEED"), 10, 64)
	if err != nil {
		return err
	}
	d := &dawdler{rng: rand.New(rand.NewPCG(seed, 6))}
	w, err := assemble(ctx, dir, parts{
		observe: d.observe, log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		shelf:   func(s *store.Store) training.Store { d.Store = s; return d },
		trainer: training.Options{Search: tinySearch()},
	})
	if err != nil {
		return err
	}
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := w.store.SetHolder(l.Addr().String()); err != nil {
		return err
	}
	w.work(ctx)
	fmt.Println("serving at http://" + l.Addr().String())
	return w.answer(ctx, l, "", func() {})
}
