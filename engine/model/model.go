// Package model is the one contract every way of finding items fulfils: open once a
// request, propose eligible items, score any item, explain any score, save and load.
package model

import (
	"io"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/engine/text"
)

// Query is what a source may look at. The catalogue, the content vectors and the
// counters are those of the moment; nothing in a Query may be changed.
type Query struct {
	// History is what the person did, newest first, one entry an item. Weight 0 is a
	// known dislike.
	History []engine.Interest
	// Rows are what History was made from, in any order: for sources that ask when
	// and how often something was done, not only how much it says.
	Rows []engine.Row
	// Past, where not nil, is what History and Rows are read from once one of them is asked
	// for: most answers go by what sources made of them before.
	Past Past
	// Anchors are the items the list is about: the product on the page, the basket.
	// With anchors a source scores by them and leaves History aside.
	Anchors []engine.ItemNum
	// Text is the encoded query of the request (text.Encoder.Encode), nil for none.
	Text []float32
	// Customer is who asks, by what they said of themselves; nil where there is no record
	// or they refused that their data shape a list.
	Customer *engine.Customer
	Now      time.Time

	Catalogue *catalogue.Snapshot
	Content   *text.Vectors
	Counters  *tally.Counters

	// Shared, where not nil, is where sources leave for one another what they made of this
	// very query. A copy that asks otherwise needs another.
	Shared *Shared
}

// Past is a history that takes time to read.
type Past interface {
	Interests() []engine.Interest // as Query.History
	Rows() []engine.Row           // as Query.Rows
}

// Interests returns what the person did, as History has it.
func (q *Query) Interests() []engine.Interest {
	if q.Past != nil {
		return q.Past.Interests()
	}
	return q.History
}

// Deeds returns what the interests were made from, as Rows has it.
func (q *Query) Deeds() []engine.Row {
	if q.Past != nil {
		return q.Past.Rows()
	}
	return q.Rows
}

// Causes returns what a behavioural source folds in: the anchors with weight 1 if
// there are any, else the history.
func (q *Query) Causes() []engine.Interest {
	if len(q.Anchors) == 0 {
		return q.Interests()
	}
	out := make([]engine.Interest, len(q.Anchors))
	for i, a := range q.Anchors {
		out[i] = engine.Interest{Item: a, Weight: 1}
	}
	return out
}

// Source is one way to find items. It is immutable and safe for concurrent use.
type Source interface {
	// Name is stable and short: "factor", "ease", "content", "popular", ...
	Name() string
	// Open folds the query in, once. The Scorer belongs to one goroutine.
	Open(q *Query) Scorer
}

// Scorer answers one query. Scores are raw: on the source's own scale, the same for
// every query, comparable between items. An item the source knows nothing of scores
// what it is worth to the source: usually 0.
type Scorer interface {
	// Propose appends the n best eligible items by this source's score to out, best
	// first, ties by item number; fewer where the source knows fewer. It never
	// appends an item that is not in eligible. Eligible items that it does not append
	// score at most what the last of n did, or 0 where that is more or they are fewer.
	Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum
	// Score writes the raw score of items[i] to out[i]. The same item gets the same
	// bits whatever stands around it.
	Score(items []engine.ItemNum, out []float32)
	// Explain splits the raw score of item: base + sum of contributions = Score, to
	// 1e-5 of the sum of magnitudes. It appends the parts to those it is given.
	Explain(item engine.ItemNum, parts []Part) (base float64, _ []Part)
	// Empty reports whether the query gave this source nothing to go by, so that all
	// its scores are one constant.
	Empty() bool
}

// Part is the share of one item of the history (or anchor) in a raw score.
type Part struct {
	Item         engine.ItemNum
	Contribution float64
}

// Saver is a Source that was fitted and can be written; its Loader reads it back and
// gives the same scores to the bit.
type Saver interface {
	Source
	Save(w io.Writer) error
}

// Joiner is a Saver that speaks through another of its set, and does not save it a second
// time: joined with the set it belongs to, it is the source that answers. Loaded and not
// joined it has nothing to say.
type Joiner interface {
	Saver
	Join(set []Saver) Source
}

// Loader reads what a Saver wrote and lays its rows by the numbers in ids. It refuses
// what is truncated, corrupt or of an unknown version, with an error, never a panic.
type Loader func(r io.Reader, ids *catalogue.IDs) (Source, error)
