package solution

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// plainFound looks at every eligible fix for all evidence, and sorts those that have enough:
// the slow twin of best.
func plainFound(s *search, wanted int) []candidate {
	l := s.learn()
	local := make(map[engine.ItemNum]counts) // what fixes came to in tickets like this one
	if k := s.Knowledge; k != nil {
		for i, likeness := range k.Head.Likeness(s.asked()) {
			if s.Own != nil && s.Own.Question == i {
				continue
			}
			square := float64(likeness) * float64(likeness)
			for _, t := range k.trials[i] {
				c := local[t.Fix]
				c.add(t.Solved, square*square)
				local[t.Fix] = c
			}
		}
	}
	var out []candidate
	for all := s.Eligible.Iterator(); all.HasNext(); {
		c := candidate{num: engine.ItemNum(all.Next())}
		if slices.Contains(s.Tried, c.num) {
			continue
		}
		words := s.Lexicon.Explain(s.terms, c.num)
		if len(words) > 0 {
			var score float64
			for _, w := range words {
				score += w.Value
			}
			score /= s.Lexicon.Rarest()
			c.values[Words] = score / (score + s.weights.HalfWords)
			c.share = float64(len(words)) / float64(len(s.terms))
		}
		if len(s.codes) > 0 {
			c.values[Codes] = float64(len(s.Lexicon.Explain(s.codes, c.num))) / float64(len(s.codes))
		}
		if row := s.Content.Row(c.num); row != nil && s.vector != nil {
			c.values[Meaning] = max(0, float64(vector.Dot(s.vector, row)))
		}
		var sensing sensing
		if sensing.ask(s.Sentences, s.Vector) {
			c.values[Sense] = sensing.of(c.num)
		}
		l.labelled(&c)
		reasons := []Evidence{Words, Meaning, Sense, Head, Near}
		if s.known == 0 {
			reasons = []Evidence{Sense}
		}
		known := c.share > 0 && c.share >= s.weights.LeastShare
		known = known || c.values[Codes] > 0
		for _, kind := range reasons {
			known = known || c.values[kind] > 0 && c.values[kind] >= s.weights.Least[kind]
		}
		item := s.Catalogue.Item(c.num)
		if item == nil {
			continue
		}
		if c.claim = s.claims.of(item); !known && !c.claim.about {
			continue
		}
		c.values[About], c.values[Owned], c.values[Foreign] = one(c.claim.about), one(c.claim.owned), one(c.claim.foreign)
		hidden := s.Own != nil && slices.Contains(s.Own.Hidden, c.num)
		if k := s.Knowledge; k != nil {
			o := k.Outcomes
			if _, tried := o.byFix[c.num]; hidden || !tried && !slices.Contains(k.Fixes, c.num) {
				c.values[Fresh], c.values[FreshWords] = 1, c.values[Words]
			}
			if o.failures && hidden {
				c.values[Outcome] = bounded((logit(o.shrunk(counts{}, counts{}, l.place.product != "", counts{})) - logit(o.mean)) / 3)
			} else if o.failures {
				c.values[Outcome] = bounded((logit(o.chance(c.num, l.place.product, local[c.num], s.Own)) - logit(o.mean)) / 3)
			}
			if !hidden {
				c.values[ByProduct], c.values[ByAge], c.values[ByChannel] = plainHabits(k.Habits, c.num, l.place, s.Own)
			}
		}
		c.score = s.weights.of(&c.values)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.num, b.num))
	})
	out = out[:min(len(out), wanted)]
	slices.SortFunc(out, func(a, b candidate) int { return cmp.Compare(a.num, b.num) })
	return out
}

// plainHabits is how much more often a fix solves in such a place than others do, from what
// was counted of it alone.
func plainHabits(h *Habits, fix engine.ItemNum, p Place, own *Own) (product, age, channel float64) {
	var out [places]float64
	for f, v := range p.values() {
		if v == "" || h.all[f] == 0 {
			continue
		}
		here, all := h.fixes[f][fix][v], 0.0
		for _, n := range h.fixes[f][fix] {
			all += n
		}
		if own != nil && own.Solved.Place.values()[f] == v {
			for _, t := range own.Solved.Trials {
				if t.Fix == fix && t.Solved {
					here, all = here-1, all-1
				}
			}
		}
		share := (h.totals[f][v] + 1) / (h.all[f] + float64(len(h.totals[f])) + 1)
		out[f] = bounded(math.Log((here/share+habitStrength)/(all+habitStrength)) / 3)
	}
	return out[0], out[1], out[2]
}

var spokenWords = strings.Fields("lamp dark bulb mug leak seal clock late parcel refund card e404 e12 broken red blue switch")

