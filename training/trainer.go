package training

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
)

// Shelf is where models are kept.
type Shelf interface {
	// SaveModel stores a model under a new version; it exists once all of it is there.
	SaveModel(ctx context.Context, version int, report []byte, r io.Reader) error
	// Models lists what is there, oldest first.
	Models(ctx context.Context) ([]engine.ModelVersion, error)
	// LoadModel opens a model; reading it fails where its bytes are not whole.
	LoadModel(ctx context.Context, version int) (io.Reader, error)
	SetCurrent(ctx context.Context, version int) error
	DropModel(ctx context.Context, version int) error
	// WipeModel drops a model so that none of its bytes stay on the disk.
	WipeModel(ctx context.Context, version int) error
}

// Store is a log with a shelf.
type Store interface {
	Log
	Shelf
}

// Options are the trainer's settings; the zero value is sane.
type Options struct {
	Settings *engine.Settings // nil: engine.DefaultSettings
	// SettingsNow is asked at each training instead, where it is not nil: the shop may
	// change its settings while it runs.
	SettingsNow func() engine.Settings
	// ScenariosNow is asked at each training for the shop's places, so that those that
	// show something of their own get a blend of their own; nil for none.
	ScenariosNow func() []engine.Scenario
	Search       *Search // nil: DefaultSearch
	// Embedder makes the vectors of tickets, nil for none. SentencesNow is asked at each
	// training for those of the fixes' passages, by the same one, as far as they are there or
	// can be waited for.
	Embedder     text.Embedder
	SentencesNow func(ctx context.Context) *solution.Sentences
	Seed         uint64
	// Items are those of the store, for trainings that are done here; nil has each read them.
	Items func() *catalogue.Snapshot
	// Alone says that nothing is served here, as where a command trains: of the models that serve
	// only what a training goes by is kept.
	Alone bool
	// Apart starts a process for one training, on so many processors, that ends with ctx; nil
	// to train here, where answers wait for its garbage and its turns. Where there can be
	// none, its error wraps errors.ErrUnsupported. The process has means of its own: they
	// have to be the same.
	Apart func(ctx context.Context, workers int) (*Helper, error)
	// Aside runs a training that is done here, nil for as it is: for who wants it on a
	// thread of its own.
	Aside func(train func())
	// SavedASecond is how many bytes of a model are saved in a second at the most, 0 for as fast as
	// it goes: for who answers meanwhile.
	SavedASecond int64
	// Training, if not nil, is called before a training, and what it returns after it.
	Training func() (done func())
	// Adopting, if not nil, is called before a new model is saved, and what it returns once it
	// serves: two of them are in memory meanwhile, and what the store takes to write one.
	Adopting func() (done func())
	// Warm has a training that finds little new begin the factors with those that serve:
	// they are then as good in a tenth of the time, but no longer the same for the same log.
	Warm     bool
	Workers  int           // 0: half the processors, so that answers keep theirs
	Interval time.Duration // how often the loop looks whether to train; 0: an hour
	MinNew   uint64        // commands since the last training that make another worth while; 0: 1,000
	Log      *slog.Logger  // nil: none
	Now      func() time.Time
}

// Trainer trains, on demand and in a loop, one training at a time.
type Trainer struct {
	store Store
	swap  func(*recommend.Models)
	o     Options

	busy  chan struct{} // holds a token while a training or rollback runs
	asked chan string   // the job that waits for the loop

	mu    sync.Mutex // guards all below
	jobs  []engine.Job
	ended map[engine.JobState]uint64 // trainings, by how
	seen  uint64                     // sequence number at the last training that ended
	serve *recommend.Models          // what was loaded or adopted last
	knows *recommend.Models          // where Options.Alone, in its place: what a training goes by
	// unread are the versions that Latest passed over, as long as nothing was adopted since.
	unread []int
}

// loaded are the models that were loaded or adopted last; nil for none. mu is held.
func (t *Trainer) loaded() *recommend.Models { return cmp.Or(t.serve, t.knows) }

// lost reports whether models are kept and none of them can be read: nothing serves. mu is held.
func (t *Trainer) lost() bool { return t.loaded() == nil && len(t.unread) > 0 }

// jobsKept is how many ended jobs can be asked for.
const jobsKept = 100

