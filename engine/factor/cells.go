package factor

import (
	"slices"

	"github.com/rapportengine/rapport/engine/model"
)

// known is what is known of one customer, or of one item: cells as the kernels take them,
// what is wanted before what is not.
type known struct {
	picks       []uint32  // rows of the other side
	confidences []float32 // c of each
	wanted      int       // how many have t = 1; of the rest t is 0
}

// confidence returns c and t of a cell.
func confidence(weight float32) (c float32, t float64) {
	if weight > 0 {
		return weight, 1
	}
	return 1, 0
}

// total returns the sum of the confidences.
func (k known) total() float64 {
	n := 0.0
	for _, c := range k.confidences {
		n += float64(c)
	}
	return n
}

// fill makes k hold cells, in their order but for dislikes, which come last. It takes the
// room k has.
func (k *known) fill(cells []model.Cell) {
	k.picks, k.confidences = slices.Grow(k.picks[:0], len(cells)), slices.Grow(k.confidences[:0], len(cells))
	for _, cell := range cells {
		if cell.Weight > 0 {
			k.picks, k.confidences = append(k.picks, cell.Row), append(k.confidences, cell.Weight)
		}
	}
	k.wanted = len(k.picks)
	for _, cell := range cells {
		if !(cell.Weight > 0) {
			c, _ := confidence(cell.Weight)
			k.picks, k.confidences = append(k.picks, cell.Row), append(k.confidences, c)
		}
	}
}

// matrix is what is known of all rows of one side, one row after another.
type matrix struct {
	picks       []uint32
	confidences []float32
	ends        []int // of each row in both
	wanted      []int // of each row, the end of what is wanted
}

func (m *matrix) of(row int) known {
	from := 0
	if row > 0 {
		from = m.ends[row-1]
	}
	end := m.ends[row]
	return known{m.picks[from:end:end], m.confidences[from:end:end], m.wanted[row] - from}
}

// byCustomer returns the matrix by customers.
func byCustomer(data *model.Data) *matrix {
	n := data.Cells()
	all := known{make([]uint32, 0, n), make([]float32, 0, n), 0}
	m := &matrix{ends: make([]int, len(data.Customers)), wanted: make([]int, len(data.Customers))}
	for u, cells := range data.Customers {
		from := len(all.picks)
		one := known{picks: all.picks[from:], confidences: all.confidences[from:]}
		one.fill(cells)
		all.picks, all.confidences = all.picks[:from+len(cells)], all.confidences[:from+len(cells)]
		m.ends[u], m.wanted[u] = len(all.picks), from+one.wanted
	}
	m.picks, m.confidences = all.picks, all.confidences
	return m
}

// byItem returns the matrix turned over.
func byItem(data *model.Data) *matrix {
	rows, n := data.Rows.Len(), data.Cells()
	m := &matrix{picks: make([]uint32, n), confidences: make([]float32, n), ends: make([]int, rows), wanted: make([]int, rows)}
	for _, cells := range data.Customers {
		for _, cell := range cells {
			m.ends[cell.Row]++
			if cell.Weight > 0 {
				m.wanted[cell.Row]++
			}
		}
	}
	next, from := make([][2]int, rows), 0 // where the next dislike, and the next wanted, goes
	for row := range rows {
		wanted := from + m.wanted[row]
		next[row] = [2]int{wanted, from}
		from += m.ends[row]
		m.ends[row], m.wanted[row] = from, wanted
	}
	for u, cells := range data.Customers {
		for _, cell := range cells {
			c, t := confidence(cell.Weight)
			at := &next[cell.Row][int(t)]
			m.picks[*at], m.confidences[*at] = uint32(u), c
			*at++
		}
	}
	return m
}
