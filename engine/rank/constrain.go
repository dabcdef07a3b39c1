package rank

import (
	"slices"
	"strconv"

	"github.com/rapportengine/rapport/engine"
)

// limit is one constraint while a list grows. Its counts are of what is known to stand
// within window-1 ranks of the next one: items placed before, pins before and behind.
// With pins behind it is a little stricter than it must be, and costs one lookup a
// value however long the window is.
type limit struct {
	max, window int
	of          func(engine.ItemNum) []string
	ranks       [][]string // values by rank, of what is placed and of pins
	counts      map[string]int
}

func (r *Rules) newLimit(c engine.Constraint, pins map[int]Placed) *limit {
	l := &limit{
		max: c.Max, window: c.Window,
		of:     func(n engine.ItemNum) []string { return r.Values(n, c) },
		ranks:  make([][]string, r.last()+1),
		counts: make(map[string]int),
	}
	if l.window <= 0 || l.window > r.last() {
		l.window = r.last() // the whole list
	}
	for rank, p := range pins {
		l.ranks[rank] = l.of(p.Item)
		if rank <= l.window {
			l.count(rank, 1)
		}
	}
	return l
}

// count adds by for each different value at a rank.
func (l *limit) count(rank, by int) {
	if rank < 1 || rank >= len(l.ranks) {
		return
	}
	values := l.ranks[rank]
	for i, v := range values {
		if !slices.Contains(values[:i], v) {
			l.counts[v] += by
		}
	}
}

// allows reports whether n may stand at the next rank.
func (l *limit) allows(n engine.ItemNum) bool {
	for _, v := range l.of(n) {
		if l.counts[v] >= l.max {
			return false
		}
	}
	return true
}

// placed moves on from a rank that n has taken.
func (l *limit) placed(n engine.ItemNum, rank int, pinned bool) {
	if !pinned {
		l.ranks[rank] = l.of(n)
		l.count(rank, 1)
	}
	l.count(rank-l.window+1, -1)
	l.count(rank+l.window, 1) // a pin comes into reach
}

// waiting are the items constraints hold back. Those with the same values stand in one
// queue: what holds back its first holds back all, so that a catalogue of one brand
// costs one look a rank, not one an item.
type waiting struct {
	limits []*limit
	pins   map[int]Placed
	queues map[string][]held
	came   int // how many items ever waited
}

type held struct {
	Scored
	turn int
}

func (r *Rules) newWaiting(pins map[int]Placed) *waiting {
	w := &waiting{pins: pins}
	for _, c := range r.Constraints {
		w.limits = append(w.limits, r.newLimit(c, pins))
	}
	if len(w.limits) > 0 {
		w.queues = make(map[string][]held)
	}
	for i, n := range r.Before {
		w.placed(n, i+1)
	}
	return w
}

// placed moves on from a rank that n has taken.
func (w *waiting) placed(n engine.ItemNum, rank int) {
	_, pinned := w.pins[rank]
	for _, l := range w.limits {
		l.placed(n, rank, pinned)
	}
}

// free reports whether every constraint allows n at the next rank.
func (w *waiting) free(n engine.ItemNum) bool {
	for _, l := range w.limits {
		if !l.allows(n) {
			return false
		}
	}
	return true
}

// allows reports whether s may stand at the next rank, after first found none. If not,
// it waits.
func (w *waiting) allows(s Scored) bool {
	if len(w.limits) == 0 {
		return true
	}
	key := ""
	if len(w.queues) > 0 {
		if key = w.key(s.Item); len(w.queues[key]) == 0 && w.free(s.Item) {
			return true
		}
	} else {
		if w.free(s.Item) {
			return true
		}
		key = w.key(s.Item)
	}
	w.queues[key] = append(w.queues[key], held{s, w.came})
	w.came++
	return false
}

// key is the same for items that have the same values in all constraints.
func (w *waiting) key(n engine.ItemNum) string {
	var b []byte
	for _, l := range w.limits {
		values := l.of(n)
		b = append(strconv.AppendInt(b, int64(len(values)), 10), ';')
		for _, v := range values {
			b = append(strconv.AppendInt(b, int64(len(v)), 10), ':')
			b = append(b, v...)
		}
	}
	return string(b)
}

// first takes out the one that has waited longest of those that may stand at the next
// rank now. Items whose group has come into the list meanwhile are dropped.
func (w *waiting) first(seen *seen) (Scored, bool) {
	best, bestKey := held{}, ""
	found := false
	for key, queue := range w.queues {
		for len(queue) > 0 && seen.has(queue[0].Item) {
			queue = queue[1:]
		}
		if len(queue) == 0 {
			delete(w.queues, key)
			continue
		}
		w.queues[key] = queue
		if (!found || queue[0].turn < best.turn) && w.free(queue[0].Item) {
			best, bestKey, found = queue[0], key, true
		}
	}
	if !found {
		return Scored{}, false
	}
	if w.queues[bestKey] = w.queues[bestKey][1:]; len(w.queues[bestKey]) == 0 {
		delete(w.queues, bestKey)
	}
	return best.Scored, true
}
