package vector

import (
	"math"
	"math/bits"

	"github.com/rapportengine/rapport/engine"
)

// Table is a matrix whose rows are searched for the largest dot products with a query.
// Beside the floats it keeps every row in bytes, d and 12 more a row. A search reads the
// bytes, which bound every score from both sides; only rows that can be among the best
// are scored in floats. So what it finds is exactly what a scan of the floats finds.
//
// The bounds: let row r = s(n + e) and query q = t(m + f), with whole numbers n and m,
// steps s and t, and e and f what rounding to steps lost. Then by Cauchy and Schwarz
//
//	|<r,q> - s t <n,m>| <= s |n| t |f| + s |e| |q|
//
// to which the rounding of the sums in float32 is added. A Table is immutable and may be
// searched by many at a time.
type Table struct {
	d, wide int
	floats  []float32
	bytes   []uint8   // wide a row
	steps   []float32 // s of every row; +Inf where bytes do not speak for it
	lost    []float32 // |e| s, and what float32 rounds off for a query of length 1
	lengths []float32 // |n|
	// The largest of lost[i] / steps[i] and of lengths[i]: one bound, in steps, for all rows.
	mostLost, mostLength float64
	// For Rough: the largest of lost and of a row's length in steps times its step, and
	// whether there is a row that bytes do not speak for.
	mostOff, mostNorm float64
	mute              bool
}

// NewTable returns a table of rows of d floats, which stay as they are while the table is
// in use. They may hold anything; scores that are not a number are never found.
func NewTable(rows []float32, d int) *Table {
	n := rowsIn(rows, d)
	t := &Table{
		d: d, wide: paddedBytes(d), floats: rows[:n*d],
		steps: make([]float32, n), lost: make([]float32, n), lengths: make([]float32, n),
	}
	t.bytes = make([]uint8, n*t.wide)
	whole := make([]int8, d)
	for i := range n {
		row := t.row(i)
		to := t.bytes[i*t.wide:][:t.wide]
		for k := range to {
			to[k] = zeroByte
		}
		most := largest(row)
		if most == 0 {
			continue
		}
		if !(most >= leastRow && most <= mostRow) {
			t.steps[i], t.mute = float32(math.Inf(1)), true
			continue
		}
		t.steps[i] = float32(most / steps)
		lost, length := inSteps(row, float64(t.steps[i]), whole)
		for k, w := range whole {
			to[k] = uint8(int(w) + zeroByte)
		}
		lost += float64(d+8) * ulp * norm(row)
		t.lost[i], t.lengths[i] = float32(lost*above), float32(length*above)
		t.mostLost = max(t.mostLost, float64(t.lost[i])/float64(t.steps[i]))
		t.mostLength = max(t.mostLength, float64(t.lengths[i]))
		t.mostOff = max(t.mostOff, float64(t.lost[i]))
		t.mostNorm = max(t.mostNorm, float64(t.steps[i])*float64(t.lengths[i]))
	}
	InLargePages(t.floats)
	InLargePages(t.bytes)
	return t
}

const (
	ulp   = 1.0 / (1 << 24) // what a sum or product in float32 may be wrong by, times itself
	above = 1 + 4*ulp       // a factor that no rounding takes below 1
)

// Len returns how many rows there are.
func (t *Table) Len() int { return len(t.steps) }

// Row returns row i, which must not be changed.
func (t *Table) Row(i int) []float32 { return t.row(i) }

func (t *Table) row(i int) []float32 { return t.floats[i*t.d:][:t.d:t.d] }

// Search is scratch space for searches, one at a time. The zero Search is ready.
type Search struct {
	query   []int8
	step    float64 // of the query
	length  float64 // of the query
	lost    float64 // of the query
	excess  int32
	raised  float64 // by how many steps uppers are above the score
	count   int     // how many are wanted
	lows    []float64
	found   []candidate
	most    int      // candidates, before those that are none any more are dropped
	picks   []uint32 // rows that wait to be scored together
	scores  [searchRows]float32
	words   [searchRows / 64]uint64
	top     Top
	ordered []Scored
}

// candidate is a row that may be among the best, as its score is at most high.
type candidate struct {
	row  uint32
	high float64
}

