package catalogue

import (
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// fewItems is up to how many items a posting is a plain list. Most values of an
// attribute such as a part number belong to one item: a bitmap each would take some
// 200 bytes, the list takes 4.
const fewItems = 16

// posting is the items that have a value. It is immutable.
type posting struct {
	few  []uint32        // ascending; used while many is nil
	many *roaring.Bitmap // more than fewItems
}

// bitmap returns the posting as a bitmap that is not to be changed.
func (p posting) bitmap() *roaring.Bitmap {
	if p.many != nil {
		return p.many
	}
	return roaring.BitmapOf(p.few...)
}

// edit returns p without the removed and with the added numbers.
func (p posting) edit(removed, added []uint32) posting {
	if p.many == nil && len(p.few)+len(added) <= fewItems {
		few := make([]uint32, 0, len(p.few)+len(added))
		for _, n := range p.few {
			if !slices.Contains(removed, n) {
				few = append(few, n)
			}
		}
		few = append(few, added...)
		slices.Sort(few)
		return posting{few: slices.Compact(few)}
	}
	many := p.bitmap().Clone()
	for _, n := range removed {
		many.Remove(n)
	}
	many.AddMany(added)
	if many.GetCardinality() <= fewItems {
		return posting{few: many.ToArray()}
	}
	return posting{many: many}
}

func (p posting) empty() bool { return p.many == nil && len(p.few) == 0 }

// shardValues is how many values a shard of a table holds on average before the table
// gets more shards. An edit copies the shards it touches: with 64 values that is 2 us.
const shardValues = 64

// table is the postings of the values of a field. It is immutable: edit copies the
// shards it touches and no others.
type table struct {
	shards []map[string]posting // a power of two of them, by hash
	values int
}

// delta is what changes in the posting of one value.
type delta struct{ removed, added []uint32 }

// get returns the posting of value, empty if no item has it.
func (t *table) get(value string) posting {
	if t == nil || len(t.shards) == 0 {
		return posting{}
	}
	return t.shards[hash(value)&uint32(len(t.shards)-1)][value]
}

// len returns how many values have a posting.
func (t *table) len() int {
	if t == nil {
		return 0
	}
	return t.values
}

// edit returns the table after the changes.
func (t *table) edit(changes map[string]*delta) *table {
	next := t.grown(len(changes))
	own := make(map[uint32]bool, min(len(changes), len(next.shards)))
	mask := uint32(len(next.shards) - 1)
	for value, d := range changes {
		h := hash(value) & mask
		if !own[h] {
			own[h] = true
			if next.shards[h] = maps.Clone(next.shards[h]); next.shards[h] == nil {
				next.shards[h] = make(map[string]posting)
			}
		}
		before := next.shards[h][value]
		after := before.edit(d.removed, d.added)
		switch {
		case after.empty():
			delete(next.shards[h], value)
		default:
			next.shards[h][value] = after
		}
		next.values += present(after) - present(before)
	}
	return next
}

func present(p posting) int {
	if p.empty() {
		return 0
	}
	return 1
}

// grown returns a copy of the table's list of shards, with enough of them for more
// further values. Tables do not shrink: what a field once held it may hold again.
func (t *table) grown(more int) *table {
	if t == nil {
		t = &table{}
	}
	count := max(len(t.shards), 1)
	for t.values+more > count*shardValues {
		count *= 2
	}
	next := &table{shards: make([]map[string]posting, count), values: t.values}
	if count == len(t.shards) {
		copy(next.shards, t.shards)
		return next
	}
	for _, shard := range t.shards {
		for value, p := range shard {
			h := hash(value) & uint32(count-1)
			if next.shards[h] == nil {
				next.shards[h] = make(map[string]posting)
			}
			next.shards[h][value] = p
		}
	}
	return next
}

// hash is FNV-1a, written out so that no value is copied to be hashed.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
