package model

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The form in which models are saved, little endian:
//
//	"rapport " | length byte, name | version uint32 | check
//	sections: kind byte | count uint64 | count elements | check
//	'.' | 0 uint64 | check
//
// where check is the CRC-32C of everything before it, so that a changed byte, a missing
// end and sections in another order are all seen. Elements of a section of texts are
// uint32 length and bytes.
const (
	magic       = "rapport "
	kindBytes   = 'b'
	kindFloat32 = 'f'
	kindFloat64 = 'd'
	kindUint32  = 'u'
	kindTexts   = 't'
	kindEnd     = '.'

	frameBuffer = 64 << 10
	maxText     = 64 << 10
)

// ErrCorrupt is wrapped by every error that says saved bytes cannot be what a Saver
// wrote.
var ErrCorrupt = errors.New("saved model is damaged")

// ErrVersion is wrapped, beside ErrCorrupt, by the error of a model that another version of
// the program saved in a form of its own.
var ErrVersion error = otherVersion{}

type otherVersion struct{}

func (otherVersion) Error() string { return "another version of the program saved it" }
func (otherVersion) Unwrap() error { return ErrCorrupt }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes one saved model. The first error stays and makes the rest do nothing;
// Close returns it.
type Writer struct {
	w   io.Writer
	sum uint32
	buf []byte
	err error
}

// NewWriter begins a model with the name of its source (up to 255 bytes) and the
// version of its form.
func NewWriter(w io.Writer, name string, version uint32) *Writer {
	f := &Writer{w: w, buf: make([]byte, 0, frameBuffer)}
	f.buf = append(f.buf, magic...)
	f.buf = append(f.buf, byte(len(name)))
	f.buf = append(f.buf, name...)
	f.buf = binary.LittleEndian.AppendUint32(f.buf, version)
	f.check()
	return f
}

// flush writes the buffer if fewer than room bytes are left in it.
func (f *Writer) flush(room int) {
	if cap(f.buf)-len(f.buf) >= room {
		return
	}
	f.sum = crc32.Update(f.sum, castagnoli, f.buf)
	if f.err == nil {
		_, f.err = f.w.Write(f.buf)
	}
	f.buf = f.buf[:0]
}

// check writes the buffer and the sum so far.
func (f *Writer) check() {
	f.flush(math.MaxInt)
	f.buf = binary.LittleEndian.AppendUint32(f.buf, f.sum)
}

func (f *Writer) section(kind byte, count int) {
	f.flush(9)
	f.buf = append(f.buf, kind)
	f.buf = binary.LittleEndian.AppendUint64(f.buf, uint64(count))
}

// JSON writes a section with v as JSON.
func (f *Writer) JSON(v any) {
	data, err := json.Marshal(v)
	if f.err == nil && err != nil {
		f.err = err
	}
	f.Bytes(data)
}

// Bytes writes a section of bytes.
func (f *Writer) Bytes(data []byte) {
	f.section(kindBytes, len(data))
	for len(data) > 0 {
		f.flush(1)
		n := min(len(data), cap(f.buf)-len(f.buf))
		f.buf, data = append(f.buf, data[:n]...), data[n:]
	}
	f.check()
}

// Float32s writes a section of numbers.
func (f *Writer) Float32s(values []float32) {
	f.section(kindFloat32, len(values))
	for _, v := range values {
		f.flush(4)
		f.buf = binary.LittleEndian.AppendUint32(f.buf, math.Float32bits(v))
	}
	f.check()
}

// Float64s writes a section of numbers.
func (f *Writer) Float64s(values []float64) {
	f.section(kindFloat64, len(values))
	for _, v := range values {
		f.flush(8)
		f.buf = binary.LittleEndian.AppendUint64(f.buf, math.Float64bits(v))
	}
	f.check()
}

// Uint32s writes a section of whole numbers.
func (f *Writer) Uint32s(values []uint32) {
	f.section(kindUint32, len(values))
	for _, v := range values {
		f.flush(4)
		f.buf = binary.LittleEndian.AppendUint32(f.buf, v)
	}
	f.check()
}

