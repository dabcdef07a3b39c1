package record

import (
	"bytes"
	"fmt"
	"io"
	"iter"

	"github.com/rapportengine/rapport/engine"
)

// reading is what one pass over an input knows, whatever it reads.
type reading struct {
	o       *Options
	env     env
	line    int // of the record at hand
	records int // so far, with the one at hand
}

// raw is one record, not yet decoded: the JSON of it, or the cells of a row, or what is
// wrong with it already.
type raw struct {
	line  int
	json  string
	cells []string // valid until the next one is read
	typed []value  // the cells of columns that have types
	bad   problem
}

// source gives raw records until io.EOF or another error.
type source interface{ next() (raw, error) }

// finish makes a checked record of a decoded one.
type finish[T, R any] func(t *T, c *reading) (R, problem)

// read is the one way from bytes to records.
func read[T, R any](r io.Reader, o Options, s *schema[T], end finish[T, R]) iter.Seq2[Entry[R], error] {
	return readWith(r, o, s, func(*decoder[T]) finish[T, R] { return end })
}

// readWith is read for those who look at the decoder first.
func readWith[T, R any](r io.Reader, o Options, s *schema[T], prepare func(*decoder[T]) finish[T, R]) iter.Seq2[Entry[R], error] {
	return func(yield func(Entry[R], error) bool) {
		c := &reading{o: &o, env: env{zone: o.Zone, sep: "|", own: s.own, redact: !o.KeepPrivate, returns: s.returns}}
		d := s.decoder()
		d.keep = o.Unknown == Keep
		end := prepare(d)
		src, always, err := begin(r, c, d)
		t := new(T) // one for all: what finish returns is a copy
		for err == nil {
			var rec raw
			if rec, err = src.next(); err != nil {
				break
			}
			if c.records++; o.MaxRecords > 0 && c.records > o.MaxRecords {
				err = engine.Invalidf(engine.CodeLimitExceeded, "", "at most %d records are taken at a time", o.MaxRecords)
				break
			}
			c.line = rec.line
			got, bad := one(t, rec, c, d, always, end)
			if bad != nil {
				if !yield(Entry[R]{Line: rec.line}, &Rejected{rec.line, bad.Field, bad.Code, bad.Want}) {
					return
				}
				continue
			}
			if d.again(t) || s.skip != nil && s.skip(t) {
				continue
			}
			if !yield(Entry[R]{rec.line, got}, nil) {
				return
			}
		}
		if err != io.EOF {
			yield(Entry[R]{Line: c.line}, err)
		}
	}
}

// constant is a field that is the same in every record.
type constant struct {
	field int
	text  string
}

// one decodes one record into t and checks it.
func one[T, R any](t *T, rec raw, c *reading, d *decoder[T], always []constant, end finish[T, R]) (R, problem) {
	var none R
	if rec.bad != nil {
		return none, rec.bad
	}
	if d.reset != nil {
		d.reset()
	}
	*t = *new(T)
	d.round++
	for _, k := range always {
		if p := d.set(t, k.field, value{kind: cell, raw: k.text, env: &c.env}); p != nil {
			return none, at(d.fields[k.field].name, p)
		}
	}
	var p problem
	switch {
	case rec.cells != nil:
		p = d.row(t, rec.cells, &c.env)
	case rec.typed != nil:
		p = d.typedRow(t, rec.typed)
	default:
		p = d.object(t, valueOf(rec.json, &c.env))
	}
	if p != nil {
		return none, p
	}
	if d.schema.check != nil && !d.apart {
		if p := d.schema.check(t); p != nil {
			return none, d.inWords(p)
		}
	}
	got, p := end(t, c)
	return got, d.inWords(p)
}

