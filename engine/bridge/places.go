package bridge

import (
	"sync"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
)

// place is the vector of an item, made from these words.
type place struct {
	words  []float32
	vector []float32
}

// places are those of items, by their numbers, in pages that come as they are needed. They
// are read without a lock: an answer asks for every new item's. The zero places has none.
type places struct {
	mu    sync.Mutex // of who adds a page
	pages atomic.Pointer[[]*page]
}

// pageBits is how many items have one page, as a power of two.
const pageBits = 8

type page [1 << pageBits]atomic.Pointer[place]

// of returns the place of an item, nil where none was set.
func (p *places) of(n engine.ItemNum) *place {
	pages := p.pages.Load()
	if pages == nil || int64(n>>pageBits) >= int64(len(*pages)) || (*pages)[n>>pageBits] == nil {
		return nil
	}
	return (*pages)[n>>pageBits][n%(1<<pageBits)].Load()
}

// set sets the place of an item.
func (p *places) set(n engine.ItemNum, to *place) {
	p.page(int(n >> pageBits))[n%(1<<pageBits)].Store(to)
}

// page returns the page of a number, a new one where there is none.
func (p *places) page(at int) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	var old []*page
	if pages := p.pages.Load(); pages != nil {
		old = *pages
	}
	if at < len(old) && old[at] != nil {
		return old[at]
	}
	pages := make([]*page, max(at+1, len(old)))
	copy(pages, old)
	pages[at] = new(page)
	p.pages.Store(&pages)
	return pages[at]
}
