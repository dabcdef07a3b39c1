package text

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// File format of an encoder, integers and floats little endian:
//
//	"RPE1" | dims uint32 | unseen float32 | terms uint32
//	each term, ascending: length uint8 | bytes | dims x float32
//	CRC-32C of all before it, uint32
//
// The last byte of the four at the front is the version.
const encoderMagic = "RPE1"

// ErrCorrupt is wrapped by every error of LoadEncoder that means the bytes are not
// those of an encoder of this version.
var ErrCorrupt = errors.New("encoder is corrupt")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the encoder in the form LoadEncoder reads. The same encoder gives the
// same bytes.
func (e *Encoder) Save(w io.Writer) error {
	sum := crc32.New(castagnoli)
	out := io.MultiWriter(w, sum)
	terms := make([]string, len(e.terms)) // by row: Fit and LoadEncoder number them ascending
	for term, row := range e.terms {
		terms[row] = term
	}
	head := binary.LittleEndian.AppendUint32([]byte(encoderMagic), uint32(e.dims))
	head = binary.LittleEndian.AppendUint32(head, math.Float32bits(e.unseen))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(terms)))
	if _, err := out.Write(head); err != nil {
		return fmt.Errorf("save encoder: %w", err)
	}
	var line []byte
	for row, term := range terms {
		line = append(append(line[:0], byte(len(term))), term...)
		for _, x := range e.rows[row*e.dims:][:e.dims] {
			line = binary.LittleEndian.AppendUint32(line, math.Float32bits(x))
		}
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("save encoder: %w", err)
		}
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("save encoder: %w", err)
	}
	return nil
}

// LoadEncoder reads what Save wrote and encodes to the same bits. What is truncated,
// changed or of another version is ErrCorrupt. It allocates no more than a small
// multiple of what r holds, whatever the bytes claim.
func LoadEncoder(r io.Reader) (*Encoder, error) {
	sum := crc32.New(castagnoli)
	in := io.TeeReader(r, sum)
	head := make([]byte, len(encoderMagic)+12)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, corrupt("head", err)
	}
	numbers := head[len(encoderMagic):]
	dims, count := binary.LittleEndian.Uint32(numbers), binary.LittleEndian.Uint32(numbers[8:])
	e := &Encoder{dims: int(dims), unseen: math.Float32frombits(binary.LittleEndian.Uint32(numbers[4:]))}
	switch {
	case !bytes.HasPrefix(head, []byte(encoderMagic)):
		return nil, fmt.Errorf("%w: it does not start like an encoder of this version", ErrCorrupt)
	case dims == 0 || dims > engine.MaxEmbedding || count > maxVocabulary || !finite(e.unseen):
		return nil, fmt.Errorf("%w: %d dimensions, %d terms, weight %v of the unseen", ErrCorrupt, dims, count, e.unseen)
	}
	if err := e.readTerms(in, int(count)); err != nil {
		return nil, err
	}
	want := sum.Sum32()
	var end [4]byte
	if _, err := io.ReadFull(r, end[:]); err != nil {
		return nil, corrupt("checksum", err)
	}
	if got := binary.LittleEndian.Uint32(end[:]); got != want {
		return nil, fmt.Errorf("%w: checksum %08x, want %08x", ErrCorrupt, got, want)
	}
	return e, nil
}

// readTerms reads count terms and their rows, growing as it goes.
func (e *Encoder) readTerms(in io.Reader, count int) error {
	if count == 0 {
		return nil
	}
	e.terms = make(map[string]int32)
	row := make([]byte, 4*e.dims)
	var length [1]byte
	var before string
	for i := range count {
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return corrupt("term", err)
		}
		name := make([]byte, length[0])
		if _, err := io.ReadFull(in, name); err != nil {
			return corrupt("term", err)
		}
		term := string(name)
		if i > 0 && term <= before {
			return fmt.Errorf("%w: term %q stands after %q", ErrCorrupt, term, before)
		}
		before = term
		if _, err := io.ReadFull(in, row); err != nil {
			return corrupt("row", err)
		}
		e.terms[term] = int32(i)
		for at := 0; at < len(row); at += 4 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(row[at:]))
			if !finite(x) {
				return fmt.Errorf("%w: term %q holds %v", ErrCorrupt, term, x)
			}
			e.rows = append(e.rows, x)
		}
	}
	e.rows = slices.Clip(e.rows)
	return nil
}

func corrupt(part string, err error) error { return fmt.Errorf("%w: %s: %w", ErrCorrupt, part, err) }

func finite(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }
