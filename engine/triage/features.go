// Package triage learns from tickets that are done what a new one is: which queue ends it,
// how urgent it is, what it is about, and how long it takes. Its models are linear, over
// what is known when a ticket is opened: its fields, each two of them together, and the
// words of its text.
//
// It is pure; the same tickets give the same models.
package triage

import (
	"math"

	"github.com/rapportengine/rapport/engine/text"
)

// Ticket is what is known of a ticket when it is opened.
type Ticket struct {
	Fields   []Field // such as product, channel, hour; in one order for all tickets
	Text     string  // may be empty
	Language string  // of Text, BCP 47; empty is English
}

// Field is a named value. An empty value is as good as none.
type Field struct{ Name, Value string }

// signal is something a ticket has: a field's value, two values together, or a word.
type signal struct {
	hash uint64
	a, b Field  // b is empty for a single value
	word string // of the text as it is written, where there is no field
}

// minSeen is in how many tickets of a fit a signal must be to have a weight, and maxWeights
// how many weights a fit has at most: where there are many classes, signals must be in more.
const (
	minSeen    = 2
	maxWeights = 8 << 20
)

// signals returns what a ticket has, each once, without order.
func (t *Ticket) signals() []signal {
	var out []signal
	hashes := make([]uint64, 0, len(t.Fields))
	known := make([]Field, 0, len(t.Fields))
	for _, f := range t.Fields {
		if f.Value != "" {
			known = append(known, f)
			hashes = append(hashes, mix(hash(f.Name), hash(f.Value)))
		}
	}
	for i, f := range known {
		out = append(out, signal{hash: hashes[i], a: f})
		for j := range i {
			out = append(out, signal{hash: mix(hashes[j], hashes[i]), a: known[j], b: f})
		}
	}
	seen := make(map[string]bool)
	for _, w := range text.Words(t.Text, t.Language) {
		if !seen[w.Term] {
			seen[w.Term] = true
			out = append(out, signal{hash: mix(1, hash(w.Term)), word: w.Surface})
		}
	}
	return out
}

// hash is FNV-1a of 64 bits.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix joins two hashes, in this order.
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// signalTable numbers the signals of a fit: 0 is the constant, which all tickets have.
type signalTable map[uint64]int32

func newSignalTable(tickets []Ticket, classes int) signalTable {
	count := make(map[uint64]int)
	var order []uint64 // of first sight, so that numbers do not depend on maps
	for i := range tickets {
		for _, s := range tickets[i].signals() {
			if count[s.hash]++; count[s.hash] == 1 {
				order = append(order, s.hash)
			}
		}
	}
	seen := make([]int, len(tickets)+1) // so often: so many signals
	for _, n := range count {
		seen[n]++
	}
	least, left := minSeen, len(count)-seen[1]
	for ; (left+1)*classes > maxWeights && least < len(seen); least++ {
		left -= seen[least]
	}
	table := make(signalTable, left)
	for _, h := range order {
		if count[h] >= least {
			table[h] = int32(len(table) + 1)
		}
	}
	return table
}

// row is the numbers of a ticket's signals, each of which weighs scale.
type row struct {
	at    []int32
	scale float32
}

// of returns a ticket's row. Its signals together have unit length, so that a ticket of
// many fields steps no further than one of few.
func (s signalTable) of(t *Ticket) row {
	out := row{at: []int32{0}}
	for _, g := range t.signals() {
		if at, known := s[g.hash]; known {
			out.at = append(out.at, at)
		}
	}
	out.scale = float32(1 / math.Sqrt(float64(len(out.at))))
	return out
}
