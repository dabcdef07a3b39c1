package model

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

// Edges are weights between rows: of each row the rows it leads to, ascending, and how
// strongly. They are immutable; 6 bytes an edge where there are up to 65,536 rows, else 8.
type Edges struct {
	ends    []uint32 // of row i the edges are those from ends[i-1] to ends[i]
	near    []uint16 // the rows they lead to, where none is too far
	far     []uint32 // else
	weights []float32
}

// nearRows is how many rows two bytes tell apart.
const nearRows = 1 << 16

// Edge is one of them, seen from one of its ends: the row at the other.
type Edge struct {
	Row    uint32
	Weight float32
}

// maxLinks bounds the edges of a source, to 268 MB, and in a fit twice that. What that costs: decision 018.
const maxLinks = 1 << 25

// LinksEach returns how many edges each of so many rows may have in a source: of more than 335,544 rows
// fewer than the usual 100, of a million 33.
func LinksEach(rows int) int { return max(1, maxLinks/max(1, rows)) }

// byRow orders the edges of a row.
func byRow(a, b Edge) int { return cmp.Compare(a.Row, b.Row) }

// NewEdges returns the edges that lead from each row, which ascend by row.
func NewEdges(from [][]Edge) *Edges {
	n := 0
	for _, list := range from {
		n += len(list)
	}
	e := newEdges(len(from), n)
	for row, list := range from {
		e.put(row, list)
	}
	return e
}

// newEdges returns room for so many edges between so many rows.
func newEdges(rows, edges int) *Edges {
	e := &Edges{ends: make([]uint32, 0, rows), weights: make([]float32, edges)}
	if rows <= nearRows {
		e.near = make([]uint16, edges)
	} else {
		e.far = make([]uint32, edges)
	}
	return e
}

// put adds the edges of the next row.
func (e *Edges) put(row int, list []Edge) {
	at := 0
	if row > 0 {
		at = int(e.ends[row-1])
	}
	for i, one := range list {
		e.set(at+i, one.Row, one.Weight)
	}
	e.ends = append(e.ends, uint32(at+len(list)))
}

func (e *Edges) set(at int, row uint32, weight float32) {
	if e.weights[at] = weight; e.near != nil {
		e.near[at] = uint16(row)
	} else {
		e.far[at] = row
	}
}

// row returns where edge number at leads.
func (e *Edges) row(at int) uint32 {
	if e.near != nil {
		return uint32(e.near[at])
	}
	return e.far[at]
}

// TurnedEdges returns edges by those that lead to each row. Each row's may come in any order.
func TurnedEdges(into [][]Edge) *Edges {
	return turned(len(into), func(yield func(uint32, Edge) bool) {
		for row, list := range into {
			for _, one := range list {
				if !yield(uint32(row), one) {
					return
				}
			}
		}
	})
}

// Turned returns the edges by those that lead to each row.
func (e *Edges) Turned() *Edges {
	return turned(len(e.ends), func(yield func(uint32, Edge) bool) {
		for row := range e.ends {
			for at, to := e.span(row); at < to; at++ {
				if !yield(uint32(row), Edge{e.row(int(at)), e.weights[at]}) {
					return
				}
			}
		}
	}).settle()
}

// turned lays edges, which come row by row and are gone through twice, by the rows at their other ends.
func turned(rows int, each iter.Seq2[uint32, Edge]) *Edges {
	next := make([]uint32, rows+1)
	for _, one := range each {
		next[one.Row+1]++
	}
	for row := range rows {
		next[row+1] += next[row]
	}
	e := newEdges(rows, int(next[rows]))
	e.ends = append(e.ends, next[1:]...)
	for row, one := range each {
		e.set(int(next[one.Row]), row, one.Weight)
		next[one.Row]++
	}
	return e
}

// Len returns how many edges there are.
func (e *Edges) Len() int { return len(e.weights) }

// span returns which edges are a row's.
func (e *Edges) span(row int) (from, to uint32) {
	if row > 0 {
		from = e.ends[row-1]
	}
	return from, e.ends[row]
}

// Degree returns how many rows a row leads to.
func (e *Edges) Degree(row int) int {
	from, to := e.span(row)
	return int(to - from)
}

// Of appends a row's edges, ascending, to out.
func (e *Edges) Of(row int, out []Edge) []Edge {
	from, to := e.span(row)
	for at := from; at < to; at++ {
		out = append(out, Edge{e.row(int(at)), e.weights[at]})
	}
	return out
}

// Weight returns how strongly a row leads to another; false where it does not.
func (e *Edges) Weight(row, to int) (float32, bool) {
	from, end := e.span(row)
	at, found := 0, false
	if e.near != nil {
		at, found = find(e.near[from:end], uint16(to))
	} else {
		at, found = find(e.far[from:end], uint32(to))
	}
	if !found {
		return 0, false
	}
	return e.weights[int(from)+at], true
}

// find returns the place of a row among rows, which ascend. It halves them without a branch that
// hangs on what it finds: an explanation asks thousands of times, and every other guess of such
// a branch would be wrong.
func find[R uint16 | uint32](rows []R, row R) (at int, found bool) {
	if len(rows) == 0 {
		return 0, false
	}
	for n := len(rows); n > 1; {
		half := n / 2
		next := at + half
		if rows[next] > row {
			next = at
		}
		at = next
		n -= half
	}
	return at, rows[at] == row
}

