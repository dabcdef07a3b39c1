package vector

import (
	"fmt"
	"math/bits"
)

// A line is so many bits, in so many words: what the processor reads of memory at once. So many lines
// are added up in a round.
const (
	LineBits    = 512
	LineWords   = LineBits / 64
	LinesAtOnce = 32
)

// mostLines is how many lines can be counted one by one in a float32.
const mostLines = 1 << 24

// planes are counts at all places of a line in the binary system: plane i is digit i of each.
type planes [25][LineWords]uint64

// AddLines adds to counts[i] how many of some lines have bit i set. They are those that begin at the words
// at of lines: whole rounds, as a list can be filled up by a line of zeros, and at most 2^24.
// Where there are fewer counts than bits of a line, the rest is not counted. It panics where a
// line is not all in lines.
func AddLines(counts []float32, lines []uint64, at []uint32) {
	if len(at)%LinesAtOnce != 0 || len(at) > mostLines {
		panic(fmt.Sprintf("vector: %d lines are not whole rounds of %d, or above %d", len(at), LinesAtOnce, mostLines))
	}
	if len(at) == 0 {
		return
	}
	Prefetch(counts)
	var p planes
	levels, limit := bits.Len(uint(len(at))), max(0, len(lines)-LineWords+1)
	if done := sumLines(&p, lines, at, levels, limit); done < len(at) {
		noRow(at[done:], limit)
	}
	if len(counts) >= LineBits {
		addPlanes(counts[:LineBits], &p, levels)
		return
	}
	var all [LineBits]float32
	copy(all[:], counts)
	addPlanes(all[:], &p, levels)
	copy(counts, all[:])
}