// drawTicket draws a ticket to a shop of a few hundred fixes that say much the same, and what solved
// tickets taught it, if they did.
func drawTicket(t *rapid.T) *Input {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
	vocabulary := slices.Clone(spokenWords[:2+rng.IntN(len(spokenWords)-2)])
	say := func(most int) string {
		words := make([]string, rng.IntN(most+1))
		for i := range words {
			words[i] = vocabulary[min(rng.IntN(len(vocabulary)), rng.IntN(len(vocabulary)))]
		}
		return strings.Join(words, " ")
	}
	ids := catalogue.NewIDs()
	const products = 8
	for i := range products {
		ids.Assign(engine.ItemID(fmt.Sprintf("P-%d", i)))
	}
	in := &Input{
		Catalogue: catalogue.New(ids), Content: text.NewVectors(text.Untrained(16)), Lexicon: text.NewIndex(), Eligible: roaring.New(),
		Text: say(12), Channel: "chat",
	}
	var fixes []engine.ItemNum
	put := func(count int) {
		entries := make([]catalogue.Entry, count)
		for i := range entries {
			it := &engine.Item{ID: engine.ItemID(fmt.Sprintf("fix-%d", rng.IntN(400))), Kind: engine.Solution, Title: say(3), Text: say(8)}
			for range rng.IntN(3) {
				it.AppliesTo = append(it.AppliesTo, engine.ItemID(fmt.Sprintf("P-%d", rng.IntN(products+2))))
			}
			n, added := ids.Assign(it.ID)
			entries[i] = catalogue.Entry{Num: n, Item: it}
			if rng.IntN(8) == 0 {
				entries[i].Item = nil
			}
			if added {
				fixes = append(fixes, n)
			}
			if rng.IntN(10) > 0 {
				in.Eligible.Add(uint32(n))
			}
		}
		in.Catalogue, in.Content, in.Lexicon = in.Catalogue.With(entries), in.Content.With(entries), in.Lexicon.With(entries)
	}
	put(1 + rng.IntN(300))
	put(rng.IntN(20))
	product := func() engine.ItemNum { return engine.ItemNum(rng.IntN(products)) }
	for range rng.IntN(3) {
		in.Products = append(in.Products, product())
	}
	for range rng.IntN(4) {
		in.Tried = append(in.Tried, fixes[rng.IntN(len(fixes))])
	}
	if rng.IntN(2) == 0 {
		in.Bought = roaring.BitmapOf(uint32(product()), uint32(product()))
	}
	if rng.IntN(3) > 0 {
		in.Knowledge, in.Own = drawKnowledge(t, rng, ids, fixes, say)
	}
	if rng.IntN(5) == 0 { // no word of it is known, though pieces are
		for i, word := range vocabulary {
			vocabulary[i] = word + "z"
		}
		in.Text = say(6)
	}
	if rng.IntN(3) > 0 {
		in.Sentences, in.Vector = drawSentences(rng, fixes)
	}
	w := DefaultWeights()
	if rng.IntN(2) == 0 {
		for kind := range w.Of {
			w.Of[kind] = 2 * rng.Float64()
			if signs[kind] < 0 || slices.Contains([]Evidence{Owned, ByProduct, ByAge, ByChannel}, Evidence(kind)) {
				w.Of[kind] -= 1
			}
		}
		w.Of[Words] *= float64(1 + 9*rng.IntN(2)) // as of tickets that words say nearly all of
		for _, kind := range least {
			w.Least[kind] = rng.Float64()
		}
		w.LeastShare = rng.Float64()
	}
	in.Weights = w
	return in
}

// drawSentences draws vectors that differ mostly in a few directions, as those of sentences
// do, laid in several steps, and of a ticket.
func drawSentences(rng *rand.Rand, fixes []engine.ItemNum) (*Sentences, []float32) {
	const dims = 160
	directions := make([][]float32, 12)
	for i := range directions {
		directions[i] = make([]float32, dims)
		for d := range dims {
			directions[i][d] = float32(rng.NormFloat64())
		}
	}
	draw := func() []float32 {
		v := make([]float32, dims)
		for i, direction := range directions {
			vector.Axpy(float32(rng.NormFloat64()/float64(1+i)+one(i == 0)), direction, v)
		}
		for d := range v {
			v[d] += float32(0.3 * rng.NormFloat64())
		}
		length := float32(vector.Length(v))
		for d := range v {
			v[d] /= length
		}
		return v
	}
	s := NewSentences(dims)
	for step := range 4 {
		changed := make(map[engine.ItemNum][][]float32)
		for _, n := range fixes {
			if rng.IntN(3) > 0 {
				continue
			}
			changed[n] = nil // none any more, or some
			for range rng.IntN(20) * rng.IntN(2) {
				changed[n] = append(changed[n], draw())
			}
		}
		if s = s.With(changed); step == 2 && s.Len() > 0 && rng.IntN(4) == 0 {
			s.lead() // s is ours
		}
	}
	if rng.IntN(10) == 0 {
		return s, make([]float32, dims)
	}
	return s, draw()
}

