package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rapportengine/rapport/engine/record"
)

// npyFile is a NumPy array of vectors and the file with the ids of its rows.
type npyFile struct{ array, ids string }

// npyOf reads "FILE.npy,IDS"; without IDS they are where an export puts them. False says
// that the name is of another kind of file.
func npyOf(name string) (f npyFile, npy bool) {
	if at := strings.Index(name, ".npy,"); at > 0 {
		return npyFile{name[:at+4], name[at+5:]}, true
	}
	return npyFile{name, name + idsSuffix}, strings.HasSuffix(name, ".npy")
}

// idsSuffix is what the ids of an array's rows are called after it.
const idsSuffix = ".ids.ndjson"

// each calls use with all vectors, and writes what it reads to sum.
func (f npyFile) each(ctx context.Context, sum io.Writer, use func(record.Vector) error) (err error) {
	array, err := os.Open(f.array)
	if err != nil {
		return &usageError{err}
	}
	defer func() { err = errors.Join(err, array.Close()) }()
	ids, err := os.Open(f.ids)
	if err != nil {
		return &usageError{fmt.Errorf("the ids of the rows of %s: %w", f.array, err)}
	}
	defer func() { err = errors.Join(err, ids.Close()) }()
	for v, err := range record.NumPyVectors(io.TeeReader(array, sum), io.TeeReader(ids, sum)) {
		if err := errors.Join(ctx.Err(), err); err != nil {
			return &fileError{name: f.array, err: err}
		}
		if err := use(v); err != nil {
			return err
		}
	}
	return nil
}

// check reads the whole, so that nothing is written of what is not right to its end.
func (f npyFile) check(ctx context.Context) error {
	return f.each(ctx, io.Discard, func(record.Vector) error { return nil })
}

// open returns the vectors as records, one a line.
func (f npyFile) open(ctx context.Context) (*input, error) {
	if err := f.check(ctx); err != nil {
		return nil, err
	}
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := record.VectorWriter(to, record.NDJSON)
		err := f.each(ctx, io.Discard, w.Write)
		if err == nil {
			err = w.Close()
		}
		to.CloseWithError(err)
	}()
	info, err := os.Stat(f.array)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	in := &input{name: f.array, dated: info.ModTime(), Reader: from}
	in.close = append(in.close, func() error { err := from.Close(); <-done; return err })
	return in, nil
}
