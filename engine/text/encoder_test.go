package text

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine/vector/svd"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// cosine of unit vectors.
func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// corpus is n documents about topics, each of words the others do not use.
func corpus(n int, random *rand.Rand) [][]string {
	docs := make([][]string, n)
	for i := range docs {
		for range 4 + random.IntN(12) {
			docs[i] = append(docs[i], fmt.Sprintf("t%dw%d", i%7, random.IntN(12)))
		}
		docs[i] = append(docs[i], fmt.Sprintf("only%d", i), "common")
	}
	return docs
}

func TestUntrainedIsRandomIndexing(t *testing.T) {
	e := Untrained(0)
	a, b := e.Encode([]string{"red", "lamp"}), e.Encode([]string{"lamp", "red"})
	if !slices.Equal(a, b) {
		t.Errorf("the order of terms changed the vector")
	}
	if got := cosine(a, e.Encode([]string{"red", "mug"})); got < 0.3 || got > 0.7 {
		t.Errorf("one of two words in common: cosine %.3f, want about 0.5", got)
	}
	if got := cosine(a, e.Encode([]string{"blue", "mug"})); math.Abs(got) > 0.3 {
		t.Errorf("nothing in common: cosine %.3f, want about 0", got)
	}
	if e.Dims() != DefaultDims || len(a) != DefaultDims {
		t.Errorf("%d dims and a vector of %d, want %d", e.Dims(), len(a), DefaultDims)
	}
	if got := e.Encode(nil); got != nil {
		t.Errorf("Encode(nil) = %v, want nil", got)
	}
}

func TestEncodeHasUnitLength(t *testing.T) {
	e := Fit(corpus(60, rand.New(rand.NewPCG(1, 1))), 16, 1)
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOfN(rapid.SampledFrom([]string{"t0w1", "t3w2", "common", "new", "ü", "cat:a/b"}), 1, 20).Draw(t, "terms")
		v := e.Encode(terms)
		if length := cosine(v, v); math.Abs(length-1) > 1e-5 {
			t.Fatalf("Encode(%q) has squared length %v, want 1", terms, length)
		}
	})
}

func TestFitJoinsWordsThatOccurTogether(t *testing.T) {
	var docs [][]string
	for i := range 40 {
		if i%2 == 0 {
			docs = append(docs, []string{"lamp", "light", []string{"bulb", "glow"}[i/2%2]})
		} else {
			docs = append(docs, []string{"mug", "cup", []string{"glaze", "tea"}[i/2%2]})
		}
	}
	e := Fit(docs, 2, 1)
	near := cosine(e.Encode([]string{"bulb"}), e.Encode([]string{"lamp"}))
	far := cosine(e.Encode([]string{"bulb"}), e.Encode([]string{"tea"}))
	if near < 0.95 || math.Abs(far) > 0.1 {
		t.Errorf("bulb and lamp %.3f, bulb and tea %.3f: want near 1 and 0", near, far)
	}
	// A term of one document, and one of none, have a place of their own.
	for _, unseen := range []string{"zebra", "only"} {
		if v := e.Encode([]string{unseen}); v == nil {
			t.Errorf("unseen term %q has no place", unseen)
		}
	}
}

// TestFittedLieWhereTheDecompositionSays holds that a document of the fit lies where its
// row of the decomposition does.
func TestFittedLieWhereTheDecompositionSays(t *testing.T) {
	const dims = 12
	docs := corpus(90, rand.New(rand.NewPCG(5, 5)))
	m := newVocabulary(docs).matrix(docs)
	e := Fit(docs, dims, 1)
	basis, strengths := svd.Right(m, dims, rand.New(rand.NewPCG(1, hash("text.Fit"))))
	document := 0
	for cells := range m.Rows {
		row := make([]float64, dims)
		for _, c := range cells {
			for j, x := range basis.Row(int(c.Column)) {
				row[j] += c.Value * x * math.Pow(strengths[0]/strengths[j], flatness)
			}
		}
		got := known(e, docs[document])
		for j, x := range unit(row) {
			if math.Abs(float64(x-got[j])) > 1e-5 {
				t.Fatalf("document %d is encoded to %v, its row is %v", document, got, unit(row))
			}
		}
		document++
	}
}

// known encodes the terms of doc that e was fitted on.
func known(e *Encoder, doc []string) []float32 {
	return e.Encode(slices.DeleteFunc(slices.Clone(doc), func(term string) bool {
		_, seen := e.terms[term]
		return !seen
	}))
}

// TestWeakDirectionsAreNotBlownUp holds that a direction there is only by rounding stays
// nothing: two themes fill two dimensions, whatever room there is.
func TestWeakDirectionsAreNotBlownUp(t *testing.T) {
	docs := [][]string{{"lamp", "bulb"}, {"lamp", "bulb"}, {"mug", "tea"}, {"mug", "tea"}, {"mug", "tea"}}
	for j, x := range Fit(docs, 8, 1).Encode([]string{"lamp", "tea"}) {
		if j >= 2 && math.Abs(float64(x)) > 1e-3 {
			t.Errorf("coordinate %d is %v, want nothing beyond the two themes", j, x)
		}
	}
}

func TestFitIsDeterministic(t *testing.T) {
	docs := corpus(200, rand.New(rand.NewPCG(2, 2)))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first *Encoder
	for _, threads := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(threads)
		e := Fit(docs, 32, 9)
		if first == nil {
			first = e
		}
		if !slices.Equal(e.rows, first.rows) || e.unseen != first.unseen {
			t.Errorf("%d threads gave another encoder", threads)
		}
	}
}

func TestFitOfLittle(t *testing.T) {
	for name, docs := range map[string][][]string{
		"none":      nil,
		"empty":     {{}, nil},
		"one":       {{"lamp", "lamp", "mug"}},
		"same":      {{"lamp"}, {"lamp"}, {"lamp"}},
		"rank one":  {{"a", "b"}, {"a", "b"}},
		"rank two":  {{"a", "b"}, {"a", "b"}, {"c", "d"}, {"c", "d"}},
		"long":      {{strings.Repeat("a", 300), "b"}, {strings.Repeat("a", 300), "b"}},
		"with none": {{"a"}, {}, {"a", "b"}, {"b"}},
	} {
		e := Fit(docs, 128, 1)
		v := e.Encode([]string{"lamp", "a", "new"})
		if len(v) != 128 || slices.ContainsFunc(v, func(x float32) bool { return !finite(x) }) {
			t.Errorf("%s: Encode = %v, want 128 finite numbers", name, v)
		}
	}
}

func TestItemTerms(t *testing.T) {
	got := ItemTerms(&engine.Item{
		Title: "Red Lamp", Text: "<p>A lamp</p>", TextFormat: FormatHTML,
		Categories: []string{"Home/Lighting", "home/ Lamps "},
		Attributes: engine.Attributes{"colour": "Red", "gift": true, "old": false, "size": 3.5, "tags": []string{"Retro Spot"}},
	})
	want := "red lamp red lamp red lamp lamp cat:home home cat:home/lighting light cat:home/lamps lamp " +
		"attr:colour=red red attr:gift gift attr:tags=retro spot retro spot"
	if strings.Join(got, " ") != want {
		t.Errorf("ItemTerms = %q\nwant %q", strings.Join(got, " "), want)
	}
	if got := ItemTerms(&engine.Item{ID: "bare"}); len(got) != 0 {
		t.Errorf("ItemTerms of an item without words = %q, want none", got)
	}
}
