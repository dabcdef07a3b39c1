package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/rapportengine/rapport/engine"
)

// spooled is a body laid down in a temporary file: it can be read twice, and from any
// place. It is a record.File.
type spooled struct {
	*os.File
	size   int64
	digest string // SHA-256 of its bytes, in hexadecimal
}

// spool lays a body down, at most engine.MaxSpoolBytes of it.
func spool(body io.Reader) (_ *spooled, err error) {
	f, err := os.CreateTemp("", "rapport-import-*")
	if err != nil {
		return nil, fmt.Errorf("lay the body down: %w", err)
	}
	s := &spooled{File: f}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	_ = os.Remove(f.Name()) // where the system allows it, so that a crash leaves nothing behind
	sum := sha256.New()
	if s.size, err = io.Copy(io.MultiWriter(f, sum), io.LimitReader(body, engine.MaxSpoolBytes+1)); err != nil {
		return nil, fmt.Errorf("lay the body down: %w", err)
	}
	if s.size > engine.MaxSpoolBytes {
		return nil, &http.MaxBytesError{Limit: engine.MaxSpoolBytes}
	}
	s.digest = hex.EncodeToString(sum.Sum(nil))
	return s, s.rewind()
}

// Size returns how many bytes there are.
func (s *spooled) Size() int64 { return s.size }

// rewind has the next reading begin at the start.
func (s *spooled) rewind() error {
	_, err := s.Seek(0, io.SeekStart)
	return err
}

// isParquet reports whether it is a Parquet file: such are read from their end.
func (s *spooled) isParquet() bool {
	var magic [4]byte
	_, err := s.ReadAt(magic[:], 0)
	return err == nil && string(magic[:]) == "PAR1"
}

// Close takes the file away.
func (s *spooled) Close() error {
	err := s.File.Close()
	if removed := os.Remove(s.Name()); !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