// New returns a trainer that hands finished models to swap.
func New(store Store, swap func(*recommend.Models), o Options) *Trainer {
	if o.Settings == nil {
		settings := engine.DefaultSettings()
		o.Settings = &settings
	}
	if o.SettingsNow == nil {
		o.SettingsNow = func() engine.Settings { return *o.Settings }
	}
	if o.ScenariosNow == nil {
		o.ScenariosNow = func() []engine.Scenario { return nil }
	}
	if o.Search == nil {
		search := DefaultSearch()
		o.Search = &search
	}
	o.Workers = cmp.Or(o.Workers, max(1, runtime.GOMAXPROCS(0)/2))
	if o.Aside == nil {
		o.Aside = func(train func()) { train() }
	}
	o.Interval = cmp.Or(o.Interval, time.Hour)
	o.MinNew = cmp.Or(o.MinNew, 1000)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Trainer{
		store: store, swap: swap, o: o,
		busy: make(chan struct{}, 1), asked: make(chan string, 1), ended: make(map[engine.JobState]uint64),
	}
}

// Latest returns the models to start with: the current version or, where its bytes are
// damaged, the newest whole one. skipped says what was passed over and why. Without
// any, models is nil.
func (t *Trainer) Latest(ctx context.Context) (models *recommend.Models, skipped []string, err error) {
	versions, err := t.store.Models(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list models: %w", err)
	}
	slices.SortFunc(versions, func(a, b engine.ModelVersion) int {
		if a.Current != b.Current {
			return map[bool]int{true: -1, false: 1}[a.Current]
		}
		return b.Version - a.Version
	})
	var unread []int
	for _, v := range versions {
		m, err := t.load(ctx, v.Version)
		if err == nil {
			t.mu.Lock()
			if t.seen, t.unread = seqOf(v), unread; t.o.Alone {
				t.knows = recommend.NewModels(m.Version, m.LogTime, nil, m.Encoder, m.Blend).WithDesk(m.Desk)
			} else {
				t.serve = m
			}
			t.mu.Unlock()
			return m, skipped, nil
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		unread = append(unread, v.Version)
		skipped = append(skipped, fmt.Sprintf("model %d: %v", v.Version, err))
	}
	t.mu.Lock()
	t.unread = unread
	t.mu.Unlock()
	return nil, skipped, nil
}

// seqOf returns up to where a model has read the log.
func seqOf(v engine.ModelVersion) uint64 {
	var r Report
	_ = json.Unmarshal(v.Report, &r) // a report that cannot be read only trains sooner
	return r.Seq
}

// load reads a model, all of it, before any of it is used.
func (t *Trainer) load(ctx context.Context, version int) (*recommend.Models, error) {
	r, err := t.store.LoadModel(ctx, version)
	if err != nil {
		return nil, err
	}
	return t.read(r, version)
}

// readBack is load on the caller's own goroutine alone, which may give way.
func (t *Trainer) readBack(ctx context.Context, version int) (*recommend.Models, error) {
	r, err := t.store.LoadModel(ctx, version)
	if err != nil {
		return nil, err
	}
	return t.read(struct{ io.Reader }{r}, version) // no recommend.Parts, which are read side by side
}

func (t *Trainer) read(r io.Reader, version int) (*recommend.Models, error) {
	m, err := recommend.Load(r, t.store.IDs())
	if err == nil && m.Version != version {
		return nil, fmt.Errorf("%w: it says that it is model %d", recommend.ErrCorrupt, m.Version)
	}
	return m, err
}

// Run trains whenever enough is new or Train asks, until ctx ends. A log that has events but no model,
// or none that can be read, is trained on at once.
func (t *Trainer) Run(ctx context.Context) error {
	tick := time.NewTicker(t.o.Interval)
	defer tick.Stop()
	t.whenDue(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case id := <-t.asked:
			t.do(ctx, id)
		case <-tick.C:
			t.whenDue(ctx)
		}
	}
}

// whenDue trains if enough is new.
func (t *Trainer) whenDue(ctx context.Context) {
	if !t.due(ctx) {
		return
	}
	report, err := t.Now(ctx, nil)
	t.tell(ctx, report, err)
}

// tell logs what became of a training that ended by itself.
func (t *Trainer) tell(ctx context.Context, r *Report, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		t.o.Log.WarnContext(ctx, "training did not bring a new model", "err", err)
	default:
		t.o.Log.InfoContext(ctx, "a new model serves", "model", r.Version, "gate", r.Comparison, "seconds", math.Round(r.Took))
	}
}

