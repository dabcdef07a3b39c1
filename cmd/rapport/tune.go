package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
	"github.com/rapportengine/rapport/training/tune"
)

type tuneCommand struct {
	evalData
	Model    []string `required:"" placeholder:"NAME" help:"Whose settings: one kind of source, several, or all of ours."`
	Trials   int      `default:"40" help:"How many settings of each are tried at most, those it begins with included."`
	Patience int      `default:"20" help:"End after so many trials in a row that brought nothing better; 0 for never."`
	Sampler  string   `enum:"tpe,random" default:"tpe" help:"Who proposes settings: ${enum}."`
	Study    string   `placeholder:"FILE" help:"Keep each trial there as it ends (NDJSON); the same command goes on where it was cut off."`
	Install  bool     `help:"With --dir or --server: train with what was found from now on."`
	Remove   bool     `help:"With --dir or --server: have the settings of --model chosen at each training again. Nothing is tuned."`
	JSON     string   `name:"json" placeholder:"FILE" help:"Write the report as JSON, too; - is standard output instead of the table."`
}

func (tuneCommand) Help() string {
	return `Tries settings on the validation part, fitted on the train part, until --trials or --patience is used up: NDCG@10 of each source alone, with --sessions MRR@20. The first trial is the settings it has anyway; a trial that is clearly worse than the best on a quarter of the questions is given up. In the end what was found is measured once on the test part, against the settings it began with.

The same seed gives the same trials, whether or not the study was cut off in between. With --install the settings go to the workspace, and each training takes them from then on; --remove takes them back. See docs/tuning.md.

Examples:

  rapport tune --events ratings.csv --preset movielens --min-value 4 --model ease --trials 20
  rapport tune --events clicks.csv --sessions --repeats allow --model session --study session.ndjson
  rapport tune --dir ./rapport-data --split time:0.8 --model all --trials 30 --study study.ndjson --json report.json
  rapport tune --dir ./rapport-data --split time:0.8 --model factor,ease --install
  rapport tune --server http://shop.internal:8080 --key-file key --model factor --remove`
}

// tuneReport is the JSON of tune.
type tuneReport struct {
	Version  string            `json:"version"`
	Commit   string            `json:"commit"`
	Dataset  evaluate.Dataset  `json:"dataset"`
	Protocol evaluate.Protocol `json:"protocol"`
	Metric   string            `json:"metric"`
	Seed     uint64            `json:"seed"`
	Sampler  string            `json:"sampler"`
	Kinds    []tuned           `json:"kinds"`
	// Test is what was found against what it began with, on the test part; models are
	// called after their kind.
	Test     *evaluate.Report `json:"test"`
	Warnings []string         `json:"warnings"`
}

// tuned is what the trials of one kind came to.
type tuned struct {
	Kind      string         `json:"kind"`
	Space     []string       `json:"space"`
	Trials    []tune.Trial   `json:"trials"`
	Best      int            `json:"best"` // number of the trial
	Settings  map[string]any `json:"settings"`
	Pruned    int            `json:"pruned"`
	Failed    int            `json:"failed"`
	Seconds   float64        `json:"seconds"`
	Installed bool           `json:"installed"`
}

// Run tunes.
func (t *tuneCommand) Run(ctx context.Context, c *console) (err error) {
	if err := t.check(); err != nil {
		return err
	}
	if err := (&reportFiles{JSON: t.JSON}).writable(); err != nil {
		return err
	}
	if t.Remove {
		return t.remove(ctx, c)
	}
	o, err := t.options()
	if err != nil {
		return err
	}
	refused, done, err := t.load(ctx, c, &o, sha256.New())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if !slices.Contains(t.Model, all) {
		o.Models = t.Model
	}
	study, err := offline.NewStudy(o)
	if err != nil {
		return asUsage(err)
	}
	report := &tuneReport{
		Version: o.Version, Commit: o.Commit, Protocol: study.Protocol(), Metric: study.Metric().String(), Seed: t.Seed, Sampler: t.Sampler,
		Kinds: []tuned{}, Warnings: append([]string{}, refused...),
	}
	report.Protocol.MinValue = t.MinValue
	if len(t.Types) > 0 {
		report.Protocol.Types = weights(o.Settings)
	}
	if err := t.search(ctx, c, study, o.Data.SHA256, report); err != nil {
		return asUsage(err)
	}
	if err := t.finish(ctx, c, study, report); err != nil {
		return asUsage(err)
	}
	return t.tell(c, report)
}