// begin finds out what the input is and prepares the decoder for it.
func begin[T any](r io.Reader, c *reading, d *decoder[T]) (source, []constant, error) {
	in, err := open(r, c.o.MaxInflated)
	if err != nil {
		return nil, nil, err
	}
	format := c.o.Format
	if format == Auto {
		format = sniffFormat(in)
	}
	if format == Parquet {
		f, err := whollyRead(r, in, c.o.MaxInflated)
		if err != nil {
			return nil, nil, err
		}
		return beginParquet(f, c, d)
	}
	if err := in.failed(); err != nil && len(in.rest()) == 0 {
		return nil, nil, err
	}
	if format == Table {
		return beginTable(in, c, d)
	}
	mapping := c.o.Mapping
	if c.o.Preset != "" {
		l, err := layoutOfObjects(c.o.Preset, d.schema.what)
		if err != nil {
			return nil, nil, err
		}
		if mapping, _, err = d.by(l, c, nil); err != nil {
			return nil, nil, err
		}
	}
	always, err := d.rename(mapping)
	if err != nil {
		return nil, nil, err
	}
	if format == NDJSON {
		return &lines{in: in}, always, nil
	}
	return &document{in: in}, always, nil
}

// rename lays a mapping over the names of a decoder and returns its constants.
func (d *decoder[T]) rename(m Mapping) ([]constant, error) {
	for _, from := range sortedKeys(m.Columns) {
		i, to := -1, m.Columns[from]
		if to != "" {
			var p problem
			if i, p = d.column(to); p != nil {
				return nil, at("map", p)
			}
			d.call(i, from)
		}
		d.name(from, i)
	}
	var always []constant
	for _, name := range sortedKeys(m.Constants) {
		i, p := d.column(name)
		if p != nil {
			return nil, at("map", p)
		}
		if i >= 0 {
			always = append(always, constant{i, m.Constants[name]})
		}
	}
	return always, nil
}

// row decodes the cells of a table's row. An empty cell says nothing.
func (d *decoder[T]) row(t *T, cells []string, e *env) problem {
	d.round++
	for i, c := range cells {
		f := d.columns[i]
		if c == "" || f < 0 || c == d.void {
			continue
		}
		if p := d.set(t, f, value{kind: cell, raw: c, env: e}); p != nil {
			return at(d.nameOf(f), p)
		}
	}
	return nil
}

// typedRow decodes the cells of a row whose columns have types. An empty text
// or list says nothing, as in other tables.
func (d *decoder[T]) typedRow(t *T, cells []value) problem {
	d.round++
	for i, c := range cells {
		f := d.columns[i]
		if f < 0 || c.kind == null || c.kind == cell && (c.raw == "" || c.raw == d.void) || c.kind == list && len(c.parts) == 0 {
			continue
		}
		if p := d.set(t, f, c); p != nil {
			return at(d.nameOf(f), p)
		}
	}
	return nil
}

// whole finishes records that are as they were decoded.
func whole[T any](s *schema[T]) finish[T, T] {
	return func(t *T, c *reading) (T, problem) {
		if c.o.ID != "" && !agree(s.ident(t), c.o.ID) {
			return *t, at(s.id, contradicts(c.o.ID))
		}
		if *s.ident(t) == "" {
			return *t, missing(s.id, "an id of 1 to %d bytes is needed", engine.MaxIDBytes)
		}
		return *t, nil
	}
}

// sniffFormat guesses from the first bytes, see Auto.
func sniffFormat(in *input) Format {
	head := in.peek(512)
	first := space(head, 0)
	switch {
	case bytes.HasPrefix(head, []byte(parquetMagic)):
		return Parquet
	case len(head) == 0:
		return NDJSON // nothing at all: no records
	case first == len(head):
		return Table
	case head[first] == '[':
		return JSON
	case head[first] != '{':
		return Table
	}
	in.take(first)
	n, _ := in.endOf('\n')
	_, err := new(scanner).value(in.rest()[:n], true)
	if err == errShort && n < len(in.peek(n+1)) {
		return JSON // an object over several lines
	}
	return NDJSON
}

func syntaxf(line int, format string, args ...any) *Syntax {
	return &Syntax{line, fmt.Sprintf(format, args...)}
}