// AddTo adds by times the weight of each row that a row leads to to its sum, in their order.
func (e *Edges) AddTo(sums *vector.Sums, row int, by float64) {
	from, to := e.span(row)
	if e.near != nil {
		vector.AddAll(sums, e.near[from:to], e.weights[from:to], by)
	} else {
		vector.AddAll(sums, e.far[from:to], e.weights[from:to], by)
	}
}

// Prefetch asks for a row's edges to be at hand, which lie anywhere in memory: the adding of
// the edges of a history takes half the time where those of the row after next are on their
// way meanwhile.
func (e *Edges) Prefetch(row int) {
	from, to := e.span(row)
	if e.near != nil {
		vector.Prefetch(e.near[from:to])
	} else {
		vector.Prefetch(e.far[from:to])
	}
	vector.Prefetch(e.weights[from:to])
}

// AddToAll is AddTo where there is a sum for every row.
func (e *Edges) AddToAll(sums []float64, row int, by float64) {
	from, to := e.span(row)
	if e.near != nil {
		addToAll(sums, e.near[from:to], e.weights[from:to], by)
	} else {
		addToAll(sums, e.far[from:to], e.weights[from:to], by)
	}
}

func addToAll[R uint16 | uint32](sums []float64, rows []R, weights []float32, by float64) {
	weights = weights[:len(rows)]
	if by == 1 {
		for i, row := range rows {
			sums[row] += float64(weights[i])
		}
		return
	}
	for i, row := range rows {
		sums[row] += float64(by * float64(weights[i])) // never fused: the same bits everywhere
	}
}

// Marks are the edges of a row to marked rows, by their marks. The zero Marks is ready.
type Marks struct {
	weights []float32
	found   []uint64 // a bit for each mark
}

// Find sets m to the edges of row i of e that lead to rows whose mark, of from 1 to most, is not 0.
func (m *Marks) Find(e *Edges, i int, marks []uint16, most int) {
	words := most/64 + 1
	if cap(m.found) < words {
		m.weights, m.found = make([]float32, 64*words), make([]uint64, words)
	}
	m.found = m.found[:words]
	clear(m.found)
	from, to := e.span(i)
	if e.near != nil {
		findMarks(m, e.near[from:to], e.weights[from:to], marks)
	} else {
		findMarks(m, e.far[from:to], e.weights[from:to], marks)
	}
	m.found[0] &^= 1
}

// findMarks notes every edge, those to rows without a mark under 0: which rows have one is
// nothing that a branch could foresee.
func findMarks[R uint16 | uint32](m *Marks, rows []R, weights []float32, marks []uint16) {
	weights = weights[:len(rows)]
	for i, row := range rows {
		mark := marks[row]
		m.weights[mark] = weights[i]
		m.found[mark/64] |= 1 << (mark % 64)
	}
}

// Each calls yield with each mark that was found, ascending, and the edge's weight.
func (m *Marks) Each(yield func(mark int, weight float32)) {
	for w, word := range m.found {
		for ; word != 0; word &= word - 1 {
			mark := 64*w + bits.TrailingZeros64(word)
			yield(mark, m.weights[mark])
		}
	}
}

// Save writes the edges in three sections.
func (e *Edges) Save(w *Writer) {
	w.Uint32s(e.ends)
	if e.near != nil {
		w.widened(e.near)
	} else {
		w.Uint32s(e.far)
	}
	w.Float32s(e.weights)
}

// settle tells the system that the edges stay and are asked for anywhere.
func (e *Edges) settle() *Edges {
	vector.InLargePages(e.near)
	vector.InLargePages(e.far)
	vector.InLargePages(e.weights)
	return e
}

// LoadEdges reads what Save wrote of so many rows.
func LoadEdges(f *Reader, rows int) *Edges {
	e := &Edges{ends: f.Uint32s(rows)}
	if rows <= nearRows {
		e.near = f.narrowed()
	} else {
		e.far = f.Uint32s(-1)
	}
	e.weights = f.Float32s(max(len(e.near), len(e.far)))
	if f.Err() == nil && !e.fit(rows) {
		f.Refuse("edges that do not fit to the rows")
	}
	return e
}

// fit reports whether the lists come one after another, and each names rows, ascending.
func (e *Edges) fit(rows int) bool {
	from := uint32(0)
	for _, end := range e.ends {
		if end < from || int64(end) > int64(e.Len()) {
			return false
		}
		for at := from; at < end; at++ {
			if row := e.row(int(at)); int64(row) >= int64(rows) || at > from && e.row(int(at-1)) >= row {
				return false
			}
		}
		from = end
	}
	return int(from) == e.Len()
}

// Laid returns the edges of so many saved rows between the rows that there are here:
// from[i] is which of the saved ones row i is (see LoadRows). Where each is where it was they
// are the same, and not copied.
func (e *Edges) Laid(from []int, saved int) *Edges {
	if AsSaved(from, saved) {
		return e.settle()
	}
	const nowhere = -1
	place := slices.Repeat([]int{nowhere}, saved)
	for row, at := range from {
		place[at] = row
	}
	left := 0
	for _, at := range from {
		for i, to := e.span(at); i < to; i++ {
			if place[e.row(int(i))] != nowhere {
				left++
			}
		}
	}
	out := newEdges(len(from), left)
	var all, list []Edge
	for row, at := range from {
		list, all = list[:0], e.Of(at, all[:0])
		for _, one := range all {
			if to := place[one.Row]; to != nowhere {
				list = append(list, Edge{uint32(to), one.Weight})
			}
		}
		slices.SortFunc(list, byRow)
		out.put(row, list)
	}
	return out.settle()
}
