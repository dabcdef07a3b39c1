package model

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// What a Joint says is off what its sources say one by one by no more than it says.
func TestJointSaysWhatItsPartsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "rows")
		rows, items := &Rows{}, []engine.ItemNum{}
		for i := range n {
			rows.nums = append(rows.nums, engine.ItemNum(2*i))
		}
		rows.index()
		for i := range 2 * n {
			items = append(items, engine.ItemNum(i)) // every second has no row
		}
		var parts []*Edges
		var gains []float64
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			parts = append(parts, NewEdges(drawn(t, n)))
			gains = append(gains, rapid.SampledFrom([]float64{-3, 0.001, 1, 1e6}).Draw(t, "gain"))
		}
		joint, ok := NewJoint(rows, parts, gains)
		if !ok {
			t.Fatalf("edges that are numbers cannot be joined")
		}
		for range 3 { // in the memory of the one before
			var from []uint32
			for row := range n {
				if rapid.Bool().Draw(t, "from") {
					from = append(from, uint32(row))
				}
			}
			s, before := joint.Sum(from), float32(rapid.IntRange(-2, 2).Draw(t, "before"))
			sums := make([]float32, len(items))
			for i := range sums {
				sums[i] = before
			}
			off, most := s.AddRough(sums, items)
			off += (math.Abs(float64(before)) + most) / (1 << 23) // of adding it
			s.Release()
			for i, item := range items {
				want, magnitude := 0.0, 0.0
				for p, part := range parts {
					sum := 0.0
					for _, row := range from {
						if weight, is := part.Weight(int(row), int(item)/2); is && item%2 == 0 {
							sum += float64(weight)
						}
					}
					want += gains[p] * float64(float32(sum))
					magnitude += math.Abs(gains[p] * float64(float32(sum)))
				}
				if got := float64(sums[i]) - float64(before); math.Abs(got-want) > off || magnitude > most {
					t.Fatalf("item %d gets %v, its parts %v, %v at the most; want no more than %v off, and %v at the most", item, got, want, magnitude, off, most)
				}
			}
		}
	})
}

func TestJointRefusesWhatIsNoNumber(t *testing.T) {
	rows := &Rows{nums: []engine.ItemNum{0}}
	for _, gain := range []float64{math.Inf(1), math.NaN(), 1e39} {
		if _, ok := NewJoint(rows, []*Edges{NewEdges([][]Edge{{{0, 1}}})}, []float64{gain}); ok {
			t.Errorf("edges times %v are joined", gain)
		}
	}
}

// Turned edges lead back, and those to marked rows are found by their marks, in any order of use.
func TestTurnedAndMarked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "rows")
		lists := drawn(t, n)
		e := NewEdges(lists)
		turned, want := e.Turned(), TurnedEdges(lists)
		var m Marks
		for range 3 {
			marks, most := make([]uint16, n), 0
			for _, row := range rapid.Permutation(numbered(n)).Draw(t, "order")[:rapid.IntRange(0, n).Draw(t, "marked")] {
				most++
				marks[row] = uint16(most)
			}
			most = max(most, rapid.SampledFrom([]int{most, 63, 64, 200}).Draw(t, "marks"))
			for row := range n {
				before, found := 0, map[int]float32{}
				m.Find(turned, row, marks, most)
				m.Each(func(mark int, weight float32) {
					if mark <= before {
						t.Fatalf("mark %d comes after %d", mark, before)
					}
					before, found[mark] = mark, weight
				})
				for from := range n {
					weight, is := want.Weight(row, from)
					if got, found := turned.Weight(row, from); got != weight || found != is {
						t.Fatalf("turned, row %d leads to %d by %v, %v; want %v, %v", row, from, got, found, weight, is)
					}
					got, has := found[int(marks[from])]
					if is = is && marks[from] > 0; has != is && marks[from] > 0 || is && got != weight {
						t.Fatalf("of row %d, marked %d, %v is found, %v; want %v, %v", from, marks[from], got, has, weight, is)
					}
				}
			}
		}
	})
}

func numbered(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