// due reports whether enough was written since the last training, or a model may hold words of
// somebody who was erased. Where nothing was written since, a training would end as the last did.
func (t *Trainer) due(ctx context.Context) bool {
	t.mu.Lock()
	seen, lost := t.seen, t.lost()
	t.mu.Unlock()
	fresh := t.store.Seq() - min(seen, t.store.Seq())
	if fresh == 0 {
		return false
	}
	versions, err := t.store.Models(ctx)
	if err != nil {
		return false
	}
	for _, v := range versions {
		if t.o.MinNew == math.MaxUint64 { // only who asks has it train
			break
		}
		if erased, err := t.knowsErased(ctx, v); err == nil && erased {
			return true
		}
	}
	return fresh >= t.o.MinNew || ((len(versions) == 0 || lost) && fresh > 0)
}

// Now runs one training and waits for it: read, choose, compare, fit, save, verify,
// swap. progress, if not nil, is told what is being done and the share done so far. An
// error that wraps ErrRefused comes with the report of what was refused.
func (t *Trainer) Now(ctx context.Context, progress func(step string, share float64)) (*Report, error) {
	select {
	case t.busy <- struct{}{}:
		defer func() { <-t.busy }()
	default:
		return nil, fmt.Errorf("a training is running already: %w", engine.ErrConflict)
	}
	report, err := t.train(ctx, progress)
	t.mu.Lock()
	t.ended[stateOf(err)]++
	t.mu.Unlock()
	return report, err
}

func (t *Trainer) train(ctx context.Context, progress func(string, float64)) (*Report, error) {
	if t.o.Training != nil {
		defer t.o.Training()()
	}
	start := t.o.Now()
	versions, err := t.store.Models(ctx)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	made, err := t.fit(ctx, t.job(versions), progress)
	if made == nil {
		return nil, err
	}
	report := made.report
	report.Took = t.o.Now().Sub(start).Seconds()
	if err == nil {
		err = t.adopt(ctx, made, versions)
	} else if ctx.Err() == nil {
		err = errors.Join(err, t.forget(ctx, report, versions, err))
	}
	if ctx.Err() == nil {
		t.mu.Lock()
		t.seen = report.Seq
		t.mu.Unlock()
	}
	if err != nil {
		report.Refused = err.Error()
		return report, err
	}
	if progress != nil {
		progress("done", 1)
	}
	return report, nil
}

// job is a training of now.
func (t *Trainer) job(versions []engine.ModelVersion) *Job {
	t.mu.Lock()
	defer t.mu.Unlock()
	job := &Job{Version: 1, Settings: t.o.SettingsNow(), Scenarios: t.o.ScenariosNow(), Seed: t.o.Seed, Workers: t.o.Workers, Serves: t.loaded()}
	for _, v := range versions {
		job.Version = max(job.Version, v.Version+1)
		if v.Current {
			job.Serving, job.Compare = v.Report, !t.lost() // any model is better than none
			job.Warm = t.o.Warm && t.serve != nil && t.serve.Version == v.Version
		}
	}
	return job
}

// made is what a job came to: a report and, without an error, models.
type made struct {
	report *Report
	models io.Reader // as Load reads them
	close  func()    // to be called once they are not read any more
}

// fit does a job: in a process of its own where there can be one, else here.
func (t *Trainer) fit(ctx context.Context, job *Job, progress func(string, float64)) (*made, error) {
	means := &Means{Search: t.o.Search, Embedder: t.o.Embedder, Sentences: t.o.SentencesNow, Log: t.o.Log, Step: progress}
	if t.o.Apart != nil {
		helper, err := t.o.Apart(ctx, t.o.Workers)
		if err == nil {
			return t.apart(ctx, helper, job, means)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			t.o.Log.WarnContext(ctx, "no process can be started for the training; it is done in this one", "why", err)
		}
	}
	var (
		models *recommend.Models
		report *Report
		err    error
	)
	if t.o.Items != nil {
		means.Items = t.o.Items()
	}
	t.o.Aside(func() { models, report, err = job.do(ctx, t.store, means) })
	switch {
	case report == nil:
		return nil, err
	case err != nil:
		return &made{report: report}, err
	}
	return saving(models, report), nil
}

// saving makes what a job came to of models in memory.
func saving(m *recommend.Models, report *Report) *made {
	body, written := io.Pipe() // a model is too large to be in memory a second time
	go func() { _ = written.CloseWithError(m.Save(written)) }()
	return &made{report, body, func() { _ = body.Close() }} // which ends the writer where not all was read
}

