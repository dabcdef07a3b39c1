package vector

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAddedLinesAreTheirBits(t *testing.T) {
	onEveryPath(t, func(t *testing.T) { rapid.Check(t, addedLines) })
}

func FuzzAddLines(f *testing.F) { f.Fuzz(rapid.MakeFuzz(addedLines)) }

// addedLines holds lines that begin anywhere against counting bit by bit.
func addedLines(t *rapid.T) {
	words := rapid.IntRange(LineWords, 300).Draw(t, "words")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	lines := make([]uint64, words)
	dense := rapid.IntRange(0, 3).Draw(t, "dense")
	for i := range lines {
		switch lines[i] = rng.Uint64(); dense {
		case 0:
			lines[i] &= rng.Uint64() & rng.Uint64() & rng.Uint64()
		case 1:
			lines[i] |= rng.Uint64()
		case 2:
			lines[i] = ^uint64(0)
		}
	}
	at := make([]uint32, LinesAtOnce*rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 300)).Draw(t, "rounds"))
	for i := range at {
		at[i] = rng.Uint32N(uint32(words - LineWords + 1))
	}
	counts := make([]float32, rapid.OneOf(rapid.Just(LineBits), rapid.IntRange(0, LineBits+9)).Draw(t, "counts"))
	for i := range counts {
		counts[i] = float32(rng.IntN(10))
	}
	want := slices.Clone(counts)
	for _, from := range at {
		for i := range min(len(want), LineBits) {
			want[i] += float32(lines[int(from)+i/64] >> (i % 64) & 1)
		}
	}
	AddLines(counts, lines, at)
	for i := range want {
		if counts[i] != want[i] {
			t.Fatalf("%d lines of %d words come to %v at place %d of %d, want %v", len(at), words, counts[i], i, len(want), want[i])
		}
	}
}

func TestCountBothIsTheSumOfItsWords(t *testing.T) {
	onEveryPath(t, func(t *testing.T) { rapid.Check(t, countedBoth) })
}

func FuzzCountBoth(f *testing.F) { f.Fuzz(rapid.MakeFuzz(countedBoth)) }

// countedBoth holds CountBoth against counting word by word.
func countedBoth(t *rapid.T) {
	a := rapid.SliceOfN(rapid.Uint64(), 0, 70).Draw(t, "a")
	b := rapid.SliceOfN(rapid.Uint64(), len(a), len(a)+3).Draw(t, "b")
	want := 0
	for i, word := range a {
		want += bits.OnesCount64(word & b[i])
	}
	if got := CountBoth(a, b); got != want {
		t.Fatalf("of %d words %d bits are in both, want %d", len(a), got, want)
	}
}

// TestManyLinesAreAdded carries through all digits that a list of a hundred thousand has.
func TestManyLinesAreAdded(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		lines, counts := make([]uint64, 2*LineWords), make([]float32, LineBits)
		for i := range LineWords {
			lines[i] = 0xf0f0f0f0f0f0f0f0
		}
		at := make([]uint32, 100_000) // every seventh is another line
		ones := 0
		for i := range at {
			if i%7 == 0 {
				at[i] = LineWords
			} else {
				ones++
			}
		}
		AddLines(counts, lines, at)
		for i, c := range counts {
			if want := float32(ones * (i / 4 % 2)); c != want {
				t.Fatalf("count %d is %v, want %v", i, c, want)
			}
		}
	})
}

// TestLinesThatAreNot holds that a line beyond all is refused, wherever it stands.
func TestLinesThatAreNot(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		lines := make([]uint64, 3*LineWords)
		for _, wrong := range []uint32{2*LineWords + 1, 3 * LineWords, 1<<32 - 1} {
			for _, place := range []int{0, 7, 31, 32, 50, 63} {
				at := make([]uint32, 2*LinesAtOnce)
				at[place] = wrong
				want := fmt.Sprintf("vector: row %d of %d", wrong, 2*LineWords+1)
				if got := panics(func() { AddLines(make([]float32, LineBits), lines, at) }); got != want {
					t.Errorf("line %d at %d: %v, want a panic: %s", place, wrong, got, want)
				}
			}
		}
		if panics(func() { AddLines(nil, lines, make([]uint32, LinesAtOnce+1)) }) == nil {
			t.Error("lines that are no whole rounds are added")
		}
		if panics(func() { AddLines(nil, lines[:LineWords-1], make([]uint32, LinesAtOnce)) }) == nil {
			t.Error("a line is read of less")
		}
	})
}

func BenchmarkAddLines(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const customers, sharing = 50_000, 24
	lines, counts := make([]uint64, customers*LineWords), make([]float32, LineBits)
	for i := range lines {
		lines[i] = rng.Uint64() & rng.Uint64() & rng.Uint64() & rng.Uint64()
	}
	at := make([]uint32, 0, sharing*LinesAtOnce)
	for i := range cap(at) {
		at = append(at, uint32(i*customers/cap(at)*LineWords))
	}
	onEveryPathB(b, func(b *testing.B) {
		for b.Loop() {
			AddLines(counts, lines, at)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(at)), "ns/line")
	})
}
