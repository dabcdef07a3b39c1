package neighbour

import (
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// Weighting is how much one customer's wanting one item counts in the cosine.
type Weighting string

// The weightings. In the manner of text retrieval an item is a document and a customer
// a word of it: who wanted much of everything says little of any two items.
const (
	// BM25 is idf(customer) x w (K1+1) / (w + K1 (1 - B + B x length/mean length)), where
	// w is the cell's weight and the length of an item is the sum of its weights.
	BM25 Weighting = "bm25"
	// TFIDF is idf(customer) x sqrt(w).
	TFIDF Weighting = "tfidf"
	// Plain is w.
	Plain Weighting = "plain"
)

// ItemParams are the settings of an item-kNN fit. The zero value of each stands for its
// default.
type ItemParams struct {
	K         int       `json:"k"`         // most similar items that each item is scored by, at most; default 100
	Shrink    float64   `json:"shrink"`    // added below the fraction of the cosine; below 0 none; default 20
	Weighting Weighting `json:"weighting"` // default Plain
	K1        float64   `json:"k1"`        // of BM25: how soon more weight counts no more; default 1.2
	B         float64   `json:"b"`         // of BM25: how much an item's length counts, up to 1; below 0 not; default 0.75
	// Recent is how much an item of the history counts beside the one after it: the i-th
	// newest counts Recent^i. 1, the default, is a history without order; what comes next
	// hangs more on what was last, and 0.7 to 0.9 are worth trying.
	Recent float64 `json:"recent"`
	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

// maxK bounds K: an item of 1,000 neighbours takes 8 KB.
const maxK = 1000

// neighbours returns how many of k neighbours each of so many items may have.
func neighbours(k, items int) int { return min(k, model.LinksEach(items)) }

func (p ItemParams) fitted() ItemParams {
	p.Recent, p.Workers = 0, 0
	return p
}

func (p ItemParams) recency() float64 { return p.Recent }

// WithDefaults returns p with the default for what is zero: K1 and B are BM25's usual
// ones; the rest is best or within 2 % of it on the validation parts of Amazon Beauty and
// Last.fm, which have more items than EASE serves (benchmarks/linear: K 20 to 300, Shrink
// none to 100 and the three weightings). On MovieLens 100K BM25 with K 20 is best.
func (p ItemParams) WithDefaults() ItemParams {
	if p.K == 0 {
		p.K = 100
	}
	if p.Shrink == 0 {
		p.Shrink = 20
	}
	if p.Weighting == "" {
		p.Weighting = Plain
	}
	if p.K1 == 0 {
		p.K1 = 1.2
	}
	if p.B == 0 {
		p.B = 0.75
	}
	if p.Recent == 0 {
		p.Recent = 1
	}
	if p.Workers == 0 {
		p.Workers = 1
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p ItemParams) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p ItemParams) check() error {
	switch {
	case p.K < 1 || p.K > maxK:
		return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number from 1 to %d, not %d", maxK, p.K)
	case math.IsNaN(p.Shrink) || math.IsInf(p.Shrink, 0):
		return engine.Invalidf(engine.CodeInvalidField, "shrink", "a finite number, not %v", p.Shrink)
	case p.Weighting != BM25 && p.Weighting != TFIDF && p.Weighting != Plain:
		return engine.Invalidf(engine.CodeInvalidField, "weighting", "%q, %q or %q, not %q", BM25, TFIDF, Plain, p.Weighting)
	case !(p.K1 > 0) || math.IsInf(p.K1, 1):
		return engine.Invalidf(engine.CodeInvalidField, "k1", "a number above 0, not %v", p.K1)
	case math.IsNaN(p.B) || math.IsInf(p.B, 0) || p.B > 1:
		return engine.Invalidf(engine.CodeInvalidField, "b", "a number up to 1, not %v", p.B)
	case p.Workers < 1:
		return engine.Invalidf(engine.CodeInvalidField, "workers", "a whole number above 0, not %d", p.Workers)
	}
	return checkRecent(p.Recent)
}
