package catalogue

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// packed is an item in one piece: some 120 bytes where the item itself, with its map of attributes,
// takes 700. "" is none.
//
// It begins with the mark of what it holds, with when it was published, which all items of a list of
// the newest are asked for, and with when it expires.
type packed string

// What an item has, beside its texts.
const (
	hasPrice = 1 << iota
	hasStock
	hasPublished
	hasExpires
	isHidden
	isSensitive
)

// What a value of an attribute is.
const (
	ofText = iota
	ofNumber
	isTrue
	isFalse
	ofList
	ofNil
)

// pack returns an item in one piece; "" for nil.
func pack(it *engine.Item) packed {
	if it == nil {
		return ""
	}
	mark := byte(0)
	for _, one := range [...]struct {
		flag byte
		is   bool
	}{
		{hasPrice, it.Price != nil},
		{hasStock, it.Stock != nil},
		{hasPublished, it.Published != nil},
		{hasExpires, it.Expires != nil},
		{isHidden, it.Hidden},
		{isSensitive, it.Sensitive},
	} {
		if one.is {
			mark |= one.flag
		}
	}
	w := packer{mark}
	for _, at := range [...]*time.Time{it.Published, it.Expires} {
		if at != nil {
			w = w.time(*at)
		}
	}
	if it.Price != nil {
		w = w.real(*it.Price)
	}
	if it.Stock != nil {
		w = binary.AppendVarint(w, *it.Stock)
	}
	for _, s := range [...]string{
		string(it.ID), string(it.Kind), it.Title, it.Text, it.TextFormat, it.URL, it.Image, it.Currency, string(it.Visibility), it.GroupID, it.Language,
	} {
		w = w.text(s)
	}
	w = listed(w, it.Categories, packer.text)
	w = listed(w, it.AppliesTo, func(w packer, id engine.ItemID) packer { return w.text(string(id)) })
	w = listed(w, it.Embedding, func(w packer, x float32) packer {
		return binary.LittleEndian.AppendUint32(w, math.Float32bits(x))
	})
	var names []string
	if it.Attributes != nil {
		names = slices.AppendSeq(make([]string, 0, len(it.Attributes)), maps.Keys(it.Attributes))
		slices.Sort(names)
	}
	return packed(listed(w, names, func(w packer, name string) packer { return w.text(name).value(it.Attributes[name]) }))
}

// packer is what was packed so far.
type packer []byte

func (w packer) text(s string) packer {
	return append(binary.AppendUvarint(w, uint64(len(s))), s...)
}

func (w packer) real(x float64) packer {
	return binary.LittleEndian.AppendUint64(w, math.Float64bits(x))
}

// time packs a time with its zone's offset, in twelve bytes and those of the offset.
func (w packer) time(at time.Time) packer {
	_, offset := at.Zone()
	w = binary.LittleEndian.AppendUint64(w, uint64(at.Unix()))
	w = binary.LittleEndian.AppendUint32(w, uint32(at.Nanosecond()))
	return binary.AppendVarint(w, int64(offset))
}

func (w packer) value(v any) packer {
	switch v := v.(type) {
	case nil:
		return append(w, ofNil)
	case string:
		return append(w, ofText).text(v)
	case float64:
		return append(w, ofNumber).real(v)
	case bool:
		if v {
			return append(w, isTrue)
		}
		return append(w, isFalse)
	case []string:
		return listed(append(w, ofList), v, packer.text)
	}
	panic(fmt.Sprintf("an attribute of type %T", v)) // which package record refuses
}

// listed packs a list, and whether it is nil.
func listed[T any](w packer, list []T, one func(packer, T) packer) packer {
	if list == nil {
		return binary.AppendUvarint(w, 0)
	}
	w = binary.AppendUvarint(w, uint64(len(list))+1)
	for _, x := range list {
		w = one(w, x)
	}
	return w
}

