package record

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// beginTable reads the header of a table and settles what each column means, before any
// row is read.
func beginTable[T any](in *input, c *reading, d *decoder[T]) (source, []constant, error) {
	t, err := newTable(in, c.o, d.schema.what)
	if err != nil {
		return nil, nil, err
	}
	first, err := t.next()
	if err == io.EOF {
		return t, nil, nil
	}
	if err == nil && first.bad != nil {
		err = at("header", first.bad)
	}
	if err != nil {
		return nil, nil, err
	}
	mapping, l, err := d.preset(c, first.cells, t.delimiter)
	if err != nil {
		return nil, nil, err
	}
	columns := c.o.Columns
	if columns == nil {
		columns = l.columns
	}
	if columns == nil && mapping.numbered() {
		columns = make([]string, len(first.cells))
		for i := range columns {
			columns[i] = strconv.Itoa(i + 1)
		}
	}
	t.again = columns != nil && !slices.Equal(columns, first.cells)
	if columns == nil {
		columns = slices.Clone(first.cells)
	}
	t.width = len(columns)
	t.held = first
	always, err := d.settle(columns, c.o.Mapping, mapping)
	return t, always, err
}

// table is a source of rows of delimited text by RFC 4180, with three liberties: any of
// several delimiters; lines may end with LF, CRLF or (if the file has no LF) CR; a quote
// within a cell that does not begin with one is just a quote, as in 12" LAMP.
//
// encoding/csv is its twin in the tests. It is not used here because it would hold a
// whole file whose quote never closes, and because it gives up at a bare CR.
type table struct {
	in        *input
	delimiter byte
	twice     bool // see layout
	width     int  // columns; 0 until the header is known
	cells     []string
	scratch   []byte
	ends      []int
	rescans   int

	again bool // held is to be given (again)
	held  raw
}

// newTable looks at the first line for what ends lines and what separates cells.
func newTable(in *input, o *Options, what string) (*table, error) {
	head := in.peek(windowBytes / 2)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		in.end[0] = '\r'
	}
	line, _, _ := bytes.Cut(head, in.end[:])
	t := &table{in: in, delimiter: o.Delimiter}
	if t.delimiter == 0 && o.Preset != "" {
		t.delimiter, t.twice = presetDelimiter(o.Preset, what, line)
	}
	if t.delimiter == 0 {
		t.delimiter = sniffDelimiter(line)
	}
	if strings.IndexByte(",;|\t:", t.delimiter) < 0 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "delimiter", "one of , ; | and tab is wanted, got %q", string(rune(t.delimiter)))
	}
	return t, nil
}

// sniffDelimiter returns the candidate that a header line holds most of; the first of
// them where none does.
func sniffDelimiter(line []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte(",\t;|") {
		if n := countOutside(line, c); n > most {
			best, most = c, n
		}
	}
	return best
}

// countOutside counts c outside double quotes.
func countOutside(line []byte, c byte) (n int) {
	quoted := false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		}
		if b == c && !quoted {
			n++
		}
	}
	return n
}

// next returns the next row. Empty lines are passed over.
func (t *table) next() (raw, error) {
	if t.again {
		t.again = false
		return t.fits(t.held), nil
	}
	for {
		end := t.in.end[0]
		n, found := t.in.endOf(end)
		rec := raw{line: t.in.line}
		line := t.in.rest()[:n]
		switch {
		case !found && t.in.full(), n > engine.MaxRecordBytes:
			t.in.skipPast(end)
			rec.bad = tooLong()
			return rec, nil
		case !found && t.in.failed() != nil:
			return raw{}, t.in.failed()
		case n == 0:
			return raw{}, io.EOF
		}
		if found {
			line = line[:n-1]
		}
		line = bytes.TrimSuffix(line, []byte{'\r'})
		switch {
		case len(line) == 0:
			t.in.take(n)
		case t.twice || bytes.IndexByte(line, '"') < 0:
			t.split(string(line))
			t.in.take(n)
			rec.cells = t.cells
			return t.fits(rec), nil
		default:
			return t.quoted(rec, n)
		}
	}
}

