// Command asm writes the kernels of engine/vector for AVX2 and AVX-512, from one
// description of each. It is run by go generate in engine/vector:
//
//	go generate ./engine/vector
//
// Every sum of products of float32 runs in sixteen lanes (of float64 in eight) without fused multiplication,
// and the lanes are added in halves (i with i+8, then +4, +2, +1), so that both
// instruction sets and the plain Go twins give the same bits. On the machines of today
// that costs nothing: such loops wait for loads. Only the tiles of matrix products fuse,
// because there it halves the time.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!noasm")
	prefetch()
	prefetchPicked()
	countBoth()
	for _, set := range []isa{{"AVX2", false}, {"AVX512", true}} {
		dot(set)
		dotRows(set)
		dotPicked(set)
		dotFour(set)
		timesPicked(set)
		missPicked(set)
		axpy(set)
		axpyBoth(set)
		addSaturated(set)
		addPositive(set)
		addAbove(set)
		addTo(set, false)
		addTo(set, true)
		bytesRows(set)
		bytesPicked(set)
		atLeast(set)
		sumLines(set)
		narrow(set)
		widenSteps(set)
		dotWide(set)
		axpyWide(set, true)
		axpyWide(set, false)
	}
	bytesPanels(isa{"AVX512", true})
	addPlanes(isa{"AVX512", true})
	tile(isa{"AVX2", false}, 6, 2)
	tile(isa{"AVX2", false}, 4, 2)
	tile(isa{"AVX512", true}, 8, 3)
	tile(isa{"AVX512", true}, 8, 1)
	tileWide(isa{"AVX2", false}, 4, 2)
	tileWide(isa{"AVX512", true}, 8, 2)
	tileWide(isa{"AVX512", true}, 8, 1)
	Generate()
}
