package training

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// Recipe is all that must be known to fit the same sources again on other data.
type Recipe struct {
	Factor factor.Params    `json:"factor"`
	EASE   neighbour.Params `json:"ease"`
	Seed   uint64           `json:"seed"`
}

// Fitter fits sources on snapshots.
type Fitter struct {
	Workers int
	Seed    uint64
	// Only names the sources to fit; empty for all.
	Only []string
	// Step, if not nil, is told what begins.
	Step func(what string)
	// Took adds up the seconds of each kind of fit.
	Took map[string]time.Duration
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
	start := time.Now()
	return func() {
		if f.Took == nil {
			f.Took = make(map[string]time.Duration)
		}
		f.Took[what] += time.Since(start)
	}
}

// Data is the matrix of a snapshot.
func (f *Fitter) Data(s *Snapshot) *model.Data {
	var b model.Builder
	for _, history := range s.Interests() {
		b.Add(history)
	}
	return b.Data(s.IDs, 1)
}

// Factor fits iALS.
func (f *Fitter) Factor(ctx context.Context, d *model.Data, p factor.Params) (model.Saver, error) {
	defer f.begin("factor")()
	p.Workers, p.Seed = f.Workers, f.Seed
	m, err := factor.Fit(ctx, d, p, nil)
	if err != nil {
		return nil, fmt.Errorf("fit factor: %w", err)
	}
	return m, nil
}

// EASE fits EASE.
func (f *Fitter) EASE(ctx context.Context, d *model.Data, p neighbour.Params) (model.Saver, error) {
	defer f.begin("ease")()
	p.Workers = f.Workers
	m, err := neighbour.Fit(ctx, d, p)
	if err != nil {
		return nil, fmt.Errorf("fit ease: %w", err)
	}
	return m, nil
}

// Encoder fits the content encoder on the items' words.
func (f *Fitter) Encoder(s *Snapshot) *text.Encoder {
	defer f.begin("content")()
	docs := make([][]string, 0, len(s.Items))
	for _, e := range s.Items {
		docs = append(docs, text.ItemTerms(e.Item))
	}
	return text.Fit(docs, recommend.EncoderDims, f.Seed)
}

// All fits every source of a recipe.
func (f *Fitter) All(ctx context.Context, s *Snapshot, r Recipe) ([]model.Saver, error) {
	d := f.Data(s)
	if len(d.Customers) == 0 {
		return nil, nil // nobody did anything: content and editors' choice serve
	}
	var all []model.Saver
	if f.fits(factor.Name) {
		m, err := f.Factor(ctx, d, r.Factor)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if f.fits(neighbour.Name) {
		m, err := f.EASE(ctx, d, r.EASE)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// fits reports whether a source is to be fitted.
func (f *Fitter) fits(name string) bool { return len(f.Only) == 0 || slices.Contains(f.Only, name) }

// World is a frozen shop: the snapshot's items and counts under some models.
func (s *Snapshot) World(m *recommend.Models) *recommend.World {
	w := recommend.NewWorld(s.IDs, s.Settings).WithItems(s.Items)
	return w.WithModels(m, m.Encode(w.Catalogue)).WithCounters(s.Counters())
}

// Alone is the blend of one source: its raw scores, and popularity for those it knows
// nothing of.
func Alone(name string) rank.Blend {
	one := map[string]rank.Scale{name: {Weight: 1, SD: 1}}
	return rank.Blend{rank.Person: one, rank.Anchor: one, rank.Cold: {"popular": {Weight: 1, SD: 1}}}
}

// Place is where held-out wishes are looked for: among all items of the kinds that
// people act on, less those with which the person has an interaction of an excluded
// type.
func (s *Snapshot) Place(exclude []engine.Type) *recommend.Place {
	acted := make(map[engine.ItemNum]bool)
	for _, p := range s.People {
		for _, e := range p.events {
			acted[e.item] = true
		}
	}
	var kinds []engine.Kind
	for _, e := range s.Items {
		if k := e.Item.KindOrProduct(); acted[e.Num] && !slices.Contains(kinds, k) {
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
