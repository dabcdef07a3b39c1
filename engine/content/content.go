// Package content finds items whose words are like those of what a person did, of the
// item on the page, or of a query: the source that knows an item from its first minute.
//
// It learns nothing itself: what is like what lies in the vectors of engine/text. It
// looks at no behaviour but the query's own history.
package content

import (
	"cmp"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name is the source's name.
const Name = "content"

// maxCauses is how many items of a history make the profile, newest first. Tastes
// older than that are the behavioural sources' to know.
const maxCauses = 50

// Source scores an item by the cosine between its vector and a profile: the vector of
// the query's text if there is one, and of that alone, for who asks for words wants
// those; else the mean of the vectors of what the query is caused by, weighted by what
// each is worth, which fades with age. An item's likeness to itself does not count:
// having been looked at says nothing by content. It has no state of its own: the
// vectors come with the query.
type Source struct{}

// Name returns "content".
func (Source) Name() string { return Name }

// Open makes the profile.
func (Source) Open(q *model.Query) model.Scorer {
	if q.Content == nil {
		return &scorer{vectors: text.NewVectors(text.Untrained(1))}
	}
	s := &scorer{vectors: q.Content}
	if len(q.Text) == q.Content.Dims() {
		s.profile = q.Text
		return s
	}
	s.fold(q.Causes())
	return s
}

// scorer is one query. Without a profile every score is 0.
type scorer struct {
	vectors *text.Vectors
	profile []float32    // of unit length
	causes  []cause      // empty for a text
	marks   [16]uint64   // a bit for each cause, by the low bits of its number
	own     model.Sparse // what each cause puts into its own score
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: the profile is of vectors that a changed item may change.
func (s *scorer) Again(q *model.Query) model.Scorer {
	if q.Content != s.vectors {
		return nil
	}
	return s
}

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 192 + 32*len(s.causes) + 4*len(s.profile) }

// cause is an item of the history and its share in the profile.
type cause struct {
	item  engine.ItemNum
	own   float32 // what it puts into its own score
	share float64
}

// ahead is how many causes before their turn rows are asked for: they lie anywhere in memory.
const ahead = 4

// fold makes the profile from the newest causes that are wanted and have a vector.
func (s *scorer) fold(causes []engine.Interest) {
	sum := make([]float64, s.vectors.Dims())
	var rows [maxCauses][]float32
	s.causes = make([]cause, 0, min(len(causes), maxCauses))
	// First where all rows lie, which are places to look up anywhere in memory, too, then the rows.
	for _, c := range causes {
		row := s.vectors.Row(c.Item)
		if row == nil || !(c.Weight > 0) {
			continue
		}
		rows[len(s.causes)] = row
		s.causes = append(s.causes, cause{item: c.Item, share: c.Weight})
		if len(s.causes) == maxCauses {
			break
		}
	}
	for i := range min(len(s.causes), ahead) {
		vector.Prefetch(rows[i])
	}
	for i := range s.causes {
		if i+ahead < len(s.causes) {
			vector.Prefetch(rows[i+ahead])
		}
		vector.AddScaled(sum, s.causes[i].share, rows[i])
	}
	var squares float64
	for _, x := range sum {
		squares += x * x
	}
	length := math.Sqrt(squares)
	if length < 1e-9 {
		s.causes = nil // nothing, or directions that cancel out
		return
	}
	s.profile = make([]float32, len(sum))
	for i, x := range sum {
		s.profile[i] = float32(x / length)
	}
	own := make([]vector.Scored, len(s.causes))
	for i := range s.causes {
		c := &s.causes[i]
		c.share /= length
		c.own = float32(c.share * float64(vector.Dot(rows[i], rows[i])))
		own[i] = vector.Scored{Item: c.item, Score: c.own}
		n := c.item
		s.marks[n/64%16] |= 1 << (n % 64)
	}
	slices.SortStableFunc(own, func(a, b vector.Scored) int { return cmp.Compare(a.Item, b.Item) })
	own = slices.CompactFunc(own, func(a, b vector.Scored) bool { return a.Item == b.Item }) // as itself finds them
	s.own = model.NewSparse(own)
}

var _ model.Rough = (*scorer)(nil)

// AddRough implements model.Rough.
func (s *scorer) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	query, ok := room.Ask(s.profile)
	if !ok {
		return 0, 0, false
	}
	scores := room.Scores(len(items))
	if off, most, ok = s.vectors.Rough(scores, items, query); !ok {
		return 0, 0, false
	}
	vector.Axpy(float32(gain*query.Gain()), scores, sums)
	_, own, _ := s.own.AddRough(room, sums, items, -gain)
	return math.Abs(gain) * off, math.Abs(gain)*most + own, true
}

