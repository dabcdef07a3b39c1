package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// input is one file to be read, with what its records are to know of it.
type input struct {
	io.Reader
	file   *os.File // where Reader is a whole file of known size
	name   string
	size   int64     // in bytes as they lie on the disk, 0 where nobody knows
	digest string    // of those bytes, where it was asked for
	dated  time.Time // when the file was written
	now    time.Time // of the reading
	taken  atomic.Int64
	close  []func() error
}

// fileError is what went wrong with one file of several.
type fileError struct {
	name   string
	unread []string // the files after it
	err    error
}

func (f *fileError) Error() string { return f.name + ": " + f.err.Error() }

func (f *fileError) Unwrap() error { return f.err }

// openInput opens a file, or standard input for "-". With digest its bytes are read
// twice, so what cannot be rewound is laid down in a temporary file first.
func openInput(name string, digest bool) (_ *input, err error) {
	in := &input{name: name, dated: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.Close())
		}
	}()
	f := os.Stdin
	if name == "-" {
		in.name = "standard input"
	} else if f, err = os.Open(name); err != nil {
		return nil, err
	} else {
		in.close = append(in.close, f.Close)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory; name a file in it", in.name)
	}
	in.Reader = f
	switch {
	case info.Mode().IsRegular():
		in.size, in.dated, in.file = info.Size(), info.ModTime(), f
	case digest:
		if f, err = in.spool(f); err != nil {
			return nil, fmt.Errorf("keep %s in a temporary file: %w", in.name, err)
		}
	}
	if digest {
		err = in.sum(f)
	}
	return in, err
}

// spool copies what can be read once into a temporary file.
func (in *input) spool(from io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "rapport-import-*")
	if err != nil {
		return nil, err
	}
	in.close = append(in.close, func() error { return errors.Join(f.Close(), os.Remove(f.Name())) })
	in.Reader, in.file = f, f
	if in.size, err = io.Copy(f, from); err != nil {
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// sum takes the digest and rewinds.
func (in *input) sum(f *os.File) error {
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	in.digest = hex.EncodeToString(h.Sum(nil))
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read %s again: %w", in.name, err)
	}
	return nil
}

// source is what the records are read from: a record.File where the input is one, since
// some forms have to be read from their end.
func (in *input) source() io.Reader {
	if in.file == nil {
		return in
	}
	return wholeFile{in}
}

// wholeFile is an input that can be read anywhere.
type wholeFile struct{ *input }

// Size implements record.File.
func (w wholeFile) Size() int64 { return w.size }

// ReadAt implements record.File.
func (w wholeFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := w.file.ReadAt(p, at)
	w.taken.Add(int64(n))
	return n, err
}

// Read counts what is read, for the progress.
func (in *input) Read(p []byte) (int, error) {
	n, err := in.Reader.Read(p)
	in.taken.Add(int64(n))
	return n, err
}

// Close lets go of the file.
func (in *input) Close() error {
	var errs []error
	for _, f := range in.close {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
