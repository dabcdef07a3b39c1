package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// evalData says what models are measured on, and what is held out: eval and tune take it
// alike.
type evalData struct {
	Events  string `placeholder:"FILE" help:"What happened; --split parts it."`
	Train   string `placeholder:"FILE" help:"Instead of --events: what models may learn from."`
	Valid   string `placeholder:"FILE" help:"With --train: what settings are chosen on."`
	Test    string `placeholder:"FILE" help:"With --train: what is to be predicted."`
	Items   string `placeholder:"FILE" help:"Items with titles, categories and attributes."`
	Dir     string `placeholder:"DIR" help:"Instead of files: what the workspace in this directory holds, under its weights of interaction types."`
	Server  string `placeholder:"URL" help:"Instead of files: what the workspace of the server there holds."`
	KeyFile string `placeholder:"FILE" help:"File that holds the server's API key; else RAPPORT_KEY does."`
	fileForm
	MinValue *float64    `placeholder:"V" help:"Leave out interactions whose value (a rating) is below."`
	Types    []string    `placeholder:"TYPE:WEIGHT" help:"Interaction types that count and their weights, as in view:0.2,purchase:1; default the shop's settings."`
	Target   engine.Type `placeholder:"TYPE" help:"What is predicted; default every type that counts."`
	Sessions bool        `help:"Each session is on its own (rows without one: each customer), and every next item of a held-out one is predicted."`
	Split    string      `placeholder:"RULE" help:"last-out (default), time:0.8 (default with --sessions) or random:0.8."`
	Repeats  string      `enum:"allow,exclude" default:"exclude" help:"Whether what a customer already has may be recommended and predicted: ${enum}."`
	Seed     uint64      `default:"0" help:"Start of all that is random."`
	Set      []string    `placeholder:"NAME=VALUE" help:"Fix a setting instead of choosing it, as in ease.lambda=100."`
}

type evalCommand struct {
	evalData
	Models []string `placeholder:"NAME" help:"Which models; default all of ours. best blends ours, chosen as serve does it. gorse-bpr and gorse-als, to compare with, are asked by name."`
	K      []int    `name:"k" default:"10" help:"How far down lists are looked at."`
	reportFiles
	Require []string `sep:"none" placeholder:"CONDITION" help:"Exit with 3 unless it holds, as in 'ndcg@10: best > popular'. May be given several times."`
}

func (evalCommand) Help() string {
	return `All items are ranked through the code that serves; settings are chosen on the validation part; figures come with 95 % intervals and paired tests. Rows need an item and a customer or session; without a type each counts 1, without a time the order of the file is the order of time.

Examples:

  rapport eval --events ratings.csv --items movies.csv --preset movielens --min-value 4
  rapport eval --events orders.csv.gz --split time:0.8 --target purchase --k 10,20 --json report.json
  rapport eval --train train.csv --test test.csv --models popular,ease --set ease.lambda=100
  rapport eval --events ratings.csv --preset movielens --models popular,gorse-bpr,gorse-als,best
  rapport eval --dir ./rapport-data --split time:0.8 --target purchase
  rapport eval --events clicks.csv --sessions --repeats allow --k 20
  rapport eval --events ratings.csv --preset movielens --require 'ndcg@10: best > popular'`
}

// Run evaluates and checks what is required of the result.
func (e *evalCommand) Run(ctx context.Context, c *console) (err error) {
	o, err := e.options()
	if err != nil {
		return err
	}
	o.Models, o.K = e.Models, e.K
	required, err := e.requirements(o)
	if err != nil {
		return err
	}
	var unwilling map[engine.CustomerID]bool
	if e.Dir+e.Server != "" {
		d, err := e.fetch(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.remove()) }()
		unwilling = d.unwilling
		if len(e.Types) == 0 {
			o.Settings = d.settings
		}
	}
	refused, err := e.read(ctx, c, &o, unwilling)
	if err != nil {
		return err
	}
	b := c.bar("evaluating", 0)
	o.Step = func(what string) { b.at(0, what) }
	report, err := offline.Run(ctx, o)
	b.end(err)
	if _, invalid := errors.AsType[*engine.Invalid](err); invalid {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	report.Protocol.MinValue = e.MinValue
	if len(e.Types) > 0 {
		report.Protocol.Types = weights(o.Settings)
	}
	report.Warnings = append(report.Warnings, refused...)
	if err := e.write(c, report); err != nil {
		return err
	}
	return check(c, required, report)
}

