package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rapportengine/rapport/engine/record"
)

// rejects lists what was refused: the first few for the eye, all of them in a file that
// begins to exist with the first one.
type rejects struct {
	c    *console
	path string // "" writes none
	name string // of the input at hand
	eye  io.Writer

	file  *os.File
	lines *bufio.Writer
	shown int
}

// rejection is a line of the file, as JSON.
type rejection struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// rejectsShown is how many refusals are also written to the terminal.
const rejectsShown = 5

// of says which input the next refusals come from, and where the eye is.
func (r *rejects) of(name string, eye io.Writer) { r.name, r.eye = name, eye }

// add lists one.
func (r *rejects) add(one *record.Rejected) error {
	switch r.shown++; {
	case r.shown <= rejectsShown:
		fmt.Fprintf(r.eye, "%s, %v\n", r.name, one)
	case r.shown == rejectsShown+1 && r.path != "":
		fmt.Fprintf(r.eye, "further refusals are only listed in %s\n", r.path)
	}
	return r.list(one)
}

// broken lists what ended the input at hand before its end; that is told elsewhere.
func (r *rejects) broken(err error) error {
	if syntax, ok := errors.AsType[*record.Syntax](err); ok {
		return r.list(&record.Rejected{Line: syntax.Line, Code: codeBroken, Want: syntax.Want})
	}
	return nil
}

// codeBroken stands where the rest of a file could not be read.
const codeBroken = "broken_file"

// list writes one into the file.
func (r *rejects) list(one *record.Rejected) error {
	if r.path == "" {
		return nil
	}
	if r.file == nil {
		f, err := os.Create(r.path)
		if err != nil {
			return fmt.Errorf("list what is refused (--reject names another file): %w", err)
		}
		r.file, r.lines = f, bufio.NewWriter(f)
	}
	text, err := json.Marshal(rejection{File: r.name, Line: one.Line, Field: one.Field, Code: one.Code, Reason: one.Want})
	if err == nil {
		_, err = r.lines.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("list what is refused: %w", err)
	}
	return nil
}

// written reports whether there is a file.
func (r *rejects) written() bool { return r.file != nil }

// close finishes the file.
func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	if err := errors.Join(r.lines.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("list what is refused: %w", err)
	}
	return nil
}
