package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime/debug"
	"time"

	"github.com/rapportengine/rapport/training"
)

type serveCommand struct {
	directory
	address
	Durability string        `enum:"process,fsync" default:"process" help:"What an acknowledged write survives: the end of the process, or with fsync a power cut too (slower)."`
	KeyFile    string        `placeholder:"FILE" help:"File that holds the API key; else RAPPORT_KEY does."`
	TrainEvery time.Duration `default:"1h" help:"How often to train on what is new; 0 only where there is no model yet, and when asked."`
	TrainApart string        `enum:"auto,never" default:"auto" help:"Train in a process of its own, which gives way to answers, where the system allows it, or never."`
	Embedder   embedding     `embed:"" prefix:"embedder-"`
	AccessLog  bool          `default:"true" negatable:"" help:"Log a line for every request; without it only for those that fail."`
	LogFormat  string        `enum:"text,json" default:"text" help:"Form of the log on stderr: ${enum}."`
}

func (serveCommand) Help() string {
	return `Answers over HTTP until it is told to stop (SIGINT, SIGTERM), and trains in the background. A bind that other machines can reach needs a key.

Examples:

  rapport serve
  RAPPORT_KEY=$(cat key) rapport serve --addr 0.0.0.0:8080
  RAPPORT_PUBLISHABLE_KEY=pk-1 RAPPORT_TOKEN_SECRET=$(cat secret) rapport serve --origin https://shop.example
  rapport serve --dir /var/lib/rapport --durability fsync --log-format json
  RAPPORT_EMBEDDER_KEY=$(cat secret) rapport serve --embedder-url https://api.openai.com/v1/embeddings --embedder-model text-embedding-3-small --embedder-dims 1536`
}

// Run serves until ctx ends.
func (s *serveCommand) Run(ctx context.Context, c *console) (err error) {
	key, err := keyFrom(s.KeyFile)
	if err != nil {
		return err
	}
	if err := guard(ctx, s.Addr, key); err != nil {
		return err
	}
	doors, err := doorsFrom(s.Origin, key)
	if err != nil {
		return err
	}
	doors.accessLog = s.AccessLog
	often, err := s.often()
	if err != nil {
		return err
	}
	heap := boundGarbage(ctx, startBounds)
	often.Training, often.Adopting = heap.training, heap.adopting
	log := c.log(slog.LevelInfo, s.LogFormat)
	asked, err := s.Embedder.ask()
	if err != nil {
		return err
	}
	w, err := open(ctx, openOptions{
		dir: s.Dir, create: true, fsync: s.Durability == "fsync", log: log,
		trainer: often, embedder: asked, apart: s.helper(c),
	})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.Close())
		log.Info("stopped", "seq", w.store.Seq())
	}()
	w.doors = doors
	l, err := listen(ctx, s.Addr)
	if err != nil {
		return err
	}
	if err := w.store.SetHolder(l.Addr().String()); err != nil {
		return errors.Join(err, l.Close())
	}
	heap.keep(serverBounds)
	w.work(ctx)
	return w.answer(ctx, l, key, func() {
		world := w.recommender.World()
		log.Info("serving", "addr", "http://"+l.Addr().String(), "dir", s.Dir, "seq", w.store.Seq(),
			"items", world.Catalogue.Known().GetCardinality(), "model", world.Models.Version, "key", key != "")
		go debug.FreeOSMemory() // what the start took beyond what stays
	})
}

// helper says how a process that trains is started, nil for none.
func (s *serveCommand) helper(c *console) *helperCommand {
	if s.TrainApart == "never" {
		return nil
	}
	return &helperCommand{does: helperName, embedder: s.Embedder, format: s.LogFormat, says: c.err}
}

// savedASecond is how many bytes of a model a server writes in a second: ten MiB take its store about a third of
// a processor until they lie where they stay.
const savedASecond = 10 << 20

// often says when to train.
func (s *serveCommand) often() (training.Options, error) {
	switch {
	case s.TrainEvery < 0:
		return training.Options{}, usagef("--train-every: a time from now on is wanted, or 0")
	case s.TrainEvery == 0:
		return training.Options{Warm: true, Aside: aside, SavedASecond: savedASecond, Interval: math.MaxInt64, MinNew: math.MaxUint64}, nil
	}
	return training.Options{Warm: true, Aside: aside, SavedASecond: savedASecond, Interval: s.TrainEvery}, nil
}