// all is the model that stands for all of ours.
const all = "all"

func (t *tuneCommand) check() error {
	switch {
	case (t.Install || t.Remove) && t.Dir+t.Server == "":
		return usagef("--install and --remove are for the workspace of --dir or --server")
	case t.Install && t.Remove:
		return usagef("--install or --remove: one of them")
	case t.Trials < 1 || t.Patience < 0:
		return usagef("--trials is a number above 0, --patience one not below 0")
	}
	for _, name := range t.Model {
		if t.Install && offline.IsPeer(name) {
			return usagef("--install: no shop is served by %s; it is there to compare with", name)
		}
	}
	return nil
}

// search makes the trials of every kind.
func (t *tuneCommand) search(ctx context.Context, c *console, study *offline.Study, digest string, report *tuneReport) (err error) {
	kinds := study.Tunable()
	if t.fixed(kinds); len(kinds) == 0 {
		return usagef("--model: %s has nothing to tune", strings.Join(t.Model, ", "))
	}
	for _, name := range t.Model {
		if name != all && !slices.ContainsFunc(kinds, func(k training.Kind) bool { return k.Name == name }) {
			return usagef("--model: %s has nothing to tune", name)
		}
	}
	var journal *tune.Journal
	if t.Study != "" {
		head, err := t.head(report, digest)
		if err != nil {
			return err
		}
		if journal, err = tune.Open(t.Study, head); err != nil {
			if _, unwritable := errors.AsType[*fs.PathError](err); unwritable {
				return usagef("--study: %w", err)
			}
			return err
		}
		defer func() { err = errors.Join(err, journal.Close()) }()
		if by := journal.Program(); by != report.Version {
			report.Warnings = append(report.Warnings, fmt.Sprintf("the study was begun by %s, this is %s: values of one may not be values of the other", by, report.Version))
		}
	}
	for i := range kinds {
		one, err := t.tune(ctx, c, study, &kinds[i], journal, report)
		if err != nil {
			if journal != nil && ctx.Err() != nil {
				err = fmt.Errorf("%w; the same command goes on from %s", err, t.Study)
			}
			return err
		}
		report.Kinds = append(report.Kinds, one)
	}
	return nil
}

// fixed takes from the spaces what --set says.
func (t *tuneCommand) fixed(kinds []training.Kind) {
	for i := range kinds {
		kinds[i].Space = slices.DeleteFunc(slices.Clone(kinds[i].Space), func(r training.Range) bool {
			return slices.ContainsFunc(t.Set, func(text string) bool { return strings.HasPrefix(text, kinds[i].Name+"."+r.Name+"=") })
		})
	}
}

// head is what must be the same for a study to go on.
func (t *tuneCommand) head(report *tuneReport, digest string) (tune.Head, error) {
	text, err := json.Marshal(report.Protocol)
	if err != nil {
		return tune.Head{}, err
	}
	protocol := make(map[string]any)
	if err := json.Unmarshal(text, &protocol); err != nil {
		return tune.Head{}, err
	}
	protocol["set"], protocol["sampler"], protocol["map"], protocol["preset"] = t.Set, t.Sampler, t.Map, t.Preset
	return tune.Head{Metric: report.Metric, Seed: t.Seed, Dataset: digest, Protocol: protocol, Program: report.Version}, nil
}

