package text

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

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

// pendingMin is how many changed documents are scored one by one before they are built
// into the postings; a sixteenth of the index where that is more, so that an import in
// small batches builds O(log n) times.
const pendingMin = 128

// Index finds solutions and content by their words: BM25 over weighted fields, in the
// simple form that adds weighted counts before saturation (BM25F, same source, with
// one length normalisation for all fields). Other kinds are not indexed.
//
// An Index is immutable; With shares what did not change, and what it returns scores as
// an index built at once from the same items would, to the bit.
type Index struct {
	base    *postings
	pending map[engine.ItemNum]*document // in place of base's; nil: gone
	count   int                          // documents
	length  float64                      // sum of their lengths
	asked   map[engine.ItemNum]Asked
}

// Asked is what a document was the answer to: how many questions, and how many of them
// hold a term.
type Asked struct {
	Questions int
	Holding   map[string]int
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

// postings is the part of the index that is built: which documents hold a term.
type postings struct {
	documents []*document // ascending by number
	byTerm    map[string][]posting
}

type posting struct {
	document int32 // place in documents
	of       counted
}

// counted is how much of a term a document has: its weighted count in the document's own
// fields, and weightAsked times its share of the questions.
type counted struct{ own, asked float64 }

func (c counted) any() bool { return c.own > 0 || c.asked > 0 }

// document is the weighted words of one item.
type document struct {
	num    engine.ItemNum
	length float64
	terms  []termCount // ascending by term
}

type termCount struct {
	term string
	of   counted
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{base: &postings{}} }

// Len returns the number of items in the index.
func (x *Index) Len() int { return x.count }

// With returns the index with the changed items as they are now. Of two entries for one
// number the last one holds.
func (x *Index) With(changed []catalogue.Entry) *Index {
	out := &Index{base: x.base, pending: maps.Clone(x.pending), count: x.count, length: x.length, asked: x.asked}
	if out.pending == nil {
		out.pending = make(map[engine.ItemNum]*document)
	}
	for _, entry := range changed {
		before, after := out.document(entry.Num), newDocument(entry).with(x.asked[entry.Num])
		if before == nil && after == nil {
			continue // of a kind that is not indexed
		}
		out.count += after.present() - before.present()
		out.length += after.size() - before.size()
		out.pending[entry.Num] = after
	}
	if len(out.pending) > max(pendingMin, len(out.base.documents)/16) {
		out.build()
	}
	return out
}

// WithAsked returns the index in which documents are found by the questions they answered,
// too: these, in place of those before. Questions of items that are not in it, or not yet,
// wait for them. The map is kept and may not be changed.
func (x *Index) WithAsked(asked map[engine.ItemNum]Asked) *Index {
	out := &Index{base: &postings{}, pending: make(map[engine.ItemNum]*document), count: x.count, length: x.length, asked: asked}
	for _, d := range x.base.documents {
		out.pending[d.num] = d.with(out.asked[d.num])
	}
	for n, d := range x.pending {
		out.pending[n] = d.with(out.asked[n])
	}
	out.build()
	return out
}

// document returns the words of item n, nil if it is not in the index.
func (x *Index) document(n engine.ItemNum) *document {
	if d, changed := x.pending[n]; changed {
		return d
	}
	return x.base.document(n)
}

func (p *postings) document(n engine.ItemNum) *document {
	at, found := slices.BinarySearchFunc(p.documents, n, func(d *document, n engine.ItemNum) int { return cmp.Compare(d.num, n) })
	if !found {
		return nil
	}
	return p.documents[at]
}

// build makes new postings of everything.
func (x *Index) build() {
	documents := make([]*document, 0, x.count)
	for _, d := range x.base.documents {
		if _, changed := x.pending[d.num]; !changed {
			documents = append(documents, d)
		}
	}
	for _, d := range x.pending {
		if d != nil {
			documents = append(documents, d)
		}
	}
	slices.SortFunc(documents, func(a, b *document) int { return cmp.Compare(a.num, b.num) })
	byTerm := make(map[string][]posting)
	for i, d := range documents {
		for _, t := range d.terms {
			byTerm[t.term] = append(byTerm[t.term], posting{int32(i), t.of})
		}
	}
	x.base, x.pending = &postings{documents, byTerm}, nil
}

// newDocument returns the words of an entry, nil for a deleted item or a kind that is
// not indexed.
func newDocument(entry catalogue.Entry) *document {
	it := entry.Item
	if it == nil || it.KindOrProduct() != engine.Solution && it.KindOrProduct() != engine.Content {
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
	add(Tokens(it.Title, it.Language), weightTitle)
	add(Tokens(Plain(it.Text, it.TextFormat), it.Language), weightBody)
	facets := appendAttributes(appendCategories(nil, it), it)
	add(slices.DeleteFunc(facets, isTag), weightFacets)
	for _, term := range slices.Sorted(maps.Keys(counts)) {
		d.terms = append(d.terms, termCount{term, counted{own: counts[term]}})
	}
	return d
}

// with returns the document with these questions in place of those before, nil for none.
func (d *document) with(q Asked) *document {
	if d == nil {
		return nil
	}
	out := &document{num: d.num, length: d.length}
	left := maps.Clone(q.Holding)
	add := func(term string, own float64) {
		of := counted{own: own}
		if n := left[term]; n > 0 {
			of.asked = weightAsked * float64(n) / float64(q.Questions+askedUnsaid)
			delete(left, term)
		}
		if of.any() {
			out.terms = append(out.terms, termCount{term, of})
		}
	}
	for _, t := range d.terms {
		add(t.term, t.of.own)
	}
	for _, term := range slices.Collect(maps.Keys(left)) {
		add(term, 0)
	}
	slices.SortFunc(out.terms, func(a, b termCount) int { return cmp.Compare(a.term, b.term) })
	return out
}

// of returns how much of a term the document has.
func (d *document) of(term string) counted {
	at, found := slices.BinarySearchFunc(d.terms, term, func(t termCount, term string) int { return cmp.Compare(t.term, term) })
	if !found {
		return counted{}
	}
	return d.terms[at].of
}

// present is 1 for a document that is there, 0 for none.
func (d *document) present() int {
	if d == nil {
		return 0
	}
	return 1
}

func (d *document) size() float64 {
	if d == nil {
		return 0
	}
	return d.length
}

// Match is an item that holds at least one word of a query.
type Match struct {
	Num   engine.ItemNum
	Score float64 // above 0; the sum of what Explain says
	Terms int     // how many of the query's distinct terms it holds
}

// Contribution is the share of one term in a score.
type Contribution struct {
	Term  string
	Value float64
}

// Search returns every eligible item that holds one of the terms, with its score, by
// item number. A term counts once however often it stands in terms.
func (x *Index) Search(terms []string, eligible *roaring.Bitmap) []Match {
	terms = distinct(terms)
	weights := make([]float64, len(terms))
	scores, held := make([]float64, len(x.base.documents)), make([]int32, len(x.base.documents))
	for i, term := range terms {
		weights[i] = x.idf(term)
		for _, p := range x.base.byTerm[term] {
			scores[p.document] += weights[i] * x.saturated(p.of, x.base.documents[p.document].length)
			held[p.document]++
		}
	}
	var out []Match
	for i, d := range x.base.documents {
		if _, changed := x.pending[d.num]; held[i] > 0 && !changed && eligible.Contains(uint32(d.num)) {
			out = append(out, Match{d.num, scores[i], int(held[i])})
		}
	}
	if len(x.pending) == 0 {
		return out
	}
	for _, d := range x.pending {
		if d == nil || !eligible.Contains(uint32(d.num)) {
			continue
		}
		m := Match{Num: d.num}
		for i, term := range terms {
			if of := d.of(term); of.any() {
				m.Score += weights[i] * x.saturated(of, d.length)
				m.Terms++
			}
		}
		if m.Terms > 0 {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Match) int { return cmp.Compare(a.Num, b.Num) })
	return out
}

// Explain splits the score of item n for terms by term, in alphabetical order. What it
// holds none of is left out.
func (x *Index) Explain(terms []string, n engine.ItemNum) []Contribution {
	d := x.document(n)
	if d == nil {
		return nil
	}
	var out []Contribution
	for _, term := range distinct(terms) {
		if of := d.of(term); of.any() {
			out = append(out, Contribution{term, x.idf(term) * x.saturated(of, d.length)})
		}
	}
	return out
}

// Rarest returns the idf of a word that no document holds, the highest there is: the
// unit in which scores of shops of different sizes compare.
func (x *Index) Rarest() float64 { return inverse(0, x.count) }

// saturated is the part of BM25 that depends on the document: it grows with the counts to
// saturation + 1, the slower the longer the document.
func (x *Index) saturated(of counted, length float64) float64 {
	count := of.asked
	if of.own > 0 {
		mean := x.length / float64(x.count)
		count += of.own / (1 - lengthShare + lengthShare*length/mean)
	}
	return count * (saturation + 1) / (count + saturation)
}

// idf is how much it says that a document holds term.
func (x *Index) idf(term string) float64 {
	holding := len(x.base.byTerm[term])
	for n, d := range x.pending {
		if old := x.base.document(n); old != nil && old.of(term).any() {
			holding--
		}
		if d != nil && d.of(term).any() {
			holding++
		}
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
