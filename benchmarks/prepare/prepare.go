// Package prepare makes the workspaces that servers are measured on: a binary of this tree,
// the records of a set imported by it, and a model trained by it. What was prepared is
// kept, by set and binary, so that several benchmarks of one tree share a training.
package prepare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// SampleShop and MovieLens are the sets that are not generated.
const (
	SampleShop = "sampleshop"
	MovieLens  = "movielens"
)

// Options say what is prepared, and where.
type Options struct {
	Root      string // directory of all that is kept; default rapport-bench in the system's temporary one
	MovieLens string // folder with u.data.gz and u.item.gz of MovieLens 100K
	Say       func(format string, args ...any)
	Made      map[string]func() (*Made, error) // sets that a benchmark makes itself, by name
	// By is the hash of a binary before: of a set that this one has not prepared, what that one has is
	// taken over, as after a change that changes neither what is stored nor what is learnt.
	By string
}

// Made is a set that a benchmark makes itself.
type Made struct {
	Customers, Items, Events int
	People                   []string // everybody with a history
	Files                    []MadeFile
	// Fill puts into the workspace in a directory what no import does, before it trains; nil for nothing.
	Fill func(ctx context.Context, dir string) error
}

// MadeFile is one import: records of a kind, as NDJSON.
type MadeFile struct {
	As    string
	Write func(io.Writer) error
}

// Binary is a rapport that was built from this tree.
type Binary struct {
	Options
	Name string
	hash string
}

// Build builds rapport. Overlay, where not "", is a file for go build -overlay.
func Build(ctx context.Context, o Options, overlay string) (*Binary, error) {
	if o.Root == "" {
		o.Root = filepath.Join(os.TempDir(), "rapport-bench")
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if err := os.MkdirAll(o.Root, 0o755); err != nil {
		return nil, err
	}
	b := &Binary{Options: o}
	raw := filepath.Join(o.Root, "rapport-"+strconv.Itoa(os.Getpid()))
	build := measure.Command{Name: "go", Args: []string{"build", "-trimpath", "-buildvcs=false", "-o", raw}}
	if overlay != "" {
		build.Args = append(build.Args, "-overlay", overlay)
	}
	build.Args = append(build.Args, "./cmd/rapport")
	if _, err := build.Run(ctx); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(raw)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	b.hash = hex.EncodeToString(sum[:4])
	b.Name = filepath.Join(o.Root, "rapport-"+b.hash)
	return b, errors.Join(os.Rename(raw, b.Name), prune(o.Root))
}

// keptFor is how long binaries, and what they prepared, are kept.
const keptFor = 2 * 24 * time.Hour

// prune removes what older binaries prepared, and them. What does not hang on a binary
// (Gorse, factors) stays.
func prune(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < keptFor || strings.HasPrefix(e.Name(), "gorse-") || strings.HasPrefix(e.Name(), "factors-") {
			continue // what is gone already is no error
		}
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Workspace is a set on disk, imported and trained.
type Workspace struct {
	Set       string       `json:"set"`
	Dir       string       `json:"-"`
	Customers int          `json:"customers"`
	Items     int          `json:"items"`
	Events    int          `json:"events"`
	Import    measure.Cost `json:"import"`
	Train     measure.Cost `json:"train"` // `rapport train`, all of it
	TrainAnon int64        `json:"train_anon_bytes"`
	files     []file       // what was imported
	Filled    bool         `json:"filled,omitempty"` // with what no import brings
	// Untrained says that a training is yet to be done, or was given up: the imports stay.
	Untrained bool     `json:"untrained,omitempty"`
	people    []string // everybody with a history
}

// file is one import.
type file struct {
	as, name string
	args     []string
}

const done = "prepared.json"

// Workspace returns a set's workspace, made now unless it is kept.
func (b *Binary) Workspace(ctx context.Context, set string) (*Workspace, error) {
	dir := filepath.Join(b.Root, set+"-"+b.hash)
	free, err := b.alone(dir)
	if err != nil {
		return nil, err
	}
	defer free()
	if err := b.takeOver(set, dir); err != nil {
		return nil, err
	}
	w := &Workspace{Set: set, Dir: filepath.Join(dir, "data")}
	kept, err := os.ReadFile(filepath.Join(dir, done))
	if err == nil {
		if err := json.Unmarshal(kept, w); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		b.Say("%s: kept in %s", set, dir)
		if err := errors.Join(b.fill(ctx, w, dir), w.readPeople(dir)); err != nil || !w.Untrained {
			return w, err
		}
		return w, b.train(ctx, w, dir)
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return nil, err
	}
	b.Say("%s: records", set)
	if err := b.records(w, dir); err != nil {
		return nil, err
	}
	for _, f := range w.files {
		b.Say("%s: import of %s", set, f.as)
		watch, err := measure.Began()
		if err != nil {
			return nil, err
		}
		p, err := b.run(ctx, append([]string{"import", "--dir", w.Dir, "--as", f.as, "--reject", filepath.Join(dir, "rejected")}, append(f.args, f.name)...)...)
		if err != nil {
			return nil, err
		}
		lap, err := watch.Lap()
		if err != nil {
			return nil, err
		}
		w.Import.Seconds, w.Import.CPU = w.Import.Seconds+lap.Seconds, w.Import.CPU+p.Cost().Seconds()
		if strings.HasPrefix(f.name, dir) {
			if err := os.Remove(f.name); err != nil {
				return nil, err
			}
		}
	}
	if err := b.fill(ctx, w, ""); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, people), []byte(strings.Join(w.people, "\n")+"\n"), 0o644); err != nil {
		return nil, err
	}
	w.Untrained = true
	if err := w.note(dir); err != nil {
		return nil, err
	}
	return w, b.train(ctx, w, dir)
}

