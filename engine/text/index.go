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
}

// postings is the part of the index that is built: which documents hold a term.
type postings struct {
	documents []*document // ascending by number
	byTerm    map[string][]posting
}

type posting struct {
	document int32 // place in documents
	count    float64
}

// document is the weighted words of one item.
type document struct {
	num    engine.ItemNum
	length float64
	terms  []termCount // ascending by term
}

type termCount struct {
	term  string
	count float64
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{base: &postings{}} }

// Len returns the number of items in the index.
func (x *Index) Len() int { return x.count }

// With returns the index with the changed items as they are now. Of two entries for one
// number the last one holds.
func (x *Index) With(changed []catalogue.Entry) *Index {
	out := &Index{base: x.base, pending: maps.Clone(x.pending), count: x.count, length: x.length}
	if out.pending == nil {
		out.pending = make(map[engine.ItemNum]*document)
	}
	for _, entry := range changed {
		before, after := out.document(entry.Num), newDocument(entry)
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
			byTerm[t.term] = append(byTerm[t.term], posting{int32(i), t.count})
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
		d.terms = append(d.terms, termCount{term, counts[term]})
	}
	return d
}

// of returns the weighted count of term in the document.
func (d *document) of(term string) float64 {
	at, found := slices.BinarySearchFunc(d.terms, term, func(t termCount, term string) int { return cmp.Compare(t.term, term) })
	if !found {
		return 0
	}
	return d.terms[at].count
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
	found := make(map[engine.ItemNum]Match)
	for _, term := range terms {
		weight := x.idf(term)
		add := func(d *document, count float64) {
			if count > 0 && eligible.Contains(uint32(d.num)) {
				m := found[d.num]
				found[d.num] = Match{d.num, m.Score + weight*x.saturated(count, d.length), m.Terms + 1}
			}
		}
		for _, p := range x.base.byTerm[term] {
			d := x.base.documents[p.document]
			if _, changed := x.pending[d.num]; !changed {
				add(d, p.count)
			}
		}
		for _, d := range x.pending {
			if d != nil {
				add(d, d.of(term))
			}
		}
	}
	out := slices.Collect(maps.Values(found))
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
		if count := d.of(term); count > 0 {
			out = append(out, Contribution{term, x.idf(term) * x.saturated(count, d.length)})
		}
	}
	return out
}

// Rarest returns the idf of a word that no document holds, the highest there is: the
// unit in which scores of shops of different sizes compare.
func (x *Index) Rarest() float64 { return inverse(0, x.count) }

// saturated is the part of BM25 that depends on the document: it grows with count to
// saturation + 1, the slower the longer the document.
func (x *Index) saturated(count, length float64) float64 {
	mean := x.length / float64(x.count)
	return count * (saturation + 1) / (count + saturation*(1-lengthShare+lengthShare*length/mean))
}

// idf is how much it says that a document holds term.
func (x *Index) idf(term string) float64 {
	holding := len(x.base.byTerm[term])
	for n, d := range x.pending {
		if old := x.base.document(n); old != nil && old.of(term) > 0 {
			holding--
		}
		if d != nil && d.of(term) > 0 {
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
