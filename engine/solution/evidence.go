package solution

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Evidence is a kind of evidence that a fix ends a ticket.
type Evidence int

// The kinds of evidence, each with what its value is. All have fixed scales: a value says
// the same in every ticket and every shop.
const (
	Words      Evidence = iota // s/(s + HalfWords), s the BM25 score in units of the rarest word's idf
	Meaning                    // cosine of the ticket's and the fix's content vector, 0 where negative
	Sense                      // cosine of the vectors of the ticket and of the fix's nearest passage as sentences, 0 where negative
	Head                       // score of the head, from 0 to 1
	HeadSure                   // log(head / 0.02) / log(50), from 0 to 1: doubling a small chance counts as doubling a large one
	Near                       // likeness of the nearest ticket it solved, from 0 to 1
	Votes                      // its share of the nearest solved tickets, by likeness to the 4th power
	About                      // 1 where it applies to what the ticket is about
	Owned                      // 1 where it applies to something the customer bought
	Foreign                    // 1 where it applies to other products only, and any of the two is known
	ByProduct                  // log ratio: how much more often it solves for this product; from -1 to 1
	ByAge                      // the same for how long ago the product was bought
	ByChannel                  // the same for the channel of the ticket
	Outcome                    // log odds that it solves and is not reopened, less those of the mean fix, / 3; from -1 to 1
	Codes                      // share of the ticket's codes (text.IsCode) that it holds, or a question it answered
	Fresh                      // 1 where nobody has tried it on a ticket that is known
	FreshWords                 // Words of such a fix, for which nothing else can speak
	kinds
)

// Values are how much there is of each kind.
type Values [kinds]float64

// Kinds returns every kind of evidence.
func Kinds() []Evidence {
	out := make([]Evidence, kinds)
	for i := range out {
		out[i] = Evidence(i)
	}
	return out
}

var evidenceNames = [kinds]string{
	"words", "meaning", "sense", "head", "head_sure", "near", "votes", "about", "owned", "foreign", "by_product", "by_age", "by_channel", "outcome", "codes", "fresh", "fresh_words",
}

// String returns the name that reports give a kind.
func (e Evidence) String() string { return evidenceNames[e] }

const (
	voters    = 20   // nearest solved tickets that vote
	leastHead = 0.02 // a lower score of the head is none
)

// learnt is what solved tickets say of a ticket; the zero value says nothing.
type learnt struct {
	*search
	scores      []float32 // of the head, by label
	near, votes []float64 // by label
	trialled    *trialled
	place       Place
}

func (s *search) learn() *learnt {
	k := s.Knowledge
	if k == nil {
		return &learnt{search: s}
	}
	row := k.Head.Likeness(s.asked())
	l := &learnt{search: s, place: s.place()}
	if s.Own != nil && s.Own.Question >= 0 {
		row[s.Own.Question] = 0
		l.scores = s.Own.Scores
		for _, i := range s.Own.Unseen {
			row[i] = 0
		}
	} else {
		l.scores = k.Head.Scores(row)
	}
	r := s.room
	r.near, r.votes = zeros(r.near, len(k.Fixes)), zeros(r.votes, len(k.Fixes))
	k.tickets(row, r.near, r.votes)
	l.near, l.votes = r.near, r.votes
	k.trialled(&r.trialled, row, l.place)
	l.trialled = &r.trialled
	return l
}

// labelled fills the evidence of a fix that ended tickets.
func (l *learnt) labelled(c *candidate) {
	if l.Knowledge == nil {
		return
	}
	label, known := l.Knowledge.label(c.num)
	if !known || l.Own.hides(c.num) {
		return
	}
	if label < len(l.scores) {
		f := min(1, max(0, float64(l.scores[label])))
		c.values[Head] = f
		if f > leastHead {
			c.values[HeadSure] = math.Log(f/leastHead) / -math.Log(leastHead)
		}
	}
	c.values[Near], c.values[Votes] = l.near[label], l.votes[label]
}

// each calls yield with the places, among items that ascend, of all fixes that solved tickets
// say something of, and with what they say, which is valid until the next call.
func (l *learnt) each(items []engine.ItemNum, yield func(place int, c *candidate)) {
	if l.Knowledge == nil {
		return
	}
	at, c := 0, new(candidate)
	for column, n := range l.Knowledge.columns.fixes {
		more, is := sought(items[at:], n)
		if at += more; !is || l.Own.hides(n) {
			continue
		}
		*c = candidate{num: n}
		l.labelled(c)
		l.placedAt(c, column)
		yield(at, c)
	}
}

// sought is slices.BinarySearch for a number that is not far from the first.
func sought(items []engine.ItemNum, n engine.ItemNum) (int, bool) {
	end := 1
	for end < len(items) && items[end-1] < n {
		end *= 2
	}
	from := end / 2
	at, is := slices.BinarySearch(items[from:min(end, len(items))], n)
	return from + at, is
}

// tickets adds to zeros, by label, the likeness of the nearest ticket that it solved, and its
// share of the nearest ones.
func (k *Knowledge) tickets(row []float32, near, votes []float64) {
	top := vector.NewTop(voters)
	for i, likeness := range row {
		for _, l := range k.Head.LabelsOf(i) {
			near[l] = max(near[l], float64(likeness))
		}
		if likeness > 0 {
			top.Push(engine.ItemNum(i), likeness)
		}
	}
	var all float64
	for _, t := range top.Best() {
		weight := math.Pow(float64(t.Score), 4)
		all += weight
		for _, l := range k.Head.LabelsOf(int(t.Item)) {
			votes[l] += weight
		}
	}
	for l := range votes {
		if all > 0 {
			votes[l] /= all
		}
	}
}

// of returns what the evidence adds to the score.
func (w *Weights) of(v *Values) float64 {
	var sum float64
	for kind, x := range v {
		sum += w.Of[kind] * x
	}
	return sum
}

// most returns the greatest of some kind among the candidates.
func most(found []*candidate, kind Evidence) float64 {
	var out float64
	for i := range found {
		out = max(out, found[i].values[kind])
	}
	return out
}

// nothing is the evidence that no fix fits: a constant, how good the best fix is by some
// kinds, and the share of the ticket's words, by their weight, that the shop has never seen.
func nothing(found []*candidate, strange float64) (out [nothings]float64) {
	out[0], out[Strange] = 1, strange
	for i := 1; i < Strange; i++ {
		out[i] = most(found, nothingOf[i])
	}
	return out
}

// Strange is the place in nothing of the share of words that are strange to the shop.
const (
	Strange  = 5
	nothings = 6
)

// nothingOf are the kinds of evidence in nothing; the first is the constant, and what is strange
// is of words.
var nothingOf = [nothings]Evidence{0, Head, Near, Words, Sense, Words}
