// Package modeltest is the contract of every model.Source as a test: a source that
// passes it can stand in any scenario. It holds no test of its own and is imported by
// tests only.
package modeltest

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Contract is what a source is tried with.
type Contract struct {
	Queries []*model.Query   // some with much to go by, some with nothing
	Items   []engine.ItemNum // what is asked for: also items the source never saw
	// Knows reports whether the source has anything to say about an item that scores
	// so: Propose may leave out what it does not know. Nil says it knows every item.
	Knows func(n engine.ItemNum, score float32) bool
}

// Source tries all that model.Source and model.Scorer promise.
func Source(t *testing.T, src model.Source, c Contract) {
	t.Helper()
	if src.Name() == "" {
		t.Error("Name is empty")
	}
	for i, q := range c.Queries {
		before := copyQuery(q)
		answer := ask(src, q, c.Items)
		c.checkPropose(t, i, src.Open(q))
		checkBatches(t, i, src.Open(q), c.Items, answer.scores)
		checkParts(t, i, src.Open(q), c.Items, answer.scores)
		checkRough(t, i, src.Open(q), c.Items)
		if src.Open(q).Empty() && !constant(answer.scores) {
			t.Errorf("query %d: Empty, but the scores %v differ", i, answer.scores)
		}
		if again := ask(src, q, c.Items); !reflect.DeepEqual(again, answer) {
			t.Errorf("query %d: asked twice, answered %v, then %v", i, answer, again)
		}
		sharing := *q
		sharing.Shared = new(model.Shared)
		for range 2 {
			if again := ask(src, &sharing, c.Items); !reflect.DeepEqual(again, answer) {
				t.Errorf("query %d: asked where sources share, answered %v, else %v", i, again, answer)
			}
		}
		if !reflect.DeepEqual(before, copyQuery(q)) {
			t.Errorf("query %d was changed: %+v, before %+v", i, copyQuery(q), before)
		}
	}
	concurrently(t, src, c)
}

// reply is all that a source says to a query.
type reply struct {
	proposed []engine.ItemNum
	scores   []float32
	parts    [][]model.Part
	bases    []float64
}

// ask opens the source and takes everything it says.
func ask(src model.Source, q *model.Query, items []engine.ItemNum) reply {
	s := src.Open(q)
	r := reply{scores: make([]float32, len(items))}
	r.proposed = s.Propose(bitmap(items), len(items)/2+1, nil)
	s.Score(items, r.scores)
	for _, n := range items {
		base, parts := s.Explain(n, nil)
		r.bases, r.parts = append(r.bases, base), append(r.parts, parts)
	}
	return r
}

// copyQuery returns what of a query a source might change by mistake.
func copyQuery(q *model.Query) model.Query {
	return model.Query{
		History: slices.Clone(q.History), Rows: slices.Clone(q.Rows), Anchors: slices.Clone(q.Anchors),
		Text: slices.Clone(q.Text), Now: q.Now,
	}
}

func bitmap(items []engine.ItemNum) *roaring.Bitmap {
	b := roaring.New()
	for _, n := range items {
		b.Add(uint32(n))
	}
	return b
}

func constant(scores []float32) bool {
	for _, s := range scores {
		if s != scores[0] {
			return false
		}
	}
	return true
}

// checkPropose compares Propose with the plain way: score all that is eligible, sort.
func (c Contract) checkPropose(t *testing.T, query int, s model.Scorer) {
	t.Helper()
	for name, items := range map[string][]engine.ItemNum{
		"everything": c.Items, "nothing": nil, "every third": third(c.Items), "one": c.Items[:1],
	} {
		for _, n := range []int{0, 1, 3, len(items) + 5} {
			eligible := bitmap(items)
			was := eligible.Clone()
			first := engine.ItemNum(math.MaxUint32) // what stood in out before stays
			got := s.Propose(eligible, n, []engine.ItemNum{first})
			if len(got) == 0 || got[0] != first {
				t.Fatalf("query %d, %s: Propose did not append to out: %v", query, name, got)
			}
			if want := c.best(s, eligible, n); !slices.Equal(got[1:], want) {
				t.Errorf("query %d, %s: Propose(%d) = %v, brute force says %v", query, name, n, got[1:], want)
			}
			if !eligible.Equals(was) {
				t.Errorf("query %d, %s: Propose changed the eligible set", query, name)
			}
			checkRest(t, query, s, items, got[1:], n)
		}
	}
}

