package model

import (
	"math"
	"sync"

	"github.com/rapportengine/rapport/engine"
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
// many edges as all of them have, where they mostly join the same rows. It is immutable and safe
// for concurrent use.
type Joint struct {
	rows  *Rows
	edges *Edges
	// Of the magnitudes that sources add, the most that an edge and that all edges to a row have.
	mostEdge, mostRow float64
	sums              sync.Pool // of *[]float32 by row
}

// NewJoint joins edges between rows. It is false where a weight times its gain is no float32.
func NewJoint(rows *Rows, parts []*Edges, gains []float64) (*Joint, bool) {
	j := &Joint{rows: rows}
	n, count := rows.Len(), 0
	var room [2][]jointEdge
	for row := range n {
		count += len(joined(parts, gains, row, &room))
	}
	j.edges = newEdges(n, count)
	most, list := make([]float64, n), []Edge(nil)
	for row := range n {
		list = list[:0]
		for _, e := range joined(parts, gains, row, &room) {
			list = append(list, Edge{e.row, float32(e.sum)})
			most[e.row] += e.most
			j.mostEdge = max(j.mostEdge, e.most)
		}
		j.edges.put(row, list)
	}
	for _, m := range most {
		j.mostRow = max(j.mostRow, m)
	}
	j.edges.settle()
	j.sums.New = func() any { return new(make([]float32, n)) }
	return j, j.mostRow < math.MaxFloat32/4 // false of what is no number, too
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
	s := JointSums{joint: j, values: j.sums.Get().(*[]float32)}
	for i := range min(soonEdges, len(from)) {
		j.edges.Prefetch(int(from[i]))
	}
	sums := *s.values
	clear(sums)
	for i, row := range from {
		if i+soonEdges < len(from) {
			j.edges.Prefetch(int(from[i+soonEdges]))
		}
		j.edges.addAlike(sums, int(row))
	}
	// Each weight is rounded, and each sum on the way, by a part in 2^24 of most.
	s.most = min(float64(len(from))*j.mostEdge, j.mostRow) * (1 + 1.0/(1<<20))
	s.off = s.most*float64(len(from)+4)/(1<<24) + float64(len(from)+4)*math.SmallestNonzeroFloat32
	return s
}

// AddRough adds about what the sources say of items together, each times its gain, to sums, as
// Rough.AddRough does of one.
func (s *JointSums) AddRough(sums []float32, items []engine.ItemNum) (off, most float64) {
	s.joint.rows.AddRows(sums, items, *s.values, 1)
	return s.off, s.most
}

// Release lends its memory to the next, and makes s nobody's.
func (s *JointSums) Release() {
	if s.joint != nil {
		s.joint.sums.Put(s.values)
	}
	*s = JointSums{}
}
