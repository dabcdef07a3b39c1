package text

import (
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

// Match is what a query says of an item; the zero Match is one that holds none of its words.
type Match struct {
	Score float64 // the sum of what Explain says
	Terms int32   // how many of the query's distinct terms it holds
}

var sums = sync.Pool{New: func() any { return new([]Match) }}

// Matches sets out[i] to what terms say of items[i]. Items ascend. A term counts once however
// often it stands in terms.
//
// Every list of a term is read whole: a ticket has some twenty terms of all degrees of
// rarity, and its words are one kind of evidence among others, so that no score is too low
// to matter by itself.
func (x *Index) Matches(out []Match, terms []string, items []engine.ItemNum) {
	out = out[:len(items)]
	clear(out)
	terms = distinct(terms)
	weights := make([]float64, len(terms))
	for i, term := range terms {
		weights[i] = x.idf(term)
	}
	scales := x.scaled()
	room := sums.Get().(*[]Match)
	defer sums.Put(room)
	for i := range x.levels {
		l := &x.levels[i]
		if cap(*room) < len(l.nums) {
			*room = make([]Match, len(l.nums)+len(l.nums)/8)
		}
		found := (*room)[:len(l.nums)]
		clear(found)
		for t, term := range terms {
			if at, known := l.byTerm[term]; known {
				l.lists[at].score(found, scales[i], weights[t])
			}
		}
		l.hand(out, items, found)
	}
}

// score adds weight times what the list says to its documents.
func (l *list) score(found []Match, scales []float64, weight float64) {
	own := l.own[:len(l.documents)]
	if l.asked == nil {
		for i, d := range l.documents {
			f := &found[d]
			f.Score += float64(weight * saturated(own[i], 0, scales[d]))
			f.Terms++
		}
		return
	}
	asked := l.asked[:len(l.documents)]
	for i, d := range l.documents {
		f := &found[d]
		f.Score += float64(weight * saturated(own[i], asked[i], scales[d]))
		f.Terms++
	}
}

// hand gives the items what was found of the living documents.
func (l *level) hand(out []Match, items []engine.ItemNum, found []Match) {
	if len(l.nums) < len(items)/16 { // few of many
		for d, n := range l.nums {
			if i, is := slices.BinarySearch(items, n); is && l.alive(d) {
				out[i] = found[d]
			}
		}
		return
	}
	d := 0
	for i, n := range items {
		for d < len(l.nums) && l.nums[d] < n {
			d++
		}
		if d == len(l.nums) {
			return
		}
		if l.nums[d] == n && l.alive(d) {
			out[i] = found[d]
		}
	}
}

// scaled returns scale of all documents, by level and place.
func (x *Index) scaled() [][]float64 {
	if known := x.scales.Load(); known != nil {
		return *known
	}
	out := make([][]float64, len(x.levels))
	for i := range x.levels {
		lengths := x.levels[i].lengths
		out[i] = make([]float64, len(lengths))
		for d, length := range lengths {
			out[i][d] = x.scale(length)
		}
	}
	x.scales.Store(&out) // of two made at once either will do
	return out
}
