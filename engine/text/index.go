package text

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// The constants of BM25 (Robertson and Zaragoza 2009), and what a word counts by the
// field it stands in. The weights are multiples of a quarter, so that sums of them are
// exact in any order.
const (
	saturation   = 1.2  // k1
	lengthShare  = 0.75 // b
	weightTitle  = 3
	weightFacets = 1.5 // categories and attributes, a fix's usual questions among them
	weightBody   = 1
	// What a fix was asked for counts as one more field: the share of those questions that
	// hold a word. A share has no length to be normalised by, and two questions that nobody
	// asked keep the words of a single one from counting whole.
	weightAsked = 8
	askedUnsaid = 2
)

// Index finds solutions and content by their words: BM25 over weighted fields, in the
// simple form that adds weighted counts before saturation (BM25F, same source, with
// one length normalisation for all fields). Other kinds are not indexed.
//
// An Index is immutable; With shares what did not change, and what it returns scores as
// an index built at once from the same items would, to the bit.
type Index struct {
	levels []level // oldest and largest first; each has what changed since those before it
	count  int     // documents
	length float64 // sum of their lengths
	asked  map[engine.ItemNum]Asked
	scales atomic.Pointer[[][]float64] // scale by level and place, once a query came
}

// Asked is what a document was the answer to: how many questions, and how many of them
// hold a term.
type Asked struct {
	Questions int
	Holding   map[string]int
}

// of returns what the questions that hold a term count: weightAsked times their share.
func (a *Asked) of(term string) float64 {
	return weightAsked * float64(a.Holding[term]) / float64(a.Questions+askedUnsaid)
}

// CountAsked returns what documents were the answer to, given the questions of each.
func CountAsked(questions map[engine.ItemNum][]Question) map[engine.ItemNum]Asked {
	out := make(map[engine.ItemNum]Asked, len(questions))
	for n, list := range questions {
		of := Asked{Questions: len(list), Holding: make(map[string]int)}
		for _, q := range list {
			for _, term := range distinct(Tokens(q.Text, q.Language)) {
				of.Holding[term]++
			}
		}
		out[n] = of
	}
	return out
}

// Question is a text that a document answered.
type Question struct {
	Text     string
	Language string // BCP 47; empty is English
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{} }

// Len returns the number of items in the index.
func (x *Index) Len() int { return x.count }

// With returns the index with the changed items as they are now; itself where none of them is, or
// was, in it. Of two entries for one number the last one holds.
func (x *Index) With(changed []catalogue.Entry) *Index {
	return x.with(changed, func(e catalogue.Entry) *document { return newDocument(e, readItem) })
}

// With returns what v and x are with the changed items, as their methods of that name do; each text
// is read once for both, by as many goroutines as there are processors.
func With(v *Vectors, x *Index, changed []catalogue.Entry) (*Vectors, *Index) {
	at := make(map[engine.ItemNum]int, len(changed))
	for i, entry := range changed {
		at[entry.Num] = i // of two entries the last one holds
	}
	documents := make([]*document, len(changed))
	vectors := v.with(changed, func(n engine.ItemNum, f fields) {
		documents[at[n]] = newDocument(changed[at[n]], func(*engine.Item) fields { return f })
	}, runtime.GOMAXPROCS(0))
	return vectors, x.with(changed, func(e catalogue.Entry) *document { return documents[at[e.Num]] })
}

// Kinds are the kinds of items that are indexed, and whose texts are cut into passages.
var Kinds = [...]engine.Kind{engine.Solution, engine.Content}

// Texts returns the items of a catalogue that are indexed.
func Texts(c *catalogue.Snapshot) []catalogue.Entry {
	var out []catalogue.Entry
	for _, kind := range Kinds {
		for of := c.Kind(kind).Iterator(); of.HasNext(); {
			n := engine.ItemNum(of.Next())
			out = append(out, catalogue.Entry{Num: n, Item: c.Item(n)})
		}
	}
	return out
}

// Stocked is With of all items of a catalogue, of which texts are its Texts.
func Stocked(v *Vectors, x *Index, c *catalogue.Snapshot, texts []catalogue.Entry) (*Vectors, *Index) {
	v, x = With(v, x, texts)
	return v.stocked(c, func(it *engine.Item) bool { return !indexed(it) }, runtime.GOMAXPROCS(0)), x
}

// indexed reports whether an item is of a kind that is indexed.
func indexed(it *engine.Item) bool {
	return slices.Contains(Kinds[:], it.KindOrProduct())
}

