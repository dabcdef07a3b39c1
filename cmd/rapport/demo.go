package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

type demoCommand struct {
	Dir string `placeholder:"DIR" help:"Keep the workspace in this directory; the default is a temporary one that is removed at the end."`
	address
}

func (demoCommand) Help() string {
	return `Imports a real gift shop that travels in this binary, trains, prints how the models compare, and serves until it is told to stop, with lines to try.

Examples:

  rapport demo
  rapport demo --dir ./demo-data --addr 127.0.0.1:9090`
}

// Run goes from nothing to a serving shop.
func (d *demoCommand) Run(ctx context.Context, c *console) (err error) {
	start := time.Now()
	key, l, err := d.listen(ctx)
	if err != nil {
		return err
	}
	doors, err := doorsFrom(d.Origin, key)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	dir, remove, err := d.place(c)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, remove()) }()
	w, err := d.prepare(ctx, c, dir)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.store.SetHolder(l.Addr().String()); err != nil {
		return errors.Join(err, l.Close())
	}
	w.doors = doors
	boundGarbage(ctx, serverBounds)
	w.work(ctx)
	return w.answer(ctx, l, key, func() {
		fmt.Fprintf(c.out, "\nServing at http://%s after %.1f s. The API explains itself at /docs there. Try, from another terminal (Ctrl-C ends):\n", l.Addr(), time.Since(start).Seconds())
		for _, q := range questions {
			fmt.Fprintf(c.out, "\n# %s\n%s\n", q.about, q.curl("http://"+l.Addr().String(), key != ""))
		}
	})
}

// listen binds before anything else: a taken port should not cost a training. Only who
// listens beyond this machine needs a key.
func (d *demoCommand) listen(ctx context.Context) (key string, l net.Listener, err error) {
	local, err := onLoopback(ctx, d.Addr)
	if err != nil {
		return "", nil, err
	}
	if !local {
		if key, err = keyFrom(""); err != nil {
			return "", nil, err
		}
	}
	if err := guard(ctx, d.Addr, key); err != nil {
		return "", nil, err
	}
	l, err = listen(ctx, d.Addr)
	return key, l, err
}

// place returns where the workspace lives, and what to do with it at the end.
func (d *demoCommand) place(c *console) (dir string, remove func() error, err error) {
	if d.Dir != "" {
		return d.Dir, func() error { return nil }, nil
	}
	dir, err = os.MkdirTemp("", "rapport-demo-*")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	c.say("The demo lives in %s, which is removed at the end; --dir keeps it.", dir)
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// prepare returns a workspace with the shop in it and a model of it.
func (d *demoCommand) prepare(ctx context.Context, c *console, dir string) (_ *workspace, err error) {
	w, err := open(ctx, openOptions{dir: dir, create: true, log: c.log(slog.LevelWarn, "text")})
	if err != nil {
		return nil, err
	}
	if err := w.importing(ctx, func() error { return importShop(ctx, c, w) }); err != nil {
		return nil, err
	}
	w, err = open(ctx, openOptions{
		dir: dir, create: true, log: c.log(slog.LevelWarn, "text"),
		trainer: training.Options{Workers: runtime.GOMAXPROCS(0), Warm: true}, // the first has nothing to begin with
	})
	if err != nil {
		return nil, err
	}
	if w.recommender.World().Models.Version > 0 {
		return w, nil
	}
	report, err := w.train(ctx, c)
	if report != nil {
		err = errors.Join(err, report.Write(c.out))
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// imported is what a workspace remembers of the demo in it: a second run takes up where
// the first ended, with the same shift, so that nothing is there twice.
type imported struct {
	Shift time.Duration `json:"shift"`
	Done  bool          `json:"done"`
}

const importedName = "demo"

// importShop imports the sample shop, with times that end now.
func importShop(ctx context.Context, c *console, w *workspace) error {
	shop := imported{Shift: time.Since(sampleshop.NewestEvent).Truncate(time.Second)}
	kept, err := w.store.State(ctx, importedName)
	switch {
	case err == nil:
		if err := json.Unmarshal(kept, &shop); err != nil {
			return fmt.Errorf("read what was imported before: %w", err)
		}
	case !errors.Is(err, engine.ErrNotFound):
		return err
	case w.store.Seq() > 0:
		return usagef("this directory holds a workspace that is not the demo's; name another with --dir")
	}
	if shop.Done {
		c.say("The sample shop is here already.")
		return nil
	}
	if err := w.remember(ctx, shop); err != nil {
		return err
	}
	c.say("The sample shop: real sales (UCI Online Retail, CC BY 4.0), moved by %d days so that the newest is now; articles and tickets were written for this demo.", int(shop.Shift.Hours()/24))
	for _, f := range sampleshop.Files {
		if err := importFile(ctx, c, w, f, shop.Shift); err != nil {
			return fmt.Errorf("import %s: %w", f.Name, err)
		}
	}
	shop.Done = true
	return w.remember(ctx, shop)
}

func (w *workspace) remember(ctx context.Context, shop imported) error {
	text, err := json.Marshal(shop)
	if err != nil {
		return fmt.Errorf("remember the import: %w", err)
	}
	return w.store.PutState(ctx, importedName, text)
}

func importFile(ctx context.Context, c *console, w *workspace, f sampleshop.File, shift time.Duration) (err error) {
	r, err := sampleshop.Open(f.Name)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r) // it is small, and its size is what progress is measured by
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	refused := &rejects{c: c}
	job := intake{c: c, into: intoStore{w.store}, as: f.As, refused: refused}
	job.options.Shift = shift
	job.options.Format = formats[f.Format]
	in := &input{Reader: bytes.NewReader(text), name: f.Name, size: int64(len(text)), now: time.Now()}
	if err := job.take(ctx, in); err != nil {
		return err
	}
	if job.got.refused > 0 {
		return fmt.Errorf("%d of %d records were refused", job.got.refused, job.got.read)
	}
	return nil
}
