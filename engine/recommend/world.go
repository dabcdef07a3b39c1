// Package recommend is the story of a request, as a pure function: what is eligible,
// what scores, how it is arranged, and why. Serving calls it with the live world,
// evaluation with a frozen one, so what is evaluated is what is served.
package recommend

import (
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/engine/text"
)

// World is everything about the shop that an answer is computed from. It is immutable:
// a change makes a new World that shares what did not change.
type World struct {
	Catalogue *catalogue.Snapshot
	Content   *text.Vectors // of the items, by the models' encoder
	Lexicon   *text.Index   // of solutions and articles
	Counters  *tally.Counters
	Models    *Models
	Settings  engine.Settings
	Limits    *solution.Limits // of Settings
	// Sentences are the vectors of the passages of its solutions and articles, as far as they
	// are made; nil where there is no encoder.
	Sentences *solution.Sentences
}

// NewWorld returns a shop without items, events or fitted models.
func NewWorld(ids *catalogue.IDs, settings engine.Settings) *World {
	models := Unfitted()
	return &World{
		Catalogue: catalogue.New(ids),
		Content:   text.NewVectors(models.Encoder),
		Lexicon:   text.NewIndex(),
		Counters:  tally.New(settings),
		Models:    models,
		Settings:  settings,
		Limits:    solution.NewLimits(settings.Desk()),
	}
}

// WithItems returns the world after items were put or deleted.
func (w *World) WithItems(changed []catalogue.Entry) *World {
	next := *w
	next.Catalogue = w.Catalogue.With(changed)
	next.Content, next.Lexicon = text.With(w.Content, w.Lexicon, changed)
	return &next
}

// Stocked returns the world with a catalogue in place of its own, and with the vectors and the index
// that were made of that.
func (w *World) Stocked(c *catalogue.Snapshot, vectors *text.Vectors, lexicon *text.Index) *World {
	next := *w
	next.Catalogue, next.Content, next.Lexicon = c, vectors, lexicon
	return &next
}

// WithRows returns the world after something happened.
func (w *World) WithRows(rows []engine.Row) *World {
	next := *w
	next.Counters = w.Counters.With(rows)
	return &next
}

// WithoutRows returns the world after something turned out not to have happened.
func (w *World) WithoutRows(rows []engine.Row) *World {
	next := *w
	next.Counters = w.Counters.Without(rows)
	return &next
}

// WithSettings returns the world under other choices of the shop. Its counters stay as
// they were counted.
func (w *World) WithSettings(s engine.Settings) *World {
	next := *w
	next.Settings, next.Limits = s, solution.NewLimits(s.Desk())
	return &next
}

// WithCounters returns the world with other counters: those of a checkpoint, or of
// another moment.
func (w *World) WithCounters(c *tally.Counters) *World {
	next := *w
	next.Counters = c
	return &next
}

// Encode makes every item's content vector by the models' encoder, on some workers: a single one is
// the caller's own goroutine. It takes some hundredths of a millisecond an item: not for a request.
func (m *Models) Encode(c *catalogue.Snapshot, workers int) *text.Vectors {
	return text.Encoded(m.Encoder, c, workers)
}

// Ask returns the index with what fixes were asked for, by the models' tickets. It builds the
// index anew, some seconds for a hundred thousand fixes: not for a request.
func (m *Models) Ask(lexicon *text.Index) *text.Index {
	if m.Desk == nil {
		return lexicon.WithAsked(nil)
	}
	return lexicon.WithAsked(m.Desk.Asked)
}

// Prepare makes what the sources that speak need of new items and would make in the first
// answer, up to a tenth of a millisecond an item, on some workers. Answers are the same
// without it.
func (m *Models) Prepare(w *World, workers int) {
	if !m.Blend.Asks(bridge.Name) {
		return
	}
	for _, source := range m.sources {
		if mapped, ok := source.(*bridge.Model); ok {
			mapped.Prepare(w.Content, itemsOf(w.Catalogue.Known(), nil), workers)
		}
	}
}

// WithModels returns the world under other models; vectors are Encode's, brought up to
// date with this world's catalogue. The lexicon stays as it is: see WithLexicon.
func (w *World) WithModels(m *Models, vectors *text.Vectors) *World {
	next := *w
	next.Models, next.Content = m, vectors
	return &next
}

// WithSentences returns the world with other vectors of passages.
func (w *World) WithSentences(s *solution.Sentences) *World {
	next := *w
	next.Sentences = s
	return &next
}

// WithLexicon returns the world with another index of its solutions and articles: that of
// its models' Ask, brought up to date with its catalogue.
func (w *World) WithLexicon(x *text.Index) *World {
	next := *w
	next.Lexicon = x
	return &next
}