var _ model.Bounded = (*scorer)(nil)

// Most implements model.Bounded: by the lengths of the profile and of the rows.
func (s *scorer) Most(room *model.RoughRoom, gain float64) (most float64, ok bool) {
	if s.Empty() {
		return 0, true
	}
	query, ok := room.Ask(s.profile)
	if !ok {
		return 0, false
	}
	_, most, ok = s.vectors.RoughBounds(query)
	if gain < 0 { // what an item puts into its own score counts for it
		own := 0.0
		for _, c := range s.causes {
			own = max(own, float64(c.own))
		}
		most += own
	}
	return math.Abs(gain) * most, ok
}

// itself returns what the item's own row has put into its score, 0 for what is no cause.
// The marks spare nearly all items the search.
func (s *scorer) itself(n engine.ItemNum) float32 {
	if s.marks[n/64%16]&(1<<(n%64)) == 0 {
		return 0
	}
	for _, c := range s.causes {
		if c.item == n {
			return c.own
		}
	}
	return 0
}

// Empty reports whether there is no text and no cause with a vector.
func (s *scorer) Empty() bool { return s.profile == nil }

// score returns the cosine of item n and the profile, less what n itself put into that;
// 0 where one of them is missing.
func (s *scorer) score(n engine.ItemNum) float32 {
	row := s.vectors.Row(n)
	if row == nil || s.profile == nil {
		return 0
	}
	return vector.Dot(s.profile, row) - s.itself(n)
}

// manyItems is for how many items a cause it takes less to look for the causes among the items
// than for each item whether it is one.
const manyItems = 8

// Score writes the likeness of each item to the profile.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	out = out[:len(items)]
	if s.profile == nil {
		clear(out)
		return
	}
	s.vectors.Dots(out, items, s.profile)
	if len(s.causes) == 0 {
		return
	}
	if len(items) > manyItems*len(s.causes) && slices.IsSorted(items) {
		for i := range s.causes {
			if at, is := slices.BinarySearch(items, s.causes[i].item); is {
				out[at] -= s.causes[i].own
			}
		}
		return
	}
	for i, n := range items {
		out[i] -= s.itself(n)
	}
}

// Propose appends the n most alike. An item without a vector, or turned away from the
// profile, is not proposed.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	return s.propose(eligible, n, out, eligible.GetCardinality() >= roughFrom)
}

// roughFrom is from how many eligible items on rows are looked at in bytes first: of a million rows
// of 64 numbers those are 64 MB, not 256, and floats are read only of what may be among the best.
const roughFrom = 1 << 14

func (s *scorer) propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum, roughly bool) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	var query vector.Rough
	roughly = roughly && query.Ask(s.profile)
	best := vector.NewTop(n)
	model.Blocks(eligible, func(items []engine.ItemNum, scores []float32) {
		if roughly {
			items = s.reaching(max(0, best.Worst()), items, scores, &query)
			scores = scores[:len(items)]
		}
		s.Score(items, scores)
		model.OnlyAbove0(scores)
		best.OfferItems(items, scores)
	})
	return best.AppendItems(out)
}

// reaching returns those of the items, in their room, that may score above a bound by their rows in
// bytes: all where bytes do not speak for one of them. scores is room for as many. What an item put
// into its own score only lowers it.
func (s *scorer) reaching(bound float32, items []engine.ItemNum, scores []float32, query *vector.Rough) []engine.ItemNum {
	off, _, ok := s.vectors.Rough(scores, items, query)
	if !ok {
		return items
	}
	gain, kept := query.Gain(), items[:0]
	for i, item := range items {
		if float64(scores[i])*gain+off >= float64(bound) {
			kept = append(kept, item)
		}
	}
	return kept
}

// Explain splits the score by cause: each gives its share of the profile times its own
// likeness to the item. The base is what float32 rounded away; for a text, which is one
// whole, it is everything.
func (s *scorer) Explain(n engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row := s.vectors.Row(n)
	if row == nil || s.profile == nil {
		return 0, parts
	}
	base = float64(s.score(n))
	for _, c := range s.causes {
		if c.item == n {
			continue
		}
		part := c.share * float64(vector.Dot(s.vectors.Row(c.item), row))
		parts = append(parts, model.Part{Item: c.item, Contribution: part})
		base -= part
	}
	return base, parts
}
