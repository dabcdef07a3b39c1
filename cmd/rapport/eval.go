package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// evalData says what models are measured on, and what is held out: eval and tune take it
// alike.
type evalData struct {
	Events    string `placeholder:"FILE" help:"What happened; --split parts it."`
	Train     string `placeholder:"FILE" help:"Instead of --events: what models may learn from."`
	Valid     string `placeholder:"FILE" help:"With --train: what settings are chosen on."`
	Test      string `placeholder:"FILE" help:"With --train: what is to be predicted."`
	Items     string `placeholder:"FILE" help:"Items with titles, categories and attributes."`
	Vectors   string `placeholder:"FILE" help:"Own vectors of the items, for the model own: FILE.npy,IDS (an array and the ids of its rows, one a line; default FILE.npy.ids.ndjson), or records of item_id and vector."`
	Customers string `placeholder:"FILE" help:"Customers: customer_id, attributes.NAME, consent; who refuses training is left out."`
	Dir       string `placeholder:"DIR" help:"Instead of files: what the workspace in this directory holds, under its weights of interaction types."`
	Server    string `placeholder:"URL" help:"Instead of files: what the workspace of the server there holds."`
	KeyFile   string `placeholder:"FILE" help:"File that holds the server's API key; else RAPPORT_KEY does."`
	fileForm
	MinValue  *float64    `placeholder:"V" help:"Leave out interactions whose value (a rating) is below."`
	Types     []string    `placeholder:"TYPE:WEIGHT" help:"Interaction types that count and their weights, as in view:0.2,purchase:1; default the shop's settings."`
	Target    engine.Type `placeholder:"TYPE" help:"What is predicted; default every type that counts."`
	Sessions  bool        `help:"Each session is on its own (rows without one: each customer), and every next item of a held-out one is predicted."`
	Baskets   bool        `help:"Each customer's last order (rows of one order_id, else of one moment) is predicted, all its items; the one before chooses settings. Repeats are allowed unless --repeats says otherwise."`
	Split     string      `placeholder:"RULE" help:"last-out (default), time:0.8 (default with --sessions and --cutoff), random:0.8 or rolling:5 (five cuts in time, pooled)."`
	Cutoff    string      `placeholder:"DATE" help:"Cut in time at this date or moment (RFC 3339), instead of at a share."`
	ColdItems *float64    `placeholder:"SHARE" help:"Instead of --split: hold out all interactions with this share of the items, and rank these alone for the customers who remain."`
	Repeats   string      `enum:"allow,exclude," default:"" placeholder:"allow|exclude" help:"Whether what a customer already has may be recommended and predicted; default exclude, with --baskets allow."`
	Seed      uint64      `default:"0" help:"Start of all that is random."`
	Set       []string    `placeholder:"NAME=VALUE" help:"Fix a setting instead of choosing it, as in ease.lambda=100."`
}

type evalCommand struct {
	evalData
	Models          []string  `placeholder:"NAME" help:"Which models; default all of ours. best blends ours, chosen as serve does it. gorse-bpr and gorse-als, to compare with, are asked by name."`
	K               []int     `name:"k" default:"10" help:"How far down lists are looked at."`
	By              string    `placeholder:"ATTRIBUTE" help:"Measure each value of this attribute of the customers by itself, too."`
	Recommendations []string  `sep:"none" placeholder:"FILE" help:"Another system's lists, one more model of the table: rows customer_id, item_id and rank or score, or objects {customer_id, items}. May be given several times."`
	LearningCurve   []float64 `placeholder:"SHARE" help:"Fit again on these shares of the customers, as in 0.25,0.5,0.75,1, and show how quality grows with them."`
	reportFiles
	Out     string   `placeholder:"DIR" help:"Leave the split, all lists, what was held out, the values of each and the vectors of sources in this directory, as Parquet and .npy."`
	Require []string `sep:"none" placeholder:"CONDITION" help:"Exit with 3 unless it holds, as in 'ndcg@10: best > popular'. May be given several times."`
}

