package text

import (
	"cmp"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Match is what a query says of an item; the zero Match is one that holds none of its words.
type Match struct {
	Score float64 // the sum of what Explain says
	Terms int32   // how many of the query's distinct terms it holds
}

// Matches are what a query says of many items: room for them, to be used again.
type Matches struct {
	Scores []float32 // of each item, rounded
	Terms  []float32 // whole numbers

	items []engine.ItemNum
	found [][]Match // by level and document
	runs  [][]run   // by level, ascending
}

// run is items that lie in a row in a level, too.
type run struct{ item, document, count int32 }

// Of returns what the query says of the i-th item.
func (m *Matches) Of(i int) Match {
	for l, runs := range m.runs {
		at, is := slices.BinarySearchFunc(runs, int32(i), func(r run, i int32) int { return cmp.Compare(r.item, i) })
		if !is {
			at--
		}
		if at >= 0 && int32(i) < runs[at].item+runs[at].count {
			return m.found[l][runs[at].document+int32(i)-runs[at].item]
		}
	}
	return Match{}
}

// Matches sets out to what terms say of items, which ascend. A term counts once however often
// it stands in terms.
//
// Every list of a term is read whole: a ticket has some twenty terms of all degrees of
// rarity, and its words are one kind of evidence among others, so that no score is too low
// to matter by itself.
func (x *Index) Matches(out *Matches, terms []string, items []engine.ItemNum) {
	out.Scores, out.Terms = sized(out.Scores, len(items)), sized(out.Terms, len(items))
	clear(out.Scores)
	clear(out.Terms)
	out.items, out.found, out.runs = items, sized(out.found, len(x.levels)), sized(out.runs, len(x.levels))
	terms = distinct(terms)
	weights := make([]float64, len(terms))
	for i, term := range terms {
		weights[i] = x.idf(term)
	}
	scales := x.scaled()
	for i := range x.levels {
		l := &x.levels[i]
		out.found[i] = sized(out.found[i], len(l.nums))
		clear(out.found[i])
		for t, term := range terms {
			if at, known := l.byTerm[term]; known {
				l.lists[at].score(out.found[i], scales[i], weights[t])
			}
		}
		l.hand(out, i)
	}
}

// Holding returns of each of the items of m, which x.Matches set, how many of terms it holds,
// in out where it is long enough. A term counts once however often it stands in terms.
func (x *Index) Holding(out []uint32, m *Matches, terms []string) []uint32 {
	out = sized(out, len(m.items))
	clear(out)
	for _, term := range distinct(terms) {
		for i := range x.levels {
			if at, known := x.levels[i].byTerm[term]; known {
				x.levels[i].lists[at].count(out, m.runs[i])
			}
		}
	}
	return out
}

// count adds one for each document of the list to its item, if it is in a run.
func (l *list) count(out []uint32, runs []run) {
	walk := walk{list: l}
	for document, _, _, ok := walk.next(); ok && len(runs) > 0; {
		switch r := runs[0]; {
		case document >= r.document+r.count:
			runs = runs[1:]
			continue
		case document >= r.document:
			out[r.item+document-r.document]++
		}
		document, _, _, ok = walk.next()
	}
}

// sized returns a slice of n, the old one where it is long enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return append(make([]T, 0, n+n/8), old...)[:n]
	}
	return old[:n]
}

// score adds weight times what the list says to its documents.
func (l *list) score(found []Match, scales []float64, weight float64) {
	from := 0
	for _, a := range l.asked {
		own := float32(0)
		if a.place >= 0 {
			l.scoreOwn(found, scales, weight, from, int(a.place))
			own, from = l.own[a.place], int(a.place)+1
		}
		f := &found[a.document]
		f.Score += float64(weight * saturated(own, a.count, scales[a.document]))
		f.Terms++
	}
	l.scoreOwn(found, scales, weight, from, len(l.documents))
}

// scoreOwn is score of a stretch of the documents, by their own fields.
func (l *list) scoreOwn(found []Match, scales []float64, weight float64, from, to int) {
	documents, own := l.documents[from:to], l.own[from:to]
	for i, d := range documents {
		f := &found[d]
		f.Score += float64(weight * saturated(own[i], 0, scales[d]))
		f.Terms++
	}
}

// hand gives the items what was found of the living documents of level number at.
func (l *level) hand(out *Matches, at int) {
	runs, found, items := out.runs[at][:0], out.found[at], out.items
	for i, d := 0, 0; i < len(items) && d < len(l.nums); {
		switch {
		case items[i] < l.nums[d]:
			i += ahead(items[i:], l.nums[d])
			continue
		case items[i] > l.nums[d]:
			d += ahead(l.nums[d:], items[i])
			continue
		case !l.alive(d):
			d++
			continue
		}
		n := l.together(items[i:], d)
		runs = append(runs, run{int32(i), int32(d), int32(n)})
		scores, counts := out.Scores[i:][:n], out.Terms[i:][:n]
		for j, f := range found[d:][:n] {
			scores[j], counts[j] = float32(f.Score), float32(f.Terms)
		}
		i, d = i+n, d+n
	}
	out.runs[at] = runs
}

// together returns how many of the items, from the first on, are the living documents from d on.
func (l *level) together(items []engine.ItemNum, d int) int {
	nums, n := l.nums[d:], 1
	most := min(len(items), len(nums))
	const step = 64
	for l.dead == nil && n+step <= most && items[n+step-1]-items[0] == engine.ItemNum(n+step-1) && nums[n+step-1]-nums[0] == engine.ItemNum(n+step-1) {
		n += step // both are without gaps
	}
	for n < most && items[n] == nums[n] && l.alive(d+n) {
		n++
	}
	return n
}

// ahead returns how many numbers, which ascend, are below n; it is fast where few are.
func ahead(nums []engine.ItemNum, n engine.ItemNum) int {
	end := 1
	for end < len(nums) && nums[end-1] < n {
		end *= 2
	}
	at, _ := slices.BinarySearch(nums[end/2:min(end, len(nums))], n)
	return end/2 + at
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
