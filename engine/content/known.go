package content

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
)

// Known are the items that fitted sources have seen: every other is new. Nil stands for no
// fitted source, against which nothing is new.
type Known struct {
	items *roaring.Bitmap
	words []uint64 // the same, a bit an item: every item of an answer is looked up
}

// NewKnown returns the items of a bitmap, which is not to be changed; nil for nil.
func NewKnown(items *roaring.Bitmap) *Known {
	if items == nil {
		return nil
	}
	k := &Known{items: items}
	if !items.IsEmpty() {
		k.words = make([]uint64, items.Maximum()/64+1)
	}
	for it := items.Iterator(); it.HasNext(); {
		n := it.Next()
		k.words[n/64] |= 1 << (n % 64)
	}
	return k
}

// without calls yield with the places of those of items, which ascend, that are not known.
func (k *Known) without(items []engine.ItemNum, yield func(place int)) {
	n := len(items)
	for i := 0; i < n; {
		first := items[i]
		if at := int(first / 64); first%64 == 0 && n-i >= 64 && items[i+63] == first+63 && at < len(k.words) && k.words[at] == ^uint64(0) {
			i += 64 // all of a word
			continue
		}
		if !k.Has(first) {
			yield(i)
		}
		i++
	}
}

// Has reports whether an item is known.
func (k *Known) Has(n engine.ItemNum) bool {
	return k != nil && int64(n/64) < int64(len(k.words)) && k.words[n/64]>>(n%64)&1 == 1
}
