package solution

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// shortlist is how many fixes are weighed against one another at the most, where no more are
// wanted: the best by their scores, ties by number. What a fix's chance is a share of, and
// what weights are fitted on, is they and nothing. A shop with hundreds of thousands has
// tens of thousands of fixes that share some words with a ticket.
const shortlist = 512

// found are the fixes that the ticket could be answered with, by item number, until room is
// released.
func (s *search) found() []*candidate { return s.best(max(shortlist, s.Count)) }

// best returns the eligible fixes with evidence enough, with all of it, by item number: as
// many as are wanted, the best by score, ties by number. Which they are is exact: most fixes
// are left out by bounds of their score, and the evidence of the others is looked at.
func (s *search) best(wanted int) []*candidate {
	r := s.room
	r.items = s.items(r.items[:0])
	s.Lexicon.Matches(&r.matches, s.terms, r.items)
	if len(s.codes) > 0 {
		r.coded = s.Lexicon.Holding(r.coded, &r.matches, s.codes)
	}
	if s.sensing = nil; r.sensing.ask(s.Sentences, s.Vector) {
		s.sensing = &r.sensing
	}
	l := s.learn()
	best := &r.best
	best.reset(wanted)
	for left := s.worthy(r, l, wanted); len(left) > 0; {
		of := left.pop()
		high := float64(of.high)
		if high < best.worst() {
			break
		}
		if len(left) > 0 {
			s.fetch(r.items[left[0].at])
		}
		n, sense := r.items[of.at], 0.0
		if s.sensing != nil {
			sense = s.sensing.of(n)
			if w := s.weights.Of[Sense]; w > 0 && high-w*(float64(of.sense)-sense) < best.worst() {
				continue
			}
		}
		if c := best.spare(); s.look(c, l, n, r.matches.Of(int(of.at)), s.coded(r, int(of.at)), sense) {
			best.push(c)
		}
	}
	return best.byNumber()
}

// fetch asks for what look will read of a fix: of hundreds, each lies somewhere else.
func (s *search) fetch(n engine.ItemNum) {
	if s.vector != nil {
		vector.Prefetch(s.Content.Row(n))
	}
	if s.sensing != nil {
		s.sensing.fetch(n)
	}
}

// items appends to out the eligible fixes that this ticket has not seen fail: what failed is
// never first again, so it is not shown again.
func (s *search) items(out []engine.ItemNum) []engine.ItemNum {
	var some [1024]uint32
	all := roaring.And(s.Eligible, s.Catalogue.Known()).ManyIterator()
	for n := all.NextMany(some[:]); n > 0; n = all.NextMany(some[:]) {
		for _, num := range some[:n] {
			out = append(out, engine.ItemNum(num))
		}
	}
	for _, tried := range s.Tried {
		if at, is := slices.BinarySearch(out, tried); is {
			out = slices.Delete(out, at, at+1)
		}
	}
	return out
}

// look gathers the evidence for a fix in c; it is false where that is no reason to show it.
func (s *search) look(c *candidate, l *learnt, n engine.ItemNum, match text.Match, codes, sense float64) bool {
	*c = candidate{num: n}
	c.values[Codes] = codes
	c.values[Words], c.share = s.worded(match)
	if s.vector != nil {
		if row := s.Content.Row(n); row != nil {
			c.values[Meaning] = max(0, float64(vector.Dot(s.vector, row)))
		}
	}
	c.values[Sense] = sense
	l.labelled(c)
	known := s.enough(c)
	if !known && !s.claims.about {
		return false
	}
	if !s.Catalogue.Known().Contains(uint32(n)) {
		return false
	}
	if len(s.claims.products) > 0 { // of hundreds of fixes, only then are the items asked for
		c.claim = s.claims.of(s.Catalogue.Item(n))
	}
	if !known && !c.claim.about {
		return false
	}
	c.values[About], c.values[Owned], c.values[Foreign] = one(c.claim.about), one(c.claim.owned), one(c.claim.foreign)
	l.placed(c)
	c.score = s.weights.of(&c.values)
	return true
}

