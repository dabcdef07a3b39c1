package rank

import "slices"

// Diversity chooses from poolFactor times the count: enough to find other things, few
// enough that everything in the list is still relevant; and from poolMax at the most,
// since its work grows with count x pool.
const (
	poolFactor = 5
	poolMax    = 1000
)

// pool is how many items diversity chooses from.
func (r *Rules) pool() int { return min(r.Count*poolFactor, poolMax) }

// diversify reorders the head of a stream by maximal marginal relevance (Carbonell and
// Goldstein 1998): each step takes the item with the best
// (1-d) x score - d x likeness to the nearest item taken, scores mapped to 0..1 over
// the pool. Pins and what stands above count as taken. What follows the pool keeps its order.
func (r *Rules) diversify(next func() (Scored, bool), n int, pins map[int]Placed) func() (Scored, bool) {
	pool := make([]Scored, 0, min(n, r.pool()))
	for len(pool) < r.pool() {
		c, ok := next()
		if !ok || (r.MinRelevance != nil && c.Score < *r.MinRelevance) {
			break
		}
		pool = append(pool, c)
	}
	if len(pool) == 0 {
		return next
	}
	top, low := pool[0].Score, pool[len(pool)-1].Score
	relevance := func(s Scored) float64 {
		if top == low {
			return 1
		}
		return (s.Score - low) / (top - low)
	}
	nearest := make([]float64, len(pool))
	take := func(taken Scored) {
		for i, c := range pool {
			nearest[i] = max(nearest[i], r.Similar(taken.Item, c.Item))
		}
	}
	for _, n := range r.Before {
		take(Scored{Item: n})
	}
	for _, p := range pins { // the largest likeness does not depend on the order
		take(p.Scored)
	}
	return func() (Scored, bool) {
		if len(pool) == 0 {
			return next()
		}
		best, bestValue := 0, -2.0
		for i, c := range pool {
			if v := (1-r.Diversity)*relevance(c) - r.Diversity*nearest[i]; v > bestValue {
				best, bestValue = i, v
			}
		}
		taken := pool[best]
		pool, nearest = slices.Delete(pool, best, best+1), slices.Delete(nearest, best, best+1)
		take(taken)
		return taken, true
	}
}

// markMoved says of every item that stands above a better one that diversity put it
// there. What pins and constraints moved is not diversity's doing.
func markMoved(list []Placed) {
	best := -1
	for i := len(list) - 1; i >= 0; i-- {
		if len(list[i].Moved) > 0 {
			continue
		}
		if best >= 0 && list[best].Before(list[i].Scored) {
			list[i].Moved = []string{MovedDiversity}
		} else {
			best = i
		}
	}
}