// checkRest: what is not proposed scores no more than the last of what is, or than 0.
func checkRest(t *testing.T, query int, s model.Scorer, items, proposed []engine.ItemNum, n int) {
	t.Helper()
	score := func(item engine.ItemNum) float32 {
		var out [1]float32
		s.Score([]engine.ItemNum{item}, out[:])
		return out[0]
	}
	if s.Empty() || n == 0 {
		return
	}
	most := float32(0)
	if len(proposed) == n {
		most = max(most, score(proposed[n-1]))
	}
	for _, item := range items {
		if got := score(item); got > most && !slices.Contains(proposed, item) {
			t.Errorf("query %d: item %d scores %v and is not among %d proposed, of which the last scores %v", query, item, got, n, most)
		}
	}
}

// best is the slow twin of Propose. A scorer that is Empty proposes nothing.
func (c Contract) best(s model.Scorer, eligible *roaring.Bitmap, n int) []engine.ItemNum {
	if s.Empty() {
		return nil
	}
	var found []vector.Scored
	var score [1]float32
	for _, num := range eligible.ToArray() {
		item := engine.ItemNum(num)
		s.Score([]engine.ItemNum{item}, score[:])
		if c.Knows == nil || c.Knows(item, score[0]) {
			found = append(found, vector.Scored{Item: item, Score: score[0]})
		}
	}
	slices.SortFunc(found, vector.Better)
	var out []engine.ItemNum
	for _, f := range found[:min(n, len(found))] {
		out = append(out, f.Item)
	}
	return out
}

func third(items []engine.ItemNum) []engine.ItemNum {
	var out []engine.ItemNum
	for i := 0; i < len(items); i += 3 {
		out = append(out, items[i])
	}
	return out
}

// checkBatches asks for the same scores alone, backwards and twice over.
func checkBatches(t *testing.T, query int, s model.Scorer, items []engine.ItemNum, want []float32) {
	t.Helper()
	backwards := slices.Clone(items)
	slices.Reverse(backwards)
	batch := slices.Concat(backwards, items)
	got := make([]float32, len(batch))
	s.Score(batch, got)
	alone := make([]float32, 1)
	for i, n := range items {
		s.Score(items[i:i+1], alone)
		for _, v := range []float32{alone[0], got[len(items)-1-i], got[len(items)+i]} {
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				t.Errorf("query %d: item %d scores %v in another batch, %v before", query, n, v, want[i])
			}
		}
	}
}

// checkParts holds every explanation against its score.
func checkParts(t *testing.T, query int, s model.Scorer, items []engine.ItemNum, scores []float32) {
	t.Helper()
	for i, n := range items {
		base, parts := s.Explain(n, nil)
		sum, size := base, math.Abs(base)
		for _, p := range parts {
			sum += p.Contribution
			size += math.Abs(p.Contribution)
		}
		if score := float64(scores[i]); !(math.Abs(score-sum) <= 1e-5*size) && score != sum {
			t.Errorf("query %d: item %d scores %v, its base %v and parts %v sum to %v", query, n, score, base, parts, sum)
		}
	}
}

// concurrently asks everything from several goroutines at once; run with -race.
func concurrently(t *testing.T, src model.Source, c Contract) {
	t.Helper()
	var group sync.WaitGroup
	for i, q := range c.Queries {
		want := ask(src, q, c.Items)
		sharing := *q
		sharing.Shared = new(model.Shared)
		q = &sharing
		for range 4 {
			group.Go(func() {
				if got := ask(src, q, c.Items); !reflect.DeepEqual(got, want) {
					t.Errorf("query %d: asked concurrently, answered %v, alone %v", i, got, want)
				}
			})
		}
	}
	group.Wait()
}
