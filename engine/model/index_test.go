package model

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/vector"
)

// rowsOf returns rows for a share of some items.
func rowsOf(rng *rand.Rand, items int, share float64) *Rows {
	ids := catalogue.NewIDs()
	var nums []engine.ItemNum
	for n := range items {
		num, _ := ids.Assign(engine.ItemID(strconv.Itoa(n)))
		if share == 1 || rng.Float64() < share {
			nums = append(nums, num)
		}
	}
	return NewRows(nums, ids)
}

// checkIndex holds searches against a scan of what is eligible.
func checkIndex(t *testing.T, rng *rand.Rand, items, dims int, share float64) (ends int) {
	t.Helper()
	rows := rowsOf(rng, items, share)
	vectors := make([]float32, rows.Len()*dims)
	for i := range vectors {
		vectors[i] = float32(rng.IntN(9) - 4) // full of ties
	}
	if rng.IntN(3) > 0 { // some are long, as those of what is wanted most are
		for row := range rows.Len() {
			long := float32(int(20 * math.Exp(2*rng.NormFloat64())))
			for i := range dims {
				vectors[row*dims+i] *= long
			}
		}
	}
	x := NewIndex(rows, dims, vectors)
	for _, part := range []float64{1, 1, .7, .2, .05, .01, 0} {
		eligible := roaring.New()
		for n := range uint32(items + 100) {
			if rng.Float64() < part {
				eligible.Add(n)
			}
		}
		if rng.IntN(2) == 0 {
			from := rng.Uint64N(uint64(items))
			eligible.AddRange(from, from+rng.Uint64N(70_000))
			eligible.RunOptimize()
		}
		q, n := make([]float32, dims), 1+rng.IntN(40)
		for i := range q {
			q[i] = float32(rng.NormFloat64())
		}
		top := vector.NewTop(n)
		rows.Each(eligible, func(row int, item engine.ItemNum) {
			top.Push(item, vector.Dot(q, vectors[row*dims:][:dims]))
		})
		want := top.Best()
		if best, ended := x.longest(new(searching), eligible, int(eligible.GetCardinality()), q, n); ended {
			ends++
			for i := range best {
				best[i].Item = rows.Num(int(best[i].Item))
			}
			if !slices.Equal(best, want) {
				t.Fatalf("best %d of %d eligible, %d of %d items with a row, by their lengths: %v, want %v", n, eligible.GetCardinality(), rows.Len(), items, best, want)
			}
		}
		first := vector.Scored{Item: 7, Score: 7}
		got := x.Best(eligible, q, n, []vector.Scored{first})
		if got[0] != first || !slices.Equal(got[1:], want) {
			t.Fatalf("best %d of %d eligible, %d of %d items with a row: %v, want %v", n, eligible.GetCardinality(), rows.Len(), items, got, want)
		}
	}
	return ends
}

func TestIndexFindsWhatAScanFinds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, share := range []float64{1, .9, .3, .01, 0} {
		for _, items := range []int{1, 63, 64, 65, 700, 5000} {
			checkIndex(t, rng, items, 1+rng.IntN(20), share)
		}
	}
	ends := 0
	for range 4 {
		ends += checkIndex(t, rng, 150_000, 4, 1)
		ends += checkIndex(t, rng, 150_000, 4, .8)
	}
	if ends == 0 {
		t.Error("no search ended with the longest rows")
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(uint64(1), 300, 8, 50)
	f.Add(uint64(2), 5000, 3, 100)
	f.Fuzz(func(t *testing.T, seed uint64, items, dims, percent int) {
		if items < 1 || items > 8000 || dims < 1 || dims > 40 || percent < 0 || percent > 100 {
			t.Skip()
		}
		checkIndex(t, rand.New(rand.NewPCG(seed, 1)), items, dims, float64(percent)/100)
	})
}

// closedByHand is the plain twin of moves.close.
func closedByHand(word, has uint64) (out uint64) {
	at := 0
	for ; has != 0; has &= has - 1 {
		out |= word >> bits.TrailingZeros64(has) & 1 << at
		at++
	}
	return out
}

func TestMoves(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 20_000 {
		has := rng.Uint64() | rng.Uint64()>>(i%64)
		switch i % 4 {
		case 1:
			has |= rng.Uint64() | rng.Uint64()
		case 2:
			has &= rng.Uint64() & rng.Uint64()
		case 3:
			has = [...]uint64{0, 1, 1 << 63, ^uint64(0), ^uint64(1), ^uint64(0) >> 1}[i/4%6]
		}
		m, word := movesOf(has), rng.Uint64()&has
		if got, want := m.close(word), closedByHand(word, has); got != want {
			t.Fatalf("bits %x of %x closed up are %x, want %x", word, has, got, want)
		}
	}
}