// searchRows is how many rows are scored before the scores are looked at: 16 KiB of bytes
// for 64 dimensions, so that both stay in a first-level cache.
const searchRows = 256

// Best returns the k rows with the largest Dot(q, row), best first and ties by number,
// with their scores. Rows whose bit in mask is 0 are left out, as are those beyond it;
// nil leaves none out. The result is valid until the next search with s.
func (t *Table) Best(s *Search, q []float32, k int, mask []uint64) []Scored {
	if k <= 0 || t.Len() == 0 {
		return nil
	}
	quick := s.open(t, q, k)
	for from := 0; from < t.Len(); from += searchRows {
		count := min(searchRows, t.Len()-from)
		if mask == nil {
			s.block(t, q, from, count, quick)
			continue
		}
		if set := masked(&s.words, mask, from, count); set > count/4 {
			s.block(t, q, from, count, quick)
		} else if set > 0 {
			s.pickBits(from)
			if len(s.picks) >= searchRows {
				s.some(t, q, s.picks[:searchRows], quick)
				s.picks = s.picks[:copy(s.picks, s.picks[searchRows:])]
			}
		}
	}
	s.some(t, q, s.picks, quick)
	return s.close(t, q, quick)
}

// BestOf is Best of the rows in picks, which must be below Len and come once each.
func (t *Table) BestOf(s *Search, q []float32, k int, picks []uint32) []Scored {
	if k <= 0 || t.Len() == 0 {
		return nil
	}
	quick := s.open(t, q, k)
	for ; len(picks) > 0; picks = picks[min(searchRows, len(picks)):] {
		s.some(t, q, picks[:min(searchRows, len(picks))], quick)
	}
	return s.close(t, q, quick)
}

// open makes the query ready and reports whether bytes speak for it.
func (s *Search) open(t *Table, q []float32, k int) bool {
	q = q[:t.d]
	s.count = min(k, t.Len())
	s.lows, s.found, s.picks = s.lows[:0], s.found[:0], s.picks[:0]
	s.top.k, s.top.heap = s.count, s.top.heap[:0]
	s.most = 4*s.count + 4*searchRows
	for i := range s.words {
		s.words[i] = ^uint64(0)
	}
	most := largest(q)
	if kernels == plain { // which multiplies floats as fast as bytes
		return false
	}
	if !(most >= leastQuery && most <= mostQuery) || t.d > mostDims {
		return false
	}
	if cap(s.query) < t.wide {
		s.query = make([]int8, t.wide)
	}
	s.query = s.query[:t.wide]
	clear(s.query[t.d:])
	s.step, s.length = float64(float32(most/steps)), norm(q)*above
	s.lost, _ = inSteps(q, s.step, s.query)
	sum := int32(0)
	for _, v := range s.query {
		sum += int32(v)
	}
	// One bound for all rows, in steps of both, so that scores in bytes come out as upper
	// bounds without another operation. The last is the rounding of such a score.
	raised := (s.lost*t.mostLength + s.length*t.mostLost) / s.step
	s.raised = math.Ceil(raised*above) + 1 + math.Ceil(steps*steps*float64(t.d)*8*ulp)
	if s.raised > 1<<24 {
		return false
	}
	s.excess = zeroByte*sum - int32(s.raised)
	return true
}

// masked copies the bits of count rows from row from on to words, and counts them.
func masked(words *[searchRows / 64]uint64, mask []uint64, from, count int) int {
	n := 0
	for w := range words {
		words[w] = 0
		if at := from/64 + w; at < len(mask) && w*64 < count {
			words[w] = mask[at]
			if left := count - w*64; left < 64 {
				words[w] &= 1<<left - 1
			}
			n += bits.OnesCount64(words[w])
		}
	}
	return n
}

// pickBits appends the rows whose bits are set to the picks.
func (s *Search) pickBits(from int) {
	for w, word := range s.words {
		for ; word != 0; word &= word - 1 {
			s.picks = append(s.picks, uint32(from+w*64+bits.TrailingZeros64(word)))
		}
	}
}

