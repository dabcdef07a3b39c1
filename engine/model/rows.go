package model

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Rows say which items a fitted source has rows for, ascending by ItemNum, and are
// saved as ItemIDs: numbers belong to one store, ids to the shop. They are immutable.
type Rows struct {
	nums []engine.ItemNum
	ids  []engine.ItemID
	row  []int32 // by ItemNum, -1 for none
}

// NewRows returns rows for the given items, which ids must know, without repeats.
func NewRows(nums []engine.ItemNum, ids *catalogue.IDs) *Rows {
	r := &Rows{nums: slices.Clone(nums)}
	slices.Sort(r.nums)
	r.nums = slices.Compact(r.nums)
	r.ids = make([]engine.ItemID, len(r.nums))
	for i, n := range r.nums {
		r.ids[i] = ids.ID(n)
	}
	r.index()
	return r
}

// index builds row from nums.
func (r *Rows) index() {
	if len(r.nums) == 0 {
		return
	}
	r.row = make([]int32, r.nums[len(r.nums)-1]+1)
	for i := range r.row {
		r.row[i] = -1
	}
	for i, n := range r.nums {
		r.row[n] = int32(i)
	}
}

// Len returns how many rows there are.
func (r *Rows) Len() int { return len(r.nums) }

// Same reports whether others are rows of the same items.
func (r *Rows) Same(others *Rows) bool { return r == others || slices.Equal(r.nums, others.nums) }

// Row returns the row of an item, false if it has none.
func (r *Rows) Row(n engine.ItemNum) (int, bool) {
	if int64(n) >= int64(len(r.row)) || r.row[n] < 0 {
		return 0, false
	}
	return int(r.row[n]), true
}

// Num returns the item of a row.
func (r *Rows) Num(row int) engine.ItemNum { return r.nums[row] }

// ID returns the id of the item of a row.
func (r *Rows) ID(row int) engine.ItemID { return r.ids[row] }

// Each calls yield for every eligible item that has a row, ascending.
func (r *Rows) Each(eligible *roaring.Bitmap, yield func(row int, n engine.ItemNum)) {
	var buf [256]uint32
	it := eligible.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, num := range buf[:n] {
			if int64(num) >= int64(len(r.row)) {
				return
			}
			if row := r.row[num]; row >= 0 {
				yield(int(row), engine.ItemNum(num))
			}
		}
	}
}

// pick appends the rows of eligible items, ascending.
func (r *Rows) pick(eligible *roaring.Bitmap, out []uint32) []uint32 {
	var buf [256]uint32
	it := eligible.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, num := range buf[:n] {
			if int64(num) >= int64(len(r.row)) {
				return out
			}
			if row := r.row[num]; row >= 0 {
				out = append(out, uint32(row))
			}
		}
	}
	return out
}

// Subset returns the given rows, ascending; all of them are r.
func (r *Rows) Subset(rows []int) *Rows {
	if len(rows) == r.Len() {
		return r
	}
	sub := &Rows{nums: make([]engine.ItemNum, len(rows)), ids: make([]engine.ItemID, len(rows))}
	for i, row := range rows {
		sub.nums[i], sub.ids[i] = r.nums[row], r.ids[row]
	}
	sub.index()
	return sub
}

// Save writes the ids in the order of their rows.
func (r *Rows) Save(w *Writer) {
	texts := make([]string, len(r.ids))
	for i, id := range r.ids {
		texts[i] = string(id)
	}
	w.Texts(texts)
}

// AsSaved reports whether so many saved rows are there as they were: from is LoadRows's.
func AsSaved(from []int, saved int) bool {
	if len(from) != saved {
		return false
	}
	for row, at := range from {
		if row != at {
			return false
		}
	}
	return true
}

// LoadRows reads what Save wrote and lays the rows by the numbers in ids. saved is how
// many rows there were, and from[i] which of them row i is. An id that has no number
// here, so that nothing can ask for it, gets no row.
func LoadRows(f *Reader, ids *catalogue.IDs) (rows *Rows, from []int, saved int) {
	rows = &Rows{}
	type place struct {
		num engine.ItemNum
		at  int
	}
	places := make([]place, 0, ids.Len())
	f.eachText(func(text []byte) {
		if n, ok := ids.Num(engine.ItemID(unsafe.String(unsafe.SliceData(text), len(text)))); ok { // which does not keep it
			places = append(places, place{n, saved})
		}
		saved++
	})
	if f.err != nil {
		return &Rows{}, nil, 0
	}
	if byNum := func(a, b place) int { return int(a.num) - int(b.num) }; !slices.IsSortedFunc(places, byNum) {
		slices.SortFunc(places, byNum)
	}
	rows.nums, rows.ids, from = make([]engine.ItemNum, len(places)), make([]engine.ItemID, len(places)), make([]int, len(places))
	for i, p := range places {
		if i > 0 && p.num == places[i-1].num {
			f.fail(fmt.Errorf("%w: item %q has two rows", ErrCorrupt, ids.ID(p.num)))
			return &Rows{}, nil, 0
		}
		rows.nums[i], rows.ids[i], from[i] = p.num, ids.ID(p.num), p.at
	}
	rows.index()
	if s, is := f.r.(*sharing); is {
		rows = s.rows.one(rows)
	}
	return rows, from, saved
}

// SharedRows are the rows that the sources of one file have: most have the same, and what looks up the
// rows of a history's items for each of them then reads one table. The zero SharedRows is ready, and
// safe for concurrent use.
type SharedRows struct {
	mu    sync.Mutex // guards known
	known []*Rows
}

// Reader returns r for a source whose rows are to be among these. left is how many bytes r surely
// has, 0 where nobody knows: what is read may take as much memory before it arrives.
func (s *SharedRows) Reader(r io.Reader, left int64) io.Reader { return &sharing{r, s, left} }

// sharing is what LoadRows knows them by.
type sharing struct {
	io.Reader
	rows *SharedRows
	left int64
}

func (s *sharing) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.left -= int64(n)
	return n, err
}

// one returns the rows that are the same as r, r where there are none.
func (s *SharedRows) one(r *Rows) *Rows {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.known {
		if slices.Equal(o.nums, r.nums) && slices.Equal(o.ids, r.ids) {
			return o
		}
	}
	s.known = append(s.known, r)
	return r
}

// Pick returns the rows of dims numbers that stand in the given places, in their order:
// vectors itself where that is all of them as they stand.
func Pick(vectors []float32, dims int, places []int) []float32 {
	moved := len(vectors) != len(places)*dims
	for i := 0; i < len(places) && !moved; i++ {
		moved = places[i] != i
	}
	if !moved {
		return vectors
	}
	out := make([]float32, 0, len(places)*dims)
	for _, at := range places {
		out = append(out, vectors[at*dims:][:dims]...)
	}
	return out
}