// coded is the share of the ticket's codes that the fix at a place holds.
func (s *search) coded(r *room, at int) float64 {
	if len(s.codes) == 0 {
		return 0
	}
	return float64(r.coded[at]) / float64(len(s.codes))
}

// worded is what a match says of a fix: the evidence, and the share of the ticket's words.
func (s *search) worded(m text.Match) (words, share float64) {
	if m.Terms == 0 {
		return 0, 0
	}
	return s.wordy(m.Score), float64(m.Terms) / float64(len(s.terms))
}

// wordy is the evidence of a score by words, 0 for none.
func (s *search) wordy(score float64) float64 {
	if score == 0 {
		return 0
	}
	score /= s.rarest
	return score / (score + s.weights.HalfWords)
}

// enough reports whether the texts and the solved tickets are a reason to show the fix at
// all. Of a text without a known word only what sentences mean is: likeness by pieces of words is
// chance there.
func (s *search) enough(c *candidate) bool {
	if s.known == 0 {
		return c.values[Sense] > 0 && c.values[Sense] >= s.weights.Least[Sense]
	}
	if c.values[Codes] > 0 {
		return true
	}
	for _, kind := range least {
		if x := c.values[kind]; x > 0 && x >= s.weights.Least[kind] {
			return true
		}
	}
	return c.share >= s.weights.LeastShare && c.share > 0
}

// best keeps the best candidates: a heap with the worst of them at its root. Candidates are large:
// they stay where they are, and their places move.
type best struct {
	most int
	heap []*candidate
	free *candidate   // in no heap
	all  []*candidate // those of heap, free, and those of searches before
	used int          // of all
}

// reset makes it one of the best so many.
func (b *best) reset(most int) {
	b.most, b.heap, b.free, b.used = most, b.heap[:0], nil, 0
}

// spare is room for a candidate that may be pushed.
func (b *best) spare() *candidate {
	if b.free == nil {
		if b.used == len(b.all) {
			b.all = append(b.all, new(candidate))
		}
		b.free = b.all[b.used]
		b.used++
	}
	return b.free
}

// byNumber returns what was kept, until it is reset.
func (b *best) byNumber() []*candidate {
	slices.SortFunc(b.heap, func(x, y *candidate) int { return cmp.Compare(x.num, y.num) })
	return b.heap
}

// worst is what a score must reach to be kept.
func (b *best) worst() float64 {
	if len(b.heap) < b.most {
		return math.Inf(-1)
	}
	return b.heap[0].score
}

func (a *candidate) worse(b *candidate) bool {
	return a.score < b.score || a.score == b.score && a.num > b.num
}

// push offers the spare candidate.
func (b *best) push(c *candidate) {
	h := b.heap
	if len(h) < b.most {
		b.free = nil
		h = append(h, c)
		for i := len(h) - 1; i > 0 && h[i].worse(h[(i-1)/2]); i = (i - 1) / 2 {
			h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		}
		b.heap = h
		return
	}
	if !h[0].worse(c) {
		return
	}
	b.free, h[0] = h[0], c
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1].worse(h[child]) {
			child++
		}
		if child >= len(h) || !h[child].worse(h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// room is what a search needs and the next one can use again.
type room struct {
	items              []engine.ItemNum
	matches            text.Matches
	coded              []uint32  // how many of the codes each item holds; not set where there are none
	dots, sums         []float32 // by item; see worthy
	sure, maybe, marks []uint64  // a bit for each item
	given              []uint64
	places             []int32          // see reach
	few                []engine.ItemNum // those of places
	claimed            []claimed
	order              worths
	query              vector.Rough
	sensing            sensing
	best               best
	near, votes        []float64 // see learnt
	trialled           trialled
}

// release lets others have the room of a search, with what it found.
func (s *search) release() {
	rooms.Put(s.room)
	s.room = nil
}

var rooms = sync.Pool{New: func() any { return new(room) }}

// zeros is sized, with zeros in it.
func zeros[T any](old []T, n int) []T {
	out := sized(old, n)
	clear(out)
	return out
}

// sized returns a slice of n, the old one where it is long enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n, n+n/8)
	}
	return old[:n]
}
