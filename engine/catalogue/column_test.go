package catalogue

import (
	"math"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"
)

// awkward are numbers at which an encoding of order breaks first.
var awkward = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, -0.1, 0.30000000000000004, 0.3, 1e300, -1e300, 1 << 53, 1<<53 + 2,
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1),
}

func drawNumber(t *rapid.T) float64 {
	if rapid.Bool().Draw(t, "awkward") {
		return rapid.SampledFrom(awkward).Draw(t, "number")
	}
	return rapid.Float64().Draw(t, "number")
}

// spread are item numbers in several chunks of a column and containers of a bitmap.
var spread = rapid.Map(rapid.IntRange(0, 79), func(i int) uint32 {
	return [...]uint32{0, 500, 65_530, 200_000}[i%4] + uint32(i/4)
})

// A column answers as comparing every number does, also after numbers have changed.
func TestColumnIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := map[uint32]Value{}
		var index *column
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			changes := map[uint32]Value{}
			for range rapid.IntRange(0, 20).Draw(t, "changes") {
				n := spread.Draw(t, "item")
				changes[n] = NumberValue(drawNumber(t))
				if rapid.IntRange(0, 3).Draw(t, "drop") == 0 {
					changes[n] = Value{}
				}
			}
			var keys []rekey
			for n, v := range changes {
				keys = append(keys, rekey{n, values[n].key(), v.key()})
				values[n] = v
			}
			index = index.edit(keys)
		}
		with := drawNumber(t)
		for _, op := range []Op{Equal, Less, LessEqual, Greater, GreaterEqual} {
			key := NumberValue(with).key()
			among := roaring.BitmapOf(rapid.SliceOfN(spread, 0, 20).Draw(t, "among")...)
			got, some := index.compare(op, key, nil), index.compare(op, key, among)
			if !roaring.And(some, among).Equals(roaring.And(got, among)) {
				t.Fatalf("%s %v: among %v: %v, of all: %v", op, with, among, some, got)
			}
			for n, v := range values {
				x := v.Number
				want := v.Type != 0 && map[Op]bool{Equal: x == with, Less: x < with, LessEqual: x <= with, Greater: x > with, GreaterEqual: x >= with}[op]
				if got.Contains(n) != want {
					t.Fatalf("%v %s %v: got %v", x, op, with, !want)
				}
			}
		}
	})
}

func TestNanosKeepsOrder(t *testing.T) {
	times := []time.Time{
		{},
		time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999, time.UTC), time.Unix(0, 0),
		time.Date(2026, 5, 1, 0, 0, 0, 1, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	for i := 1; i < len(times); i++ {
		if Nanos(times[i-1]) > Nanos(times[i]) {
			t.Errorf("%v is after %v", times[i-1], times[i])
		}
	}
	if got := Nanos(times[4]); got != times[4].UnixNano() {
		t.Errorf("Nanos = %d, want UnixNano", got)
	}
}

func TestUnder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[ab/]{0,6}`).Draw(t, "path")
		category := rapid.StringMatching(`[ab/]{0,4}`).Draw(t, "category")
		want := false
		for a := range Ancestors(path) {
			want = want || a == category
		}
		if got := Under(path, category); got != want {
			t.Fatalf("Under(%q, %q) = %v, but it is %v among the ancestors", path, category, got, want)
		}
	})
}
