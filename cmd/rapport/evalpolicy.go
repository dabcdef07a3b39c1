package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/policy"
)

type evalPolicyCommand struct {
	Impressions string `required:"" placeholder:"FILE" help:"A log of what was shown: item_id, reward (or click), propensity (or propensity_score) and, where there are any, position, context and round_id."`
	Policy      string `required:"" placeholder:"uniform|FILE" help:"What is asked about: uniform, or a file with item_id, probability and, where it depends on them, position, context and round_id."`
	fileForm
	Actions int    `placeholder:"N" help:"With --policy uniform: how many items there were to choose from; default as many as the log shows."`
	Seed    uint64 `default:"0" help:"Start of all that is random."`
	JSON    string `name:"json" placeholder:"FILE" help:"Write the result as JSON, too; - is standard output instead of the table."`
}

func (evalPolicyCommand) Help() string {
	return `What would a policy have earned, by the log of another one? That one must have drawn by chance and written down the probability (the propensity) of each item it showed; a log without propensities says nothing here. Rapport itself answers without chance, so its own export of impressions has none: draw your lists, or a part of them, at random yourself and log how likely each item was.

The estimates are a reward a round, with 95 % bootstrap intervals over answers (rows of one round_id): ips, snips, dm (a model of what items earn in their positions and contexts) and dr, beside what was logged. Believe them as far as the effective sample size goes; where the weights are useless, a warning says so and what to do.

Columns that are called otherwise are named with --map. See docs/policy.md.

Examples:

  rapport eval-policy --impressions log.csv --policy uniform
  rapport eval-policy --impressions bts_men_log.csv.gz --preset open-bandit --policy uniform --actions 34
  rapport eval-policy --impressions log.ndjson --map arm=item_id,p=propensity,bought=reward --policy new.csv --json result.json`
}

// policyReport is the JSON of eval-policy.
type policyReport struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	SHA256  string `json:"sha256"` // of the log, then the policy's file
	Policy  string `json:"policy"`
	Seed    uint64 `json:"seed"`
	*policy.Result
}

// Run estimates.
func (e *evalPolicyCommand) Run(ctx context.Context, c *console) error {
	if err := (&reportFiles{JSON: e.JSON}).writable(); err != nil {
		return err
	}
	options, err := e.fileForm.options()
	if err != nil {
		return err
	}
	if e.Actions != 0 && e.Policy != uniform || e.Actions < 0 {
		return usagef("--actions: a number above 0, with --policy uniform; a policy's file names its items")
	}
	sum := sha256.New()
	var read policy.Log
	refused, err := readAll(ctx, c, sum, e.Impressions, options, record.Rounds, read.Add)
	if err != nil {
		return asUsage(err)
	}
	log := read.Rounds()
	if len(log) == 0 {
		return usagef("%s has no round that can be used (%s)\nOff-policy evaluation needs a log of a policy that drew by chance: for each item shown, the item (item_id), what came of it (reward) and the probability it was shown with (propensity). Rapport's own answers are not drawn, and its export of impressions has no propensities.",
			e.Impressions, strings.Join(append(refused, "nothing else is in it"), "; "))
	}
	asked, err := e.policy(ctx, c, sum, log)
	if err != nil {
		return asUsage(err)
	}
	got, err := policy.Evaluate(ctx, log, asked, policy.Options{Seed: e.Seed})
	if err != nil {
		return asUsage(err)
	}
	got.Warnings = append(got.Warnings, refused...)
	report := policyReport{SHA256: hex.EncodeToString(sum.Sum(nil)), Policy: e.Policy, Seed: e.Seed, Result: got}
	report.Version, report.Commit = build()
	return e.tell(c, &report)
}

// asUsage makes a mistake in what was given one in how the command was called.
func asUsage(err error) error {
	if _, invalid := errors.AsType[*engine.Invalid](err); invalid {
		return &usageError{err}
	}
	return err
}

// uniform is the policy that needs no file.
const uniform = "uniform"

// policy returns what is asked about.
func (e *evalPolicyCommand) policy(ctx context.Context, c *console, sum io.Writer, log []record.Round) (policy.Policy, error) {
	if e.Policy == uniform {
		return policy.Uniform(policy.Actions(log), e.Actions)
	}
	var rows policy.Rows
	refused, err := readAll(ctx, c, sum, e.Policy, record.Options{Unknown: record.Refuse}, record.Probabilities, rows.Add)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("--policy: %s, or a file with item_id and probability: %w", uniform, err)
	}
	if err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		return nil, usagef("--policy: %s", strings.Join(refused, "; ")) // what is left would be another policy
	}
	return policy.Table(rows.All())
}

// readAll hands on all records of a file; refused says in a sentence what was wrong.
func readAll[T any](ctx context.Context, c *console, sum io.Writer, name string, o record.Options, read readFunc[T], add func(T) error) (refused []string, err error) {
	r := &evalReading{c: c, sum: sum}
	err = eachRecord(ctx, r, name, o, read, func(_ int, v record.Entry[T]) error { return add(v.Value) })
	return r.refused, err
}

func (e *evalPolicyCommand) tell(c *console, report *policyReport) error {
	if e.JSON != "" {
		if err := writeFile(c, e.JSON, func(out io.Writer) error { return writeJSON(out, report) }); err != nil {
			return err
		}
	}
	if e.JSON == "-" {
		for _, warning := range report.Warnings {
			c.say("WARNING: %s", warning)
		}
		return nil
	}
	if err := report.Write(c.out); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
