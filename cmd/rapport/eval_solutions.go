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
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/training/desk"
	"github.com/rapportengine/rapport/training/evaluate"
)

type evalSolutionsCommand struct {
	Solutions string `required:"" placeholder:"FILE" help:"What can be answered: item_id, title, text and, where they are for some products only, applies_to."`
	Questions string `required:"" placeholder:"FILE" help:"What is asked: text, relevant (the item_ids that end it; [] where nothing does) and, where known, customer_id, product_id, channel, language, at, solutions [{item_id, outcome}]."`
	Train     string `placeholder:"FILE" help:"Solved questions of the same form to learn from."`
	Customers string `placeholder:"FILE" help:"Customers; who refuses training is asked, but not learnt from."`
	Events    string `placeholder:"FILE" help:"What the customers bought: customer_id, item_id, type, at."`
	fileForm
	Folds int    `placeholder:"N" help:"Part the questions: each part is asked of what the others (and --train) taught."`
	Shots int    `placeholder:"N" help:"Learn from at most N questions of each solution; 0 for all."`
	K     []int  `name:"k" default:"1,3,5,10" help:"How far down lists are looked at."`
	Most  int    `name:"head-questions" default:"16384" help:"How many questions the head and the nearest tickets are learnt from, the newest, from 1; 8 bytes of memory a pair, time with the cube."`
	Seed  uint64 `default:"0" help:"Start of all that is random."`
	reportFiles
	Require []string `sep:"none" placeholder:"CONDITION" help:"Exit with 3 unless it holds, as in 'accuracy: best > text'. May be given several times."`
}

func (evalSolutionsCommand) Help() string {
	return `Every question is asked of a desk that has learnt from solved ones. A training (rapport train) teaches the desk that serves in the same way, from the tickets in the workspace. The table is a ladder: what the words alone reach (BM25 over title, questions solved before and text), and what each further kind of evidence adds: + vectors, + head (a model from text to solution), + tickets (the most similar solved ones), + ownership (product, age of the purchase, channel), and with the outcomes of earlier tries best, which is all of it.

  hr@k, mrr, map   where the right solutions stand, of questions that have one
  accuracy         the share of first answers that are right
  untried          the same of questions that only a fix ends which no solved question tells of
  brier, ece       how well the chance of the first answer says how often it is right
  auroc_none       whether questions without an answer have lower chances
  recall_none      how many of them are rejected where 5 % of the others are; they take no part in setting that threshold

Figures come with 95 % intervals and paired tests; below stand the reliability of the chances and the trade-off between how many questions are answered and how many of the answers are right. See docs/support.md.

Examples:

  rapport eval-solutions --solutions fixes.ndjson --questions asked.ndjson --folds 5
  rapport eval-solutions --solutions fixes.ndjson --questions asked.ndjson --folds 5 --shots 10
  rapport eval-solutions --solutions fixes.ndjson --train solved.ndjson --questions new.ndjson --events orders.csv --json report.json --html report.html
  rapport eval-solutions --solutions fixes.ndjson --questions asked.ndjson --folds 5 --require 'accuracy: best > text'`
}

// Run measures the service desk.
func (e *evalSolutionsCommand) Run(ctx context.Context, c *console) error {
	required, err := e.check()
	if err != nil {
		return err
	}
	ev := &desk.Evaluation{
		Folds: e.Folds, Shots: e.Shots, K: e.K, Embedder: sentence.New(runtime.GOMAXPROCS(0)),
		Options: desk.Options{Head: head.DefaultOptions(), Seed: e.Seed, Workers: runtime.GOMAXPROCS(0)},
	}
	ev.Head.MaxQuestions = e.Most
	for _, q := range required {
		if err := amongMetrics(q, append(ev.Metrics(), desk.Certainties()...)); err != nil {
			return err
		}
	}
	sum := sha256.New()
	refused, err := e.read(ctx, c, ev, sum)
	if err != nil {
		return asUsage(err)
	}
	b := c.bar("evaluating", barSteps)
	ev.Progress = func(share float64, what string) { b.share(what, share) }
	report, err := ev.Run(ctx)
	b.end(err)
	if err != nil {
		return asUsage(err)
	}
	report.Version, report.Commit = build()
	report.Dataset.SHA256 = hex.EncodeToString(sum.Sum(nil))
	report.Warnings = append(report.Warnings, refused...)
	if err := e.write(c, report); err != nil {
		return err
	}
	return check(c, required, report)
}

