package text

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// chunkItems is how many items share a chunk: what a change of one item copies.
const chunkItems = 256

// Vectors holds the vector of every item that has one, encoded from the item's words.
// An embedding the caller sent with an item is not looked at: it lives in a space of
// its own, where no query of ours could meet it.
//
// Vectors is immutable; With and Reencode share what did not change.
type Vectors struct {
	encoder *Encoder
	chunks  []*chunk // nil where no item of a chunk is known
}

type chunk struct {
	items [chunkItems]*engine.Item // kept to encode them again for a new encoder
	rows  [chunkItems][]float32
}

// NewVectors returns an empty table for what e encodes.
func NewVectors(e *Encoder) *Vectors { return &Vectors{encoder: e} }

// Encoder returns what the rows were encoded with.
func (v *Vectors) Encoder() *Encoder { return v.encoder }

// Dims returns the length of every row.
func (v *Vectors) Dims() int { return v.encoder.Dims() }

// Row returns the vector of item n, of unit length, nil if it has none. It is not to
// be changed.
func (v *Vectors) Row(n engine.ItemNum) []float32 {
	at := int(n / chunkItems)
	if at >= len(v.chunks) || v.chunks[at] == nil {
		return nil
	}
	return v.chunks[at].rows[n%chunkItems]
}

// With returns the table with the changed items encoded anew and the deleted ones
// gone. Of two entries for one number the last one holds.
func (v *Vectors) With(changed []catalogue.Entry) *Vectors {
	out := &Vectors{encoder: v.encoder, chunks: slices.Clone(v.chunks)}
	dirty := make(map[int]*chunk)
	for _, entry := range changed {
		at := int(entry.Num / chunkItems)
		if dirty[at] == nil {
			dirty[at] = out.own(at)
		}
		dirty[at].items[entry.Num%chunkItems] = entry.Item
		dirty[at].rows[entry.Num%chunkItems] = nil
	}
	list := make([]*chunk, 0, len(dirty))
	for _, c := range dirty {
		list = append(list, c)
	}
	encode(list, v.encoder)
	return out
}

// own replaces chunk number at by a copy that may be written to.
func (v *Vectors) own(at int) *chunk {
	for len(v.chunks) <= at {
		v.chunks = append(v.chunks, nil)
	}
	c := new(chunk)
	if old := v.chunks[at]; old != nil {
		*c = *old
	}
	v.chunks[at] = c
	return c
}

// Reencode returns the table of the same items as e encodes them.
func (v *Vectors) Reencode(e *Encoder) *Vectors {
	out := &Vectors{encoder: e, chunks: make([]*chunk, len(v.chunks))}
	var list []*chunk
	for i, old := range v.chunks {
		if old != nil {
			out.chunks[i] = &chunk{items: old.items}
			list = append(list, out.chunks[i])
		}
	}
	encode(list, e)
	return out
}

// encode fills the missing rows of every chunk. Each row depends on its item alone, so
// the number of goroutines changes nothing.
func encode(list []*chunk, e *Encoder) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				list[i].encode(e)
			}
		})
	}
	workers.Wait()
}

func (c *chunk) encode(e *Encoder) {
	for i, it := range c.items {
		if it != nil && c.rows[i] == nil {
			c.rows[i] = e.Encode(ItemTerms(it))
		}
	}
}