func (evalCommand) Help() string {
	return `All items are ranked through the code that serves; settings are chosen on the validation part; figures come with 95 % intervals and paired tests, of which a customer is one draw. Rows need an item and a customer or session; without a type each counts 1, without a time the order of the file is the order of time.

What is held out (--split), and what every model may know then:

  last-out    each customer's last interaction; known are all timelines but for their ends
  time:0.8    the newest fifth; known is what lies before the cut, and fits, counts and histories end there
  rolling:5   five such cuts, at 50, 60, 70, 80 and 90 % of what is to be predicted: each window is asked of models that know all before it, settings are chosen before the first cut, and all answers are judged together
  random:0.8  a fifth of the interactions
  --sessions  the newest sessions, of which every item but the first is predicted from those before it
  --baskets   each customer's last order
  --cold-items 0.2   all interactions with a fifth of the items

The table has rows of their own for customers nothing is known of (cold), for items nobody had before the cut (cold items), for each cut, and --by an attribute of --customers for each of its values.

Examples:

  rapport eval --events ratings.csv --items movies.csv --preset movielens --min-value 4
  rapport eval --events orders.csv.gz --split time:0.8 --target purchase --k 10,20 --json report.json
  rapport eval --events orders.csv.gz --split rolling:5 --models popular,ease,best
  rapport eval --events orders.csv.gz --cutoff 2026-06-01 --customers customers.csv --by country
  rapport eval --events orders.csv.gz --baskets
  rapport eval --events orders.csv.gz --items items.ndjson --cold-items 0.2 --seed 1
  rapport eval --events orders.csv.gz --split time:0.8 --recommendations theirs.csv
  rapport eval --train train.csv --test test.csv --models popular,ease --set ease.lambda=100
  rapport eval --events ratings.csv --preset movielens --models popular,gorse-bpr,gorse-als,best
  rapport eval --dir ./rapport-data --split time:0.8 --target purchase
  rapport eval --events clicks.csv --sessions --repeats allow --k 20
  rapport eval --events ratings.csv --preset movielens --require 'ndcg@10: best > popular'
  rapport eval --events orders.csv.gz --split time:0.8 --html report.html --out left --learning-curve 0.25,0.5,1`
}

// Run evaluates and checks what is required of the result.
func (e *evalCommand) Run(ctx context.Context, c *console) (err error) {
	if err := e.writable(); err != nil {
		return err
	}
	required, err := conditions(e.Require)
	if err != nil {
		return err
	}
	o, err := e.options()
	if err != nil {
		return err
	}
	o.Models, o.K, o.By = e.Models, e.K, e.By
	o.Begin = func(p offline.Plan) error { return foreseen(required, p) }
	sum := sha256.New()
	refused, done, err := e.load(ctx, c, &o, sum)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	more, err := e.foreign(ctx, c, &o, sum)
	if err != nil {
		return err
	}
	refused = append(refused, more...)
	b := c.bar("evaluating", barSteps)
	o.Progress = func(share float64, what string) { b.share(what, share) }
	o.Curve = e.LearningCurve
	var out *evalOut
	if e.Out != "" {
		if out, err = newEvalOut(e.Out, &o); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.discard()) }()
		o.Taker = out
	}
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
	if out != nil {
		if err := out.finish(report); err != nil {
			return fmt.Errorf("keep what was made: %w", err)
		}
	}
	if err := e.write(c, report); err != nil {
		return err
	}
	return check(c, required, report)
}

// barSteps is how finely the bar of an evaluation is drawn.
const barSteps = 1000

// options puts the flags into the words of the evaluation.
func (e *evalData) options() (offline.Options, error) {
	version, commit := build()
	o := offline.Options{
		Data: new(offline.Data), Sessions: e.Sessions, Baskets: e.Baskets, Target: e.Target,
		Repeats:  e.Repeats == "allow" || (e.Baskets && e.Repeats == ""),
		Settings: engine.DefaultSettings(), Set: e.Set, Seed: e.Seed, Workers: runtime.GOMAXPROCS(0),
		Version: version, Commit: commit,
	}
	switch {
	case e.Dir+e.Server != "" && e.Events+e.Train+e.Test+e.Valid+e.Items+e.Customers != "":
		return o, usagef("--dir or --server, or files: one of them, not both")
	case e.Dir+e.Server != "":
	case e.Events+e.Train+e.Test+e.Valid == "":
		return o, usagef("--events FILE, or --train FILE and --test FILE, or --dir DIR, or --server URL is needed")
	case e.Events == "" && e.Test == "":
		return o, usagef("--test FILE is needed: what is to be predicted; or --events FILE in place of --train and --valid, to part one file")
	case e.Events == "" && e.Train == "":
		return o, usagef("--train FILE is needed: what models may learn from; or --events FILE in place of --test and --valid, to part one file")
	case e.Events != "" && e.Train+e.Test+e.Valid != "":
		return o, usagef("--events, or --train, --valid and --test: one of them, not both")
	case e.MinValue != nil && (math.IsNaN(*e.MinValue) || math.IsInf(*e.MinValue, 0)):
		return o, usagef("--min-value: a number is wanted, not %g", *e.MinValue)
	}
	var err error
	if o.Rule, err = e.rule(); err != nil {
		return o, err
	}
	o.Rule.Seed = e.Seed
	if len(e.Types) > 0 {
		if o.Settings.Types, err = e.types(o.Settings); err != nil {
			return o, err
		}
	}
	return o, nil
}

