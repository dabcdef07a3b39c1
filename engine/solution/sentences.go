package solution

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/engine/vector/svd"
)

// Sentences are the vectors of the passages of fixes, by one encoder. A passage is kept in
// bytes, d of them for d numbers; how like a ticket is to it is the dot product of bytes,
// which is off that of floats by some thousandths. With leadDims bytes more and 20 it takes
// 604 bytes for 512 numbers: a fix of three passages takes 1.8 KB, in floats 6 KB.
//
// Sentences are immutable; With shares what did not change.
type Sentences struct {
	dims   int
	chunks []*passages // nil where no item of a chunk has any
	count  int         // passages
	leads  *leads      // nil while there are few
}

// The passages of chunkFixes items, by number, lie together: what a change of one copies.
const chunkFixes = 64

// passages are those of a chunk of items.
type passages struct {
	starts [chunkFixes + 1]int32 // of item i: from starts[i] to starts[i+1]
	rows   *vector.Bytes
	lead   *vector.Bytes // of rows; nil while there are no leads
	rests  []float32     // length of what is orthogonal to all directions, of each row
	// The most of all rows: the length of what a lead's bytes leave out, and of a lead.
	lost, length float32
}

// leads are the directions in which the passages of a shop differ most. The dot product of
// two vectors is that of their leads, and at most the product of the lengths of what is left
// of them (Cauchy and Schwarz). They serve for bounds alone: which they are changes no answer.
type leads struct {
	directions []float32 // leadDims x dims, of length 1 and orthogonal
	dims       int
	of         int // how many passages there were
}

const (
	// leadDims is how many directions there are. Of passages of support tickets 64 hold 0.97
	// of the squares, and bounds are 0.03 above the cosines; of texts of random words 0.90
	// and 0.10.
	leadDims = 64
	// leadLeast is under how many passages bytes are read whole.
	leadLeast = 4096
	// leadSample is how many passages directions are found from.
	leadSample = 2048
	// leadSlack covers what rounding in float32 moves a bound by: leadDims sums of dims
	// products of numbers whose squares sum to about 1.
	leadSlack = 1e-3
)

// NewSentences returns an empty table of vectors of dims numbers.
func NewSentences(dims int) *Sentences { return &Sentences{dims: dims} }

// Dims returns the length of the vectors.
func (s *Sentences) Dims() int { return s.dims }

// Len returns how many passages there are.
func (s *Sentences) Len() int {
	if s == nil {
		return 0
	}
	return s.count
}

// Has reports whether an item has passages. A nil table has none.
func (s *Sentences) Has(n engine.ItemNum) bool {
	if s == nil || int(n/chunkFixes) >= len(s.chunks) || s.chunks[n/chunkFixes] == nil {
		return false
	}
	starts := &s.chunks[n/chunkFixes].starts
	return starts[n%chunkFixes+1] > starts[n%chunkFixes]
}

// With returns the table with these vectors of the passages of some items, of unit length, in
// place of those before; none for an item that has none.
func (s *Sentences) With(changed map[engine.ItemNum][][]float32) *Sentences {
	out := &Sentences{dims: s.dims, chunks: slices.Clone(s.chunks), count: s.count, leads: s.leads}
	at := slices.Sorted(maps.Keys(changed))
	for from := 0; from < len(at); {
		c := int(at[from] / chunkFixes)
		to := from + 1
		for to < len(at) && int(at[to]/chunkFixes) == c {
			to++
		}
		for len(out.chunks) <= c {
			out.chunks = append(out.chunks, nil)
		}
		before := out.chunks[c]
		out.chunks[c] = before.with(engine.ItemNum(c*chunkFixes), changed, s.dims, out.leads)
		out.count += out.chunks[c].len() - before.len()
		from = to
	}
	if s.dims > 2*leadDims && out.count >= leadLeast && (out.leads == nil || out.count >= 2*out.leads.of) {
		out.lead()
	}
	return out
}

func (p *passages) len() int {
	if p == nil {
		return 0
	}
	return p.rows.Len()
}

// with returns the chunk whose first item is first after some changes, nil if nothing is left.
func (p *passages) with(first engine.ItemNum, changed map[engine.ItemNum][][]float32, dims int, l *leads) *passages {
	out := &passages{rows: vector.NewBytes(dims, p.len()+4)}
	if l != nil {
		out.lead = vector.NewBytes(leadDims, p.len()+4)
	}
	for i := range chunkFixes {
		list, is := changed[first+engine.ItemNum(i)]
		for _, v := range list {
			if len(v) == dims {
				out.rows.Append(v)
				out.lay(l)
			}
		}
		if !is && p != nil {
			for row := p.starts[i]; row < p.starts[i+1]; row++ {
				out.rows.AppendRow(p.rows, int(row))
				if l != nil {
					out.lead.AppendRow(p.lead, int(row))
					out.rests = append(out.rests, p.rests[row])
					out.lost, out.length = max(out.lost, p.lost), max(out.length, p.length)
				}
			}
		}
		out.starts[i+1] = int32(out.rows.Len())
	}
	if out.rows.Len() == 0 {
		return nil
	}
	return out
}

// lay adds the lead of the last row.
func (p *passages) lay(l *leads) {
	if l == nil {
		return
	}
	row := make([]float32, l.dims)
	p.rows.Row(row, p.rows.Len()-1)
	lead, rest := l.split(row)
	p.lost = max(p.lost, float32(p.lead.Append(lead)))
	p.length = max(p.length, float32(vector.Length(lead)))
	p.rests = append(p.rests, float32(rest))
}

// split returns the lead of a vector, and the length of the rest.
func (l *leads) split(v []float32) (lead []float32, rest float64) {
	lead = make([]float32, leadDims)
	vector.DotRows(lead, l.directions, v)
	whole, led := vector.Length(v), vector.Length(lead)
	return lead, math.Sqrt(max(0, whole*whole-led*led))
}