func drawKnowledge(t *rapid.T, rng *rand.Rand, ids *catalogue.IDs, fixes []engine.ItemNum, say func(int) string) (*Knowledge, *Own) {
	labels := slices.Clone(fixes)
	rng.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	labels = labels[:1+rng.IntN(len(labels))]
	questions, solved := make([]head.Question, 1+rng.IntN(30)), make([]Solved, 0, 40)
	for i := range questions {
		label := rng.IntN(len(labels))
		questions[i] = head.Question{Text: say(6), Labels: []int{label}}
		solved = append(solved, Solved{Trials: []Trial{{labels[label], true}, {fixes[rng.IntN(len(fixes))], rng.IntN(2) == 0}}, Place: Place{product: fmt.Sprintf("P-%d", rng.IntN(3)), channel: "chat"}})
	}
	h, held, err := head.Fit(context.Background(), questions, len(labels), nil, head.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	k := NewKnowledge(ids, h, labels, solved)
	if rng.IntN(2) == 0 {
		return k, nil
	}
	at := rng.IntN(len(questions)) // the ticket is one of them
	own := &Own{Question: at, Scores: held.Each[at*h.Labels():][:h.Labels()], Solved: &solved[at]}
	for range rng.IntN(3) { // as if nobody had tried them
		own.Hidden = append(own.Hidden, fixes[rng.IntN(len(fixes))])
	}
	slices.Sort(own.Hidden)
	return k, own
}

// TestBestAreThoseOfAPlainSearch holds that bounds leave out nothing that belongs among the
// best, and that every figure of those is the same to the bit.
func TestBestAreThoseOfAPlainSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawTicket(t)
		wanted := rapid.SampledFrom([]int{1, 2, 5, 20, 500}).Draw(t, "wanted")
		s := open(in)
		defer s.release()
		got, want := s.best(wanted), plainFound(open(in), wanted)
		if len(got) != len(want) {
			t.Fatalf("%d found, want %d", len(got), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(*got[i], want[i]) {
				t.Fatalf("the %d. of %d is %+v\nwant %+v", i, len(want), *got[i], want[i])
			}
			if math.IsNaN(got[i].score) {
				t.Fatalf("%d has no score", got[i].num)
			}
		}
	})
}

// TestSentences holds what is said of passages in bytes against floats, and the bounds of the
// leads against that, after changes in several steps.
func TestSentences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		fixes := make([]engine.ItemNum, 1+rng.IntN(200))
		for i := range fixes {
			fixes[i] = engine.ItemNum(rng.IntN(300))
		}
		s, ticket := drawSentences(rng, fixes)
		now, count := make(map[engine.ItemNum][][]float32), 0
		var before sensing
		asked := before.ask(s, ticket)
		for n := range engine.ItemNum(300) { // some with those of another one
			if other := engine.ItemNum(rng.IntN(300)); asked && rng.IntN(3) == 0 {
				p, from, to := before.chunkOf(other)
				now[n] = nil
				for ; from < to; from++ {
					row := make([]float32, s.Dims())
					p.rows.Row(row, from)
					now[n] = append(now[n], row)
				}
			}
		}
		s = s.With(now)
		var q sensing
		if !q.ask(s, ticket) {
			return
		}
		for n := range engine.ItemNum(320) {
			rows, changed := now[n]
			got := q.of(n)
			if !changed {
				if asked && got != before.of(n) {
					t.Fatalf("item %d: %v, before another changed %v", n, got, before.of(n))
				}
			} else {
				want := 0.0
				for _, row := range rows {
					want = max(want, float64(vector.Dot(ticket, row)))
				}
				if math.Abs(got-want) > 0.01 {
					t.Fatalf("item %d: %v, in floats %v", n, got, want)
				}
			}
			q.chunked = false
			low, high := q.bounds(n)
			q.chunked = true
			if low, high := q.bounds(n); low > got || high < got {
				t.Fatalf("item %d: %v is not between %v and %v", n, got, low, high)
			}
			if low > got || high < got {
				t.Fatalf("item %d: %v is not between %v and %v, as it is alone", n, got, low, high)
			}
			_, from, to := q.chunkOf(n)
			count += to - from
		}
		if count != s.Len() {
			t.Fatalf("%d passages, want %d", s.Len(), count)
		}
	})
}
