package text

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// segment is the words of some documents, by word: immutable. What it has of an item holds
// in place of what older segments have.
type segment struct {
	nums    []engine.ItemNum // of the documents, ascending
	lengths []float64        // theirs
	terms   []string         // by list
	lists   []list
	byTerm  map[string]int32 // the list of a term
	// The lists of the words in the fields of document i are holds[starts[i]:starts[i+1]].
	starts, holds []int32

	gone  []engine.ItemNum // ascending: what older segments have, and is no document any more
	hides map[string]int32 // how many of the documents that it has in place of older segments' hold a term
}

// list is the documents that hold a term: those that do in their own fields, by their places in
// the segment, which ascend, with how much of it they have; and those that do in questions they
// answered. The latter are few beside the former, which all segments of the same documents share.
type list struct {
	documents []int32
	own       []float32
	asked     []answered
	more      int // of asked, are none of documents
}

// answered is a document that holds a term in questions it answered.
type answered struct {
	document int32
	place    int32   // in documents; -1 where its own fields do not hold it
	count    float64 // as Asked.of has it
}

// holding is how many documents hold the term.
func (l *list) holding() int { return len(l.documents) + l.more }

// add appends a document that comes after all others, with some of the term.
func (l *list) add(document int32, own float32, asked float64) {
	place := int32(-1)
	if own > 0 {
		place = int32(len(l.documents))
		l.documents, l.own = append(l.documents, document), append(l.own, own)
	}
	if asked > 0 {
		l.ask(answered{document, place, asked})
	}
}

func (l *list) ask(a answered) {
	if l.asked = append(l.asked, a); a.place < 0 {
		l.more++
	}
}

// of returns how much of the term a document has.
func (l *list) of(document int32) (own float32, asked float64) {
	if i, is := slices.BinarySearch(l.documents, document); is {
		own = l.own[i]
	}
	if i, is := slices.BinarySearchFunc(l.asked, document, func(a answered, d int32) int { return cmp.Compare(a.document, d) }); is {
		asked = l.asked[i].count
	}
	return own, asked
}

// walk goes through the documents of a list in their order.
type walk struct {
	*list
	own, asked int // how many of each are behind
}

// next returns the next document with all it has, false at the end.
func (w *walk) next() (document int32, own float32, asked float64, ok bool) {
	inOwn, inAsked := w.own < len(w.documents), w.asked < len(w.list.asked)
	switch {
	case !inOwn && !inAsked:
		return 0, 0, 0, false
	case inOwn && (!inAsked || w.documents[w.own] <= w.list.asked[w.asked].document):
		document = w.documents[w.own]
	default:
		document = w.list.asked[w.asked].document
	}
	if inOwn && w.documents[w.own] == document {
		own = w.list.own[w.own]
		w.own++
	}
	if inAsked && w.list.asked[w.asked].document == document {
		asked = w.list.asked[w.asked].count
		w.asked++
	}
	return document, own, asked, true
}

// list returns the list of a term, a new one where it has none.
func (s *segment) list(term string) *list {
	at, known := s.byTerm[term]
	if !known {
		at = int32(len(s.lists))
		s.byTerm[term] = at
		s.terms, s.lists = append(s.terms, term), append(s.lists, list{})
	}
	return &s.lists[at]
}

// build makes a segment of documents that ascend by number.
func build(documents []*document, questions map[engine.ItemNum]Asked) *segment {
	s := &segment{byTerm: make(map[string]int32), starts: make([]int32, 1, len(documents)+1)}
	for i, d := range documents {
		s.nums, s.lengths = append(s.nums, d.num), append(s.lengths, d.length)
		of, answers := questions[d.num]
		held := 0 // of the words in questions
		for _, t := range d.terms {
			var asked float64
			if answers && of.Holding[t.term] > 0 {
				asked = of.of(t.term)
				held++
			}
			s.list(t.term).add(int32(i), t.own, asked)
			s.holds = append(s.holds, s.byTerm[t.term])
		}
		s.starts = append(s.starts, int32(len(s.holds)))
		if held == len(of.Holding) {
			continue
		}
		own := s.holding(i)
		for term := range of.Holding {
			if !own(term) {
				s.list(term).add(int32(i), 0, of.of(term))
			}
		}
	}
	return s
}

