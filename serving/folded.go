package serving

import (
	"encoding/binary"
	"math"
	"math/bits"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// folded are the rows of a state in about a seventh of their memory: a recommend.Packed. A
// row is a list of bytes: what differs from the row before, and what always does.
//
//	differs, bits | Event, 16 bytes | Seq - before | At - before, ms | Received - At, ms |
//	Num + 1, 0 without an item | the texts and numbers that differ
//
// Integers are varints, a text is its length and its bytes. It is nobody's format: what
// was folded is unfolded by the same process. Times are those of the log, UTC and whole
// milliseconds.
type folded struct {
	ids        *catalogue.IDs
	rows       string
	count      int
	properties []map[string]any // of the rows that have any, in their order
}

// The bits of what differs: those of texts, then those of reals, then these.
const (
	otherLine = 1 << (textFields + realFields + iota)
	otherPosition
	isGift
	hasProperties
)

const (
	textFields = 10
	realFields = 4
)

// texts are the fields of a row that are texts, but for the item's.
func texts(r *engine.Row) [textFields]*string {
	return [...]*string{
		&r.EventID, (*string)(&r.Type), (*string)(&r.Customer), (*string)(&r.Session), &r.Currency,
		&r.Query, &r.Channel, &r.OrderID, &r.TicketID, &r.RecommendationID,
	}
}

// reals are the fields of a row that are real numbers.
func reals(r *engine.Row) [realFields]*float64 {
	return [...]*float64{&r.Quantity, &r.Price, &r.Value, &r.Duration}
}

// fold returns rows in their small form.
func fold(rows []engine.Row, ids *catalogue.IDs) *folded {
	f := &folded{ids: ids, count: len(rows)}
	var before engine.Row
	buf := make([]byte, 0, 64*len(rows))
	for i := range rows {
		r := &rows[i]
		buf = f.append(buf, r, &before)
		before = *r
	}
	f.rows = string(buf)
	return f
}

func (f *folded) append(buf []byte, r, before *engine.Row) []byte {
	text, was := texts(r), texts(before)
	number, gone := reals(r), reals(before)
	differs := uint64(0)
	set := func(bit int, on bool) {
		if on {
			differs |= 1 << bit
		}
	}
	for i := range text {
		set(i, *text[i] != *was[i])
	}
	for i := range number {
		set(textFields+i, math.Float64bits(*number[i]) != math.Float64bits(*gone[i]))
	}
	set(bits.TrailingZeros(otherLine), r.Line != before.Line)
	set(bits.TrailingZeros(otherPosition), r.Position != before.Position)
	set(bits.TrailingZeros(isGift), r.Gift)
	set(bits.TrailingZeros(hasProperties), r.Properties != nil)

	buf = binary.AppendUvarint(buf, differs)
	buf = append(buf, r.Event[:]...)
	buf = binary.AppendVarint(buf, int64(r.Seq-before.Seq))
	buf = binary.AppendVarint(buf, r.At.UnixMilli()-before.At.UnixMilli())
	buf = binary.AppendVarint(buf, r.Received.UnixMilli()-r.At.UnixMilli())
	if r.Item == "" {
		buf = append(buf, 0)
	} else {
		buf = binary.AppendUvarint(buf, uint64(r.Num)+1)
	}
	for i := range text {
		if differs&(1<<i) != 0 {
			buf = binary.AppendUvarint(buf, uint64(len(*text[i])))
			buf = append(buf, *text[i]...)
		}
	}
	for i := range number {
		if differs&(1<<(textFields+i)) != 0 {
			// Reversed, so that small whole numbers are short.
			buf = binary.AppendUvarint(buf, bits.ReverseBytes64(math.Float64bits(*number[i])))
		}
	}
	if differs&otherLine != 0 {
		buf = binary.AppendUvarint(buf, uint64(r.Line))
	}
	if differs&otherPosition != 0 {
		buf = binary.AppendVarint(buf, int64(r.Position))
	}
	if r.Properties != nil {
		f.properties = append(f.properties, r.Properties)
	}
	return buf
}

// Rows implements recommend.Packed. The texts of the rows lie in f's.
func (f *folded) Rows() []engine.Row {
	if f.count == 0 {
		return nil
	}
	rows := make([]engine.Row, f.count)
	var none engine.Row
	before, in, properties := &none, bytesOf(f.rows), f.properties
	for i := range rows {
		r := &rows[i]
		properties = in.row(r, before, f.ids, properties)
		before = r
	}
	return rows
}

// size is about what folded rows take in memory.
func (f *folded) size() int { return 96 + len(f.rows) + 256*len(f.properties) }

// bytesOf reads what fold wrote.
type bytesOf string

func (in *bytesOf) row(r, before *engine.Row, ids *catalogue.IDs, properties []map[string]any) []map[string]any {
	*r = *before
	differs := in.uint()
	copy(r.Event[:], in.take(len(r.Event)))
	r.Seq += uint64(in.int())
	at := before.At.UnixMilli() + in.int()
	r.At, r.Received = time.UnixMilli(at).UTC(), time.UnixMilli(at+in.int()).UTC()
	r.Item, r.Num = "", 0
	if n := in.uint(); n > 0 {
		r.Num = engine.ItemNum(n - 1)
		r.Item = ids.ID(r.Num)
	}
	if d := differs & (1<<textFields - 1); d != 0 {
		for to := texts(r); d != 0; d &= d - 1 {
			*to[bits.TrailingZeros64(d)] = in.take(int(in.uint()))
		}
	}
	if d := differs >> textFields & (1<<realFields - 1); d != 0 {
		for to := reals(r); d != 0; d &= d - 1 {
			*to[bits.TrailingZeros64(d)] = math.Float64frombits(bits.ReverseBytes64(in.uint()))
		}
	}
	if differs&otherLine != 0 {
		r.Line = uint16(in.uint())
	}
	if differs&otherPosition != 0 {
		r.Position = int(in.int())
	}
	r.Gift, r.Properties = differs&isGift != 0, nil
	if differs&hasProperties != 0 {
		r.Properties, properties = properties[0], properties[1:]
	}
	return properties
}

func (in *bytesOf) take(n int) string {
	s := string((*in)[:n])
	*in = (*in)[n:]
	return s
}

func (in *bytesOf) uint() uint64 {
	out := uint64(0)
	for i := range len(*in) {
		b := (*in)[i]
		out |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			*in = (*in)[i+1:]
			break
		}
	}
	return out
}

// int is the inverse of binary.AppendVarint.
func (in *bytesOf) int() int64 {
	u := in.uint()
	return int64(u>>1) ^ -int64(u&1)
}