// rule is what is held out.
func (e *evalData) rule() (evaluate.Rule, error) {
	given := e.Train != ""
	split := e.Split
	switch {
	case given && e.Split != "":
		return evaluate.Rule{}, usagef("--split parts --events; with --train and --test the files are the parts")
	case given && e.Cutoff != "":
		return evaluate.Rule{}, usagef("--cutoff cuts --events; with --train and --test the files are the parts")
	case given && e.ColdItems != nil:
		return evaluate.Rule{}, usagef("--cold-items parts --events; with --train and --test the files are the parts")
	case e.ColdItems != nil && (e.Split != "" || e.Cutoff != ""):
		return evaluate.Rule{}, usagef("--cold-items is a split of its own: without --split and --cutoff")
	case e.ColdItems != nil:
		rule, err := evaluate.ColdItems(*e.ColdItems)
		if err != nil {
			return rule, &usageError{err}
		}
		return rule, nil
	case split == "" && (e.Sessions || e.Cutoff != ""):
		split = "time:0.8"
	case split == "":
		split = "last-out"
	}
	rule, err := evaluate.ParseRule(split)
	if err != nil {
		return rule, &usageError{err}
	}
	if e.Cutoff != "" {
		rule.Cut, err = moment(e.Cutoff)
	}
	return rule, err
}

// moment reads a date or RFC 3339.
func moment(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usagef("--cutoff: %q is no date like 2026-06-01 and no moment like 2026-06-01T12:00:00Z", text)
}

// types reads "view:0.2": only the named types count, with these weights and the
// half-lives they have anyway.
func (e *evalData) types(s engine.Settings) (map[engine.Type]engine.TypeSetting, error) {
	out := make(map[engine.Type]engine.TypeSetting, len(e.Types))
	for _, text := range e.Types {
		name, weight, _ := strings.Cut(text, ":")
		w, err := strconv.ParseFloat(weight, 64)
		if err != nil || name == "" || math.IsNaN(w) || math.IsInf(w, 0) {
			return nil, usagef("--types: %q is not TYPE:WEIGHT, as in view:0.2", text)
		}
		set := s.Types[engine.Type(name)]
		set.Weight = w
		out[engine.Type(name)] = set
	}
	return out, nil
}

// untyped warns of --types of which there is no interaction.
func (e *evalData) untyped(d *offline.Data) (warnings []string) {
	there := make(map[string]bool)
	for i := range d.Rows {
		there[string(d.Rows[i].Type)] = true
	}
	for _, text := range e.Types {
		if name, _, _ := strings.Cut(text, ":"); !there[name] {
			warnings = append(warnings, fmt.Sprintf("--types %s: there is no interaction of type %q; there are %s", text, name, strings.Join(slices.Sorted(maps.Keys(there)), ", ")))
		}
	}
	return warnings
}

// disliked warns where every value that is given says dislike: files of what was acted on
// often have a value of 1 in each line, which is no star of five.
func disliked(o *offline.Options) []string {
	given := 0
	for i := range o.Data.Rows {
		r := &o.Data.Rows[i]
		if r.Value == 0 {
			continue
		}
		if given++; r.Value >= o.Settings.Types[r.Type].Liked {
			return nil
		}
	}
	if given == 0 {
		return nil
	}
	return []string{fmt.Sprintf("every value that is given (%d) is below what its type calls liked, %g for a rating: no model can learn from dislikes alone. If the value is a count or a flag, leave it out or name what happened, as in --map type:=purchase",
		given, o.Settings.Types[engine.Rating].Liked)}
}

func weights(s engine.Settings) map[string]float64 {
	out := make(map[string]float64, len(s.Types))
	for name, set := range s.Types {
		out[string(name)] = set.Weight
	}
	return out
}