// tune makes the trials of one kind.
func (t *tuneCommand) tune(ctx context.Context, c *console, study *offline.Study, k *training.Kind, journal *tune.Journal, report *tuneReport) (out tuned, err error) {
	o := tune.Options{Trials: t.Trials, Patience: t.Patience, Seed: t.Seed}
	if t.Sampler == "random" {
		o.Sampler = tune.Random{}
	}
	if journal != nil {
		o.Past = journal.Trials(k.Name)
		o.Ended = func(one, _ tune.Trial) error { return journal.Add(one) }
	}
	if len(k.Space) == 0 {
		return out, usagef("--set leaves nothing of %s to tune", k.Name)
	}
	b := c.bar("tuning "+k.Name, int64(t.Trials))
	o.Begins = func(number int, best tune.Trial) {
		detail := fmt.Sprintf("trial %d", number)
		if best.Kind != "" {
			detail += fmt.Sprintf(", best %s %.4f with %s", report.Metric, best.Value, inWords(best.Settings))
		}
		b.at(int64(number), detail)
	}
	began := time.Now()
	out.Kind = k.Name
	out.Trials, err = tune.Run(ctx, study, k.Name, k.Space, k.Values(k.Tries[0]), o)
	b.end(err)
	if err != nil {
		return out, fmt.Errorf("tune %s: %w", k.Name, err)
	}
	out.Seconds = time.Since(began).Seconds()
	for _, r := range k.Space {
		out.Space = append(out.Space, r.Name)
	}
	for _, one := range out.Trials {
		if one.Pruned {
			out.Pruned++
		}
		if one.Failed != "" {
			out.Failed++
		}
	}
	best := tune.Best(out.Trials)
	out.Best = best.Number
	out.Settings, err = study.Settings(k.Name, best.Settings)
	return out, err
}

// inWords writes settings as people read them.
func inWords(settings map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		parts = append(parts, name+" "+settings[name])
	}
	return strings.Join(parts, ", ")
}

// finish measures what was found on the test part, and puts it to work.
func (t *tuneCommand) finish(ctx context.Context, c *console, study *offline.Study, report *tuneReport) error {
	var last []offline.Tried
	for _, k := range report.Kinds {
		if k.Best > 0 {
			last = append(last, offline.Tried{Name: k.Kind + " tuned", Kind: k.Kind, Settings: k.Trials[k.Best].Settings})
		}
		last = append(last, offline.Tried{Name: k.Kind + " as it was", Kind: k.Kind, Settings: k.Trials[0].Settings})
	}
	b := c.bar("measuring on the test part", 0)
	var err error
	report.Test, err = study.Final(ctx, last)
	b.end(err)
	if err != nil {
		return err
	}
	report.Dataset = report.Test.Dataset
	report.Test.Protocol = report.Protocol
	for _, p := range report.Test.Paired {
		if p.High < 0 {
			report.Warnings = append(report.Warnings, fmt.Sprintf("%s is worse than %s on the test part: the validation part is too small, or of another time", p.A, p.B))
		}
	}
	if !t.Install {
		return nil
	}
	found := make(map[string]map[string]any)
	for i := range report.Kinds {
		if k := &report.Kinds[i]; k.Best > 0 {
			found[k.Kind], k.Installed = k.Settings, true
		}
	}
	if len(found) == 0 {
		c.say("nothing was found that is better than what trainings do by themselves, and nothing is installed")
		return nil
	}
	return t.install(ctx, c, found)
}

// install has the workspace train with some settings; nil ones are chosen again.
func (t *tuneCommand) install(ctx context.Context, c *console, settings map[string]map[string]any) (err error) {
	at := target{directory: directory{t.Dir}, Server: t.Server, KeyFile: t.KeyFile}
	r, err := at.reach(ctx, c, openOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	body, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if err := r.exchange(ctx, http.MethodPatch, "/v1/settings/sources", body, nil); err != nil {
		return fmt.Errorf("install the settings: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if settings[name] == nil {
			c.say("%s: settings are chosen at each training again", name)
		} else {
			c.say("%s: trainings take what was found from now on; rapport train makes a model of it", name)
		}
	}
	return nil
}

// remove takes back what was installed.
func (t *tuneCommand) remove(ctx context.Context, c *console) error {
	names := t.Model
	if slices.Contains(names, all) {
		names = nil
		for _, k := range training.DefaultSearch() {
			names = append(names, k.Name)
		}
	}
	none := make(map[string]map[string]any)
	for _, name := range names {
		none[name] = nil
	}
	return t.install(ctx, c, none)
}
