package record

import (
	"bytes"
	"errors"
	"io"

	"github.com/rapportengine/rapport/engine"
)

// lines is a source of one JSON object a line. A broken line is refused like any other
// bad record; empty lines are passed over.
type lines struct {
	in   *input
	scan scanner
}

func (l *lines) next() (raw, error) {
	for {
		n, found := l.in.endOf('\n')
		at := l.in.line
		if !found && l.in.full() {
			l.in.skipPast('\n')
			return raw{line: at, bad: tooLong()}, nil
		}
		if !found {
			if err := l.in.failed(); err != nil {
				return raw{}, err
			}
			if n == 0 {
				return raw{}, io.EOF
			}
		}
		line := bytes.TrimSpace(l.in.rest()[:n])
		rec := raw{line: at}
		switch {
		case n > engine.MaxRecordBytes:
			rec.bad = tooLong()
		case len(line) > 0:
			rec.json, rec.bad = l.checked(line)
		}
		l.in.take(n)
		if len(line) > 0 {
			return rec, nil
		}
	}
}

// checked returns a line that is one JSON object of bearable depth.
func (l *lines) checked(line []byte) (string, problem) {
	n, err := l.scan.value(line, true)
	if err == nil && n < len(line) {
		err = &broken{n, "the end of the line is wanted after the object"}
	}
	if err != nil {
		at := len(line)
		if b, ok := errors.AsType[*broken](err); ok {
			at = b.at
		}
		return "", engine.Invalidf(engine.CodeInvalidSyntax, "", "%s (byte %d of the line)", err, at+1)
	}
	if l.scan.depth > engine.MaxJSONDepth {
		return "", tooDeep()
	}
	return string(line), nil
}

func tooLong() problem {
	return tooMuch("a record has at most %d bytes", engine.MaxRecordBytes)
}

func tooDeep() problem {
	return tooMuch("a record is nested at most %d deep", engine.MaxJSONDepth)
}

// document is a source of one JSON object, or of the elements of an array. What is
// broken in it ends it: nothing says where the next element would begin.
type document struct {
	in    *input
	scan  scanner
	array bool
	count int // of elements met
	done  bool
}

func (d *document) next() (raw, error) {
	if d.array && d.count > 0 && !d.done {
		if err := d.after(); err != nil {
			return raw{}, err
		}
	}
	c := d.in.skipSpace()
	if err := d.in.failed(); c == atEnd && err != nil {
		return raw{}, err
	}
	switch {
	case d.done && c != atEnd:
		return raw{}, syntaxf(d.in.line, "the end is wanted after the JSON value; objects one a line are NDJSON")
	case d.done:
		return raw{}, io.EOF
	case c == atEnd:
		return raw{}, syntaxf(d.in.line, "the JSON ends early")
	case d.count == 0 && !d.array && c == '[':
		d.in.take(1)
		d.array = true
		return d.next()
	case d.array && d.count == 0 && c == ']':
		d.in.take(1)
		d.done = true
		return d.next()
	}
	d.count++
	rec, err := d.element()
	if err != nil {
		return raw{}, err
	}
	d.done = !d.array
	return rec, nil
}

// after passes over the comma between elements, or the end of the array.
func (d *document) after() error {
	c := d.in.skipSpace()
	if err := d.in.failed(); c == atEnd && err != nil {
		return err
	}
	switch c {
	case ',':
		d.in.take(1)
	case ']':
		d.in.take(1)
		d.done = true
	case atEnd:
		return syntaxf(d.in.line, "the JSON ends early: ] is wanted")
	default:
		return syntaxf(d.in.line, "a comma or ] is wanted after an element")
	}
	return nil
}

// element returns the value at hand. The window is looked at anew each time it has
// doubled, so that a slow reader does not make this quadratic.
func (d *document) element() (raw, error) {
	rec := raw{line: d.count}
	for {
		rest := d.in.rest()
		last := d.in.err != nil
		n, err := d.scan.value(rest, d.in.err == io.EOF)
		if err == nil {
			switch {
			case n > engine.MaxRecordBytes:
				rec.bad = tooLong()
			case d.scan.depth > engine.MaxJSONDepth:
				rec.bad = tooDeep()
			default:
				rec.json = string(rest[:n])
			}
			d.in.take(n)
			return rec, nil
		}
		if b, ok := errors.AsType[*broken](err); ok {
			d.in.take(b.at)
			return raw{}, syntaxf(d.in.line, "%s", b.want)
		}
		if d.in.full() {
			rec.bad = tooLong()
			return rec, d.skip()
		}
		if !last {
			d.in.peek(2 * len(rest))
			continue
		}
		if err := d.in.failed(); err != nil {
			return raw{}, err
		}
		d.in.take(len(rest))
		return raw{}, syntaxf(d.in.line, "the JSON ends early")
	}
}

// skip passes over an element that is too large.
func (d *document) skip() error {
	var k skipper
	for {
		n, done := k.skip(d.in.rest())
		d.in.take(n)
		if done {
			return nil
		}
		if !d.in.more() {
			if err := d.in.failed(); err != nil {
				return err
			}
			return syntaxf(d.in.line, "the JSON ends early")
		}
	}
}
