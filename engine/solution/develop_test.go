package solution

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/text"
)

// shop is the sample shop: 2,500 products, fixes and guides.
type shop struct {
	catalogue *catalogue.Snapshot
	entries   []catalogue.Entry
	content   *text.Vectors
	lexicon   *text.Index
	solutions *roaring.Bitmap
}

const sampleFolder = "../../cmd/rapport/sampleshop/"

var sample = sync.OnceValue(func() *shop {
	ids := catalogue.NewIDs()
	s := &shop{solutions: roaring.New(), lexicon: text.NewIndex()}
	var docs [][]string
	for _, name := range []string{"items.ndjson.gz", "articles.ndjson"} {
		for item := range records[engine.Item](sampleFolder + name) {
			n, _ := ids.Assign(item.ID)
			s.entries = append(s.entries, catalogue.Entry{Num: n, Item: &item})
			docs = append(docs, text.ItemTerms(&item))
			if item.Kind == engine.Solution {
				s.solutions.Add(uint32(n))
			}
		}
	}
	s.catalogue = catalogue.New(ids).With(s.entries)
	s.content = text.NewVectors(text.Fit(docs, 128, 1)).With(s.entries)
	s.lexicon = s.lexicon.With(s.entries)
	return s
})

// records yields the lines of an NDJSON file, gzipped or not.
func records[T any](path string) func(func(T) bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var r io.Reader = bytes.NewReader(data)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			panic(err)
		}
	}
	return func(yield func(T) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var v T
			if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
				panic(err)
			}
			if !yield(v) {
				return
			}
		}
	}
}

// question is a ticket of the development set, in words of our own.
type question struct {
	Text     string          `json:"text"`
	Product  engine.ItemID   `json:"product_id"`
	Bought   []engine.ItemID `json:"bought"`
	Relevant []engine.ItemID `json:"relevant"` // empty: nothing fits
}

func (s *shop) input(q question) *Input {
	in := &Input{
		Catalogue: s.catalogue, Content: s.content, Lexicon: s.lexicon, Eligible: s.solutions,
		Text: q.Text, Count: engine.MaxSuggestedFixes,
	}
	if n, ok := s.catalogue.IDs().Num(q.Product); ok {
		in.Products = []engine.ItemNum{n}
	}
	for _, id := range q.Bought {
		n, _ := s.catalogue.IDs().Num(id)
		if in.Bought == nil {
			in.Bought = roaring.New()
		}
		in.Bought.Add(uint32(n))
	}
	return in
}

// report is how well a set of questions is answered.
type report struct {
	questions, hit1, hit3 int
	reciprocal            float64
	quiet, nothing        int // questions nothing fits: answered by nothing, all
}

func (r *report) String() string {
	n := float64(r.questions)
	return fmt.Sprintf("%d questions: hit@1 %.3f, hit@3 %.3f, MRR %.3f; nothing fits: %d of %d answered by nothing",
		r.questions, float64(r.hit1)/n, float64(r.hit3)/n, r.reciprocal/n, r.quiet, r.nothing)
}

func (r *report) add(q question, list []engine.Recommended) {
	if len(q.Relevant) == 0 {
		r.nothing++
		if len(list) == 0 {
			r.quiet++
		}
		return
	}
	r.questions++
	at := slices.IndexFunc(list, func(x engine.Recommended) bool { return slices.Contains(q.Relevant, x.Item) })
	if at < 0 {
		return
	}
	r.reciprocal += 1 / float64(at+1)
	if at < 1 {
		r.hit1++
	}
	if at < 3 {
		r.hit3++
	}
}
