package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
)

type metricsCommand struct {
	Runs       []string `name:"run" required:"" sep:"none" placeholder:"FILE" help:"Lists that a system made. Several are compared with the first, query by query."`
	Judgements string   `placeholder:"FILE" help:"What is right for each query; may be left out where the file of the lists says it, too."`
	Form       string   `enum:"auto,columns,trec,askubuntu" default:"auto" help:"How the files are laid out: ${enum}. auto knows TREC by its second word, and takes all else as columns."`
	Format     string   `enum:"auto,csv,ndjson,json,parquet" default:"auto" help:"How columns are written: ${enum}; gzip or zstd or not."`
	Map        string   `placeholder:"COLUMN=FIELD,..." help:"What the columns are: query, item_id, rank, score, relevance, model; column=- leaves one out."`
	K          []int    `name:"k" default:"10" help:"How far down lists are looked at."`
	Only       []string `placeholder:"METRIC" help:"Which metrics, as in map,mrr,precision@5; default map and mrr, and at each k ndcg, recall, hr, precision, mrr and map."`
	Keep       bool     `help:"Queries for which nothing is right count, as 0."`
	Seed       uint64   `default:"0" help:"Start of the resampling."`
	reportFiles
	Require []string `sep:"none" placeholder:"CONDITION" help:"Exit with 3 unless it holds, as in 'ndcg@10: mine > theirs'. May be given several times."`
}

func (metricsCommand) Help() string {
	return `Any system's lists, our metrics: with 95 % intervals, and paired tests between systems. A system goes by the name that its file gives it (the last word of a TREC run, the column model), else by the file's. Lists are ordered by rank where there is one, else by score, else as they stand; what is equal stays as it stands.

Examples:

  rapport metrics --run bm25.run --judgements qrels.txt --k 1,5,10
  rapport metrics --run mine.csv --run theirs.ndjson.gz --judgements bought.csv --html compare.html
  rapport metrics --run lists.ndjson --judgements test.parquet --require 'ndcg@10: lists > 0.1'
  rapport metrics --run dev.txt.gz --form askubuntu --only map,mrr,precision@1,precision@5`
}

// forms are the values of --form.
var forms = map[string]record.ListingForm{
	"auto": record.AnyListing, "columns": record.ListingColumns, "trec": record.TREC, "askubuntu": record.AskUbuntu,
}

// Run measures lists.
func (m *metricsCommand) Run(ctx context.Context, c *console) error {
	if err := m.writable(); err != nil {
		return err
	}
	scoring, err := m.scoring()
	if err != nil {
		return err
	}
	required, err := m.requirements(scoring)
	if err != nil {
		return err
	}
	r := &listFiles{command: m, c: c, sum: sha256.New()}
	if err := r.read(ctx); err != nil {
		return err
	}
	if err := compared(required, r.systems); err != nil {
		return err
	}
	report := scoring.Measure(&r.judged, r.systems)
	if report.Dataset.TestCustomers == 0 {
		return usagef("nothing is right for any query: name what is by --judgements, or --keep queries without%s", because(r.refused))
	}
	report.Version, report.Commit = build()
	report.Dataset.SHA256 = hex.EncodeToString(r.sum.Sum(nil))
	report.Warnings = append(report.Warnings, r.refused...)
	if err := m.write(c, report); err != nil {
		return err
	}
	return check(c, required, report)
}

// scoring puts the flags into the words of package evaluate.
func (m *metricsCommand) scoring() (*evaluate.Scoring, error) {
	names := m.Only
	if len(names) == 0 {
		names = []string{"map", "mrr"}
		for _, name := range []string{"ndcg", "recall", "hr", "precision", "mrr", "map"} {
			for _, k := range m.K {
				names = append(names, fmt.Sprintf("%s@%d", name, k))
			}
		}
	}
	s := &evaluate.Scoring{Keep: m.Keep, Resampling: evaluate.Resampling{Seed: m.Seed}}
	for _, name := range names {
		metric, err := evaluate.ParseMetric(name)
		if err != nil {
			return nil, &usageError{err}
		}
		if !metric.PerCustomer() {
			return nil, usagef("%s is of all lists together, and needs the catalogue: rapport eval --recommendations measures it", metric)
		}
		if slices.Contains(s.Metrics, metric) {
			return nil, usagef("%s is named twice; once is enough", metric)
		}
		s.Metrics = append(s.Metrics, metric)
	}
	s.Paired = s.Metrics
	if len(m.Only) == 0 {
		s.Paired = slices.DeleteFunc(slices.Clone(s.Metrics), func(metric evaluate.Metric) bool {
			return metric.K != 0 && (metric.Name != "ndcg" || metric.K != m.K[0])
		})
	}
	return s, nil
}