// widened is Uint32s of smaller numbers.
func (f *Writer) widened(values []uint16) {
	f.section(kindUint32, len(values))
	for _, v := range values {
		f.flush(4)
		f.buf = binary.LittleEndian.AppendUint32(f.buf, uint32(v))
	}
	f.check()
}

// Texts writes a section of texts, each up to 64 KiB.
func (f *Writer) Texts(texts []string) {
	f.section(kindTexts, len(texts))
	for _, s := range texts {
		if len(s) > maxText && f.err == nil {
			f.err = fmt.Errorf("a text of %d bytes does not fit into a saved model, the limit is %d", len(s), maxText)
		}
		f.flush(4)
		f.buf = binary.LittleEndian.AppendUint32(f.buf, uint32(len(s)))
		for len(s) > 0 {
			f.flush(1)
			n := min(len(s), cap(f.buf)-len(f.buf))
			f.buf = append(f.buf, s[:n]...)
			s = s[n:]
		}
	}
	f.check()
}

// Close writes the end and returns the first error. It does not close what is below.
func (f *Writer) Close() error {
	f.section(kindEnd, 0)
	f.check()
	f.flush(math.MaxInt)
	return f.err
}

// Reader reads what a Writer wrote, section by section in the same order. The first
// error stays: everything after returns nothing, and Close returns the error. Memory
// grows with the bytes that arrive, never with a count that is only claimed.
type Reader struct {
	r   io.Reader
	sum uint32
	buf []byte
	err error
}

// NewReader checks that r begins a model of the given name and version.
func NewReader(r io.Reader, name string, version uint32) (*Reader, error) {
	f := &Reader{r: r, buf: make([]byte, frameBuffer)}
	head := string(f.read(len(magic) + 1 + len(name)))
	got := f.uint32()
	f.check()
	switch {
	case f.err != nil:
		return nil, f.err
	case head != magic+string(byte(len(name)))+name:
		return nil, fmt.Errorf("%w: it is not a model of source %q", ErrCorrupt, name)
	case got != version:
		return nil, fmt.Errorf("%w: form %d, this one reads %d; the next training replaces it", ErrVersion, got, version)
	}
	return f, nil
}

// read returns the next n bytes, at most frameBuffer of them, valid until the next
// read; zeros after an error.
func (f *Reader) read(n int) []byte {
	b := f.buf[:n]
	if f.err == nil {
		if _, err := io.ReadFull(f.r, b); err != nil {
			f.fail(fmt.Errorf("%w: %w", ErrCorrupt, err))
		}
	}
	if f.err != nil {
		clear(b)
		return b
	}
	f.sum = crc32.Update(f.sum, castagnoli, b)
	return b
}

func (f *Reader) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *Reader) uint32() uint32 { return binary.LittleEndian.Uint32(f.read(4)) }

func (f *Reader) check() {
	want := f.sum
	if got := f.uint32(); got != want {
		f.fail(fmt.Errorf("%w: a checksum does not match", ErrCorrupt))
	}
}

// section returns the count of the next section, which must be of the given kind and,
// unless want is -1, of that count. It returns 0 after an error.
func (f *Reader) section(kind byte, want int) int {
	head := f.read(9)
	count := binary.LittleEndian.Uint64(head[1:])
	switch {
	case f.err != nil:
		return 0
	case head[0] != kind:
		f.fail(fmt.Errorf("%w: a section of kind %q where %q belongs", ErrCorrupt, head[0], kind))
		return 0
	case want >= 0 && count != uint64(want), count > math.MaxInt32*8:
		f.fail(fmt.Errorf("%w: a section of %d elements where %d belong", ErrCorrupt, count, want))
		return 0
	}
	return int(count)
}

// elements reads a section of numbers of size bytes, a run at a time: take writes what a
// run holds to as many places. There is room at once for as many as the bytes that are left surely
// hold; beyond, it doubles as bytes arrive, up to the count that is claimed, so that nothing is left
// over and a damaged count takes no memory.
func elements[T any](f *Reader, kind byte, want, size int, take func(to []T, run []byte)) []T {
	count := f.section(kind, want)
	var out []T
	if room := min(count, f.left()/size); room > 0 {
		out = make([]T, 0, room)
	}
	for len(out) < count && f.err == nil {
		run := f.read(min((count-len(out))*size, frameBuffer))
		n := len(out) + len(run)/size
		if n > cap(out) {
			out = append(make([]T, 0, min(count, max(2*cap(out), n))), out...)
		}
		take(out[len(out):n], run)
		out = out[:n]
	}
	f.check()
	return result(f, out)
}