// lead finds directions, and lays the leads of all passages anew.
func (s *Sentences) lead() {
	m := svd.NewSparse(s.dims)
	step, n := max(1, s.count/leadSample), 0
	row := make([]float32, s.dims)
	for _, p := range s.chunks {
		for i := range p.len() {
			if n++; n%step != 0 {
				continue
			}
			p.rows.Row(row, i)
			cells := make([]svd.Cell, s.dims)
			for d, x := range row {
				cells[d] = svd.Cell{Column: int32(d), Value: float64(x)}
			}
			m.Append(cells)
		}
	}
	right, _ := svd.Right(m, leadDims, rand.New(rand.NewPCG(1, 1)))
	s.leads = &leads{directions: make([]float32, leadDims*s.dims), dims: s.dims, of: s.count}
	for d := range s.dims {
		for k, x := range right.Row(d) {
			s.leads.directions[k*s.dims+d] = float32(x)
		}
	}
	for i, p := range s.chunks {
		if p == nil {
			continue
		}
		again := &passages{starts: p.starts, rows: vector.NewBytes(s.dims, p.len()), lead: vector.NewBytes(leadDims, p.len())}
		for row := range p.len() {
			again.rows.AppendRow(p.rows, row)
			again.lay(s.leads)
		}
		again.rows = p.rows
		s.chunks[i] = again
	}
}

// sensing is a ticket that is held against passages.
type sensing struct {
	*Sentences
	whole, lead        vector.Rough
	rest, lost, length float32 // of the ticket, as passages have them
	chunked            bool    // bounds reads whole chunks
	chunk              int     // that was read last; -1 for none
	// What the passages that were read last say at most and at least, in units of said, give or take
	// off.
	highs, lows []float32
	said, off   float32
}

// ask makes the ticket v; false where there is nothing to hold it against.
func (q *sensing) ask(s *Sentences, v []float32) bool {
	if s == nil || s.count == 0 || len(v) != s.dims || !q.whole.Ask(v) {
		return false
	}
	q.Sentences, q.chunked, q.chunk = s, false, -1
	if s.leads == nil {
		return true
	}
	row := make([]float32, s.dims)
	q.whole.Row(row)
	lead, rest := s.leads.split(row)
	if !q.lead.Ask(lead) {
		return false
	}
	q.rest, q.lost, q.length = float32(rest), float32(q.lead.Lost()), float32(vector.Length(lead))
	return true
}

// chunkOf returns the passages of an item.
func (q *sensing) chunkOf(n engine.ItemNum) (p *passages, from, to int) {
	at, i := int(n/chunkFixes), n%chunkFixes
	if at >= len(q.chunks) || q.chunks[at] == nil {
		return nil, 0, 0
	}
	p = q.chunks[at]
	return p, int(p.starts[i]), int(p.starts[i+1])
}

// bounds returns between which two numbers what of returns lies, by the leads. Where most items
// of a chunk are asked for, in a row, it is fastest if chunked is set.
func (q *sensing) bounds(n engine.ItemNum) (low, high float64) {
	_, from, to := q.chunkOf(n)
	switch {
	case from == to:
		return 0, 0
	case q.leads == nil:
		low = q.of(n)
		return low, low
	}
	if at := int(n / chunkFixes); !q.chunked {
		q.chunk = -1
		q.read(at, from, to)
		from, to = 0, to-from
	} else if q.chunk != at {
		q.chunk = at
		q.read(at, 0, q.chunks[at].len())
	}
	var least, most float32
	for row, x := range q.highs[from:to] {
		if x > most {
			most = x
		}
		if x := q.lows[from+row]; x > least {
			least = x
		}
	}
	return max(0, float64(q.said*least-q.off)-leadSlack), min(1, max(0, float64(q.said*most+q.off)+leadSlack))
}

// read bounds what some passages of a chunk say. A lead is its bytes and what they lose: of the
// product of two, what either loses counts times the length of the other. The rests count
// beside.
func (q *sensing) read(at, from, to int) {
	p := q.chunks[at]
	q.highs, q.lows = sized(q.highs, to-from), sized(q.lows, to-from)
	q.lead.Bytes(q.highs, p.lead, from)
	copy(q.lows, q.highs)
	if q.said = float32(q.lead.Gain()); q.said == 0 {
		q.said = 1 // of a lead of zeros, which says nothing
	}
	vector.Axpy(q.rest/q.said, p.rests[from:to], q.highs)
	vector.Axpy(-q.rest/q.said, p.rests[from:to], q.lows)
	q.off = q.lost*(p.length+p.lost) + q.length*p.lost
}

// fetchLeads asks for what bounds will read of an item alone.
func (q *sensing) fetchLeads(n engine.ItemNum) {
	if q.leads == nil || q.chunked {
		return
	}
	if p, from, to := q.chunkOf(n); from < to {
		p.lead.Fetch(from, to)
	}
}

// fetch asks for what of will read.
func (q *sensing) fetch(n engine.ItemNum) {
	if p, from, to := q.chunkOf(n); from < to {
		p.rows.Fetch(from, to)
	}
}

// of returns the cosine of the ticket and the nearest passage of a fix, 0 where there is none
// or it is negative.
func (q *sensing) of(n engine.ItemNum) float64 {
	p, from, to := q.chunkOf(n)
	if from == to {
		return 0
	}
	var some [16]float32
	best := float32(0)
	for ; from < to; from += len(some) {
		scores := some[:min(len(some), to-from)]
		q.whole.Bytes(scores, p.rows, from)
		for _, x := range scores {
			best = max(best, x)
		}
	}
	return min(1, float64(best)*q.whole.Gain())
}