// with is With, given the words of an entry.
func (x *Index) with(changed []catalogue.Entry, words func(catalogue.Entry) *document) *Index {
	last := make(map[engine.ItemNum]catalogue.Entry, len(changed))
	for _, entry := range changed {
		last[entry.Num] = entry
	}
	out := &Index{levels: slices.Clone(x.levels), count: x.count, length: x.length, asked: x.asked}
	var documents []*document
	var gone []engine.ItemNum
	for _, n := range slices.Sorted(maps.Keys(last)) {
		d := words(last[n])
		at, known := x.find(n)
		if known {
			out.count, out.length = out.count-1, out.length-at.length()
		}
		switch {
		case d != nil:
			out.count, out.length = out.count+1, out.length+d.length
			documents = append(documents, d)
		case known:
			gone = append(gone, n)
		}
	}
	if len(documents)+len(gone) == 0 {
		return x
	}
	out.put(build(documents, out.asked), gone)
	return out
}

// WithAsked returns the index in which documents are found by the questions they answered,
// too: these, in place of those before. Questions of items that are not in it, or not yet,
// wait for them. The map is kept and may not be changed.
func (x *Index) WithAsked(asked map[engine.ItemNum]Asked) *Index {
	out := &Index{levels: slices.Clone(x.levels), count: x.count, length: x.length, asked: asked}
	for len(out.levels) > 1 {
		out.merge()
	}
	if len(out.levels) > 0 {
		out.levels[0] = level{segment: out.levels[0].clean().withAsked(out.asked)}
	}
	return out
}

// newDocument returns the words of an entry, which read reads, nil for a deleted item or a kind
// that is not indexed.
func newDocument(entry catalogue.Entry, read func(*engine.Item) fields) *document {
	it := entry.Item
	if it == nil || !indexed(it) {
		return nil
	}
	counts := make(map[string]float64)
	d := &document{num: entry.Num}
	add := func(terms []string, weight float64) {
		d.length += weight * float64(len(terms))
		for _, t := range terms {
			counts[t] += weight
		}
	}
	f := read(it)
	add(f.title, weightTitle)
	add(f.body, weightBody)
	add(slices.DeleteFunc(slices.Clone(f.facets), isTag), weightFacets)
	for term, count := range counts {
		d.terms = append(d.terms, termCount{term, float32(count)})
	}
	return d
}

// document is the weighted words of one item, on their way into a segment.
type document struct {
	num    engine.ItemNum
	length float64
	terms  []termCount // each once, in any order
}

type termCount struct {
	term string
	own  float32 // its weighted count
}

// Contribution is the share of one term in a score.
type Contribution struct {
	Term  string
	Value float64
}

// Explain splits the score of item n for terms by term, in alphabetical order. What it
// holds none of is left out.
func (x *Index) Explain(terms []string, n engine.ItemNum) []Contribution {
	at, known := x.find(n)
	if !known {
		return nil
	}
	scale := x.scale(at.length())
	var out []Contribution
	for _, term := range distinct(terms) {
		if own, asked := at.count(term); own > 0 || asked > 0 {
			out = append(out, Contribution{term, float64(x.idf(term) * saturated(own, asked, scale))})
		}
	}
	return out
}

// Rarest returns the idf of a word that no document holds, the highest there is: the
// unit in which scores of shops of different sizes compare.
func (x *Index) Rarest() float64 { return inverse(0, x.count) }

// Known returns the share of some terms that any document holds, or a question it answered,
// each term by its idf: 0 where none is known or there is none, 1 where all are.
func (x *Index) Known(terms []string) float64 {
	var known, all float64
	for _, term := range distinct(terms) {
		idf := x.idf(term)
		if all += idf; idf < x.Rarest() {
			known += idf
		}
	}
	if all == 0 {
		return 0
	}
	return known / all
}

// scale is what a count in a document of some length is worth beside one in the mean
// document.
func (x *Index) scale(length float64) float64 {
	mean := x.length / float64(x.count)
	return 1 / (1 - lengthShare + float64(lengthShare*length/mean))
}

// saturated is the part of BM25 that depends on the document: it grows with the counts in
// its own fields, by their scale, and in questions, to saturation + 1.
func saturated(own float32, asked, scale float64) float64 {
	count := float64(float64(own)*scale) + asked
	return count * (saturation + 1) / (count + saturation)
}

// idf is how much it says that a document holds term.
func (x *Index) idf(term string) float64 {
	holding := 0
	for i := range x.levels {
		l := &x.levels[i]
		if at, known := l.byTerm[term]; known {
			holding += l.lists[at].holding()
		}
		holding -= int(l.hides[term])
	}
	return inverse(holding, x.count)
}

// inverse is the idf of a term that holding of count documents hold, never negative.
func inverse(holding, count int) float64 {
	return math.Log(1 + (float64(count)-float64(holding)+0.5)/(float64(holding)+0.5))
}

// distinct returns the terms once each, sorted, so that sums have one order.
func distinct(terms []string) []string {
	out := slices.Clone(terms)
	slices.Sort(out)
	return slices.Compact(out)
}
