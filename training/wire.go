package training

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/bits"
	"slices"
)

// Between a server and the process that trains for it go messages, integers little endian:
//
//	kind, 1 | length of the payload, uint32 | CRC-32C of these, uint32 |
//	payload | CRC-32C of all before it, uint32
//
// The length has a sum of its own, since who waits for more than was sent waits for ever.
// Both are the same program, so that the form has no version. Down go, in this order, what
// Read asks of a log, and what else a job is done with:
//
//	job | items, end | customers and tickets, end | customers and histories, end |
//	erased | models, end | sentences, end
//
// A customer stands before what belongs to them, if there is a record; names before what first
// has one of the numbers. Up go progress, any number of them, and told; where that says that
// there is a model, its bytes in parts, and an end.
const (
	kindEnd      = 'e'
	kindJob      = 'j'
	kindNames    = 'n'
	kindItem     = 'i'
	kindCustomer = 'c'
	kindTicket   = 't'
	kindHistory  = 'h'
	kindErased   = 'x'
	kindPart     = 'b' // some bytes of something long
	kindProgress = 'p'
	kindTold     = 'r'
)

// partBytes is how long a part is, and maxMessage how long a message: the longest is a crawler's
// history, of some 20 bytes an event.
const (
	partBytes  = 64 << 10
	maxMessage = 1 << 30
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errGarbled = errors.New("what came between the server and its training is not what was sent")
)

// sender writes messages; it is for one goroutine.
type sender struct {
	w      *bufio.Writer
	buf    []byte // of the message at hand
	broken bool   // the other side does not listen
}

func newSender(w io.Writer) *sender { return &sender{w: bufio.NewWriterSize(w, partBytes)} }

const (
	messageKind = 1 + 4           // with the length
	messageHead = messageKind + 4 // with the sum of both
)

// begin begins a message, to be built in buf and sent by finish.
func (s *sender) begin(kind byte) {
	s.buf = append(s.buf[:0], make([]byte, messageHead)...) // which the compiler does in place
	s.buf[0] = kind
}

func (s *sender) finish() error {
	size := len(s.buf) - messageHead
	if size > maxMessage {
		return fmt.Errorf("a message of %d bytes is too long for a training apart", size)
	}
	binary.LittleEndian.PutUint32(s.buf[1:], uint32(size))
	binary.LittleEndian.PutUint32(s.buf[messageKind:], crc32.Checksum(s.buf[:messageKind], castagnoli))
	s.buf = binary.LittleEndian.AppendUint32(s.buf, crc32.Checksum(s.buf, castagnoli))
	_, err := s.w.Write(s.buf)
	s.broken = err != nil
	return err
}

// send sends a message without, or with a short payload.
func (s *sender) send(kind byte, payload ...byte) error {
	s.begin(kind)
	s.buf = append(s.buf, payload...)
	return s.finish()
}

// tell sends a value as JSON.
func (s *sender) tell(kind byte, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.send(kind, body...)
}

// long sends what save writes, in parts.
func (s *sender) long(save func(io.Writer) error) error {
	w := bufio.NewWriterSize(parts{s}, partBytes)
	if err := errors.Join(save(w), w.Flush()); err != nil {
		return err
	}
	return s.send(kindEnd)
}

type parts struct{ *sender }

func (p parts) Write(b []byte) (int, error) { return len(b), p.send(kindPart, b...) }

func (s *sender) flush() error {
	err := s.w.Flush()
	s.broken = err != nil
	return err
}

// receiver reads messages; it is for one goroutine.
type receiver struct {
	r       *bufio.Reader
	kind    byte // of the message at hand
	payload []byte
	kept    bool // it was looked at, and not taken yet
}

func newReceiver(r io.Reader) *receiver { return &receiver{r: bufio.NewReaderSize(r, partBytes)} }

