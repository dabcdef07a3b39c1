package text

import (
	"math/bits"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/vector"
)

// chunkItems is how many items share a chunk, and laneItems how many of them share the
// room of their rows: what a change of one item copies.
const (
	chunkItems = 256
	laneItems  = 16
)

// Vectors holds the vector of every item that has one, encoded from the item's words.
// An embedding the caller sent with an item is not looked at: it lives in a space of
// its own, where no query of ours could meet it.
//
// Vectors is immutable; With shares what did not change, and returns the same value where nothing
// did: what was made of it holds as long as it is the same.
type Vectors struct {
	encoder *Encoder
	chunks  []*chunk // nil where no item of a chunk is known
	bounds  *bounds
}

// bounds are what bytes of all rows may be off, once that is asked for.
type bounds struct {
	atomic.Pointer[vector.BytesBounds]
}

type chunk struct {
	lanes [chunkItems / laneItems]*lane
	rough *roughly // of lanes
}

// roughly is the rows of a chunk in bytes, once they are needed: in one piece, so that all of
// them are read in a row.
type roughly struct{ atomic.Pointer[vector.Bytes] }

// lane is the rows of some items, one after the other, so that they can be multiplied in
// one go. Those of items without one are zero.
type lane struct {
	has  uint16
	rows []float32
}

// bytes returns the rows in bytes; those of items without one are zero.
func (c *chunk) bytes(d int) *vector.Bytes {
	if b := c.rough.Load(); b != nil {
		return b
	}
	b, none := vector.NewBytes(d, chunkItems), make([]float32, d)
	for i := range chunkItems {
		if l := c.lanes[i/laneItems]; l != nil {
			b.Append(l.rows[i%laneItems*d:][:d])
		} else {
			b.Append(none)
		}
	}
	c.rough.Store(b) // of two made at once either will do
	return b
}

// NewVectors returns an empty table for what e encodes.
func NewVectors(e *Encoder) *Vectors { return &Vectors{encoder: e, bounds: new(bounds)} }

// Encoder returns what the rows were encoded with.
func (v *Vectors) Encoder() *Encoder { return v.encoder }

// Dims returns the length of every row.
func (v *Vectors) Dims() int { return v.encoder.Dims() }

// lane returns the lane of item n, nil if none of its items has a row.
func (v *Vectors) lane(n engine.ItemNum) *lane {
	c := v.chunk(int(n / chunkItems))
	if c == nil {
		return nil
	}
	return c.lanes[n%chunkItems/laneItems]
}

// Row returns the vector of item n, of unit length, nil if it has none. It is not to
// be changed.
func (v *Vectors) Row(n engine.ItemNum) []float32 {
	return v.lane(n).row(int(n%laneItems), v.encoder.Dims())
}

// row returns the i-th row, of length d; nil where there is none.
func (l *lane) row(i, d int) []float32 {
	if l == nil || l.has>>i&1 == 0 {
		return nil
	}
	return l.rows[i*d:][:d:d]
}

// Dots writes the dot product of q and the row of each item to out, 0 for items without
// one. Items that ascend are read fastest.
func (v *Vectors) Dots(out []float32, items []engine.ItemNum, q []float32) {
	var all [laneItems]float32
	for i := 0; i < len(items); {
		first := items[i] / laneItems
		end := i + 1
		for end < len(items) && items[end]/laneItems == first {
			end++
		}
		switch l := v.lane(items[i]); {
		case l == nil:
			clear(out[i:end])
		case end-i < laneItems/4:
			for ; i < end; i++ {
				at := int(items[i] % laneItems)
				out[i] = vector.Dot(q, l.rows[at*len(q):][:len(q)])
			}
		default:
			vector.DotRows(all[:], l.rows, q)
			for ; i < end; i++ {
				out[i] = all[items[i]%laneItems]
			}
		}
		i = end
	}
}

// pickedShare is of how many rows one must be asked for where all are looked at in a row.
const pickedShare = 2