// requirements reads the conditions, and refuses what lists alone do not say.
func (m *metricsCommand) requirements(s *evaluate.Scoring) ([]evaluate.Requirement, error) {
	required, err := conditions(m.Require)
	if err != nil {
		return nil, err
	}
	for _, q := range required {
		if q.Slice != "" {
			return nil, usagef("--require: lists and judgements have no slices, as %q; rapport eval has", q.Slice)
		}
		if err := amongMetrics(q, s.Metrics); err != nil {
			return nil, err
		}
	}
	return required, nil
}

// compared refuses conditions on systems that no file has.
func compared(required []evaluate.Requirement, systems []*evaluate.Rankings) error {
	var names []string
	for _, r := range systems {
		names = append(names, r.Name)
	}
	for _, q := range required {
		for _, name := range []string{q.Left, q.Right} {
			if name != "" && !slices.Contains(names, name) {
				return usagef("--require: there are no lists of %s; there are those of %s", name, strings.Join(names, ", "))
			}
		}
	}
	return nil
}

// listFiles is what reading the files has come to.
type listFiles struct {
	command *metricsCommand
	c       *console
	options record.Options
	sum     hash.Hash // of all bytes
	systems []*evaluate.Rankings
	judged  evaluate.Judgements
	refused []string
}

// read reads all files.
func (l *listFiles) read(ctx context.Context) error {
	m := l.command
	mapping, err := record.ParseMapping(m.Map)
	if err != nil {
		return &usageError{err}
	}
	l.options = record.Options{Format: formats[m.Format], Mapping: mapping}
	for _, file := range m.Runs {
		named := make(map[string]*evaluate.Rankings)
		err := l.each(ctx, file, func(got record.Listing) error {
			if m.Judgements == "" && got.Right != nil {
				l.judge(got, got.Right)
			}
			if len(got.Items) == 0 {
				return nil
			}
			system := l.system(named, file, got.Model)
			for _, one := range got.Items {
				if err := system.Add(got.Query, string(one.Item), one.Rank, one.Score); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(named) == 0 {
			return usagef("%s has no lists%s", file, because(l.refused))
		}
	}
	if m.Judgements == "" {
		return nil
	}
	return l.each(ctx, m.Judgements, func(got record.Listing) error {
		right := got.Right
		if right == nil {
			right = got.Items
		}
		l.judge(got, right)
		return nil
	})
}

// because adds what was wrong with the files to an error.
func because(refused []string) string {
	if len(refused) == 0 {
		return ""
	}
	return " (" + strings.Join(refused, "; ") + ")"
}

// judge takes what is right for a query, by its grade or else alike.
func (l *listFiles) judge(asked record.Listing, right []record.Listed) {
	l.judged.Ask(asked.Query)
	l.judged.Of(asked.Query, asked.Whose)
	for _, one := range right {
		grade := 1.0
		if one.Grade != nil {
			grade = *one.Grade
		}
		l.judged.Add(asked.Query, string(one.Item), grade)
	}
}

// system returns the lists that a file has under a name, "" for its own.
func (l *listFiles) system(named map[string]*evaluate.Rankings, file, model string) *evaluate.Rankings {
	if r := named[model]; r != nil {
		return r
	}
	r := &evaluate.Rankings{Name: model}
	if model == "" {
		r.Name, _, _ = strings.Cut(filepath.Base(file), ".")
	}
	for taken := func(s *evaluate.Rankings) bool { return s.Name == r.Name }; slices.ContainsFunc(l.systems, taken); {
		r.Name += "'"
	}
	named[model] = r
	l.systems = append(l.systems, r)
	return r
}

// add takes the bytes of a file into the sum.
func (l *listFiles) add(in *input) error {
	if _, err := io.Copy(l.sum, in.file); err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	_, err := in.file.Seek(0, io.SeekStart)
	return err
}

// each reads one file and hands on its records.
func (l *listFiles) each(ctx context.Context, file string, take func(record.Listing) error) (err error) {
	in, err := openInput(file, true)
	if err != nil {
		return &usageError{err}
	}
	b := l.c.bar("reading "+in.name, in.size)
	defer func() { b.end(err); err = errors.Join(err, in.Close()) }()
	if err := l.add(in); err != nil {
		return err
	}
	var read, bad int
	for entry, err := range record.Listings(in.source(), l.options, forms[l.command.Form]) {
		if read++; read%batchRecords == 0 {
			b.at(in.taken.Load(), count(read)+" records")
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if rejected, one := errors.AsType[*record.Rejected](err); one {
			if bad++; bad == 1 {
				l.refused = append(l.refused, fmt.Sprintf("%s: refused %v", in.name, rejected))
			}
			continue
		}
		if err == nil {
			err = take(entry.Value)
		}
		if err != nil {
			return &usageError{fmt.Errorf("%s: %w", in.name, err)}
		}
	}
	if bad > 1 {
		l.refused[len(l.refused)-1] += fmt.Sprintf(", and %s more", count(bad-1))
	}
	return nil
}
