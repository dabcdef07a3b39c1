package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

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
	if e.Customers != "" {
		people := options
		people.Mapping = record.Mapping{}
		if err := eachRecord(ctx, r, e.Customers, people, record.Customers, func(who engine.Customer) { r.data.AddCustomer(who) }); err != nil {
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
	if e.Vectors != "" {
		vectors := options
		vectors.Mapping = record.Mapping{}
		if err := r.vectors(ctx, e.Vectors, vectors); err != nil {
			return nil, err
		}
	}
	o.Data.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if len(o.Data.Rows) == 0 {
		return nil, r.nothing()
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
	refusing int  // rows left out by their customers' will

	unwilling map[engine.CustomerID]bool // whose events are left out
	refused   []string
}

// nothing is the error of files without an interaction, and says where they are gone.
func (r *evalReading) nothing() error {
	why := r.refused
	if r.below > 0 {
		why = append(why, fmt.Sprintf("%s left out by --min-value", count(r.below)))
	}
	if r.refusing > 0 {
		why = append(why, fmt.Sprintf("%s left out, as their customers refuse training", count(r.refusing)))
	}
	if len(why) == 0 {
		why = []string{"the files hold no records of events"}
	}
	return usagef("there are no interactions to evaluate: %s", strings.Join(why, "; "))
}

// event adds an event, but for the lines whose value is too low.
func (r *evalReading) event(e engine.RecordEvent, part evaluate.Part) {
	who := e.Lines[0].Customer
	if c := r.data.Customers[who]; r.unwilling[who] || (c != nil && !c.Allows(engine.Train)) {
		r.refusing += len(e.Lines)
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

// vectors gives items their own vectors.
func (r *evalReading) vectors(ctx context.Context, name string, o record.Options) error {
	all, strange := 0, 0
	take := func(v record.Vector) {
		if all++; !r.data.SetVector(v.Item, v.Values) {
			strange++
		}
	}
	var err error
	if f, npy := npyOf(name); npy {
		err = f.each(ctx, r.sum, func(v record.Vector) error { take(v); return nil })
	} else {
		err = eachRecord(ctx, r, name, o, record.Vectors, take)
	}
	if err == nil && strange == all {
		return usagef("--vectors: none of the %s vectors is of an item of the data", count(all))
	}
	if strange > 0 {
		r.refused = append(r.refused, fmt.Sprintf("%s of %s vectors are of items that nothing else names", count(strange), count(all)))
	}
	return err
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
