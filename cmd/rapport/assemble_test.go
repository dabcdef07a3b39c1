package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// parts are what a test puts into a workspace in the place of the real ones.
type parts struct {
	now     func() time.Time
	random  func() uint64
	cache   int
	observe func(next func([]engine.Committed)) func([]engine.Committed)
	shelf   func(*store.Store) training.Store
	trainer training.Options
	log     *slog.Logger
}

// assemble is open with parts of the test's own.
func assemble(ctx context.Context, dir string, p parts) (_ *workspace, err error) {
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	s, err := store.Open(dir, store.Options{Now: p.now, Log: p.log})
	if err != nil {
		return nil, err
	}
	settings, err := s.Settings(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	var shelf training.Store = s
	if p.shelf != nil {
		shelf = p.shelf(s)
	}
	w := &workspace{store: s, log: p.log, recommender: serving.New(s, s.IDs(), serving.Options{Settings: &settings, Now: p.now, Random: p.random, CacheBytes: p.cache})}
	w.trainer = training.New(shelf, w.recommender.Swap, p.trainer)
	if err := w.restore(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	observe := w.recommender.Observe
	if p.observe != nil {
		observe = p.observe(observe)
	}
	s.Start(context.WithoutCancel(ctx), observe)
	return w, nil
}

// tinySearch fits in milliseconds.
func tinySearch() *training.Search {
	return &training.Search{
		training.Factor(factor.Params{Dims: 4, Epochs: 3, Lambda: 0.01}),
		training.EASE(neighbour.Params{Lambda: 5}, neighbour.Params{Lambda: 50}),
	}
}

// snapshot copies a directory, and those within, as they are at one moment: again, if files
// came, went or grew.
func snapshot(to, from string) error {
	for {
		before, err := filesIn(from)
		if err == nil {
			err = copyAll(to, from, before)
		}
		var after map[string]int64
		if err == nil {
			after, err = filesIn(from)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && maps.Equal(before, after) {
			return nil
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
}

// filesIn returns the files under a directory, by their path within it, with their sizes.
func filesIn(dir string) (map[string]int64, error) {
	sizes := make(map[string]int64)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		sizes[name] = info.Size()
		return err
	})
	return sizes, err
}

func copyAll(to, from string, files map[string]int64) error {
	for name := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700); err != nil {
			return err
		}
		if err := copySparse(filepath.Join(to, name), filepath.Join(from, name)); err != nil {
			return err
		}
	}
	return nil
}

// copySparse leaves holes where there are zeros: most of Badger's files is room for
// what will come.
func copySparse(to, from string) (err error) {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(int64(len(data))); err != nil {
		return err
	}
	zeros := make([]byte, 64<<10)
	for at := 0; at < len(data); at += len(zeros) {
		part := data[at:min(len(data), at+len(zeros))]
		if slices.Equal(part, zeros[:len(part)]) {
			continue
		}
		if _, err := f.WriteAt(part, int64(at)); err != nil {
			return err
		}
	}
	return nil
}
