package model

import (
	"cmp"
	"slices"
)

// Edges are weights between rows: of each row the rows it leads to, ascending, and how
// strongly. They are immutable; 8 bytes an edge.
type Edges struct {
	ends    []uint32 // of row i the edges are those from ends[i-1] to ends[i]
	to      []uint32
	weights []float32
}

// Edge is one of them, seen from one of its ends: the row at the other.
type Edge struct {
	Row    uint32
	Weight float32
}

// byRow orders the edges of a row.
func byRow(a, b Edge) int { return cmp.Compare(a.Row, b.Row) }

// NewEdges returns the edges that lead from each row, which ascend by row.
func NewEdges(from [][]Edge) *Edges {
	n := 0
	for _, list := range from {
		n += len(list)
	}
	e := &Edges{ends: make([]uint32, 0, len(from)), to: make([]uint32, 0, n), weights: make([]float32, 0, n)}
	for _, list := range from {
		e.add(list)
	}
	return e
}

func (e *Edges) add(list []Edge) {
	for _, one := range list {
		e.to, e.weights = append(e.to, one.Row), append(e.weights, one.Weight)
	}
	e.ends = append(e.ends, uint32(len(e.to)))
}

// TurnedEdges returns edges by those that lead to each row.
func TurnedEdges(into [][]Edge) *Edges {
	next := make([]uint32, len(into)+1)
	for _, list := range into {
		for _, one := range list {
			next[one.Row+1]++
		}
	}
	e := &Edges{ends: make([]uint32, len(into))}
	for row := range into {
		next[row+1] += next[row]
		e.ends[row] = next[row+1]
	}
	e.to = make([]uint32, next[len(into)])
	e.weights = make([]float32, len(e.to))
	for row, list := range into {
		for _, one := range list {
			at := next[one.Row]
			e.to[at], e.weights[at] = uint32(row), one.Weight
			next[one.Row]++
		}
	}
	return e
}

// Len returns how many edges there are.
func (e *Edges) Len() int { return len(e.to) }

// Of returns the rows that a row leads to, ascending, and how strongly. Neither may be
// changed.
func (e *Edges) Of(row int) (to []uint32, weights []float32) {
	from := uint32(0)
	if row > 0 {
		from = e.ends[row-1]
	}
	return e.to[from:e.ends[row]], e.weights[from:e.ends[row]]
}

// Save writes the edges in three sections.
func (e *Edges) Save(w *Writer) {
	w.Uint32s(e.ends)
	w.Uint32s(e.to)
	w.Float32s(e.weights)
}

// LoadEdges reads what Save wrote of so many rows.
func LoadEdges(f *Reader, rows int) *Edges {
	e := &Edges{ends: f.Uint32s(rows), to: f.Uint32s(-1)}
	e.weights = f.Float32s(len(e.to))
	if f.Err() == nil && !e.fit(rows) {
		f.Refuse("edges that do not fit to the rows")
	}
	return e
}

// fit reports whether the lists come one after another, and each names rows, ascending.
func (e *Edges) fit(rows int) bool {
	from := uint32(0)
	for _, end := range e.ends {
		if end < from || int64(end) > int64(len(e.to)) {
			return false
		}
		list := e.to[from:end]
		for i, row := range list {
			if int64(row) >= int64(rows) || i > 0 && list[i-1] >= row {
				return false
			}
		}
		from = end
	}
	return int(from) == len(e.to)
}

// Laid returns the edges of so many saved rows between the rows that there are here:
// from[i] is which of the saved ones row i is (see LoadRows). Where each is where it was they
// are the same, and not copied.
func (e *Edges) Laid(from []int, saved int) *Edges {
	if AsSaved(from, saved) {
		return e
	}
	const nowhere = -1
	place := slices.Repeat([]int{nowhere}, saved)
	for row, at := range from {
		place[at] = row
	}
	out := &Edges{ends: make([]uint32, 0, len(from)), to: make([]uint32, 0, len(e.to)), weights: make([]float32, 0, len(e.to))}
	var list []Edge
	for _, at := range from {
		list = list[:0]
		to, weights := e.Of(at)
		for i, was := range to {
			if row := place[was]; row != nowhere {
				list = append(list, Edge{uint32(row), weights[i]})
			}
		}
		slices.SortFunc(list, byRow)
		out.add(list)
	}
	return out
}