// item unpacks: texts are parts of what was packed, not copies. nil for none.
func (p packed) item() *engine.Item {
	if p == "" {
		return nil
	}
	mark := p[0]
	r := unpacker(p[1:])
	it := &engine.Item{Hidden: mark&isHidden != 0, Sensitive: mark&isSensitive != 0}
	if mark&hasPublished != 0 {
		it.Published = new(r.time())
	}
	if mark&hasExpires != 0 {
		it.Expires = new(r.time())
	}
	if mark&hasPrice != 0 {
		it.Price = new(r.real())
	}
	if mark&hasStock != 0 {
		it.Stock = new(r.int())
	}
	it.ID, it.Kind = engine.ItemID(r.text()), engine.Kind(r.text())
	for _, to := range [...]*string{&it.Title, &it.Text, &it.TextFormat, &it.URL, &it.Image, &it.Currency} {
		*to = r.text()
	}
	it.Visibility, it.GroupID, it.Language = engine.Visibility(r.text()), r.text(), r.text()
	it.Categories = unlisted(&r, (*unpacker).text)
	it.AppliesTo = unlisted(&r, func(r *unpacker) engine.ItemID { return engine.ItemID(r.text()) })
	it.Embedding = unlisted(&r, func(r *unpacker) float32 { return math.Float32frombits(uint32(r.fixed(4))) })
	if n := r.uint(); n > 0 {
		it.Attributes = make(engine.Attributes, n-1)
		for range n - 1 {
			name := r.text()
			it.Attributes[name] = r.value()
		}
	}
	return it
}

// published returns when the item was or is to be published; false where that is not known.
func (p packed) published() (time.Time, bool) {
	if p == "" || p[0]&hasPublished == 0 {
		return time.Time{}, false
	}
	r := unpacker(p[1:])
	return r.time(), true
}

// shown is shown of the item, of which it unpacks the dates alone: a request at another time than the
// one before asks for those of all items that were published between.
func (p packed) shown(now int64) bool {
	r := unpacker(p[1:])
	if p[0]&hasPublished != 0 && now < Nanos(r.time()) {
		return false
	}
	return p[0]&hasExpires == 0 || now < Nanos(r.time())
}

// unpacker is what is yet to be unpacked.
type unpacker string

func (r *unpacker) uint() uint64 {
	var out uint64
	for shift := 0; ; shift += 7 {
		b := (*r)[0]
		*r = (*r)[1:]
		if out |= uint64(b&0x7f) << shift; b < 0x80 {
			return out
		}
	}
}

// int is the other way of binary.AppendVarint.
func (r *unpacker) int() int64 {
	x := r.uint()
	return int64(x>>1) ^ -int64(x&1)
}

func (r *unpacker) take(n uint64) string {
	out := (*r)[:n]
	*r = (*r)[n:]
	return string(out)
}

func (r *unpacker) text() string { return r.take(r.uint()) }

// fixed is a number of so many bytes, the lowest first.
func (r *unpacker) fixed(bytes uint64) (out uint64) {
	for i, b := range []byte(r.take(bytes)) {
		out |= uint64(b) << (8 * i)
	}
	return out
}

func (r *unpacker) real() float64 { return math.Float64frombits(r.fixed(8)) }

func (r *unpacker) time() time.Time {
	at := time.Unix(int64(r.fixed(8)), int64(r.fixed(4)))
	if offset := int(r.int()); offset != 0 {
		return at.In(time.FixedZone("", offset))
	}
	return at.UTC()
}

func (r *unpacker) value() any {
	switch r.take(1)[0] {
	case ofText:
		return r.text()
	case ofNumber:
		return r.real()
	case isTrue:
		return true
	case isFalse:
		return false
	case ofList:
		return unlisted(r, (*unpacker).text)
	}
	return nil
}

func unlisted[T any](r *unpacker, one func(*unpacker) T) []T {
	n := r.uint()
	if n == 0 {
		return nil
	}
	out := make([]T, n-1)
	for i := range out {
		out[i] = one(r)
	}
	return out
}
