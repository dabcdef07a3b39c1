// Package tally counts what happened to each item, with forgetting: the live numbers
// behind popular, trending and click-through. Counters are immutable; With returns new
// ones that share all that did not change, so a reader never waits and never sees half a
// write.
//
// It counts items only: it never looks at who did something, and never ranks.
//
// # How forgetting is stored
//
// A counter with half-life h is worth, at a moment now,
//
//	sum over rows of  w x 2^(-(now - at)/h)  =  2^(-(now - L)/h) x sum of  w x 2^((at - L)/h)
//
// for any landmark L ("forward decay", Cormode, Shkapenyuk, Srivastava and Xu 2009). The
// second sum is what a cell holds: it does not change as time passes, a late row is
// added like any other, the order of rows matters only to rounding, and reading every
// item at one moment costs one power of two. The landmark is the newest row's time
// rounded down to a multiple of landmarkStep. When it moves, cells are multiplied by
// an exact power of two.
package tally

import (
	"cmp"
	"math"
	"sync/atomic"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Span says what a counter counts, and how far back it remembers.
type Span int

// The spans. The first three count weights, the others heads.
const (
	AllTime Span = iota // never forgets
	Month               // half-life 30 days
	Days                // half-life 2 days
	Shown               // times on a screen (engine.Seen), half-life 30 days
	Clicked             // clicks (engine.Click), half-life 30 days
	spans
)

const day = 24 * time.Hour

// HalfLife returns the time in which what a row added is halved; 0 for AllTime, which
// never forgets.
func (s Span) HalfLife() time.Duration {
	return [spans]time.Duration{0, 30 * day, 2 * day, 30 * day, 30 * day}[s]
}

// landmarkStep is a multiple of every half-life. 300 half-lives of the shortest keep
// cells far below the largest float64 (2^1023).
const landmarkStep = 600 * day

// The cells of blockLen items are copied when one of them changes, and where those of
// its chunk lie: 640 bytes. So thousands of counters that differ by a hundred rows each
// fit into memory, which a training holds at once.
const (
	chunkLen = 256
	blockLen = 8
)

type (
	cell  [spans]float64
	block [blockLen]cell
	chunk struct {
		blocks [chunkLen / blockLen]*block   // nil where nothing was counted
		tables [tables]atomic.Pointer[table] // what is made of the cells, for who asks again
	}
)

// Counters hold one counter an item and span. They are immutable.
type Counters struct {
	settings engine.Settings
	chunks   []*chunk // nil where nothing was counted
	all      cell     // sums over all items
	length   int      // one above the highest item counted
	newest   int64    // Unix ms of the newest row
	landmark int64    // Unix ms; meaningless while length is 0
	grain    int64    // of Moment, in ms; 0 for a minute
}

// New returns empty counters that weigh rows by the given settings. The settings must
// not change while the counters are in use; when they do (see Weighs), count again from
// the log.
func New(settings engine.Settings) *Counters { return &Counters{settings: settings} }

// Weighs reports whether the counters weigh rows as these settings do. Half-lives and
// caps are no matter of theirs.
func (c *Counters) Weighs(settings engine.Settings) bool {
	return fingerprint(c.settings) == fingerprint(settings)
}

// Len returns one above the highest item number counted.
func (c *Counters) Len() int { return c.length }

// With returns c with rows added, each with
//
//	Settings.Worth: type weight x log2(1 + quantity), below Liked with the sign turned
//
// so that a return takes away what a purchase gave. Half-lives of types are left aside:
// the spans forget. What was shown or clicked counts 1 whatever it weighs. Rows may come
// late and in any order. Rows without an item, with nothing to count, or with a number
// of engine.MaxCatalogue or above say nothing.
func (c *Counters) With(rows []engine.Row) *Counters { return c.counted(rows, 1) }

// Without returns c with rows taken back that With has added: up to rounding as if they
// had never been, but that the newest row's time stays.
func (c *Counters) Without(rows []engine.Row) *Counters { return c.counted(rows, -1) }

func (c *Counters) counted(rows []engine.Row, sign float64) *Counters {
	next := *c
	shared := true // next.chunks is still c's
	for i := range rows {
		r := &rows[i]
		adds := c.adds(r, sign)
		if adds == (cell{}) {
			continue
		}
		if shared {
			next.chunks, shared = append([]*chunk(nil), c.chunks...), false
		}
		next.add(c, r.Num, r.At.UnixMilli(), adds)
	}
	return &next
}

// adds returns what r adds at its time, times sign: nothing where it says nothing.
func (c *Counters) adds(r *engine.Row, sign float64) cell {
	if r.Num >= engine.MaxCatalogue || r.Item == "" {
		return cell{}
	}
	var out cell
	if w := sign * c.settings.Worth(r); !math.IsNaN(w) && !math.IsInf(w, 0) {
		out[AllTime], out[Month], out[Days] = w, w, w
	}
	switch r.Type {
	case engine.Seen:
		out[Shown] = sign
	case engine.Click:
		out[Clicked] = sign
	}
	return out
}

// add counts at time at (Unix ms) in place. Chunks and blocks that are still those of
// before are copied first.
func (c *Counters) add(before *Counters, n engine.ItemNum, at int64, adds cell) {
	if c.length == 0 || at > c.newest {
		c.advance(at)
	}
	k, b := int(n)/chunkLen, n%chunkLen/blockLen
	own := c.room(n)
	if k < len(before.chunks) && own == before.chunks[k] {
		own = &chunk{blocks: own.blocks}
		c.chunks[k] = own
	}
	switch {
	case own.blocks[b] == nil:
		own.blocks[b] = new(block)
	case k < len(before.chunks) && before.chunks[k] != nil && own.blocks[b] == before.chunks[k].blocks[b]:
		cells := *own.blocks[b]
		own.blocks[b] = &cells
	}
	to := &own.blocks[b][n%blockLen]
	for s := range spans {
		w := adds[s] * factor(s, at, c.landmark)
		to[s] += w
		c.all[s] += w
	}
	c.length = max(c.length, int(n)+1)
}

// room returns the chunk of item n, which is made if there is none.
func (c *Counters) room(n engine.ItemNum) *chunk {
	k := int(n) / chunkLen
	if k >= len(c.chunks) {
		c.chunks = append(c.chunks, make([]*chunk, k+1-len(c.chunks))...)
	}
	if c.chunks[k] == nil {
		c.chunks[k] = new(chunk)
	}
	return c.chunks[k]
}

// advance makes at the newest time and moves the landmark if it has come far enough.
func (c *Counters) advance(at int64) {
	step := landmarkStep.Milliseconds()
	to := at / step * step
	if at < to { // integer division rounds towards zero: times before 1970
		to -= step
	}
	if c.length > 0 && to > c.landmark {
		for k, old := range c.chunks {
			c.chunks[k] = old.scaled(c.landmark, to)
		}
		for s := range spans {
			c.all[s] *= factor(s, c.landmark, to)
		}
	}
	c.newest, c.landmark = at, to
}

// scaled returns the chunk with its cells told from landmark to instead of from.
func (old *chunk) scaled(from, to int64) *chunk {
	if old == nil {
		return nil
	}
	own := new(chunk)
	var by cell
	for s := range spans {
		by[s] = factor(s, from, to)
	}
	for b, cells := range old.blocks {
		if cells == nil {
			continue
		}
		scaled := *cells
		for i := range scaled {
			for s := range spans {
				scaled[i][s] *= by[s]
			}
		}
		own.blocks[b] = &scaled
	}
	return own
}

// factor returns 2^((at - landmark)/half-life), 1 for AllTime. Times are Unix ms.
func factor(s Span, at, landmark int64) float64 {
	h := s.HalfLife()
	if h == 0 {
		return 1
	}
	return math.Exp2((float64(at) - float64(landmark)) / float64(h.Milliseconds()))
}

// minute is the grain of Moment, in ms, unless Coarse says another.
const minute = 60_000

// Moment returns the minute in which now lies, or the newest row where that is later: what
// hangs on the counters and a Moment stays as it is until the minute ends or something is
// counted.
func (c *Counters) Moment(now time.Time) time.Time {
	return c.floor(max(now.UnixMilli(), c.newest))
}

// Floor returns the Moment in which a time lies.
func (c *Counters) Floor(t time.Time) time.Time { return c.floor(t.UnixMilli()) }

func (c *Counters) floor(at int64) time.Time {
	grain := cmp.Or(c.grain, minute)
	return time.UnixMilli(at - (at%grain+grain)%grain)
}

// Coarse returns c with a Moment of another length than a minute, in whole milliseconds; 0 or
// less stands for a minute.
func (c *Counters) Coarse(grain time.Duration) *Counters {
	next := *c
	next.grain = max(0, grain.Milliseconds())
	return &next
}

// View reads one span as of one moment: the power of two is taken once.
type View struct {
	c      *Counters
	span   Span
	factor float64
}

// At returns the counters of a span as of now. Nothing is known of the future: before
// the newest row the counters are worth what they were worth at that row.
func (c *Counters) At(s Span, now time.Time) View {
	return c.view(s, max(now.UnixMilli(), c.newest))
}

// AtMoment is At a Moment, which may begin before the newest row.
func (c *Counters) AtMoment(s Span, m time.Time) View { return c.view(s, m.UnixMilli()) }

func (c *Counters) view(s Span, at int64) View { return View{c, s, factor(s, c.landmark, at)} }

// Value returns the decayed sum of the weights of item n. It is below 0 for an item
// returned more than bought, and 0 for one never counted.
func (v View) Value(n engine.ItemNum) float64 {
	k := int(n) / chunkLen
	if k >= len(v.c.chunks) || v.c.chunks[k] == nil {
		return 0
	}
	cells := v.c.chunks[k].blocks[n%chunkLen/blockLen]
	if cells == nil {
		return 0
	}
	return cells[n%blockLen][v.span] * v.factor
}

// All returns the sum of the values of all items.
func (v View) All() float64 { return v.c.all[v.span] * v.factor }

// Value returns At(s, now).Value(n).
func (c *Counters) Value(n engine.ItemNum, s Span, now time.Time) float64 {
	return c.At(s, now).Value(n)
}
