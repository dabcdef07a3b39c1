package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// evalOut keeps what an evaluation makes as files of a directory, for a notebook. Files
// stand under their names once all of them are whole.
type evalOut struct {
	dir     string
	options *offline.Options
	metrics []evaluate.Metric
	files   []*partFile

	lists  record.Writer[record.Recommended]
	wanted record.Writer[record.Wanted]
	values record.Writer[record.Scored]

	first, model string                 // whose lists came first, and come now
	asked        map[engine.Subject]int // how often, by the model at hand
	factors      *factor.Model
	people       map[engine.Subject][]engine.Row // of the last question of each
	order        []engine.Subject
}

// partFile is a file that has its name once it is whole.
type partFile struct {
	*bufio.Writer
	file *os.File
	name string
}

func newEvalOut(dir string, o *offline.Options) (_ *evalOut, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	k := &evalOut{dir: dir, options: o, people: make(map[engine.Subject][]engine.Row)}
	for _, m := range o.Metrics() {
		if m.PerCustomer() {
			k.metrics = append(k.metrics, m)
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.discard())
		}
	}()
	for name, begin := range map[string]func(io.Writer){
		"recommendations.parquet": func(w io.Writer) { k.lists = record.RecommendedWriter(w, record.Parquet) },
		"targets.parquet":         func(w io.Writer) { k.wanted = record.WantedWriter(w, record.Parquet) },
		"values.parquet":          func(w io.Writer) { k.values = record.ScoredWriter(w, record.Parquet) },
	} {
		f, err := k.create(name)
		if err != nil {
			return nil, err
		}
		begin(f)
	}
	return k, nil
}

// create begins a file.
func (k *evalOut) create(name string) (*partFile, error) {
	f, err := os.OpenFile(filepath.Join(k.dir, name+".part"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	p := &partFile{bufio.NewWriter(f), f, filepath.Join(k.dir, name)}
	k.files = append(k.files, p)
	return p, nil
}

// Split implements offline.Taker.
func (k *evalOut) Split(rows []engine.Row, parts []evaluate.Part, windows []int) error {
	f, err := k.create("splits.parquet")
	if err != nil {
		return err
	}
	w := record.PartedWriter(f, record.Parquet)
	names := map[evaluate.Part]string{evaluate.Train: "train", evaluate.Valid: "valid", evaluate.Test: "test"}
	for i := range rows {
		row := record.Parted{Interaction: rows[i].Interaction, Part: names[parts[i]]}
		if windows != nil {
			cut := int64(windows[i])
			row.Cut = &cut
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	return w.Close()
}

// List implements offline.Taker.
func (k *evalOut) List(model string, c *training.Case, items []engine.ItemNum, scores []float64) error {
	if model != k.model {
		k.model, k.asked = model, make(map[engine.Subject]int)
		if k.first == "" {
			k.first = model
		}
	}
	asked := k.name(c.Who.Subject)
	if model == k.first {
		if err := k.question(asked, c); err != nil {
			return err
		}
	}
	ids := k.options.Data.IDs()
	for i, n := range items {
		r := record.Recommended{Model: model, Asked: asked, Item: ids.ID(n), Rank: i + 1, Hit: slices.Contains(c.Targets, n)}
		if scores != nil {
			r.Score = &scores[i]
		}
		if err := k.lists.Write(r); err != nil {
			return err
		}
	}
	judged := evaluate.Judge(items, c.Targets, nil)
	for _, m := range k.metrics {
		if err := k.values.Write(record.Scored{Model: model, Asked: asked, Metric: m.String(), Value: m.Of(judged)}); err != nil {
			return err
		}
	}
	return nil
}

// name gives the next question about somebody a name: theirs, with a number from the
// second on.
func (k *evalOut) name(who engine.Subject) record.Asked {
	k.asked[who]++
	a := record.Asked{Query: who.ID}
	if n := k.asked[who]; n > 1 {
		a.Query += "#" + strconv.Itoa(n)
	}
	if who.Kind == engine.CustomerSubject {
		a.Customer = engine.CustomerID(who.ID)
	} else {
		a.Session = engine.SessionID(who.ID)
	}
	return a
}

// question keeps what was held out, and what was known of who is asked for.
func (k *evalOut) question(asked record.Asked, c *training.Case) error {
	if _, known := k.people[c.Who.Subject]; !known {
		k.order = append(k.order, c.Who.Subject)
	}
	k.people[c.Who.Subject] = c.Who.Rows
	for _, n := range c.Targets {
		if err := k.wanted.Write(record.Wanted{Asked: asked, Item: k.options.Data.IDs().ID(n), At: c.Now}); err != nil {
			return err
		}
	}
	return nil
}

// Source implements offline.Taker: of sources whose items have vectors it keeps these.
func (k *evalOut) Source(s model.Source) error {
	if f, ok := s.(*factor.Model); ok {
		k.factors = f
	}
	v, ok := s.(interface {
		Vectors() (rows *model.Rows, dims int, values []float32)
	})
	if !ok {
		return nil
	}
	rows, dims, values := v.Vectors()
	vectors := make([]record.Vector, rows.Len())
	for row := range vectors {
		vectors[row] = record.Vector{Item: rows.ID(row), Values: values[row*dims:][:dims]}
	}
	return k.vectors(s.Name(), vectors, dims)
}

// vectors writes an array, and the ids of its rows beside it as rapport export does.
func (k *evalOut) vectors(name string, vectors []record.Vector, dims int) error {
	array, err := k.create(name + ".npy")
	if err != nil {
		return err
	}
	ids, err := k.create(name + ".npy" + idsSuffix)
	if err != nil {
		return err
	}
	w, list := record.NumPyWriter(array, io.Discard, len(vectors), dims), json.NewEncoder(ids)
	for _, v := range vectors {
		if err := errors.Join(w.Write(v), list.Encode(v.Item)); err != nil {
			return err
		}
	}
	return w.Close()
}

// customers writes where the factorisation puts who was asked for, by what was known of
// them at their last question.
func (k *evalOut) customers() error {
	if k.factors == nil {
		return nil
	}
	known := training.NewSnapshot(k.options.Data.IDs(), k.options.Settings)
	for _, who := range k.order {
		known.Add(who, k.people[who])
	}
	var vectors []record.Vector
	for i, history := range known.Interests() {
		person := k.factors.Person(&model.Query{History: history, Now: known.Newest})
		if v := person.Vector(); v != nil {
			vectors = append(vectors, record.Vector{Item: engine.ItemID(known.People[i].Subject.ID), Values: slices.Clone(v)})
		}
	}
	return k.vectors(factor.Name+"-customers", vectors, k.factors.Dims())
}

// finish writes what is left, and gives all files their names.
func (k *evalOut) finish(report *evaluate.Report) error {
	err := errors.Join(k.lists.Close(), k.wanted.Close(), k.values.Close(), k.customers())
	if err != nil {
		return err
	}
	f, err := k.create("report.json")
	if err != nil {
		return err
	}
	if err := report.WriteJSON(f); err != nil {
		return err
	}
	for _, f := range k.files {
		if err := errors.Join(f.Flush(), f.file.Close()); err != nil {
			return err
		}
	}
	for _, f := range k.files {
		if err := os.Rename(f.file.Name(), f.name); err != nil {
			return err
		}
	}
	k.files = nil
	return nil
}

// discard removes what is not whole.
func (k *evalOut) discard() error {
	var errs []error
	for _, f := range k.files {
		_ = f.file.Close() // closed already, or of no use
		errs = append(errs, os.Remove(f.file.Name()))
	}
	k.files = nil
	return errors.Join(errs...)
}
