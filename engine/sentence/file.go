package sentence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/rapportengine/rapport/engine/vector"
)

// File format of the model, integers and floats little endian; tools/sentence writes it:
//
//	"RPS1" | pieces uint32 | each piece: length uint8 | bytes | score float64
//	tensors, in the order of readTensors
//	CRC-32C of all before it, uint32
//
//	tensor: block uint16 | rows uint32 | cols uint32 | values
//	values: rows x cols float32 where block is 0; else for each row one float32 for every
//	        block of columns, the size of a step, and cols bytes, int8, in steps
//
// Matrices have a row for each output. The last byte of the four at the front is the version.
const magic = "RPS1"

// errCorrupt is wrapped by every error of read.
var errCorrupt = errors.New("the model is corrupt")

// read returns the model of a file. It keeps the file: the vectors of the pieces stay there.
func read(file string) (*model, error) {
	r := &reader{rest: file}
	switch end := len(file) - 4; {
	case end < len(magic) || file[:len(magic)] != magic:
		return nil, fmt.Errorf("%w: it does not start like one of this version", errCorrupt)
	default:
		want := binary.LittleEndian.Uint32([]byte(file[end:]))
		if got := checksum(file[:end]); got != want {
			return nil, fmt.Errorf("%w: checksum %08x, want %08x", errCorrupt, got, want)
		}
		r.rest = file[len(magic):end]
	}
	m := &model{}
	m.pieces = r.pieces()
	r.tensors(m)
	if r.err == nil && r.rest != "" {
		r.fail("%d bytes stand behind the last tensor", len(r.rest))
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// checksum is CRC-32C, a part at a time, so that the file is not copied whole.
func checksum(s string) (sum uint32) {
	table := crc32.MakeTable(crc32.Castagnoli)
	var part [4096]byte
	for s != "" {
		n := copy(part[:], s)
		sum = crc32.Update(sum, table, part[:n])
		s = s[n:]
	}
	return sum
}

// reader takes a file apart and remembers the first thing that was wrong.
type reader struct {
	rest string
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %w", errCorrupt, fmt.Errorf(format, args...))
	}
	r.rest = ""
}

// take returns the next n bytes, or none where there are fewer.
func (r *reader) take(n int) string {
	if n > len(r.rest) {
		r.fail("it ends too soon")
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) uint(bytes int) int {
	n := 0
	for i, b := range []byte(r.take(bytes)) {
		n |= int(b) << (8 * i)
	}
	return n
}

func (r *reader) pieces() *pieces {
	count := r.uint(4)
	var texts []string
	var scores []float64
	for range count {
		texts = append(texts, r.take(r.uint(1)))
		scores = append(scores, math.Float64frombits(uint64(r.uint(8))))
		if r.err != nil {
			return nil
		}
	}
	p, err := newPieces(texts, scores)
	if err != nil {
		r.fail("%w", err)
	}
	return p
}

// tensors reads what the model multiplies with.
func (r *reader) tensors(m *model) {
	m.table = r.table(pieceDims)
	if r.err == nil && m.table.rows < m.pieces.size {
		r.fail("vectors for %d of %d pieces", m.table.rows, m.pieces.size)
	}
	m.places = places(r.vector(pieceDims / 2))
	m.widen = r.dense(Dims, pieceDims)
	for i, width := range []int{pieceDims, Dims} {
		l := &m.layers[i]
		l.width = width
		l.before = r.norm(width)
		l.ask = r.dense(3*width, width)
		l.answer = r.dense(Dims, width)
		l.between = r.norm(Dims)
		l.up = r.dense(hiddenDims, Dims)
		l.down = r.dense(Dims, hiddenDims)
	}
	m.head = r.dense(Dims, Dims)
}

// table is a matrix that stays in the file.
type table struct {
	rows, cols, block int
	values            string
}

// table reads a matrix with that many columns.
func (r *reader) table(cols int) table {
	t := table{block: r.uint(2), rows: r.uint(4), cols: r.uint(4)}
	if r.err != nil {
		return t
	}
	if t.cols != cols {
		r.fail("a tensor has %d columns, want %d", t.cols, cols)
	}
	t.values = r.take(t.rows * t.bytes())
	return t
}

// bytes is the size of a row.
func (t *table) bytes() int {
	if t.block == 0 {
		return 4 * t.cols
	}
	return 4*t.blocks() + t.cols
}

// blocks is how many steps a row has.
func (t *table) blocks() int { return (t.cols + t.block - 1) / t.block }

// row sets to to a row.
func (t *table) row(i int, to []float32) {
	row := t.values[i*t.bytes():][:t.bytes()]
	if t.block == 0 {
		for j := range to[:t.cols] {
			to[j] = floatAt(row, j)
		}
		return
	}
	steps := row[4*t.blocks():]
	for b := range t.blocks() {
		size, from := floatAt(row, b), b*t.block
		for j := from; j < min(from+t.block, t.cols); j++ {
			to[j] = size * float32(int8(steps[j]))
		}
	}
}

// floatAt returns the float32 number i of s.
func floatAt(s string, i int) float32 {
	s = s[4*i:][:4]
	return math.Float32frombits(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
}

// floats reads a matrix of that size.
func (r *reader) floats(rows, cols int) []float32 {
	t := r.table(cols)
	if r.err != nil {
		return nil
	}
	if t.rows != rows {
		r.fail("a tensor has %d rows, want %d", t.rows, rows)
		return nil
	}
	out := make([]float32, rows*cols)
	for i := range rows {
		t.row(i, out[i*cols:][:cols])
	}
	for i, v := range out {
		if v-v != 0 {
			r.fail("a tensor holds %v at %d", v, i)
			return nil
		}
	}
	return out
}

func (r *reader) vector(n int) []float32 { return r.floats(1, n) }

func (r *reader) norm(n int) scaling { return scaling{scale: r.vector(n), bias: r.vector(n)} }

func (r *reader) dense(outputs, inputs int) dense {
	weights := r.floats(outputs, inputs)
	d := dense{bias: r.vector(outputs)}
	if r.err == nil {
		d.weights = vector.Pack(weights, outputs, inputs)
	}
	return d
}
