package head

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine/model"
)

// drawRow draws a row as an inverse has them: many small numbers, and some that stand out.
func drawRow(rng *rand.Rand, questions int) []float32 {
	row := make([]float32, questions)
	for i := range row {
		row[i] = float32(0.01 * rng.NormFloat64())
		if rng.IntN(50) == 0 {
			row[i] = float32(5 * rng.NormFloat64())
		}
	}
	if rng.IntN(8) == 0 {
		clear(row)
	}
	return row
}

// TestWeights holds the scores against the sums in floats: off by what half a step of a byte
// can make of likenesses that differ from their mean, and no more; and what is saved against
// what is read, to the bit.
func TestWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
		questions, labels := 1+rng.IntN(300), 1+rng.IntN(40)
		w, rows := newWeights(questions, labels), make([][]float32, labels)
		for l := range rows {
			rows[l] = drawRow(rng, questions)
			w.add(slices.Clone(rows[l]))
		}
		likeness := make([]float32, questions)
		for i := range likeness {
			likeness[i] = float32(0.06 + 0.01*rng.Float64())
			if rng.IntN(20) == 0 {
				likeness[i] = rng.Float32()
			}
		}
		if rng.IntN(8) == 0 {
			for i := range likeness {
				likeness[i] = 0.5 // all alike
			}
		}
		var mean, apart float64
		for _, k := range likeness {
			mean += float64(k) / float64(questions)
		}
		for _, k := range likeness {
			apart += math.Abs(float64(k) - mean)
		}
		got := make([]float32, labels)
		w.scores(got, likeness)
		_, steps := w.rows.Raw()
		for l, row := range rows {
			want := 0.0
			for i, k := range likeness {
				want += float64(row[i]) * float64(k)
			}
			if off := 0.51*float64(steps[l])*apart + 1e-4; math.Abs(float64(got[l])-want) > off {
				t.Fatalf("label %d of %d questions: %v, want %v, give or take %v", l, questions, got[l], want, off)
			}
			if questions <= mostApart && math.Abs(float64(got[l])-want) > 1e-5 {
				t.Fatalf("label %d of few questions: %v, want %v", l, got[l], want)
			}
		}
		var here []bool
		label := func(int) int { // some labels are no more
			here = append(here, rng.IntN(5) > 0)
			if here[len(here)-1] {
				return 0
			}
			return -1
		}
		var file bytes.Buffer
		f := model.NewWriter(&file, "weights", 1)
		w.save(f)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := model.NewReader(&file, "weights", 1)
		if err != nil {
			t.Fatal(err)
		}
		read := loadWeights(r, questions, labels, label)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		again := make([]float32, len(read.ends))
		read.scores(again, likeness)
		var want []float32
		for l, is := range here {
			if is {
				want = append(want, got[l])
			}
		}
		if !slices.Equal(again, want) {
			t.Fatalf("read: %v, want %v", again, want)
		}
	})
}
