package record

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/rapportengine/rapport/engine"
)

// input is a window on a stream: the bytes read and not yet taken. It grows as far as
// one record may, and no further.
type input struct {
	r     io.Reader
	buf   []byte
	start int     // of what is not yet taken
	err   error   // the reader's, io.EOF included; set once
	line  int     // of the first byte not yet taken, from 1
	end   [1]byte // of lines: \n, or \r as of old
}

// windowBytes is what a window grows to on any input of that length. It begins at a
// sixteenth, for most inputs are one request.
const windowBytes = 64 << 10

func newInput(r io.Reader) *input { return &input{r: r, line: 1, end: [1]byte{'\n'}} }

// open looks through gzip or zstd and a byte order mark.
func open(r io.Reader, maxInflated int64) (*input, error) {
	in := newInput(r)
	whole := func() io.Reader { return io.MultiReader(bytes.NewReader(in.rest()), &failing{in}) }
	var (
		z    io.Reader
		by   string
		err  error
		head = string(in.peek(4))
	)
	switch {
	case strings.HasPrefix(head, "\x1f\x8b"):
		by = "gzip"
		z, err = gzip.NewReader(whole())
	case head == "\x28\xb5\x2f\xfd":
		by = "zstd"
		z, err = newZstd(whole())
	}
	if err != nil {
		return nil, inflating(by, err, in)
	}
	if z != nil {
		in = newInput(&inflated{z: z, by: by, left: maxInflated, bound: maxInflated, under: in})
	}
	if head := in.peek(3); string(head) == "\xef\xbb\xbf" {
		in.take(3)
	}
	if head := in.peek(2); string(head) == "\xff\xfe" || string(head) == "\xfe\xff" {
		return nil, &Syntax{1, "the input is UTF-16; UTF-8 is wanted"}
	}
	if string(in.peek(len(numPyMagic))) == numPyMagic {
		return nil, &Syntax{0, "the input is a NumPy array, which does not say whose its rows are: records that name their item are wanted, as in {\"item_id\": \"lamp\", \"vector\": [0.5, -1]}, or as CSV or Parquet; rapport import --as vectors FILE.npy,IDS makes them of an array and its ids"}
	}
	return in, nil
}

// failing goes on reading what an input was reading, and remembers whether it failed.
type failing struct{ in *input }

func (f *failing) Read(p []byte) (int, error) {
	if f.in.err != nil {
		return 0, f.in.err
	}
	n, err := f.in.r.Read(p)
	if err != nil {
		f.in.err = err
	}
	return n, err
}

// inflated reads a compressed stream up to a bound.
type inflated struct {
	z           io.Reader
	by          string // what it is compressed by
	left, bound int64  // bound 0: none
	under       *input
}

func (z *inflated) Read(p []byte) (int, error) {
	n, err := z.z.Read(p)
	if z.left -= int64(n); z.bound > 0 && z.left < 0 {
		return 0, engine.Invalidf(engine.CodeLimitExceeded, "", "the compressed input grows beyond %d bytes", z.bound)
	}
	if err != nil && err != io.EOF {
		err = inflating(z.by, err, z.under)
	}
	return n, err
}

// inflating tells a damaged stream, which is the sender's, from a reader that failed.
func inflating(by string, err error, under *input) error {
	if under.err != nil && under.err != io.EOF && under.err != io.ErrUnexpectedEOF {
		return under.err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Syntax{0, "the " + by + " stream ends early: a whole one is wanted"}
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &Syntax{0, fmt.Sprintf("the zstd stream needs a window of more than %d MiB; compress with a level up to 19, without --long", engine.MaxZstdWindow>>20)}
	}
	// All else that inflating can fail for is what the stream holds.
	return &Syntax{0, "the " + by + " stream is damaged: " + err.Error()}
}

// rest returns what was read and not yet taken.
func (in *input) rest() []byte { return in.buf[in.start:] }

// take passes over n bytes.
func (in *input) take(n int) {
	in.line += bytes.Count(in.buf[in.start:in.start+n], in.end[:])
	in.start += n
}

// full reports whether the window holds as much as a record may have.
func (in *input) full() bool { return len(in.buf)-in.start > engine.MaxRecordBytes }

// more reads on until the window holds more than it did. False: the stream has ended or
// failed (err is set), or the window is full.
func (in *input) more() bool {
	if in.err != nil || in.full() {
		return false
	}
	in.room()
	for range 100 { // as bufio does: a reader that gives nothing must not hang us
		n, err := in.r.Read(in.buf[len(in.buf):cap(in.buf)])
		in.buf = in.buf[:len(in.buf)+n]
		if err != nil {
			in.err = err
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	in.err = io.ErrNoProgress
	return false
}

// room makes space behind the window, by sliding it down or growing it.
func (in *input) room() {
	if cap(in.buf)-len(in.buf) > cap(in.buf)/4 {
		return
	}
	rest := in.rest()
	grown := in.buf[:0]
	if len(rest) > cap(in.buf)/2 || cap(in.buf) < windowBytes {
		grown = make([]byte, 0, max(windowBytes/16, 2*cap(in.buf)))
	}
	in.buf, in.start = append(grown, rest...), 0
}

// peek returns the next n bytes, fewer at the end.
func (in *input) peek(n int) []byte {
	for len(in.rest()) < n && in.more() {
	}
	rest := in.rest()
	return rest[:min(n, len(rest))]
}

// failed returns why reading stopped before the end, nil at the end.
func (in *input) failed() error {
	if in.err == nil || in.err == io.EOF {
		return nil
	}
	if syntax, ok := errors.AsType[*Syntax](in.err); ok && syntax.Line == 0 {
		syntax.Line = in.line
	}
	return fmt.Errorf("read after line %d: %w", in.line-1, in.err)
}

// endOf returns the length of the window up to and with the next byte end, reading on
// as needed. found is false if the stream ends before (n is all there is) or the window
// is full.
func (in *input) endOf(end byte) (n int, found bool) {
	for from := 0; ; {
		rest := in.rest()
		if i := bytes.IndexByte(rest[from:], end); i >= 0 {
			return from + i + 1, true
		}
		if from = len(rest); !in.more() {
			return len(rest), false
		}
	}
}

// skipPast passes over everything up to and with the next byte end.
func (in *input) skipPast(end byte) {
	for {
		n, found := in.endOf(end)
		in.take(n)
		if found || in.err != nil && len(in.rest()) == 0 {
			return
		}
	}
}

// atEnd is what skipSpace returns where no byte follows. A NUL is a byte like any other.
const atEnd = -1

// skipSpace passes over white space and returns the byte after it, or atEnd.
func (in *input) skipSpace() int {
	for {
		in.take(space(in.rest(), 0))
		if rest := in.rest(); len(rest) > 0 {
			return int(rest[0])
		}
		if !in.more() {
			return atEnd
		}
	}
}
