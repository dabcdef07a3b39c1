package model

import (
	"math"
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Linked is a Scorer that says of an item what edges of its source add to it from some rows.
type Linked interface {
	Scorer
	// Links returns the source's edges and the rows that they lie between.
	Links() (*Rows, *Edges)
	// From appends to out the rows that add to others, each once; false where one counts more than
	// another.
	From(out []uint32) ([]uint32, bool)
	// Turn gives the scorer its source's edges turned (Edges.Turned): it looks there for what it
	// says of few items, to the bit what it says without.
	Turn(*Edges)
}

// Joint is what sources of edges between the same rows add together, each times its gain: half as
// many edges as all of them have, where they mostly join the same rows. An edge takes four bytes, its
// weight a whole number of steps. It is immutable and safe for concurrent use.
type Joint struct {
	rows  *Rows
	ends  []uint32 // of row i the edges are those from ends[i-1] to ends[i]
	edges []uint32 // the row that each leads to, and above it its steps, signed
	step  float32
	// Of the magnitudes that sources add, the most that an edge and that all edges to a row have, and
	// how far the steps of an edge are from its weight at the most.
	mostEdge, mostRow, lost float64

	steps  sync.Pool // of *[nearRows]int32 by row, zeros where nobody uses them
	values sync.Pool // of *[]float32 by row

	mu     sync.Mutex
	panels map[*Index]*vector.Panels // of what was swept
}

// mostSteps is how many steps an edge may have: that many of all rows are still an int32.
const mostSteps = math.MaxInt16

// NewJoint joins edges between rows. It is false where a weight times its gain is no float32, or
// rows are more than two bytes tell apart.
func NewJoint(rows *Rows, parts []*Edges, gains []float64) (*Joint, bool) {
	n := rows.Len()
	if n > nearRows {
		return nil, false
	}
	j := &Joint{rows: rows, ends: make([]uint32, n)}
	var room [2][]jointEdge
	most, largest, count := make([]float64, n), 0.0, 0
	for row := range n {
		for _, e := range joined(parts, gains, row, &room) {
			most[e.row] += e.most
			largest, j.mostEdge = max(largest, math.Abs(e.sum)), max(j.mostEdge, e.most)
			count++
		}
	}
	for _, m := range most {
		j.mostRow = max(j.mostRow, m)
	}
	if !(j.mostRow < math.MaxFloat32/4) { // of what is no number, too
		return nil, false
	}
	j.edges, j.step = make([]uint32, 0, count), float32(largest/mostSteps)
	for row := range n {
		for _, e := range joined(parts, gains, row, &room) {
			steps := 0.0
			if j.step > 0 {
				steps = min(max(math.RoundToEven(e.sum/float64(j.step)), -mostSteps), mostSteps)
			}
			j.lost = max(j.lost, math.Abs(e.sum-steps*float64(j.step)))
			j.edges = append(j.edges, uint32(int32(steps))<<16|e.row)
		}
		j.ends[row] = uint32(len(j.edges))
	}
	vector.InLargePages(j.edges)
	j.steps.New = func() any { return new([nearRows]int32) }
	j.values.New = func() any { return new(make([]float32, n)) }
	return j, true
}

// jointEdge is an edge of several sources: what they add, and the sum of its magnitudes.
type jointEdge struct {
	row       uint32
	sum, most float64
}

// joined returns a row's edges of all parts, ascending, lent until it is called again.
func joined(parts []*Edges, gains []float64, row int, room *[2][]jointEdge) []jointEdge {
	all, next := room[0][:0], room[1][:0]
	for i, part := range parts {
		at := 0
		from, to := part.span(row)
		for ; from < to; from++ {
			one, add := part.row(int(from)), gains[i]*float64(part.weights[from])
			for ; at < len(all) && all[at].row < one; at++ {
				next = append(next, all[at])
			}
			e := jointEdge{one, add, math.Abs(add)}
			if at < len(all) && all[at].row == one {
				e.sum, e.most = e.sum+all[at].sum, e.most+all[at].most
				at++
			}
			next = append(next, e)
		}
		next = append(next, all[at:]...)
		all, next = next, all[:0]
	}
	room[0], room[1] = all, next
	return all
}

// JointSums is what a Joint adds up of one history. The zero JointSums is nobody's.
type JointSums struct {
	joint     *Joint
	values    *[]float32 // by row
	off, most float64
}

// soonEdges is how many rows before their turn a row's edges are asked for.
const soonEdges = 4

// Sum adds up what leads from rows, each of which is named once.
func (j *Joint) Sum(from []uint32) JointSums {
	s := JointSums{joint: j, values: j.values.Get().(*[]float32)}
	for i := range min(soonEdges, len(from)) {
		vector.Prefetch(j.of(from[i]))
	}
	sums := j.steps.Get().(*[nearRows]int32)
	for i, row := range from {
		if i+soonEdges < len(from) {
			vector.Prefetch(j.of(from[i+soonEdges]))
		}
		for _, e := range j.of(row) {
			sums[uint16(e)] += int32(e) >> 16
		}
	}
	vector.WidenSteps(*s.values, sums[:len(*s.values)], j.step)
	j.steps.Put(sums)
	// Each edge is that far off; a sum is rounded, and its product with the step, by a part in 2^24.
	magnitude := min(float64(len(from))*j.mostEdge, j.mostRow)
	s.off = float64(len(from))*j.lost + magnitude/(1<<22) + math.SmallestNonzeroFloat32
	s.most = magnitude + s.off
	return s
}

// of returns the edges of a row.
func (j *Joint) of(row uint32) []uint32 {
	from := uint32(0)
	if row > 0 {
		from = j.ends[row-1]
	}
	return j.edges[from:j.ends[row]]
}

// AddRough adds about what the sources say of items together, each times its gain, to sums, as
// Rough.AddRough does of one.
func (s *JointSums) AddRough(sums []float32, items []engine.ItemNum) (off, most float64) {
	s.joint.rows.AddRows(sums, items, *s.values, 1)
	return s.off, s.most
}

// Swept is a Rough that says of an item the dot product of its row with a vector.
type Swept interface {
	Rough
	// Sweep returns what is to be added, by SweepAll, to sums that are to say about what the scorer
	// does, too, times gain: their bounds hold for both from now on. It is false where the scorer's
	// rows are others, or cannot say.
	Sweep(room *RoughRoom, sums *JointSums, gain float64) (Dense, bool)
}

// Dense is a vector whose dot products with all rows of an index, times a gain, are to be added to sums.
type Dense struct {
	panels *vector.Panels
	query  *vector.Rough
	by     float32
	sums   []float32
}

// Sweep is what Swept.Sweep says of a vector, in an index of its scorer's.
func (x *Index) Sweep(room *RoughRoom, sums *JointSums, q []float32, gain float64) (Dense, bool) {
	if sums.joint.rows != x.rows {
		return Dense{}, false
	}
	query, ok := room.Ask(q)
	if !ok {
		return Dense{}, false
	}
	off, most, ok := query.Bounds(x.table)
	if !ok {
		return Dense{}, false
	}
	sums.off, sums.most = sums.off+math.Abs(gain)*off, sums.most+math.Abs(gain)*most
	return Dense{sums.joint.panelsOf(x), query, float32(gain * query.Gain()), *sums.values}, true
}

// panelsOf returns the panels of an index, which go with the joint.
func (j *Joint) panelsOf(x *Index) *vector.Panels {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.panels[x]
	if p == nil {
		p = vector.NewPanels(x.table)
		if j.panels == nil {
			j.panels = make(map[*Index]*vector.Panels)
		}
		j.panels[x] = p
	}
	return p
}

// sweepRows is how many rows are read for all before the next are: 16 KiB of bytes, and what is
// added to.
const sweepRows = 256

// SweepAll adds what is to be added. What belongs to one index is best given together: its rows are
// read once for all.
func SweepAll(all []Dense) {
	for len(all) > 0 {
		some := 1
		for some < len(all) && all[some].panels == all[0].panels {
			some++
		}
		for from, rows := 0, len(all[0].sums); from < rows; from += sweepRows {
			to := min(from+sweepRows, rows)
			for _, d := range all[:some] {
				d.query.AddTo(d.sums[from:to], d.panels, from, d.by)
			}
		}
		all = all[some:]
	}
}

// Release lends its memory to the next, and makes s nobody's.
func (s *JointSums) Release() {
	if s.joint != nil {
		s.joint.values.Put(s.values)
	}
	*s = JointSums{}
}