// block looks at rows in a row: those whose bit in s.words is set.
func (s *Search) block(t *Table, q []float32, from, count int, quick bool) {
	scores := s.scores[:count]
	var bound float32
	if quick {
		bytesRows(scores, t.bytes[from*t.wide:], t.steps[from:], s.query, s.excess)
		bound = s.bound()
	} else {
		dotRows(scores, t.floats[from*t.d:], q[:t.d])
		bound = s.worst()
	}
	for i := count; i < (count+63)&^63; i++ {
		s.scores[i] = float32(math.NaN()) // beyond the last row
	}
	var passed [searchRows / 64]uint64
	words := passed[:(count+63)/64]
	atLeast(words, s.scores[:len(words)*64], bound)
	for w, word := range words {
		for word &= s.words[w]; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			s.look(t, uint32(from+i), scores[i], quick)
		}
	}
}

// some looks at the rows in picks.
func (s *Search) some(t *Table, q []float32, picks []uint32, quick bool) {
	scores := s.scores[:len(picks)]
	if !quick {
		DotPicked(scores, t.floats, q[:t.d], picks)
	} else if done := bytesPicked(scores, t.bytes, t.steps, s.query, picks, s.excess); done < len(picks) {
		noRow(picks[done:], t.Len())
	}
	bound := s.worst()
	if quick {
		bound = s.bound()
	}
	for i, row := range picks {
		if scores[i] >= bound {
			s.look(t, row, scores[i], quick)
		}
	}
}

// worst is what a score must reach to be among the best so far.
func (s *Search) worst() float32 {
	if len(s.top.heap) < s.count {
		return float32(math.Inf(-1))
	}
	return s.top.heap[0].Score
}

// bound is what a raised score in steps of the query must reach: as many rows as are
// wanted score at least the lowest of lows.
func (s *Search) bound() float32 {
	if len(s.lows) < s.count {
		return float32(math.Inf(-1))
	}
	return math.Nextafter32(float32(s.lows[0]/s.step), float32(math.Inf(-1)))
}

// look takes a score, raised where it comes from bytes.
func (s *Search) look(t *Table, row uint32, score float32, quick bool) {
	if !quick {
		s.top.Push(engine.ItemNum(row), score)
		return
	}
	step := float64(t.steps[row])
	if math.IsInf(step, 1) {
		s.found = append(s.found, candidate{row, math.Inf(1)})
		return
	}
	raised := step * s.raised * s.step
	middle := float64(score)*s.step - raised
	off := step*float64(t.lengths[row])*s.lost + float64(t.lost[row])*s.length
	off = off*above + (math.Abs(middle)+raised)*4*ulp
	if len(s.lows) == s.count && middle+off < s.lows[0] {
		return
	}
	s.found = append(s.found, candidate{row, middle + off})
	s.raise(middle - off)
	if len(s.found) >= s.most {
		s.drop()
		s.most = max(s.most, 2*len(s.found))
	}
}

// raise keeps the largest lower bounds, as many as rows are wanted: a heap with the
// smallest at its root.
func (s *Search) raise(low float64) {
	h := s.lows
	if len(h) < s.count {
		h = append(h, low)
		for i := len(h) - 1; i > 0 && h[i] < h[(i-1)/2]; i = (i - 1) / 2 {
			h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		}
		s.lows = h
		return
	}
	if low <= h[0] {
		return
	}
	i := 0
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1] < h[c] {
			c++
		}
		if h[c] >= low {
			break
		}
		h[i] = h[c]
		i = c
	}
	h[i] = low
}

// drop forgets candidates that cannot be among the best any more.
func (s *Search) drop() {
	if len(s.lows) < s.count {
		return
	}
	kept := s.found[:0]
	for _, c := range s.found {
		if c.high >= s.lows[0] {
			kept = append(kept, c)
		}
	}
	s.found = kept
}

// close scores the candidates in floats.
func (s *Search) close(t *Table, q []float32, quick bool) []Scored {
	if quick {
		s.drop()
		s.picks = s.picks[:0]
		for _, c := range s.found {
			s.picks = append(s.picks, c.row)
		}
		for picks := s.picks; len(picks) > 0; picks = picks[min(searchRows, len(picks)):] {
			s.some(t, q, picks[:min(searchRows, len(picks))], false)
		}
	}
	s.ordered = append(s.ordered[:0], s.top.heap...)
	sortScored(s.ordered)
	return s.ordered
}
