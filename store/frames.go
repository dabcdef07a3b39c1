package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// A backup file is
//
//	"RAPPORT-BACKUP" | version1 | frames
//
// and a frame is kind1 | length4 | CRC-32C of the bytes, 4 | bytes. In order: one
// frame h, the header in JSON; frames d, cut anywhere, whose bytes together are
// Badger's backup stream; in a backup that adds to another, frames k with the keys that
// were there; frames s with what was shown to whom, and frames w with why, in one that adds
// to another what is new of them (since version 2); and one frame e with the SHA-256 of all before it. A frame is handed on
// only when its sum is right, and a file without its e was cut short.
const (
	backupMagic   = "RAPPORT-BACKUP"
	backupVersion = 2

	frameHeader  = 'h'
	frameData    = 'd'
	frameKeys    = 'k'
	frameShown   = 's'
	frameReasons = 'w'
	frameEnd     = 'e'

	frameHead  = 1 + 4 + 4
	frameBytes = 64 << 10 // of d, k, s and w
	frameLimit = 64 << 20 // of any: what a reader makes room for
)

// frameWriter writes frames and sums them up.
type frameWriter struct {
	w   io.Writer // to the file and the sum
	sum hash.Hash
}

func newFrameWriter(w io.Writer) (*frameWriter, error) {
	f := &frameWriter{sum: sha256.New()}
	f.w = io.MultiWriter(w, f.sum)
	_, err := f.w.Write(append([]byte(backupMagic), backupVersion))
	return f, err
}

func (f *frameWriter) frame(kind byte, body []byte) error {
	head := make([]byte, frameHead)
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(body)))
	binary.BigEndian.PutUint32(head[5:], crc32.Checksum(body, castagnoli))
	if _, err := f.w.Write(head); err != nil {
		return err
	}
	_, err := f.w.Write(body)
	return err
}

func (f *frameWriter) end() error { return f.frame(frameEnd, f.sum.Sum(nil)) }

// section is a writer whose bytes become frames of one kind; flush writes the last.
type section struct {
	f    *frameWriter
	kind byte
	buf  []byte
}

// Write is io.Writer's.
func (s *section) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), frameBytes-len(s.buf))
		s.buf, p = append(s.buf, p[:take]...), p[take:]
		if len(s.buf) == frameBytes {
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (s *section) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	err := s.f.frame(s.kind, s.buf)
	s.buf = s.buf[:0]
	return err
}

// frameReader reads what frameWriter wrote. What it cannot have written gives an error
// that wraps ErrCorrupt, never a panic.
type frameReader struct {
	r    io.Reader
	sum  hash.Hash
	kind byte // of the frame at hand
	body []byte
	done bool // the end was read, and the sum was right
}

func newFrameReader(r io.Reader) (*frameReader, error) {
	f := &frameReader{r: r, sum: sha256.New()}
	head := make([]byte, len(backupMagic)+1)
	if _, err := io.ReadFull(r, head); err != nil || !bytes.HasPrefix(head, []byte(backupMagic)) {
		return nil, fmt.Errorf("not a backup: it does not begin with %q: %w", backupMagic, ErrCorrupt)
	}
	if v := head[len(backupMagic)]; v == 0 || v > backupVersion {
		return nil, fmt.Errorf("a backup of version %d, this program reads up to %d: %w", v, backupVersion, ErrNewerFormat)
	}
	f.sum.Write(head)
	return f, f.next()
}

// next reads the next frame.
func (f *frameReader) next() error {
	head := make([]byte, frameHead)
	if _, err := io.ReadFull(f.r, head); err != nil {
		return cutShort(err)
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > frameLimit {
		return fmt.Errorf("a frame of %d bytes in the backup: %w", size, ErrCorrupt)
	}
	// A head that lies must not cost more room than there are bytes.
	var body bytes.Buffer
	if n, err := io.CopyN(&body, f.r, int64(size)); n < int64(size) {
		return cutShort(err)
	}
	if crc32.Checksum(body.Bytes(), castagnoli) != binary.BigEndian.Uint32(head[5:]) {
		return fmt.Errorf("the backup is damaged, a checksum differs: %w", ErrCorrupt)
	}
	f.kind, f.body = head[0], body.Bytes()
	if f.kind == frameEnd {
		if !bytes.Equal(f.body, f.sum.Sum(nil)) {
			return fmt.Errorf("the backup is damaged, the checksum of the whole differs: %w", ErrCorrupt)
		}
		f.done = true
		return nil
	}
	f.sum.Write(head)
	f.sum.Write(f.body)
	return nil
}

func cutShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("the backup was cut short: %w", ErrCorrupt)
	}
	return fmt.Errorf("reading the backup: %w", err)
}

// take returns the body of the frame at hand, which must be of a kind, and goes on.
func (f *frameReader) take(kind byte) ([]byte, error) {
	if f.kind != kind {
		return nil, fmt.Errorf("the backup has a frame %q where %q belongs: %w", f.kind, kind, ErrCorrupt)
	}
	body := f.body
	return body, f.next()
}

// of returns a reader over the frames of a kind that are next.
func (f *frameReader) of(kind byte) io.Reader { return &sectionReader{f: f, kind: kind} }

type sectionReader struct {
	f    *frameReader
	kind byte
	rest []byte
}

// Read is io.Reader's; the end is the first frame of another kind.
func (s *sectionReader) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.f.kind != s.kind {
			return 0, io.EOF
		}
		var err error
		if s.rest, err = s.f.take(s.kind); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