// fits refuses a row that has not as many cells as there are columns.
func (t *table) fits(rec raw) raw {
	if t.width > 0 && rec.bad == nil && len(rec.cells) != t.width {
		rec.bad = refuse("a row of %d cells is wanted, as there are columns; got %d", t.width, len(rec.cells))
	}
	return rec
}

// split cuts a line without quotes.
func (t *table) split(s string) {
	t.cells = t.cells[:0]
	if t.twice {
		t.cells = append(t.cells, strings.Split(s, strings.Repeat(string(rune(t.delimiter)), 2))...)
		return
	}
	for {
		i := strings.IndexByte(s, t.delimiter)
		if i < 0 {
			t.cells = append(t.cells, s)
			return
		}
		t.cells = append(t.cells, s[:i])
		s = s[i+1:]
	}
}

// quoted reads a row with quotes in it, which may go over several lines; the first of
// them has n bytes.
func (t *table) quoted(rec raw, n int) (raw, error) {
	for {
		last := t.in.err != nil
		used, bad, short := t.cut(t.in.rest(), last)
		if short && !last && !t.in.full() {
			t.in.peek(2 * len(t.in.rest())) // doubling, so that a slow reader is not quadratic
			continue
		}
		if short {
			if err := t.in.failed(); err != nil {
				return raw{}, err
			}
			bad = refuse("the quote that opens in this line is never closed; the lines after it are read on their own")
			if t.in.full() {
				bad = tooMuch("a record has at most %d bytes; is a quote that opens in this line never closed?", engine.MaxRecordBytes)
			}
		}
		if used > engine.MaxRecordBytes && bad == nil {
			bad = tooLong()
		}
		if bad != nil {
			t.resume(n, used)
			rec.bad = bad
			return rec, nil
		}
		s := string(t.scratch)
		t.cells = t.cells[:0]
		from := 0
		for _, end := range t.ends {
			t.cells = append(t.cells, s[from:end])
			from = end
		}
		t.in.take(used)
		rec.cells = t.cells
		return t.fits(rec), nil
	}
}

// maxRescans bounds how often a file with broken quotes is read again from the line
// after the broken one, for each time may cost a whole window.
const maxRescans = 64

// resume goes on after a broken row: with the line after its first, of n bytes.
func (t *table) resume(n, used int) {
	if used > n {
		t.rescans++
	}
	if t.rescans <= maxRescans {
		t.in.take(n)
		return
	}
	t.in.take(used)
	t.in.skipPast(t.in.end[0])
}

// cut takes one row off b into scratch and ends. used is how far it looked, short says
// that b ends inside the row.
func (t *table) cut(b []byte, last bool) (used int, bad problem, short bool) {
	t.scratch, t.ends = t.scratch[:0], t.ends[:0]
	end := t.in.end[0]
	for i := 0; ; i++ {
		if i < len(b) && b[i] == '"' {
			for i++; ; i++ {
				q := bytes.IndexByte(b[i:], '"')
				if q < 0 {
					return len(b), nil, true
				}
				t.scratch = append(t.scratch, b[i:i+q]...)
				if i += q + 1; i < len(b) && b[i] == '"' {
					t.scratch = append(t.scratch, '"')
					continue
				}
				break
			}
			if i < len(b) && b[i] == '\r' && end == '\n' && (i+1 == len(b) || b[i+1] == '\n') {
				i++
			}
		} else {
			from := i
			for i < len(b) && b[i] != t.delimiter && b[i] != end {
				i++
			}
			content := b[from:i]
			if end == '\n' && (i == len(b) || b[i] == end) {
				content = bytes.TrimSuffix(content, []byte{'\r'})
			}
			t.scratch = append(t.scratch, content...)
		}
		t.ends = append(t.ends, len(t.scratch))
		switch {
		case i >= len(b):
			return len(b), nil, !last
		case b[i] == end:
			return i + 1, nil, false
		case b[i] != t.delimiter:
			return i, refuse("a delimiter or the end of the line is wanted after the closing quote of cell %d; quotes within are doubled", len(t.ends)), false
		}
	}
}