// note says in dir that the workspace is prepared.
func (w *Workspace) note(dir string) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, done), text, 0o644)
}

// fill puts into a workspace what no import brings, unless it is there, and notes that in dir, unless
// that is "".
func (b *Binary) fill(ctx context.Context, w *Workspace, dir string) error {
	makes := b.Made[w.Set]
	if w.Filled || makes == nil {
		return nil
	}
	m, err := makes()
	if err != nil || m.Fill == nil {
		return err
	}
	b.Say("%s: what no import brings", w.Set)
	if err := m.Fill(ctx, w.Dir); err != nil {
		return err
	}
	if w.Filled = true; dir == "" {
		return nil
	}
	return w.note(dir)
}

// takeOver renames what another binary prepared to dir, unless there is something. What that took
// is the other's, and is forgotten.
func (b *Binary) takeOver(set, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, done)); b.By == "" || err == nil {
		return nil
	}
	from := filepath.Join(b.Root, set+"-"+b.By)
	if _, err := os.Stat(filepath.Join(from, done)); err != nil {
		return fmt.Errorf("nothing that a binary %s prepared: %w", b.By, err)
	}
	b.Say("%s: taken over from %s", set, from)
	if err := errors.Join(os.RemoveAll(dir), os.Rename(from, dir)); err != nil {
		return err
	}
	kept, err := os.ReadFile(filepath.Join(dir, done))
	if err != nil {
		return err
	}
	var w Workspace
	if err := json.Unmarshal(kept, &w); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	w.Import, w.Train, w.TrainAnon = measure.Cost{}, measure.Cost{}, 0
	return w.note(dir)
}

// alone waits until no other benchmark prepares the same.
func (b *Binary) alone(dir string) (free func(), err error) {
	f, err := os.Create(dir + ".lock")
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		b.Say("%s: another benchmark prepares it", dir)
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
		}
	}
	return func() { _ = f.Close() }, nil // which unlocks it
}

const people = "customers.txt"

func (w *Workspace) readPeople(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, people))
	w.people = strings.Fields(string(text))
	return err
}

// People are the ids of everybody with a history.
func (w *Workspace) People() []string { return w.people }

// train trains, and says what it took, in dir, too.
func (b *Binary) train(ctx context.Context, w *Workspace, dir string) error {
	b.Say("%s: training", w.Set)
	watch, err := measure.Began()
	if err != nil {
		return err
	}
	p, err := (&measure.Command{Name: b.Name, Args: []string{"train", "--dir", w.Dir}}).Start(ctx)
	if err != nil {
		return err
	}
	samples := p.Anon(time.Second)
	err = p.Wait()
	anon := samples.Stop()
	if err != nil {
		return err
	}
	lap, err := watch.Lap()
	w.Train = measure.Cost{Seconds: lap.Seconds, CPU: p.Cost().Seconds()}
	if len(anon) > 0 {
		w.TrainAnon = slices.Max(anon)
	}
	b.Say("%s: trained in %.0f s (%.0f CPU)", w.Set, w.Train.Seconds, w.Train.CPU)
	w.Untrained = false
	return errors.Join(err, w.note(dir))
}

func (b *Binary) run(ctx context.Context, args ...string) (*measure.Process, error) {
	return (&measure.Command{Name: b.Name, Args: args}).Run(ctx)
}

