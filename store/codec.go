package store

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"time"

	"github.com/rapportengine/rapport/engine"
)

func appendText(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

func appendReal(buf []byte, f float64) []byte {
	return binary.AppendUvarint(buf, bits.ReverseBytes64(math.Float64bits(f)))
}

var (
	errShort    = errors.New("it ends too early")
	errLeftOver = errors.New("bytes are left over")
	errNumber   = errors.New("a number is out of range")
)

// reader takes fields from the front of text. After the first error every field is
// zero and err stays. Strings share text's memory: a row costs one allocation.
type reader struct {
	text string
	err  error
}

func (in *reader) fail(err error) {
	if in.err == nil {
		in.err, in.text = err, ""
	}
}

func (in *reader) byte() byte {
	if in.text == "" {
		in.fail(errShort)
		return 0
	}
	b := in.text[0]
	in.text = in.text[1:]
	return b
}

func (in *reader) uint() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b := in.byte()
		if shift == 63 && b > 1 {
			break
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	in.fail(errNumber)
	return 0
}

func (in *reader) int() int64 {
	n := in.uint()
	return int64(n>>1) ^ -int64(n&1)
}

func (in *reader) real() float64 { return math.Float64frombits(bits.ReverseBytes64(in.uint())) }

func (in *reader) string() string {
	n := in.uint()
	if n > uint64(len(in.text)) {
		in.fail(errShort)
		return ""
	}
	s := in.text[:n]
	in.text = in.text[n:]
	return s
}

func (in *reader) hash() engine.Hash16 {
	var h engine.Hash16
	if len(in.text) < hashBytes {
		in.fail(errShort)
		return h
	}
	copy(h[:], in.text)
	in.text = in.text[hashBytes:]
	return h
}

// time returns the instant ms milliseconds after 1970 and refuses what storedTime
// cannot have given.
func (in *reader) time(ms int64) time.Time {
	if ms < firstTime.UnixMilli() || ms > lastTime.UnixMilli() {
		in.fail(errNumber)
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
