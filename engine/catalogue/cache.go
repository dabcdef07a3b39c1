package catalogue

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// cachedBitmaps is how many bitmaps one generation of a base's cache holds. At a
// million items a bitmap is 125 KB at most: two generations stay below 64 MB.
const cachedBitmaps = 256

// cache keeps bitmaps that were computed from a base, by a key that says all they
// depend on. It holds two generations: a full one becomes the old one, and what is
// asked for again is carried over before the old one is dropped.
type cache struct {
	mu         sync.Mutex // guards young and old
	young, old map[string]*roaring.Bitmap
}

// Cached returns the bitmap kept under key, or the one build makes, which is kept. The
// key must say everything the bitmap depends on besides the base itself.
func (b *Base) Cached(key string, build func() *roaring.Bitmap) *roaring.Bitmap {
	if found := b.cache.get(key); found != nil {
		return found
	}
	made := build() // not under the lock: two requests may both build, and get the same
	b.cache.put(key, made)
	return made
}

func (c *cache) get(key string) *roaring.Bitmap {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.young[key]; found != nil {
		return found
	}
	found := c.old[key]
	if found != nil {
		c.keep(key, found)
	}
	return found
}

func (c *cache) put(key string, made *roaring.Bitmap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(key, made)
}

// keep enters a bitmap into the young generation; the caller holds mu.
func (c *cache) keep(key string, found *roaring.Bitmap) {
	if len(c.young) >= cachedBitmaps {
		c.young, c.old = nil, c.young
	}
	if c.young == nil {
		c.young = make(map[string]*roaring.Bitmap)
	}
	c.young[key] = found
}