// Rough writes to out what q, in bytes, says of the row of each item; 0 for items without one.
// off and most are the bounds that q has for these rows; it is false where there are none.
// Items ascend.
func (v *Vectors) Rough(out []float32, items []engine.ItemNum, q *vector.Rough) (off, most float64, ok bool) {
	var all [chunkItems]float32
	var picks [chunkItems]uint32
	for i := 0; i < len(items); {
		at := int(items[i] / chunkItems)
		end := i + 1
		for end < len(items) && int(items[end]/chunkItems) == at {
			end++
		}
		if at >= len(v.chunks) || v.chunks[at] == nil {
			clear(out[i:end])
			i = end
			continue
		}
		b := v.chunks[at].bytes(v.encoder.Dims())
		o, m, ok := q.BytesBounds(b)
		if !ok {
			return 0, 0, false
		}
		off, most = max(off, o), max(most, m)
		v.fetch(items[end:])
		first, last := int(items[i]%chunkItems), int(items[end-1]%chunkItems)
		if last-first == end-i-1 {
			q.Bytes(out[i:end], b, first)
			i = end
			continue
		}
		if last-first > pickedShare*(end-i) { // few of them
			for k, item := range items[i:end] {
				picks[k] = uint32(item % chunkItems)
			}
			q.BytesPicked(out[i:end], b, picks[:end-i])
			i = end
			continue
		}
		q.Bytes(all[first:last+1], b, first)
		for ; i < end; i++ {
			out[i] = all[items[i]%chunkItems]
		}
	}
	return off, most, true
}

// fetch asks for the rows in bytes of those of items that share the chunk of the first: each chunk lies
// somewhere else. Of few rows those alone are asked for, since all 256 of a chunk take longer to
// ask for than few take to read.
func (v *Vectors) fetch(items []engine.ItemNum) {
	if len(items) == 0 {
		return
	}
	next := v.roughOf(items[0])
	if next == nil {
		return
	}
	at, many := items[0]/chunkItems, chunkItems/pickedShare
	if len(items) > many && items[many]/chunkItems == at {
		next.Fetch(0, chunkItems)
		return
	}
	for _, item := range items {
		if item/chunkItems != at {
			return
		}
		row := int(item % chunkItems)
		next.Fetch(row, row+1)
	}
}

// roughOf returns the rows in bytes of the chunk of an item, nil where it has none, or none yet.
func (v *Vectors) roughOf(n engine.ItemNum) *vector.Bytes {
	c := v.chunk(int(n / chunkItems))
	if c == nil {
		return nil
	}
	return c.rough.Load()
}

// RoughBounds returns the bounds that q, in bytes, has for all rows; false where it has none
// for some of them.
func (v *Vectors) RoughBounds(q *vector.Rough) (off, most float64, ok bool) {
	all := v.bounds.Load()
	if all == nil {
		all = new(vector.BytesBounds)
		for _, c := range v.chunks {
			if c != nil {
				all.Add(c.bytes(v.encoder.Dims()))
			}
		}
		v.bounds.Store(all) // of two made at once either will do
	}
	return q.BoundsOf(all)
}

// encodedAtOnce is of how many chunks the items are held while they are encoded: a catalogue unpacks
// them one after another.
const encodedAtOnce = 16

// Encoded returns the table of a catalogue's items, which some workers encode: a single one is the
// caller's own goroutine.
func Encoded(e *Encoder, c *catalogue.Snapshot, workers int) *Vectors {
	return NewVectors(e).stocked(c, func(*engine.Item) bool { return true }, workers)
}

// stocked returns the table with those of a catalogue's items.
func (v *Vectors) stocked(c *catalogue.Snapshot, of func(*engine.Item) bool, workers int) *Vectors {
	var some []catalogue.Entry
	for n, it := range c.Items() {
		if !of(it) {
			continue
		}
		if len(some) > 0 && n/(encodedAtOnce*chunkItems) > some[0].Num/(encodedAtOnce*chunkItems) {
			v, some = v.with(some, unheard, workers), some[:0]
		}
		some = append(some, catalogue.Entry{Num: n, Item: it})
	}
	return v.with(some, unheard, workers)
}