// check refuses, before the work, what cannot be done.
func (e *evalSolutionsCommand) check() ([]evaluate.Requirement, error) {
	switch {
	case e.Folds < 0 || e.Folds == 1:
		return nil, usagef("--folds: from 2 on; without it the questions are asked of what --train taught")
	case e.Shots < 0:
		return nil, usagef("--shots: a number from 0 on; 0 learns from all")
	case e.Most < 1:
		return nil, usagef("--head-questions: a number from 1 on, not %d", e.Most)
	case e.Folds == 0 && e.Train == "" && e.Shots > 0:
		return nil, usagef("--shots: there is nothing to learn from; give --train FILE or --folds N")
	}
	for _, k := range e.K {
		if k < 1 {
			return nil, usagef("--k: numbers from 1, not %d", k)
		}
	}
	if err := e.writable(); err != nil {
		return nil, err
	}
	required, err := conditions(e.Require)
	if err != nil {
		return nil, err
	}
	for _, q := range required {
		if q.Slice != "" {
			return nil, usagef("--require: %q is no slice of this evaluation; it has none", q.Slice)
		}
		for _, name := range []string{q.Left, q.Right} {
			if name != "" && !slices.Contains(desk.Rungs(), name) {
				return nil, usagef("--require: no model %q is evaluated; there are %s", name, strings.Join(desk.Rungs(), ", "))
			}
		}
	}
	return required, nil
}

// fixes reads items, and refuses what cannot be found or told apart: one without words, and
// one whose id stood before. As in an import, the last one of an id would hold; here it is a
// slip.
func fixes(r io.Reader, o record.Options) iter.Seq2[record.Entry[engine.Item], error] {
	return func(yield func(record.Entry[engine.Item], error) bool) {
		lines := make(map[engine.ItemID]int)
		for e, err := range record.Items(r, o) {
			if err == nil {
				err = badFix(&e, lines)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func badFix(e *record.Entry[engine.Item], lines map[engine.ItemID]int) error {
	if e.Value.Title == "" && e.Value.Text == "" {
		return &record.Rejected{Line: e.Line, Field: "title", Code: engine.CodeMissingField, Want: "a title or a text is needed: a fix is found by its words"}
	}
	if before, known := lines[e.Value.ID]; known {
		return &record.Rejected{Line: e.Line, Field: "item_id", Code: engine.CodeInvalidField, Want: fmt.Sprintf("%q stands in line %d already: one line a fix is wanted", e.Value.ID, before)}
	}
	lines[e.Value.ID] = e.Line
	return nil
}

// read reads all files.
func (e *evalSolutionsCommand) read(ctx context.Context, c *console, ev *desk.Evaluation, sum interface{ Write([]byte) (int, error) }) (refused []string, err error) {
	options, err := e.options()
	if err != nil {
		return nil, err
	}
	take := func(flag, name string, one func() ([]string, error)) error {
		if name == "" {
			return nil
		}
		bad, err := one()
		refused = append(refused, bad...)
		return beside(flag, err)
	}
	plain := options
	plain.Mapping, plain.Preset = record.Mapping{}, ""
	unwilling := make(map[engine.CustomerID]bool)
	return refused, errors.Join(
		take("--solutions", e.Solutions, func() ([]string, error) {
			return readAll(ctx, c, sum, e.Solutions, plain, fixes, func(i engine.Item) error {
				ev.Solutions = append(ev.Solutions, i)
				return nil
			})
		}),
		take("--customers", e.Customers, func() ([]string, error) {
			return readAll(ctx, c, sum, e.Customers, plain, record.Customers, func(who engine.Customer) error {
				if !who.Allows(engine.Train) {
					unwilling[who.ID] = true
				}
				return nil
			})
		}),
		take("--events", e.Events, func() ([]string, error) {
			events := options
			events.Type = engine.Purchase
			return readAll(ctx, c, sum, e.Events, events, record.Events, func(got engine.RecordEvent) error {
				ev.Events = append(ev.Events, got.Lines...)
				return nil
			})
		}),
		take("--train", e.Train, func() ([]string, error) {
			return readAll(ctx, c, sum, e.Train, plain, record.Questions, func(q record.Question) error {
				if q.Customer == "" || !unwilling[q.Customer] {
					ev.Train = append(ev.Train, q)
				}
				return nil
			})
		}),
		take("--questions", e.Questions, func() ([]string, error) {
			return readAll(ctx, c, sum, e.Questions, plain, record.Questions, func(q record.Question) error {
				ev.Questions = append(ev.Questions, q)
				return nil
			})
		}),
	)
}
