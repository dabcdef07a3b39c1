package training

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
)

// Job is what a training is given beside the log: with the same log and the same means, it
// comes to the same wherever it is done.
type Job struct {
	Version   int               `json:"version"` // of the model to be made
	Settings  engine.Settings   `json:"settings"`
	Scenarios []engine.Scenario `json:"scenarios,omitempty"`
	Seed      uint64            `json:"seed"`
	Workers   int               `json:"workers"`
	Serving   json.RawMessage   `json:"serving,omitempty"` // the Report of the current model; nil for none
	Compare   bool              `json:"compare"`           // whether it is to be better than that
	Warm      bool              `json:"warm"`              // whether the factors may begin with those of Serves
	// TeachOnly has the sources of Serves stay: only what tickets teach is learnt anew.
	TeachOnly bool `json:"teach_only,omitempty"`
	// Serves are the models that serve; nil where nothing of them is of use.
	Serves *recommend.Models `json:"-"`
}

// Means are what a job is done with; those that are nil are done without, but Search.
type Means struct {
	Search *Search
	// Items are those of the log, where who trains has them in memory; nil: they are read.
	Items *catalogue.Snapshot
	// Embedder makes the vectors of tickets, Sentences returns those of the fixes' passages.
	Embedder  text.Embedder
	Sentences func(context.Context) *solution.Sentences
	Log       *slog.Logger
	Step      func(step string, share float64)
}

// trainingSteps is about how many steps a training of a shop reports, for its share done,
// and incumbentSteps how many more where the serving model is fitted again beside it.
const (
	trainingSteps  = 64
	incumbentSteps = 16
)

var errEmpty = errors.New("there is nothing to learn from: no items and no events yet")

// do does the job. A report comes with every error that what was read of the log led to.
func (j *Job) do(ctx context.Context, log Log, m *Means) (*recommend.Models, *Report, error) {
	steps, expected := 0, trainingSteps
	step := func(what string) {
		if m.Step != nil {
			m.Step(what, min(0.99, float64(steps)/float64(expected)))
		}
		steps++
	}
	step("reading the log")
	snap, err := Read(ctx, log, j.Settings, m.Items)
	if err != nil {
		return nil, nil, err
	}
	if later, is := log.(*fed); is {
		var sentences *solution.Sentences
		if j.Serves, sentences, err = later.rest(); err != nil {
			return nil, nil, err
		}
		m.Sentences = func(context.Context) *solution.Sentences { return sentences }
	}
	if snap.items() == 0 && snap.Events == 0 {
		return nil, nil, errEmpty
	}
	r := j.run(snap, m, step)
	if j.TeachOnly {
		models := recommend.NewModels(j.Version, j.Serves.LogTime, j.Serves.Fitted, j.Serves.Encoder, j.Serves.Blend)
		models, err = r.taught(ctx, r.Fitter.World(snap, models))
		return models, r.report, err
	}
	var incumbent *chosen
	if j.Compare {
		incumbent = choiceOf(j.Serving)
	}
	if incumbent != nil {
		expected += incumbentSteps
	}
	if r.warm, err = j.warm(ctx, log, snap); err != nil {
		return nil, nil, err
	}
	models, err := r.train(ctx, incumbent)
	if err == nil {
		step("saving")
	}
	return models, r.report, err
}

// run returns the training on a snapshot.
func (j *Job) run(snap *Snapshot, m *Means, step func(string)) *run {
	search, tuned := m.searching(j.Settings)
	report := &Report{
		Version: j.Version, Seq: snap.Seq, LogTime: snap.Newest, Chosen: make(map[string]Chosen), Tuned: tuned,
		Customers: len(snap.People), Items: snap.items(), Events: snap.Events, Refusers: snap.Refusers(snap.Seq),
	}
	r := &run{
		Selector: Selector{Search: search, Place: snap.Place(snap.Types()), Fitter: &Fitter{Workers: j.Workers, Seed: j.Seed, Step: step}},
		snap:     snap, target: snap.wished(), places: j.Scenarios, report: report,
		sensing: sensing{embedder: m.Embedder, sentences: m.Sentences, log: m.Log},
	}
	if j.Serves != nil {
		r.sensing.serves = j.Serves.Desk
	}
	return r
}

// carried are those of the models that serve that the job has a use for: all, its factors, or
// what the desk has vectors of; nil for none.
func (j *Job) carried(m *Means) *recommend.Models {
	s := j.Serves
	if s == nil || j.TeachOnly {
		return s
	}
	var fitted []model.Saver
	if f := j.factors(); f != nil {
		fitted = append(fitted, f)
	}
	desk := s.Desk
	if desk != nil && (m.Embedder == nil || desk.Encoder != m.Embedder.Name()) {
		desk = nil
	}
	if fitted == nil && desk == nil {
		return nil
	}
	return recommend.NewModels(s.Version, s.LogTime, fitted, s.Encoder, s.Blend).WithDesk(desk)
}

// factors are those that serve; nil for none, or where they must not be begun with.
func (j *Job) factors() *factor.Model {
	if !j.Warm || j.Serves == nil {
		return nil
	}
	at := slices.IndexFunc(j.Serves.Fitted, func(f model.Saver) bool { return f.Name() == factor.Name })
	if at < 0 {
		return nil
	}
	m, _ := j.Serves.Fitted[at].(*factor.Model)
	return m
}

// choiceOf returns the settings and blend of a report; nil where it cannot be read.
func choiceOf(report json.RawMessage) *chosen {
	var r Report
	if json.Unmarshal(report, &r) != nil || len(r.Blend) == 0 {
		return nil
	}
	return &chosen{r.Recipe, r.Blend}
}

// since is up to where the sources that serve have read the log.
func (j *Job) since() uint64 {
	var was Report
	if json.Unmarshal(j.Serving, &was) != nil {
		return 0
	}
	return was.sourcesSeq()
}

// searching is what a training looks through under the settings of the moment, and which
// sources' settings are given. What an earlier version was given and this one does not
// know is passed over.
func (m *Means) searching(settings engine.Settings) (Search, []string) {
	search, named, err := m.Search.Take(settings.Sources)
	if err != nil {
		m.Log.Warn("the settings of sources that are stored cannot be taken; all are chosen", "why", err)
		return *m.Search, nil
	}
	return search, named
}