// options puts the flags into the words of the evaluation.
func (e *evalData) options() (offline.Options, error) {
	version, commit := build()
	o := offline.Options{
		Data: new(offline.Data), Sessions: e.Sessions, Repeats: e.Repeats == "allow", Target: e.Target,
		Settings: engine.DefaultSettings(), Set: e.Set, Seed: e.Seed, Workers: runtime.GOMAXPROCS(0),
		Version: version, Commit: commit,
	}
	switch {
	case e.Dir+e.Server != "" && e.Events+e.Train+e.Test+e.Valid+e.Items != "":
		return o, usagef("--dir or --server, or files: one of them, not both")
	case e.Dir+e.Server != "":
	case e.Events == "" && (e.Train == "" || e.Test == ""):
		return o, usagef("--events FILE, or --train FILE and --test FILE, or --dir DIR is needed")
	case e.Events != "" && e.Train+e.Test+e.Valid != "":
		return o, usagef("--events, or --train, --valid and --test: one of them, not both")
	case e.Events == "" && e.Split != "":
		return o, usagef("--split parts --events; with --train and --test the files are the parts")
	}
	split := e.Split
	switch {
	case split == "" && e.Sessions:
		split = "time:0.8"
	case split == "":
		split = "last-out"
	}
	var err error
	if o.Rule, err = evaluate.ParseRule(split); err != nil {
		return o, &usageError{err}
	}
	o.Rule.Seed = e.Seed
	if len(e.Types) > 0 {
		if o.Settings.Types, err = e.types(o.Settings); err != nil {
			return o, err
		}
	}
	return o, nil
}

// types reads "view:0.2": only the named types count, with these weights and the
// half-lives they have anyway.
func (e *evalData) types(s engine.Settings) (map[engine.Type]engine.TypeSetting, error) {
	out := make(map[engine.Type]engine.TypeSetting, len(e.Types))
	for _, text := range e.Types {
		name, weight, _ := strings.Cut(text, ":")
		w, err := strconv.ParseFloat(weight, 64)
		if err != nil || name == "" || w != w || w-w != 0 {
			return nil, usagef("--types: %q is not TYPE:WEIGHT, as in view:0.2", text)
		}
		set := s.Types[engine.Type(name)]
		set.Weight = w
		out[engine.Type(name)] = set
	}
	return out, nil
}

func weights(s engine.Settings) map[string]float64 {
	out := make(map[string]float64, len(s.Types))
	for name, set := range s.Types {
		out[string(name)] = set.Weight
	}
	return out
}

// requirements reads the conditions, and refuses now what could not be checked after
// the work.
func (e *evalCommand) requirements(o offline.Options) ([]evaluate.Requirement, error) {
	models := o.Models
	if len(models) == 0 {
		models = offline.ModelNames()
	}
	var out []evaluate.Requirement
	for _, text := range e.Require {
		q, err := evaluate.ParseRequirement(text)
		if err != nil {
			return nil, &usageError{err}
		}
		for _, name := range []string{q.Left, q.Right} {
			if name != "" && !slices.Contains(models, name) {
				return nil, usagef("--require: %s is not evaluated; there are %s", name, strings.Join(models, ", "))
			}
		}
		if !slices.Contains(o.K, q.Metric.K) {
			return nil, usagef("--require: %s is not measured with --k %v", q.Metric, o.K)
		}
		out = append(out, q)
	}
	return out, nil
}

func check(c *console, required []evaluate.Requirement, report *evaluate.Report) error {
	var err error
	for _, q := range required {
		met, verdict, bad := q.Check(report)
		if bad != nil {
			return &usageError{bad}
		}
		c.say("%s", verdict)
		if !met {
			err = errors.Join(err, fmt.Errorf("%w: %s", errUnmet, q))
		}
	}
	return err
}

