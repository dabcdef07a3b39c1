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

// Has reports whether an item is known.
func (k *Known) Has(n engine.ItemNum) bool {
	return k != nil && int64(n/64) < int64(len(k.words)) && k.words[n/64]>>(n%64)&1 == 1
}
