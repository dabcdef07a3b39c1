package main

import (
	"slices"
	"testing"
)

func TestStood(t *testing.T) {
	creeps := make([]int64, 200) // by a thousandth a sample: no moment stands for long
	for i := range creeps {
		creeps[i] = 1_000_000 + int64(i)*1000
	}
	const mib = 1 << 20
	for _, c := range []struct {
		name    string
		samples []int64
		want    int
	}{
		{"none", nil, 0},
		{"one", []int64{mib}, 0},
		{"level", slices.Repeat([]int64{mib}, 21), 20},
		{"falls", []int64{9 * mib, 8 * mib, 7 * mib, 8 * mib}, 3},
		{"rises at the end", []int64{mib, mib, mib, 2 * mib}, 0},
		{"a peak before", []int64{mib, 5 * mib, mib, 2 * mib, 3 * mib, 4 * mib}, 4},
		{"by less than a hundredth", []int64{10_000, 10_050, 10_100, 10_099}, 3},
		{"by more than a hundredth", []int64{10_000, 10_050, 10_101, 10_099}, 1},
	} {
		if got := stood(c.samples); got != c.want {
			t.Errorf("%s: stood for %d samples, want %d", c.name, got, c.want)
		}
	}
	for n := range creeps {
		if got := stood(creeps[:n]); got > 12 {
			t.Errorf("what creeps up stood for %d samples after %d", got, n)
		}
	}
}