// next takes the next message; its payload is good until the one after it.
func (r *receiver) next() error {
	if r.kept {
		r.kept = false
		return nil
	}
	var head [messageHead]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return cut(err)
	}
	size := int(binary.LittleEndian.Uint32(head[1:]))
	if crc32.Checksum(head[:messageKind], castagnoli) != binary.LittleEndian.Uint32(head[messageKind:]) || size > maxMessage {
		return errGarbled
	}
	r.kind, r.payload = head[0], r.payload[:0]
	for whole := size + 4; len(r.payload) < whole; { // memory grows with what comes, not with what is claimed
		from := len(r.payload)
		n := min(whole-from, max(partBytes, from))
		r.payload = slices.Grow(r.payload, n)[:from+n]
		if _, err := io.ReadFull(r.r, r.payload[from:]); err != nil {
			return cut(err)
		}
	}
	sum := binary.LittleEndian.Uint32(r.payload[size:])
	r.payload = r.payload[:size]
	if crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, r.payload) != sum {
		return errGarbled
	}
	return nil
}

// cut is the error of a stream that ends within: the other side is gone.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// hear takes the next message, which has to be of a kind, as JSON.
func (r *receiver) hear(kind byte, v any) error {
	if err := r.next(); err != nil {
		return err
	}
	if r.kind != kind {
		return fmt.Errorf("%w: %q where %q is due", errGarbled, r.kind, kind)
	}
	return r.as(v)
}

// as reads the message at hand as JSON.
func (r *receiver) as(v any) error {
	if err := json.Unmarshal(r.payload, v); err != nil {
		return fmt.Errorf("%w: %w", errGarbled, err)
	}
	return nil
}

// some reports whether parts of something long follow; if not, its end is taken.
func (r *receiver) some() (bool, error) {
	if err := r.next(); err != nil {
		return false, err
	}
	r.kept = r.kind == kindPart
	if !r.kept && r.kind != kindEnd {
		return false, fmt.Errorf("%w: %q within parts", errGarbled, r.kind)
	}
	return r.kept, nil
}

// long reads something that was sent in parts, up to its end.
func (r *receiver) long() io.Reader { return &joined{r: r} }

type joined struct {
	r    *receiver
	rest []byte
	err  error
}

func (j *joined) Read(p []byte) (int, error) {
	for len(j.rest) == 0 && j.err == nil {
		switch more, err := j.r.some(); {
		case err != nil:
			j.err = err
		case !more:
			j.err = io.EOF
		default:
			j.r.kept, j.rest = false, j.r.payload
		}
	}
	if len(j.rest) == 0 {
		return 0, j.err
	}
	n := copy(p, j.rest)
	j.rest = j.rest[n:]
	return n, nil
}

// The payload of a history is made of varints, texts with their lengths, and real numbers as
// varints of their bits reversed, so that small whole ones are short.

func (s *sender) uint(n uint64) { s.buf = binary.AppendUvarint(s.buf, n) }
func (s *sender) int(n int64)   { s.buf = binary.AppendVarint(s.buf, n) }
func (s *sender) text(t string) { s.uint(uint64(len(t))); s.buf = append(s.buf, t...) }
func (s *sender) real(x float64) {
	s.uint(bits.ReverseBytes64(math.Float64bits(x)))
}

// fields takes what the sender has put into a message; after the first error all is zero.
type fields struct {
	rest []byte
	err  error
}

func (f *fields) uint() uint64 {
	n, used := binary.Uvarint(f.rest)
	return taken(f, n, used)
}

func (f *fields) int() int64 {
	n, used := binary.Varint(f.rest)
	return taken(f, n, used)
}

func taken[N int64 | uint64](f *fields, n N, used int) N {
	if used <= 0 || f.err != nil {
		f.rest, f.err = nil, errGarbled
		return 0
	}
	f.rest = f.rest[used:]
	return n
}

func (f *fields) text() string {
	n := f.uint()
	if n > uint64(len(f.rest)) {
		f.rest, f.err = nil, errGarbled
		return ""
	}
	t := string(f.rest[:n])
	f.rest = f.rest[n:]
	return t
}

func (f *fields) real() float64 { return math.Float64frombits(bits.ReverseBytes64(f.uint())) }
