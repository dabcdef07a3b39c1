package basket

import (
	"github.com/rapportengine/rapport/engine"
)

// neighbour is a customer, and how far away: the squared distance of the shares, less
// the squared length of those asked with, which is the same for all.
type neighbour struct {
	distance int64
	customer uint32
}

// before orders by distance; ties go to who bought last.
func (n neighbour) before(o neighbour) bool {
	return n.distance < o.distance || n.distance == o.distance && n.customer < o.customer
}

// blockBits is how many customers are told apart by one mark, as a power of two.
const blockBits = 6

// workspace is what an Open needs and the next one can use again. Between two all is zero.
type workspace struct {
	dots   []int64  // by customer: the product of their shares with those asked with
	marks  []bool   // by block of customers: whether any of them shares an item
	sums   []uint64 // by row: the shares of the nearest
	rows   []uint64 // a bit for each row of which there is a sum
	keeper keeper
}

func newWorkspace(customers, rows int) *workspace {
	return &workspace{
		dots: make([]int64, customers), marks: make([]bool, customers>>blockBits+1),
		sums: make([]uint64, rows), rows: make([]uint64, (rows+63)/64),
	}
}

// nearest returns the K customers at the least Euclidean distance, in no order; they belong
// to w. Those who share an item with own are found through the items' buyers. Of all others
// the distance is their own length, so the shortest of them are nearest.
func (m *Model) nearest(own []share, w *workspace) []neighbour {
	k := min(m.params.K, len(m.ends))
	if k == 0 {
		return nil
	}
	for _, o := range own {
		row, known := m.rows.Row(engine.ItemNum(o.item))
		v := int64(whole(o.value))
		if !known || v == 0 {
			continue // who shares nothing is found by their length
		}
		for _, b := range m.buyersOf(uint32(row)) {
			w.dots[b.of] += v * int64(b.share)
			w.marks[b.of>>blockBits] = true
		}
	}
	near := &w.keeper
	near.open(k, m.length[m.byLength[k-1]]) // k are no longer than that, and what is shared brings them nearer
	for block, marked := range w.marks {
		if !marked {
			continue
		}
		from := block << blockBits
		to := min(from+1<<blockBits, len(w.dots))
		dots, lengths := w.dots[from:to], m.length[from:to]
		for i, dot := range dots {
			// A comparison for nearly all; offer tells ties apart.
			if distance := lengths[i] - 2*dot; distance <= near.worst.distance {
				near.offer(neighbour{distance, uint32(from + i)})
			}
		}
		clear(dots)
	}
	near.cut()
	for _, c := range m.byLength {
		n := neighbour{m.length[c], c}
		if !n.before(near.worst) {
			break // nor is anybody longer
		}
		if !w.marks[c>>blockBits] {
			near.offer(n)
		}
	}
	near.cut()
	clear(w.marks)
	return near.all
}