// adopt saves the models, reads them back whole, makes them current and serves what
// was read: what is on the disk is what answers. All of it is done aside.
func (t *Trainer) adopt(ctx context.Context, m *made, old []engine.ModelVersion) (err error) {
	if t.o.Adopting != nil {
		defer t.o.Adopting()()
	}
	t.o.Aside(func() { err = t.adopted(ctx, m, old) })
	return err
}

func (t *Trainer) adopted(ctx context.Context, m *made, old []engine.ModelVersion) error {
	version := m.report.Version
	var models io.Reader = m.models
	if t.o.SavedASecond > 0 {
		models = &paced{ctx: ctx, r: models, perSecond: t.o.SavedASecond}
	}
	text, err := json.Marshal(m.report)
	if err == nil {
		err = t.store.SaveModel(ctx, version, text, models)
	}
	m.close()
	if err != nil {
		return fmt.Errorf("save model %d: %w", version, err)
	}
	saved, err := t.readBack(ctx, version)
	if err != nil {
		return errors.Join(fmt.Errorf("model %d did not read back: %w", version, err), t.store.DropModel(ctx, version))
	}
	if err := t.store.SetCurrent(ctx, version); err != nil {
		return fmt.Errorf("make model %d current: %w", version, err)
	}
	t.serves(saved)
	return t.tidy(ctx, old)
}

// tidy drops all but the newest versions, the new one among them, and of these the ones that
// learnt from the words of somebody who was erased since.
func (t *Trainer) tidy(ctx context.Context, old []engine.ModelVersion) error {
	slices.SortFunc(old, func(a, b engine.ModelVersion) int { return b.Version - a.Version })
	for i, v := range old {
		erased, err := t.knowsErased(ctx, v)
		if err != nil {
			return fmt.Errorf("see who was erased since model %d: %w", v.Version, err)
		}
		drop := t.store.DropModel
		if erased {
			drop = t.store.WipeModel
		} else if i < engine.ModelsKept-1 {
			continue
		}
		if err := drop(ctx, v.Version); err != nil {
			return fmt.Errorf("drop model %d: %w", v.Version, err)
		}
	}
	return nil
}

// Rollback makes an earlier version serve again.
func (t *Trainer) Rollback(ctx context.Context, to int) error {
	select {
	case t.busy <- struct{}{}:
		defer func() { <-t.busy }()
	default:
		return fmt.Errorf("a training is running: go back once it has ended, GET /v1/jobs/{id} says how far it is: %w", engine.ErrConflict)
	}
	versions, err := t.store.Models(ctx)
	if err != nil {
		return fmt.Errorf("list models: %w", err)
	}
	if !slices.ContainsFunc(versions, func(v engine.ModelVersion) bool { return v.Version == to }) {
		return fmt.Errorf("model %d: kept are the versions %v: %w", to, numbers(versions), engine.ErrNotFound)
	}
	m, err := t.load(ctx, to)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("model %d cannot be read, so that what serves stays (%w): choose another of %v, or train again: %w", to, err, numbers(versions), engine.ErrConflict)
	}
	if err := t.store.SetCurrent(ctx, to); err != nil {
		return fmt.Errorf("make model %d current: %w", to, err)
	}
	t.serves(m)
	return nil
}

// serves has models serve.
func (t *Trainer) serves(m *recommend.Models) {
	t.swap(m)
	t.mu.Lock()
	t.serve, t.unread = m, nil
	t.mu.Unlock()
}

func numbers(versions []engine.ModelVersion) []int {
	out := make([]int, len(versions))
	for i, v := range versions {
		out[i] = v.Version
	}
	return out
}

// Models lists the versions that are kept, oldest first. Current is what serves, which is not
// what was made current where Latest passed that over; before Latest it is what was made so.
func (t *Trainer) Models(ctx context.Context) ([]engine.ModelVersion, error) {
	versions, err := t.store.Models(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if serves := t.loaded(); serves != nil || t.lost() {
		for i := range versions {
			versions[i].Current = serves != nil && versions[i].Version == serves.Version
		}
	}
	return versions, err
}

// Unread returns the versions that Latest passed over because they cannot be read, the one
// that was to serve first; nil once a model was trained or chosen since.
func (t *Trainer) Unread() []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.unread)
}
