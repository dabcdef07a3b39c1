package record

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Writer writes records. Its output is whole only after Close, which does not close
// what is written to. The same records give the same bytes, whatever the machine.
type Writer[T any] interface {
	Write(T) error
	Close() error
}

// EventWriter writes events, a line each; as all writers here in the format JSON (an
// array), NDJSON (also for Auto), Table (CSV with a header) or Parquet. Events reads
// back what was written, line by line, but for two things: an empty list or object is
// written as none, and Parquet holds times to the microsecond.
func EventWriter(w io.Writer, f Format) Writer[engine.Interaction] {
	return newWriter(w, f, eventColumns, func(i engine.Interaction) any { return i })
}

// ItemWriter writes items, as EventWriter does.
func ItemWriter(w io.Writer, f Format) Writer[engine.Item] {
	return newWriter(w, f, itemColumns, func(i engine.Item) any { return i })
}

// CustomerWriter writes customers, as EventWriter does.
func CustomerWriter(w io.Writer, f Format) Writer[engine.Customer] {
	return newWriter(w, f, customerColumns, func(c engine.Customer) any { return c })
}

// TicketWriter writes tickets, as EventWriter does, with the texts as they are.
func TicketWriter(w io.Writer, f Format) Writer[engine.Ticket] {
	return newWriter(w, f, ticketColumns, func(t engine.Ticket) any { return t })
}

// ImpressionWriter writes answers as they were given, as EventWriter does. There is no
// reading of them.
func ImpressionWriter(w io.Writer, f Format) Writer[engine.Impression] {
	return newWriter(w, f, impressionColumns, owned)
}

func newWriter[T any](w io.Writer, f Format, columns []column[T], whole func(T) any) Writer[T] {
	switch f {
	case Table:
		return newRows(w, columns)
	case Parquet:
		return newColumnWriter(w, columns)
	}
	b := bufio.NewWriterSize(w, windowBytes)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return &objects[T]{out: b, encode: e, whole: whole, list: f == JSON}
}

// objects writes JSON.
type objects[T any] struct {
	out    *bufio.Writer
	encode *json.Encoder
	whole  func(T) any
	list   bool // in an array
	count  int
}

func (o *objects[T]) Write(t T) error {
	if o.list {
		before := ","
		if o.count == 0 {
			before = "["
		}
		if _, err := o.out.WriteString(before); err != nil {
			return err
		}
	}
	o.count++
	return o.encode.Encode(o.whole(t))
}

func (o *objects[T]) Close() error {
	end := ""
	if o.list {
		end = "]\n"
		if o.count == 0 {
			end = "[]\n"
		}
	}
	if _, err := o.out.WriteString(end); err != nil {
		return err
	}
	return o.out.Flush()
}

// rows writes CSV.
type rows[T any] struct {
	out     *csv.Writer
	columns []column[T]
	cells   []string
	err     error // of the header
}

func newRows[T any](w io.Writer, columns []column[T]) *rows[T] {
	r := &rows[T]{out: csv.NewWriter(w), columns: columns, cells: make([]string, len(columns))}
	for i, c := range columns {
		r.cells[i] = c.name
	}
	r.err = r.out.Write(r.cells)
	return r
}

func (r *rows[T]) Write(t T) error {
	if r.err != nil {
		return r.err
	}
	for i, c := range r.columns {
		v, err := c.value(&t)
		if err != nil {
			return err
		}
		r.cells[i] = cellOf(v)
	}
	return r.out.Write(r.cells)
}

func (r *rows[T]) Close() error {
	r.out.Flush()
	return r.out.Error()
}

// cellOf writes a value so that a table's reading takes it back.
func cellOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return writeReal(v, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []string:
		return joined(v)
	case []float32:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = writeReal(float64(f), 32)
		}
		return joined(parts)
	}
	return ""
}

// joined writes a list with | between its parts, or as JSON where that would not come
// back as it was.
func joined(list []string) string {
	if slices.ContainsFunc(list, func(s string) bool {
		return s == "" || s[0] == '[' || strings.ContainsRune(s, '|') || strings.TrimSpace(s) != s
	}) {
		text, _ := jsonText(list) // texts can always be written
		return text
	}
	return strings.Join(list, "|")
}

func jsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
