package model

import (
	"math"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// drawNums draws item numbers, ascending, each once: with gaps, without, and at the end of
// what a number can be.
func drawNums(t *rapid.T, name string) []engine.ItemNum {
	gaps := rapid.SampledFrom([]uint32{1, 3, 1 << 20}).Draw(t, name+" gaps")
	from := rapid.SampledFrom([]uint32{0, 7, math.MaxUint32 - 40}).Draw(t, name+" from")
	var out []engine.ItemNum
	for range rapid.IntRange(0, 60).Draw(t, name) {
		if len(out) > 0 {
			step := rapid.Uint32Range(1, gaps).Draw(t, "step")
			if from > math.MaxUint32-step {
				break
			}
			from += step
		}
		out = append(out, engine.ItemNum(from))
	}
	return out
}

func TestSparseAsATable(t *testing.T) { rapid.Check(t, sparseAsATable) }

func FuzzSparse(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sparseAsATable)) }

// sparseAsATable holds scores, in any order and repeated, against a map.
func sparseAsATable(t *rapid.T) {
	want := make(map[engine.ItemNum]float32)
	var scored []vector.Scored
	for _, n := range drawNums(t, "scored") {
		v := rapid.Float32Range(-2, 2).Draw(t, "score")
		want[n] = v
		scored = append(scored, vector.Scored{Item: n, Score: v})
	}
	s := NewSparse(scored)
	if n := len(scored); n > 0 && scored[n-1].Item < 1000 && rapid.Bool().Draw(t, "by row") {
		s = NewSparseOf(drawRows(t, scored), scored)
	}
	items := drawNums(t, "asked")
	for _, one := range scored {
		if rapid.Bool().Draw(t, "asked too") {
			items = append(items, one.Item)
		}
	}
	slices.Sort(items)
	items = slices.Compact(items)
	sums, gain := make([]float32, len(items)), rapid.SampledFrom([]float64{1, -3, 0.1, 1e-9}).Draw(t, "gain")
	off, most, ok := s.AddRough(nil, sums, items, gain)
	for i, item := range items {
		if v := float64(want[item]) * gain; !ok || !(math.Abs(float64(sums[i])-v) <= off+most/(1<<22)+1e-37) || !(math.Abs(v) <= most*(1+1e-6)) {
			t.Fatalf("item %d of %v: %v is added, want %v within %v, at most %v", item, items, sums[i], v, off, most)
		}
	}
	switch rapid.IntRange(0, 2).Draw(t, "order") {
	case 1:
		slices.Reverse(items)
	case 2:
		items = slices.Concat(items, items)
	}
	out := make([]float32, len(items)+1)
	for i := range out {
		out[i] = 9
	}
	s.Score(items, out)
	for i, item := range items {
		if out[i] != want[item] {
			t.Fatalf("item %d of %v scores %v, want %v", item, items, out[i], want[item])
		}
	}
	if out[len(items)] != 9 {
		t.Fatal("a score was written for no item")
	}
}

// drawRows draws rows of which more than half score, and all that scores has one but seldom.
func drawRows(t *rapid.T, scored []vector.Scored) *Rows {
	rows := &Rows{}
	for _, one := range scored {
		if rapid.IntRange(0, 200).Draw(t, "no row") > 0 {
			rows.nums = append(rows.nums, one.Item)
		}
	}
	for range rapid.IntRange(0, len(scored)).Draw(t, "other rows") {
		rows.nums = append(rows.nums, engine.ItemNum(rapid.IntRange(0, 1100).Draw(t, "other row")))
	}
	slices.Sort(rows.nums)
	rows.nums = slices.Compact(rows.nums)
	rows.index()
	return rows
}

// TestSeek holds the quick way against walking.
func TestSeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := drawNums(t, "items")
		at := rapid.IntRange(0, len(items)).Draw(t, "at")
		item := engine.ItemNum(rapid.Uint32().Draw(t, "item"))
		if len(items) > 0 && rapid.Bool().Draw(t, "near") {
			item = items[rapid.IntRange(0, len(items)-1).Draw(t, "of")] + engine.ItemNum(rapid.Uint32Range(0, 2).Draw(t, "more"))
		}
		want := at
		for want < len(items) && items[want] < item {
			want++
		}
		if got := seek(items, at, item); got != want {
			t.Fatalf("%d is sought from %d on in %v: found at %d, want %d", item, at, items, got, want)
		}
	})
}

func TestTakeSparse(t *testing.T) {
	rows, sums := &Rows{nums: []engine.ItemNum{2, 5, 9}}, vector.NewSums(3)
	rows.index()
	sums.Add(2, 1)
	sums.Add(0, -1)
	sums.Add(2, 0.5)
	s, out := TakeSparse(rows, sums), make([]float32, 4)
	s.Score([]engine.ItemNum{1, 2, 5, 9}, out)
	if !slices.Equal(out, []float32{0, -1, 0, 1.5}) || s.Empty() || sums.Len() != 0 {
		t.Errorf("scores %v, empty %v, %d sums are left", out, s.Empty(), sums.Len())
	}
	if got := s.Propose(roaring.BitmapOf(1, 2, 5, 9), 4, nil); !slices.Equal(got, []engine.ItemNum{9}) {
		t.Errorf("proposed %v, want only what scores above 0", got)
	}
	var none Sparse
	none.Score([]engine.ItemNum{1, 2, 5, 9}, out)
	if !none.Empty() || none.Propose(roaring.BitmapOf(2), 1, nil) != nil || out[1] != 0 {
		t.Error("who was told nothing says something")
	}
}