// Serve starts a server on a workspace, on so many processors.
func (b *Binary) Serve(ctx context.Context, w *Workspace, procs int, more ...string) (*measure.Server, error) {
	args := append([]string{"serve", "--dir", w.Dir, "--addr", "127.0.0.1:0", "--train-every", "0", "--no-access-log"}, more...)
	return measure.Command{Name: b.Name, Args: args, Procs: procs}.Serve(ctx)
}

// Copy returns a copy of a workspace for a benchmark that writes, and what removes it.
func (w *Workspace) Copy() (_ *Workspace, remove func() error, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(w.Dir), "copy-*")
	if err != nil {
		return nil, nil, err
	}
	c := *w
	c.Dir = filepath.Join(dir, "data")
	remove = func() error { return os.RemoveAll(dir) }
	if err := os.CopyFS(c.Dir, os.DirFS(w.Dir)); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return &c, remove, nil
}

// records writes or names the files to import.
func (b *Binary) records(w *Workspace, dir string) error {
	switch w.Set {
	case SampleShop:
		return w.ofSampleShop(dir)
	case MovieLens:
		if b.MovieLens == "" {
			return errors.New("no folder of MovieLens 100K: give -movielens, with u.data.gz and u.item.gz in it")
		}
		return w.ofMovieLens(b.MovieLens)
	}
	if makes := b.Made[w.Set]; makes != nil {
		return w.ofMade(makes, dir)
	}
	set, err := gen.Named(w.Set)
	if err != nil {
		return fmt.Errorf("%w, %s and %s", err, SampleShop, MovieLens)
	}
	return w.ofGenerated(gen.New(set), dir)
}

func (w *Workspace) ofGenerated(shop *gen.Shop, dir string) error {
	for c := range shop.Customers {
		w.people = append(w.people, string(gen.CustomerID(c)))
	}
	w.Customers, w.Items, w.Events = shop.Customers, shop.Items, shop.Count()-shop.Customers
	return errors.Join(
		w.write(dir, "items", "items.ndjson", shop.WriteItems),
		w.write(dir, "customers", "customers.ndjson", shop.WriteCustomers),
		w.write(dir, "events", "events.csv", func(to io.Writer) error { return shop.WriteEvents(to, false) }, "--shift-to-now"),
	)
}

func (w *Workspace) ofMade(makes func() (*Made, error), dir string) error {
	m, err := makes()
	if err != nil {
		return err
	}
	w.Customers, w.Items, w.Events, w.people = m.Customers, m.Items, m.Events, m.People
	for _, f := range m.Files {
		if err := w.write(dir, f.As, f.As+".ndjson", f.Write); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workspace) write(dir, as, name string, write func(io.Writer) error, args ...string) error {
	name = filepath.Join(dir, name)
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w.files = append(w.files, file{as, name, args})
	return errors.Join(write(f), f.Close())
}

func (w *Workspace) ofSampleShop(dir string) error {
	for _, f := range sampleshop.Files {
		args := []string(nil)
		if f.As == "events" {
			args = []string{"--shift-to-now"}
		}
		copyOf := func(to io.Writer) error {
			r, err := sampleshop.Open(f.Name)
			if err != nil {
				return err
			}
			_, err = io.Copy(to, r)
			return errors.Join(err, r.Close())
		}
		if err := w.write(dir, f.As, f.Name, copyOf, args...); err != nil {
			return err
		}
	}
	for _, f := range sampleshop.Files {
		if err := w.count(f.As, func() (io.ReadCloser, error) { return sampleshop.Open(f.Name) }, record.Options{}); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workspace) ofMovieLens(folder string) error {
	for _, f := range []file{{as: "items", name: "u.item.gz"}, {as: "events", name: "u.data.gz", args: []string{"--shift-to-now"}}} {
		f.name, f.args = filepath.Join(folder, f.name), append(f.args, "--preset", "movielens")
		w.files = append(w.files, f)
		if err := w.count(f.as, func() (io.ReadCloser, error) { return os.Open(f.name) }, record.Options{Preset: "movielens", Type: engine.Rating}); err != nil {
			return err
		}
	}
	return nil
}

// count counts the records of a file, and remembers who acts in it.
func (w *Workspace) count(as string, open func() (io.ReadCloser, error), o record.Options) (err error) {
	r, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	switch as {
	case "items":
		for _, err := range record.Items(r, o) {
			if err != nil {
				return err
			}
			w.Items++
		}
	case "events":
		seen := make(map[engine.CustomerID]bool)
		for entry, err := range record.Events(r, o) {
			if err != nil {
				return err
			}
			w.Events++
			if id := entry.Value.Lines[0].Customer; id != "" && !seen[id] {
				seen[id] = true
				w.people = append(w.people, string(id))
			}
		}
		w.Customers = len(w.people)
	}
	return nil
}
