package basket

import (
	"cmp"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// neighbour is a customer, and how far away: the squared distance of the shares, less
// the squared length of those asked with, which is the same for all.
type neighbour struct {
	distance int64
	customer uint32
}

// before orders by distance; ties go to who bought last.
func (n neighbour) before(o neighbour) bool {
	return cmp.Or(cmp.Compare(n.distance, o.distance), cmp.Compare(n.customer, o.customer)) < 0
}

// nearest returns the K customers at the least Euclidean distance. Those who share an
// item with own are found through the items' buyers. Of all others the distance is
// their own length, so the shortest of them are nearest.
func (m *Model) nearest(own []share) []neighbour {
	dots := m.dots.Get().(*vector.Sums)
	for _, o := range own {
		row, known := m.rows.Row(engine.ItemNum(o.item))
		v := whole(o.value)
		if !known || v == 0 {
			continue // who shares nothing is found by their length
		}
		for _, b := range m.buyersOf(uint32(row)) {
			dots.Add(b.of, float64(uint64(v)*uint64(b.share))) // exact: far below 2^53
		}
	}
	shared := dots.Take()
	m.dots.Put(dots)
	k := min(m.params.K, len(m.ends))
	near := make(heap, 0, k)
	shared.Each(func(customer int, dot float64) {
		near.offer(neighbour{m.length[customer] - 2*int64(dot), uint32(customer)}, k)
	})
	for _, c := range m.byLength {
		n := neighbour{m.length[c], c}
		if len(near) == k && n.distance > near[0].distance {
			break
		}
		if shared.Value(int(c)) == 0 {
			near.offer(n, k)
		}
	}
	return near
}

// heap holds the nearest, the furthest of them at its root.
type heap []neighbour

// offer keeps n if it is among the k nearest so far.
func (h *heap) offer(n neighbour, k int) {
	all := *h
	if len(all) < k {
		all = append(all, n)
		for i := len(all) - 1; i > 0 && all[(i-1)/2].before(all[i]); i = (i - 1) / 2 {
			all[i], all[(i-1)/2] = all[(i-1)/2], all[i]
		}
		*h = all
		return
	}
	if !n.before(all[0]) {
		return
	}
	all[0] = n
	for i := 0; ; {
		far := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(all) && all[far].before(all[child]) {
				far = child
			}
		}
		if far == i {
			return
		}
		all[i], all[far] = all[far], all[i]
		i = far
	}
}