// holding returns whether a term stands in the fields of document i.
func (s *segment) holding(i int) func(term string) bool {
	own := s.holds[s.starts[i]:s.starts[i+1]]
	return func(term string) bool {
		at, known := s.byTerm[term]
		return known && slices.Contains(own, at)
	}
}

// withAsked returns the segment with questions in place of those it has. What documents hold in
// their own fields is shared.
func (s *segment) withAsked(questions map[engine.ItemNum]Asked) *segment {
	out := &segment{
		nums: s.nums, lengths: s.lengths, starts: s.starts, holds: s.holds,
		terms: slices.Clone(s.terms), lists: slices.Clone(s.lists), byTerm: maps.Clone(s.byTerm),
	}
	for i := range out.lists {
		out.lists[i].asked, out.lists[i].more = nil, 0
	}
	for i, n := range out.nums {
		of, answers := questions[n]
		if !answers {
			continue
		}
		for term := range of.Holding {
			l, d := out.list(term), int32(i)
			a := answered{document: d, place: -1, count: of.of(term)}
			if at, is := slices.BinarySearch(l.documents, d); is {
				a.place = int32(at)
			}
			l.ask(a)
		}
	}
	return out
}

// both returns what two lists of different documents have together.
func both(a, b *list) (out list) {
	out = list{documents: make([]int32, 0, len(a.documents)+len(b.documents)), own: make([]float32, 0, len(a.documents)+len(b.documents))}
	left, right := walk{list: a}, walk{list: b}
	d, own, asked, ok := left.next()
	e, more, said, is := right.next()
	for ok || is {
		if ok && (!is || d < e) {
			out.add(d, own, asked)
			d, own, asked, ok = left.next()
		} else {
			out.add(e, more, said)
			e, more, said, is = right.next()
		}
	}
	return out
}

// level is a segment of an index, and what later levels have in the place of its documents.
type level struct {
	*segment
	dead []uint64 // a bit for each document; nil for none
}

func (l *level) alive(document int) bool {
	return l.dead == nil || l.dead[document/64]>>(document%64)&1 == 0
}

// place is where the words of an item are.
type place struct {
	level    *level
	document int
}

func (p place) length() float64 { return p.level.lengths[p.document] }

// count returns how much of a term the document has.
func (p place) count(term string) (own float32, asked float64) {
	at, known := p.level.byTerm[term]
	if !known {
		return 0, 0
	}
	return p.level.lists[at].of(int32(p.document))
}

// find returns the place of item n.
func (x *Index) find(n engine.ItemNum) (place, bool) { return findIn(x.levels, n) }

func findIn(levels []level, n engine.ItemNum) (place, bool) {
	for i := len(levels) - 1; i >= 0; i-- {
		if at, found := slices.BinarySearch(levels[i].nums, n); found {
			return place{&levels[i], at}, true
		}
		if _, is := slices.BinarySearch(levels[i].gone, n); is {
			break
		}
	}
	return place{}, false
}

// A level is merged with the one before it unless that has more than smallLevel items and
// more than levelRatio times as many: so there are few, and an item is moved a few times
// for every power of levelRatio that there are items.
const (
	smallLevel = 128
	levelRatio = 4
)

// put adds a segment, and what is gone, to the levels.
func (x *Index) put(s *segment, gone []engine.ItemNum) {
	s.gone = gone
	s.hides = x.hidden(x.levels, s)
	copied := make([]bool, len(x.levels))
	for _, list := range [2][]engine.ItemNum{s.nums, gone} {
		for _, n := range list {
			for i := range x.levels {
				l := &x.levels[i]
				at, found := slices.BinarySearch(l.nums, n)
				if !found || !l.alive(at) {
					continue
				}
				if !copied[i] {
					copied[i] = true
					l.dead = append(make([]uint64, 0, (len(l.nums)+63)/64), l.dead...)[:(len(l.nums)+63)/64]
				}
				l.dead[at/64] |= 1 << (at % 64)
			}
		}
	}
	x.levels = append(x.levels, level{segment: s})
	for n := len(x.levels); n > 1; n = len(x.levels) {
		if before := x.levels[n-2].size(); before > smallLevel && before > levelRatio*x.levels[n-1].size() {
			break
		}
		x.merge()
	}
}