// left returns how many bytes there surely are behind those that were read.
func (f *Reader) left() int {
	if s, is := f.r.(*sharing); is {
		return int(max(s.left, 0))
	}
	return 0
}

// Bytes reads a section of bytes.
func (f *Reader) Bytes() []byte {
	return elements(f, kindBytes, -1, 1, func(to, run []byte) { copy(to, run) })
}

// JSON reads a section that Writer.JSON wrote into v.
func (f *Reader) JSON(v any) {
	data := f.Bytes()
	if f.err != nil {
		return
	}
	if err := json.Unmarshal(data, v); err != nil {
		f.fail(fmt.Errorf("%w: %w", ErrCorrupt, err))
	}
}

// Float32s reads a section of want finite numbers.
func (f *Reader) Float32s(want int) []float32 {
	return elements(f, kindFloat32, want, 4, func(to []float32, run []byte) {
		const exponent = 0xff << 23 // all of it set: infinite or no number
		for i := range to {
			b := binary.LittleEndian.Uint32(run[4*i:])
			if b&exponent == exponent {
				f.infinite(float64(math.Float32frombits(b)))
			}
			to[i] = math.Float32frombits(b)
		}
	})
}

// Float64s reads a section of want finite numbers.
func (f *Reader) Float64s(want int) []float64 {
	return elements(f, kindFloat64, want, 8, func(to []float64, run []byte) {
		for i := range to {
			to[i] = math.Float64frombits(binary.LittleEndian.Uint64(run[8*i:]))
			if math.IsNaN(to[i]) || math.IsInf(to[i], 0) {
				f.infinite(to[i])
			}
		}
	})
}

// Uint32s reads a section of want whole numbers; -1 takes any count.
func (f *Reader) Uint32s(want int) []uint32 {
	return elements(f, kindUint32, want, 4, func(to []uint32, run []byte) {
		for i := range to {
			to[i] = binary.LittleEndian.Uint32(run[4*i:])
		}
	})
}

// narrowed is Uint32s of any count, of numbers that two bytes hold.
func (f *Reader) narrowed() []uint16 {
	return elements(f, kindUint32, -1, 4, func(to []uint16, run []byte) {
		for i := range to {
			v := binary.LittleEndian.Uint32(run[4*i:])
			if to[i] = uint16(v); v > math.MaxUint16 {
				f.fail(fmt.Errorf("%w: it holds %d where there is no such row", ErrCorrupt, v))
			}
		}
	})
}

func (f *Reader) infinite(v float64) { f.fail(fmt.Errorf("%w: it holds %v", ErrCorrupt, v)) }

// Texts reads a section of texts.
func (f *Reader) Texts() []string {
	var out []string
	f.eachText(func(text []byte) { out = append(out, string(text)) })
	return result(f, out)
}

// eachText calls fn with each text of a section, which is good until fn returns. The error of the
// section, if it has one, comes after them.
func (f *Reader) eachText(fn func(text []byte)) {
	for left := f.section(kindTexts, -1); left > 0 && f.err == nil; left-- {
		n := f.uint32()
		if n > maxText {
			f.fail(fmt.Errorf("%w: a text of %d bytes", ErrCorrupt, n))
			break
		}
		if text := f.read(int(n)); f.err == nil {
			fn(text)
		}
	}
	f.check()
}

// result returns what was read if nothing failed.
func result[T any](f *Reader, out []T) []T {
	if f.err != nil {
		return nil
	}
	return out
}

// Refuse makes the model damaged: what was read cannot be what a Saver wrote, because of
// why.
func (f *Reader) Refuse(why string) { f.fail(fmt.Errorf("%w: %s", ErrCorrupt, why)) }

// Err returns the first error.
func (f *Reader) Err() error { return f.err }

// Close reads the end and returns the first error.
func (f *Reader) Close() error {
	f.section(kindEnd, 0)
	f.check()
	return f.err
}
