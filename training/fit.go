package training

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// Fitter fits sources on snapshots.
type Fitter struct {
	Workers int
	Seed    uint64
	// Step, if not nil, is told what begins.
	Step func(what string)
	// Watch, if not nil, is called before each fit, and what it returns after it.
	Watch func(what string) (done func())
	// Took adds up the seconds of each kind of fit.
	Took map[string]time.Duration

	words  words
	warm   *factor.Model // that factors may begin with, nil for none
	warmed bool          // some did
}

// words are the items of one shop and their content. All cuts through a log in time have
// the same items, so that one encoder serves them all.
type words struct {
	items   *catalogue.Snapshot
	encoder *text.Encoder
	vectors *text.Vectors
	lexicon *text.Index
}

// of reports whether these are the very items, not only items like them.
func (w *words) of(items *catalogue.Snapshot) bool { return w.encoder != nil && w.items == items }

// indexed returns the items' content vectors and the index of their texts, made once.
func (w *words) indexed() (*text.Vectors, *text.Index) {
	if w.lexicon == nil {
		w.lexicon = text.NewIndex().With(text.Texts(w.items))
	}
	return w.content(), w.lexicon
}

// content returns the items' content vectors, made once.
func (w *words) content() *text.Vectors {
	if w.vectors == nil {
		w.vectors = text.Encoded(w.encoder, w.items, runtime.GOMAXPROCS(0))
	}
	return w.vectors
}

// begins tells what is being done now.
func (f *Fitter) begins(what string) {
	if f.Step != nil {
		f.Step(what)
	}
}

// begin tells what is being fitted, and times it until the returned func is called.
func (f *Fitter) begin(what string) func() {
	f.begins("fitting " + what)
	done := func() {}
	if f.Watch != nil {
		done = f.Watch(what)
	}
	start := time.Now()
	return func() {
		defer done()
		if f.Took == nil {
			f.Took = make(map[string]time.Duration)
		}
		f.Took[what] += time.Since(start)
	}
}

// largeLog is from how many events on what one fit has left behind, hundreds of megabytes, goes
// back to the system before the next takes as much.
const largeLog = 1_000_000

// Fit fits one source.
func (f *Fitter) Fit(ctx context.Context, m *Material, s Setting) (model.Source, error) {
	defer f.begin(s.Kind.Name)()
	if m.snap.Events >= largeLog {
		debug.FreeOSMemory()
	}
	source, err := s.Kind.fit(ctx, f, m, s.Params)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", s.Kind.Name, err)
	}
	return source, nil
}

// manyTexts is from how many items on content vectors are half as long: a million of them take 256 MB
// then. The encoder learns from so many at most: the words of a million take 600 MB for a while, and
// a word that is in none of every fourth item tells few items apart.
const manyTexts = 1 << 18

// encoderDims is the length of content vectors among so many items.
func encoderDims(items int) int {
	if items >= manyTexts {
		return recommend.EncoderDims / 2
	}
	return recommend.EncoderDims
}

// Encoder fits the content encoder on the items' words, once for all cuts of a snapshot.
func (f *Fitter) Encoder(s *Snapshot) *text.Encoder {
	if f.words.of(s.Items) {
		return f.words.encoder
	}
	defer f.begin("content")()
	known := s.Items.Known().ToArray()
	docs := make([][]string, 0, min(len(known), manyTexts))
	for _, n := range Pick(known, manyTexts) {
		docs = append(docs, text.ItemTerms(s.Items.Item(engine.ItemNum(n))))
	}
	f.words = words{items: s.Items, encoder: text.Fit(docs, encoderDims(len(known)), f.Seed)}
	return f.words.encoder
}

// Content returns the items' content vectors by the snapshot's encoder.
func (f *Fitter) Content(s *Snapshot) *text.Vectors {
	f.Encoder(s)
	return f.words.content()
}

// All fits every source of a recipe, in its order: a kind may build on those before it. A
// source that an earlier recipe had fitted on this material with the same settings, and on
// the same source where it builds on one, is that one.
func (f *Fitter) All(ctx context.Context, m *Material, r Recipe) ([]model.Source, error) {
	if m.Rows().Len() == 0 {
		return nil, nil // nobody did anything: content and editors' choice serve
	}
	f.letGo(m.snap)
	m.fitted = nil
	var all []model.Source
	for _, s := range r.Sources {
		made := fitted{s.Kind.Name, s.Params, m.Fitted(s.Kind.Over), f.Seed}
		source := m.earlier[made]
		if source == nil {
			var err error
			if source, err = f.Fit(ctx, m, s); err != nil {
				return nil, err
			}
		}
		if all = append(all, source); m.earlier == nil {
			m.earlier = make(map[fitted]model.Source)
		}
		m.earlier[made] = source
		m.keep(source)
	}
	return all, nil
}

// letGo lets go of what questions are asked with, and is made anew for the next: of a large catalogue
// it takes hundreds of megabytes, and so do fits.
func (f *Fitter) letGo(s *Snapshot) {
	s.window.forget()
	if s.large() {
		f.words.vectors = nil
	}
}

// World is a frozen shop: a snapshot's items and counts under some models. Worlds of one encoder
// share their content vectors.
func (f *Fitter) World(s *Snapshot, m *recommend.Models) *recommend.World {
	w := &words{items: s.Items, encoder: m.Encoder}
	if f.words.of(s.Items) && m.Encoder == f.words.encoder {
		w = &f.words
	}
	content, lexicon := w.indexed()
	return recommend.NewWorld(s.IDs, s.Settings).Stocked(s.Items, content, lexicon).WithModels(m, content).WithCounters(s.Counters())
}

// World is a frozen shop of its own: see Fitter.World.
func (s *Snapshot) World(m *recommend.Models) *recommend.World { return new(Fitter).World(s, m) }

// Alone is the blend of one source: its raw scores, and popularity for those it knows
// nothing of.
func Alone(name string) rank.Blend {
	one := map[string]rank.Scale{name: {Weight: 1, SD: 1}}
	if name == bridge.ProfileName { // it speaks to those nothing else is known of
		return rank.Blend{rank.Person: one, rank.Repeat: one, rank.Anchor: one, rank.Cold: {name: {Weight: 1000, SD: 1}, "popular": {Weight: 1, SD: 1}}}
	}
	return rank.Blend{rank.Person: one, rank.Repeat: one, rank.Anchor: one, rank.Cold: {"popular": {Weight: 1, SD: 1}}}
}

// Place is where held-out wishes are looked for: among all items of the kinds that
// people act on, less those with which the person has an interaction of an excluded
// type.
func (s *Snapshot) Place(exclude []engine.Type) *recommend.Place {
	acted := make([]bool, s.IDs.Len())
	for _, p := range s.People {
		for _, e := range p.events {
			acted[e.item] = true
		}
	}
	var kinds []engine.Kind
	for n, it := range s.Items.Items() {
		if k := it.KindOrProduct(); acted[n] && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	p, err := recommend.NewPlace(engine.Scenario{Name: "held-out", Kinds: kinds, Exclude: exclude}, nil)
	if err != nil {
		panic(err) // there is no expression in it that could be wrong
	}
	return p
}

// Types are the interaction types of the log, in the order of their first appearance.
func (s *Snapshot) Types() []engine.Type { return s.types.names }