func (s *segment) size() int { return len(s.nums) + len(s.gone) }

// hidden counts the terms of the documents in older levels that a segment replaces.
func (x *Index) hidden(older []level, s *segment) map[string]int32 {
	hides := make(map[string]int32)
	for _, list := range [2][]engine.ItemNum{s.nums, s.gone} {
		for _, n := range list {
			at, known := findIn(older, n)
			if !known {
				continue
			}
			from := at.level.segment
			for _, l := range from.holds[from.starts[at.document]:from.starts[at.document+1]] {
				hides[from.terms[l]]++
			}
			if of := x.asked[n]; len(of.Holding) > 0 {
				own := from.holding(at.document)
				for term := range of.Holding {
					if !own(term) {
						hides[term]++
					}
				}
			}
		}
	}
	return hides
}

// merge makes one of the last two levels.
func (x *Index) merge() {
	n := len(x.levels)
	older, a, b := x.levels[:n-2], &x.levels[n-2], &x.levels[n-1]
	s := join(a, b)
	if len(older) > 0 {
		s.gone = slices.Concat(a.gone, b.gone)
		slices.Sort(s.gone)
		s.gone = slices.DeleteFunc(slices.Compact(s.gone), func(n engine.ItemNum) bool {
			_, back := slices.BinarySearch(s.nums, n)
			return back
		})
		s.hides = x.hidden(older, s)
	}
	x.levels = append(slices.Clone(older), level{segment: s})
}

// clean returns the segment of a first level without what is dead.
func (l *level) clean() *segment {
	if l.dead == nil {
		return l.segment
	}
	return join(l, &level{segment: &segment{}})
}

// join returns a segment of the living documents of two levels.
func join(a, b *level) *segment {
	s := &segment{byTerm: make(map[string]int32, len(a.byTerm)), starts: []int32{0}}
	from, to := [2]*level{a, b}, [2][]int32{make([]int32, len(a.nums)), make([]int32, len(b.nums))}
	at := [2]int{}
	for {
		which := -1
		for w, l := range from {
			for at[w] < len(l.nums) && !l.alive(at[w]) {
				to[w][at[w]] = -1
				at[w]++
			}
			if at[w] < len(l.nums) && (which < 0 || l.nums[at[w]] < from[which].nums[at[which]]) {
				which = w
			}
		}
		if which < 0 {
			break
		}
		l, i := from[which], at[which]
		to[which][i] = int32(len(s.nums))
		s.nums, s.lengths = append(s.nums, l.nums[i]), append(s.lengths, l.lengths[i])
		at[which]++
	}
	var moved [2][]int32 // lists of a and b in s, -1 where nothing of one is left
	for w, l := range from {
		moved[w] = make([]int32, len(l.lists))
		for i := range l.lists {
			kept := l.lists[i].moved(to[w])
			if kept.holding() == 0 {
				moved[w][i] = -1
				continue
			}
			into := s.list(l.terms[i])
			if into.holding() > 0 {
				kept = both(into, &kept)
			}
			*into = kept
			moved[w][i] = s.byTerm[l.terms[i]]
		}
	}
	at = [2]int{}
	for i := range s.nums { // the same walk
		which := 0
		for w, l := range from {
			for at[w] < len(l.nums) && to[w][at[w]] < 0 {
				at[w]++
			}
			if at[w] < len(l.nums) && to[w][at[w]] == int32(i) {
				which = w
			}
		}
		l, d := from[which], at[which]
		for _, h := range l.holds[l.starts[d]:l.starts[d+1]] {
			s.holds = append(s.holds, moved[which][h])
		}
		s.starts = append(s.starts, int32(len(s.holds)))
		at[which]++
	}
	return s
}

// moved returns the list with the new places of the documents; those at -1 are left out.
func (l *list) moved(to []int32) list {
	left := 0
	for _, d := range l.documents {
		if to[d] >= 0 {
			left++
		}
	}
	out := list{documents: make([]int32, 0, left), own: make([]float32, 0, left)}
	for w := (walk{list: l}); ; {
		d, own, asked, ok := w.next()
		if !ok {
			return out
		}
		if to[d] >= 0 {
			out.add(to[d], own, asked)
		}
	}
}
