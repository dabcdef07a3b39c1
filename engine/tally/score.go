package tally

import (
	"math"

	"github.com/rapportengine/rapport/engine"
)

// tables is how many scores are kept of each chunk.
const tables = 8

// table is one score of the items of a chunk.
type table struct {
	key    Key
	scores [chunkLen]float32
	most   float32 // of the scores
}

// Key says what a score hangs on besides an item's own counters: the moment in Unix ms, and
// what was counted of all items together.
type Key struct {
	At  int64
	All float64
}

// Score is a function of an item's counters that many ask for: what came out for the items
// of a chunk is kept until one of them is counted or the key is another. So an event costs
// the scores of 256 items, and everybody else's answer none.
type Score struct {
	Slot int // from 0 to 7: functions that differ in more than the key have different ones
	Key  Key
	Of   func(engine.ItemNum) float32
}

// tableWorth is how many items in a row must be of one chunk for its table to be made: fewer
// are scored by themselves.
const tableWorth = 16

// Scores writes s.Of(items[i]) to out[i]. Items that ascend are read fastest.
func (c *Counters) Scores(s *Score, items []engine.ItemNum, out []float32) {
	for i := 0; i < len(items); {
		k := int(items[i]) / chunkLen
		end := i + 1
		for end < len(items) && int(items[end])/chunkLen == k {
			end++
		}
		c.scores(s, k, items[i:end], out[i:end])
		i = end
	}
}

// scores is Scores of items of one chunk.
func (c *Counters) scores(s *Score, k int, items []engine.ItemNum, out []float32) {
	if k >= len(c.chunks) || c.chunks[k] == nil { // nothing was counted: they score alike
		none := s.Of(items[0])
		for i := range items {
			out[i] = none
		}
		return
	}
	kept := c.chunks[k].tables[s.Slot].Load()
	if kept == nil || kept.key != s.Key {
		if len(items) < tableWorth {
			for i, n := range items {
				out[i] = s.Of(n)
			}
			return
		}
		kept = c.keep(s, k)
	}
	for i, n := range items {
		out[i] = kept.scores[n%chunkLen]
	}
}

// keep makes the table of a chunk in which something was counted.
func (c *Counters) keep(s *Score, k int) *table {
	t := &table{key: s.Key, most: float32(math.Inf(-1))}
	for i := range t.scores {
		t.scores[i] = s.Of(engine.ItemNum(k*chunkLen + i))
		t.most = max(t.most, t.scores[i])
	}
	c.chunks[k].tables[s.Slot].Store(t)
	return t
}

// AtMost returns what the items from n up to until, exclusively, score at most: some 256
// items that can be passed over together.
func (c *Counters) AtMost(s *Score, n engine.ItemNum) (most float32, until engine.ItemNum) {
	k := int(n) / chunkLen
	until = engine.ItemNum(k+1) * chunkLen
	if k >= len(c.chunks) || c.chunks[k] == nil {
		return s.Of(n), until
	}
	return c.table(s, k).most, until
}

// table returns the table of a chunk in which something was counted.
func (c *Counters) table(s *Score, k int) *table {
	if kept := c.chunks[k].tables[s.Slot].Load(); kept != nil && kept.key == s.Key {
		return kept
	}
	return c.keep(s, k)
}

// Above appends to out the items from n on, up to the end of what AtMost speaks of, that score above
// a bound. They ascend.
func (c *Counters) Above(s *Score, n engine.ItemNum, bound float32, out []engine.ItemNum) []engine.ItemNum {
	k := int(n) / chunkLen
	end := engine.ItemNum(k+1) * chunkLen
	if k >= len(c.chunks) || c.chunks[k] == nil { // nothing was counted: they score alike
		if s.Of(n) > bound {
			for ; n < end; n++ {
				out = append(out, n)
			}
		}
		return out
	}
	kept := c.table(s, k)
	for ; n < end; n++ {
		if kept.scores[n%chunkLen] > bound {
			out = append(out, n)
		}
	}
	return out
}
