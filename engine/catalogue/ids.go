package catalogue

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
)

// IDs is the one table of item ids and their numbers. Numbers run from 0 without gaps
// and are never given twice or taken back. It is safe for concurrent use: names are
// read without a lock, numbers under a shared one.
//
// A store that must not show a number before it is durable reserves it first:
//
//	r := ids.Reserve()
//	n, added := r.Num(id) // for each id of the transaction; added: write the pair
//	...                   // commit; on failure forget r and nothing has happened
//	r.Publish()
type IDs struct {
	names atomic.Pointer[[]engine.ItemID] // by number; only ever appended to

	mu   sync.RWMutex // guards nums, and orders writers
	nums map[engine.ItemID]engine.ItemNum
}

// NewIDs returns an empty table.
func NewIDs() *IDs {
	t := &IDs{nums: make(map[engine.ItemID]engine.ItemNum)}
	t.names.Store(new([]engine.ItemID))
	return t
}

// Num returns the number of id, false if it has none.
func (t *IDs) Num(id engine.ItemID) (engine.ItemNum, bool) {
	t.mu.RLock()
	n, ok := t.nums[id]
	t.mu.RUnlock()
	return n, ok
}

// ID returns the id of number n. It panics if n was never given, as an index does.
func (t *IDs) ID(n engine.ItemNum) engine.ItemID { return (*t.names.Load())[n] }

// Len returns how many numbers are given: one above the highest.
func (t *IDs) Len() int { return len(*t.names.Load()) }

// Assign returns the number of id, giving it the next one if it has none (added).
func (t *IDs) Assign(id engine.ItemID) (n engine.ItemNum, added bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, ok := t.nums[id]; ok {
		return n, false
	}
	n = engine.ItemNum(t.Len())
	t.add(id)
	return n, true
}

// add gives ids the next numbers; the caller holds mu. Readers of the names hold an
// older slice header and never look past its length, so the array can be shared.
func (t *IDs) add(ids ...engine.ItemID) {
	names := *t.names.Load()
	for _, id := range ids {
		t.nums[id] = engine.ItemNum(len(names))
		names = append(names, id)
	}
	t.names.Store(&names)
}

// Reservation is the numbers one transaction wants to give. Nobody else sees them
// until Publish; a reservation that is dropped leaves nothing behind. It belongs to
// one goroutine, and a table has one writer at a time: between Reserve and Publish
// nothing else may be added to it.
type Reservation struct {
	table *IDs
	first int
	names []engine.ItemID
	nums  map[engine.ItemID]engine.ItemNum
}

// Reserve begins a reservation behind the numbers given so far.
func (t *IDs) Reserve() *Reservation {
	return &Reservation{table: t, first: t.Len()}
}

// Num returns the number of id, published or reserved here; added says that it was
// reserved by this call, and is to be written with the transaction.
func (r *Reservation) Num(id engine.ItemID) (n engine.ItemNum, added bool) {
	if n, ok := r.Lookup(id); ok {
		return n, false
	}
	n = engine.ItemNum(r.first + len(r.names))
	if r.nums == nil {
		r.nums = make(map[engine.ItemID]engine.ItemNum)
	}
	r.nums[id] = n
	r.names = append(r.names, id)
	return n, true
}

// Lookup returns the number of id, published or reserved here, without reserving one.
func (r *Reservation) Lookup(id engine.ItemID) (engine.ItemNum, bool) {
	if n, ok := r.nums[id]; ok {
		return n, true
	}
	return r.table.Num(id)
}

// Publish makes the reserved numbers everybody's. It panics if the table has grown
// since Reserve: two writers would have given one number twice. The reservation is
// empty afterwards and may be used for the next transaction.
func (r *Reservation) Publish() {
	r.table.mu.Lock()
	defer r.table.mu.Unlock()
	if n := r.table.Len(); n != r.first {
		panic(fmt.Sprintf("catalogue: ids reserved from %d, but the table holds %d: it has two writers", r.first, n))
	}
	if len(r.names) > 0 {
		r.table.add(r.names...)
	}
	r.first, r.names, r.nums = r.table.Len(), nil, nil
}
