package catalogue

import (
	"iter"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// chunkItems is how many items share one array: a change copies one array and the
// list of arrays. At 100,000 items that is 4 KB and 1.6 KB.
const chunkItems = 512

// heldItems is up to which number items are held as they are. Those beyond are packed, and unpacked
// when they are asked for, in about a microsecond: as they are, the items of a catalogue of a million
// would take most of a gigabyte, and an answer asks for some dozens.
const heldItems = 1 << 17

// manyItems is from how many items on a catalogue that is read has none that are held.
const manyItems = 1 << 19

// items are the items by number, nil where there is none. A value is immutable; set
// makes the next one.
type items struct {
	chunks []*chunk
	length int // one above the highest number that holds an item
}

// chunk is some items in a row: held, or packed.
type chunk struct {
	held   []*engine.Item
	packed []packed
}

func newChunk(at int) *chunk {
	if at < heldItems/chunkItems {
		return &chunk{held: make([]*engine.Item, chunkItems)}
	}
	return &chunk{packed: make([]packed, chunkItems)}
}

// pack returns the chunk with its items packed.
func (c *chunk) pack() *chunk {
	if c == nil || c.packed != nil {
		return c
	}
	out := &chunk{packed: make([]packed, chunkItems)}
	for i, it := range c.held {
		out.put(i, it)
	}
	return out
}

func (c *chunk) clone() *chunk { return &chunk{slices.Clone(c.held), slices.Clone(c.packed)} }

// at returns an item by its place, nil if there is none.
func (c *chunk) at(i int) *engine.Item {
	if c.packed != nil {
		return c.packed[i].item()
	}
	return c.held[i]
}

func (c *chunk) put(i int, it *engine.Item) {
	if c.packed != nil {
		c.packed[i] = pack(it)
	} else {
		c.held[i] = it
	}
}

// of returns the chunk of an item and its place there; nil where nothing is.
func (x items) of(n engine.ItemNum) (*chunk, int) {
	if c := int(n / chunkItems); c < len(x.chunks) {
		return x.chunks[c], int(n % chunkItems)
	}
	return nil, 0
}

// at returns the item with number n, nil if there is none.
func (x items) at(n engine.ItemNum) *engine.Item {
	if c, i := x.of(n); c != nil {
		return c.at(i)
	}
	return nil
}

// published returns when an item was or is to be published; false where that is not known.
func (x items) published(n engine.ItemNum) (time.Time, bool) {
	c, i := x.of(n)
	switch {
	case c == nil:
	case c.packed != nil:
		return c.packed[i].published()
	case c.held[i] != nil && c.held[i].Published != nil:
		return *c.held[i].Published, true
	}
	return time.Time{}, false
}

// shown is shown of the item with number n, which there is.
func (x items) shown(n engine.ItemNum, now int64) bool {
	c, i := x.of(n)
	if c.packed != nil {
		return c.packed[i].shown(now)
	}
	return shown(c.held[i], now)
}

// all yields the items, ascending by number.
func (x items) all() iter.Seq2[engine.ItemNum, *engine.Item] {
	return func(yield func(engine.ItemNum, *engine.Item) bool) {
		for c, chunk := range x.chunks {
			if chunk == nil {
				continue
			}
			for i := range chunkItems {
				if it := chunk.at(i); it != nil && !yield(engine.ItemNum(c*chunkItems+i), it) {
					return
				}
			}
		}
	}
}

// pack returns the items, all of them packed where they are many.
func (x items) pack() items {
	if x.length < manyItems {
		return x
	}
	x.chunks = slices.Clone(x.chunks)
	for i, c := range x.chunks {
		x.chunks[i] = c.pack()
	}
	return x
}

// set returns the items after the changes; of two changes of one number the later one
// counts.
func (x items) set(changed []Entry) items {
	next := items{chunks: append(make([]*chunk, 0, len(x.chunks)+1), x.chunks...), length: x.length}
	own := make(map[int]bool, min(len(changed), 1+len(x.chunks)))
	for _, e := range changed {
		c := int(e.Num / chunkItems)
		for c >= len(next.chunks) {
			next.chunks = append(next.chunks, nil)
		}
		if !own[c] {
			own[c] = true
			if old := next.chunks[c]; old != nil {
				next.chunks[c] = old.clone()
			} else {
				next.chunks[c] = newChunk(c)
			}
		}
		next.chunks[c].put(int(e.Num%chunkItems), e.Item)
		if e.Item != nil {
			next.length = max(next.length, int(e.Num)+1)
		}
	}
	for next.length > 0 && next.at(engine.ItemNum(next.length-1)) == nil {
		next.length--
	}
	return next
}