// evalFile is one file of an evaluation.
type evalFile struct {
	name string
	part evaluate.Part
}

// undatedApart is how far the files of given parts lie apart where their rows carry no
// time.
const undatedApart = 30 * 24 * time.Hour

// read fills the data and returns what was wrong with the files, in sentences.
func (e *evalData) read(ctx context.Context, c *console, o *offline.Options, unwilling map[engine.CustomerID]bool) (refused []string, err error) {
	options, err := e.fileForm.options()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	r := &evalReading{c: c, data: o.Data, sum: sum, minValue: e.MinValue, given: e.Events == "", unwilling: unwilling}
	if e.Items != "" {
		items := options
		items.Mapping = record.Mapping{} // it is for the events
		if err := eachRecord(ctx, r, e.Items, items, record.Items, func(i engine.Item) { r.data.AddItem(i) }); err != nil {
			return nil, err
		}
	}
	options.Type = engine.Rating // weighs 1 and never fades: each counts alike
	files := []evalFile{{e.Events, evaluate.Train}}
	if r.given {
		files = []evalFile{{e.Train, evaluate.Train}, {e.Valid, evaluate.Valid}, {e.Test, evaluate.Test}}
	}
	for i, f := range files {
		if f.name == "" {
			continue
		}
		options.Base = time.Unix(0, 0).Add(time.Duration(i) * undatedApart).UTC()
		if err := eachRecord(ctx, r, f.name, options, record.Events, func(ev engine.RecordEvent) { r.event(ev, f.part) }); err != nil {
			return nil, err
		}
	}
	o.Data.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if len(o.Data.Rows) == 0 {
		return nil, usagef("there are no interactions to evaluate (%s)", strings.Join(append(r.refused, fmt.Sprintf("%s left out by --min-value", count(r.below))), "; "))
	}
	return r.refused, nil
}

// evalReading is what reading the files has come to.
type evalReading struct {
	c        *console
	data     *offline.Data
	sum      io.Writer // of all bytes
	minValue *float64
	given    bool // files are parts
	below    int  // rows left out by their value

	unwilling map[engine.CustomerID]bool // whose events are left out
	refused   []string
}

// event adds an event, but for the lines whose value is too low.
func (r *evalReading) event(e engine.RecordEvent, part evaluate.Part) {
	if r.unwilling[e.Lines[0].Customer] {
		return
	}
	if r.minValue != nil {
		lines := len(e.Lines)
		e.Lines = slices.DeleteFunc(e.Lines, func(i engine.Interaction) bool { return i.Value < *r.minValue })
		r.below += lines - len(e.Lines)
	}
	r.data.AddEvent(e)
	if r.given {
		r.data.Parts = append(r.data.Parts, slices.Repeat([]evaluate.Part{part}, len(e.Lines))...)
	}
}

// readFunc is a reading of package record.
type readFunc[T any] = func(io.Reader, record.Options) iter.Seq2[record.Entry[T], error]

// eachRecord reads one file and hands on its records.
func eachRecord[T any](ctx context.Context, r *evalReading, name string, o record.Options, read readFunc[T], add func(T)) (err error) {
	in, err := openInput(name, false)
	if err != nil {
		return &usageError{err}
	}
	b := r.c.bar("reading "+in.name, in.size)
	defer func() { b.end(err); err = errors.Join(err, in.Close()) }()
	whole := io.TeeReader(in, r.sum)
	var (
		bad   int
		first error
		n     int
	)
	for entry, err := range read(whole, o) {
		if n++; n%batchRecords == 0 {
			b.at(in.taken.Load(), count(n)+" records")
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if _, one := errors.AsType[*record.Rejected](err); one {
			if bad++; bad == 1 {
				first = err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		add(entry.Value)
	}
	if bad > 0 {
		r.refused = append(r.refused, fmt.Sprintf("%s: %s of %s records were refused, the first at %v", in.name, count(bad), count(n), first))
	}
	_, err = io.Copy(io.Discard, whole) // the sum is of all bytes, whatever the reading needed
	return err
}