// unheard is for whom nobody hears terms.
func unheard(engine.ItemNum, fields) {}

// With returns the table with the changed items encoded anew and the deleted ones
// gone; itself where that leaves every row as it was, as after a new price does. Of two entries for
// one number the last one holds.
func (v *Vectors) With(changed []catalogue.Entry) *Vectors {
	return v.with(changed, unheard, runtime.GOMAXPROCS(0))
}

// with is With, which tells each changed item's terms to hear, from several goroutines.
func (v *Vectors) with(changed []catalogue.Entry, hear func(engine.ItemNum, fields), workers int) *Vectors {
	todo := make(map[int]*work)
	for _, entry := range changed {
		at, i := int(entry.Num/chunkItems), entry.Num%chunkItems
		if todo[at] == nil {
			todo[at] = &work{old: v.chunk(at), first: entry.Num - i, hear: hear}
		}
		todo[at].items[i] = entry.Item
		todo[at].stale[i/64] |= 1 << (i % 64)
	}
	list := make([]*work, 0, len(todo))
	for _, w := range todo {
		list = append(list, w)
	}
	readers := make([]itemReader, max(1, min(workers, len(list))))
	vector.Fork(len(readers), len(list), func(worker, i int) { list[i].encode(v.encoder, &readers[worker]) })
	var out *Vectors
	for at, w := range todo {
		if w.made == nil {
			continue
		}
		if out == nil {
			out = &Vectors{encoder: v.encoder, chunks: slices.Clone(v.chunks), bounds: new(bounds)}
		}
		for len(out.chunks) <= at {
			out.chunks = append(out.chunks, nil)
		}
		out.chunks[at] = w.made
	}
	if out == nil {
		return v
	}
	return out
}

// chunk returns chunk number at, nil if none of its items is known.
func (v *Vectors) chunk(at int) *chunk {
	if at >= len(v.chunks) {
		return nil
	}
	return v.chunks[at]
}

// work is a chunk, and the items in it to encode. Lanes that stay as they are are shared.
type work struct {
	old   *chunk         // nil for none
	made  *chunk         // in its place; nil where it stays
	first engine.ItemNum // of the chunk
	hear  func(engine.ItemNum, fields)
	items [chunkItems]*engine.Item // of those that are stale, nil for deleted ones
	stale [chunkItems / 64]uint64
}

// encode makes the chunk anew. Each row depends on its item alone, so that it is the same whoever
// makes it.
func (w *work) encode(e *Encoder, r *itemReader) {
	var old chunk
	if w.old != nil {
		old = *w.old
	}
	for at, before := range old.lanes {
		first := at * laneItems
		stale := uint16(w.stale[first/64] >> (first % 64))
		if stale == 0 {
			continue
		}
		next := before
		for ; stale != 0; stale &= stale - 1 {
			i := bits.TrailingZeros16(stale)
			var row []float32
			if it := w.items[first+i]; it != nil {
				f := r.item(it)
				row = e.Encode(f.terms())
				w.hear(w.first+engine.ItemNum(first+i), f)
			}
			if slices.Equal(row, before.row(i, e.Dims())) {
				continue
			}
			if next == before {
				next = before.copied(e.Dims())
			}
			next.put(i, e.Dims(), row)
		}
		if next == before {
			continue
		}
		if w.made == nil {
			w.made = &chunk{lanes: old.lanes, rough: new(roughly)}
		}
		if w.made.lanes[at] = next; next.has == 0 {
			w.made.lanes[at] = nil
		}
	}
}

// copied returns a lane of rows of length d that may be written to.
func (l *lane) copied(d int) *lane {
	if l == nil {
		return &lane{rows: make([]float32, laneItems*d)}
	}
	return &lane{l.has, slices.Clone(l.rows)}
}

// put makes row the i-th one of those of length d, nil for none.
func (l *lane) put(i, d int, row []float32) {
	at := l.rows[i*d:][:d]
	clear(at)
	if l.has &^= 1 << i; copy(at, row) > 0 {
		l.has |= 1 << i
	}
}
