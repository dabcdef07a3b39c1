package main

import (
	"context"
	"errors"
	"fmt"
	"hash"
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
func (e *evalData) read(ctx context.Context, c *console, o *offline.Options, sum hash.Hash, unwilling map[engine.CustomerID]bool) (refused []string, err error) {
	options, err := e.fileForm.options()
	if err != nil {
		return nil, err
	}
	r := &evalReading{c: c, data: o.Data, sum: sum, minValue: e.MinValue, given: e.Events == "", unwilling: unwilling}
	if e.Items != "" {
		items := options
		items.Mapping = record.Mapping{} // it is for the events
		if err := beside("--items", eachRecord(ctx, r, e.Items, items, record.Items, func(_ int, i record.Entry[engine.Item]) error { r.data.AddItem(i.Value); return nil })); err != nil {
			return nil, err
		}
	}
	if e.Customers != "" {
		people := options
		people.Mapping = record.Mapping{}
		if err := beside("--customers", eachRecord(ctx, r, e.Customers, people, record.Customers, func(_ int, who record.Entry[engine.Customer]) error { r.data.AddCustomer(who.Value); return nil })); err != nil {
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
		untimed, err := r.events(ctx, f, options)
		if err != nil {
			return nil, err
		}
		o.Data.Undated += untimed
	}
	if e.Vectors != "" {
		vectors := options
		vectors.Mapping = record.Mapping{}
		if err := r.vectors(ctx, e.Vectors, vectors); err != nil {
			return nil, err
		}
	}
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

// events adds the events of a file and returns how many of the rows have no time.
func (r *evalReading) events(ctx context.Context, f evalFile, o record.Options) (untimed int, err error) {
	first, last := 0, 0
	err = eachRecord(ctx, r, f.name, o, record.Events, func(n int, e record.Entry[engine.RecordEvent]) error {
		rows := r.event(e.Value, f.part)
		// A time that is the one the reading gives to the n-th record is its place.
		if e.Value.Lines[0].At.Equal(o.Base.Add(time.Duration(n-1) * time.Millisecond)) {
			untimed += rows
			if n == 1 {
				first = rows
			}
		}
		last = n
		return nil
	})
	if untimed == first && last > 1 {
		return 0, err // a log whose moments are counted from 0
	}
	return untimed, err
}

// event adds an event, but for the lines whose value is too low, and returns how many.
func (r *evalReading) event(e engine.RecordEvent, part evaluate.Part) (lines int) {
	who := e.Lines[0].Customer
	if c := r.data.Customers[who]; r.unwilling[who] || (c != nil && !c.Allows(engine.Train)) {
		r.refusing += len(e.Lines)
		return 0
	}
	if r.minValue != nil {
		lines = len(e.Lines)
		e.Lines = slices.DeleteFunc(e.Lines, func(i engine.Interaction) bool { return i.Value < *r.minValue })
		r.below += lines - len(e.Lines)
	}
	r.data.AddEvent(e)
	if r.given {
		r.data.Parts = append(r.data.Parts, slices.Repeat([]evaluate.Part{part}, len(e.Lines))...)
	}
	return len(e.Lines)
}

// vectors gives items their own vectors, which are of one length: those of another would
// lie in another space, where nothing can be said of how alike they are.
func (r *evalReading) vectors(ctx context.Context, name string, o record.Options) error {
	all, strange, width := 0, 0, 0
	take := func(row int, v record.Vector) error {
		if width == 0 {
			width = len(v.Values)
		}
		if len(v.Values) != width {
			return usagef("--vectors: %s, row %d: the vector of %s has %d numbers, those before it have %d; one length is wanted", name, row, v.Item, len(v.Values), width)
		}
		if all++; !r.data.SetVector(v.Item, v.Values) {
			strange++
		}
		return nil
	}
	var err error
	if f, npy := npyOf(name); npy {
		err = f.each(ctx, r.sum, func(v record.Vector) error { return take(all+1, v) })
	} else {
		err = beside("--vectors", eachRecord(ctx, r, name, o, record.Vectors, func(_ int, v record.Entry[record.Vector]) error { return take(v.Line, v.Value) }))
	}
	if err != nil {
		return err
	}
	if strange == all {
		return usagef("--vectors: none of the %s vectors is of an item of the data", count(all))
	}
	if strange > 0 {
		r.refused = append(r.refused, fmt.Sprintf("%s of %s vectors are of items that nothing else names", count(strange), count(all)))
	}
	return nil
}

// beside names the flag of a file that stands beside the events, whose columns are not
// those that --map renames.
func beside(flag string, err error) error {
	if invalid, is := errors.AsType[*engine.Invalid](err); is && strings.HasPrefix(invalid.Field, "header.") {
		return usagef("%s: %v (in this file itself: --map is for the columns of the events)", flag, err)
	}
	return err
}

// readFunc is a reading of package record.
type readFunc[T any] = func(io.Reader, record.Options) iter.Seq2[record.Entry[T], error]

// eachRecord reads one file and hands on its records, with the number of each among them,
// refused ones counted. An error of add ends it.
func eachRecord[T any](ctx context.Context, r *evalReading, name string, o record.Options, read readFunc[T], add func(n int, e record.Entry[T]) error) (err error) {
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
		if syntax, broken := errors.AsType[*record.Syntax](err); broken {
			return fmt.Errorf("%s, %v", in.name, syntax) // of an import what came before it stands; here nothing does
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		if err := add(n, entry); err != nil {
			return err
		}
	}
	if bad > 0 {
		r.refused = append(r.refused, fmt.Sprintf("%s: %s of %s records %s refused, the first at %v", in.name, count(bad), count(n), evaluate.One(bad, "was", "were"), first))
	}
	_, err = io.Copy(io.Discard, whole) // the sum is of all bytes, whatever the reading needed
	return err
}
