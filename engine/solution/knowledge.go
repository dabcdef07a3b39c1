package solution

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/text"
)

// Knowledge is what solved tickets have taught: immutable, made by NewKnowledge or Load.
type Knowledge struct {
	Encoder  string // of the vectors of the head's questions; empty where they have none
	Head     *head.Model
	Fixes    []engine.ItemNum // by the head's label
	Outcomes *Outcomes
	Habits   *Habits
	Weights  *Weights // fitted on them; nil means DefaultWeights
	Sure     *Sure    // nil until enough is known to calibrate
	// Asked is what fixes were the answer to, for text.Index.WithAsked.
	Asked map[engine.ItemNum]text.Asked
	// Things are words of products' names (ThingOf) that by themselves never said what was the matter.
	Things map[string]bool

	ids     *catalogue.IDs
	texts   []engine.Hash16 // of the head's questions, by Remember; nil for none
	labels  []int32         // by fix, one above its label; 0 for none
	columns *columns
	trials  [][]Trial // by the head's question
}

// ThingOf returns a word as Things has it: in small letters and in the singular, but inflected
// otherwise, as "stopped" is no door stop.
func ThingOf(surface string) string { return strings.TrimSuffix(strings.ToLower(surface), "s") }

// Names reports whether all words that the lexicon has are Things, and there are any.
func (k *Knowledge) Names(lexicon *text.Index, words []text.Word) bool {
	some := false
	for _, w := range words {
		if lexicon.Known([]string{w.Term}) == 0 {
			continue
		}
		if some = true; !k.Things[ThingOf(w.Surface)] {
			return false
		}
	}
	return some
}

// label returns the head's label of a fix.
func (k *Knowledge) label(n engine.ItemNum) (int, bool) {
	if int(n) >= len(k.labels) || k.labels[n] == 0 {
		return 0, false
	}
	return int(k.labels[n] - 1), true
}

// Trial is a fix that was tried, and whether it ended the ticket for good.
type Trial struct {
	Fix    engine.ItemNum
	Solved bool
}

// Solved is what became of one ticket.
type Solved struct {
	Trials []Trial
	Place  Place
}

// Place is where a ticket came from, as far as habits are learnt of it. Empty is unknown.
type Place struct {
	product string // what it is about
	age     string // a bucket of the time since that was bought
	channel string
}

// NewKnowledge joins a head with what became of its questions: solved[i] belongs to its
// question i. Outcomes of tickets the head had no room for count as well: solved may be
// longer. ids must know every fix.
func NewKnowledge(ids *catalogue.IDs, h *head.Model, fixes []engine.ItemNum, solved []Solved) *Knowledge {
	k := &Knowledge{Head: h, Fixes: fixes, ids: ids}
	k.number()
	for i := range min(len(solved), h.Questions()) {
		k.trials = append(k.trials, solved[i].Trials)
	}
	k.Outcomes, k.Habits = newOutcomes(solved), newHabits(solved)
	k.lay()
	return k
}

// number lays the labels by fix.
func (k *Knowledge) number() {
	for l, n := range k.Fixes {
		if missing := int(n) + 1 - len(k.labels); missing > 0 {
			k.labels = append(k.labels, make([]int32, missing)...)
		}
		k.labels[n] = int32(l + 1)
	}
}

// Remember notes the texts of the head's questions, by their hashes: for Vectors. It is for who
// makes the knowledge.
func (k *Knowledge) Remember(texts []engine.Hash16) {
	k.texts = texts[:min(len(texts), k.Head.Questions())]
}

// Vectors returns the vectors of the head's questions by the hashes of their texts, so that
// those that are learnt from again need not be encoded again.
func (k *Knowledge) Vectors() map[engine.Hash16][]float32 {
	out := make(map[engine.Hash16][]float32, len(k.texts))
	for i, h := range k.texts {
		if v := k.Head.VectorOf(i); v != nil {
			out[h] = v
		}
	}
	return out
}

// PlaceOf returns where the ticket comes from.
func (in *Input) PlaceOf() Place { return (&search{Input: in}).place() }

func (s *search) place() Place {
	p := Place{channel: s.Channel}
	if len(s.Products) > 0 {
		p.product = string(s.Catalogue.IDs().ID(s.Products[0]))
		p.age = s.age(s.Products[0])
	}
	return p
}

// ageDays are the bounds between buckets of how long somebody has had a product: unpacked,
// getting used to it, in use, out of the first guarantee, old.
var ageDays = []int{7, 45, 365, 730}

// age is the bucket of how long ago the product was last bought.
func (s *search) age(product engine.ItemNum) string {
	var at time.Time
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Type == engine.Purchase && r.Num == product && r.Item != "" && r.At.After(at) && !r.At.After(s.Now) {
			at = r.At
		}
	}
	if at.IsZero() {
		return ""
	}
	days := int(s.Now.Sub(at).Hours() / 24)
	bucket, _ := slices.BinarySearch(ageDays, days)
	return strconv.Itoa(bucket)
}

// counts are how often something was tried, and how often it solved.
type counts struct{ solved, tried float64 }

// Outcomes are what fixes have come to: the chance that a fix ends a ticket, shrunk to the
// mean of all by empirical Bayes (a beta-binomial, Griffiths 1973): the fewer its trials,
// the nearer to the mean.
type Outcomes struct {
	failures bool    // known of any: without, what solved says nothing of what does not
	mean     float64 // of all trials
	level    float64 // log odds of that
	strength float64 // how many trials the prior is worth
	byFix    map[engine.ItemNum]counts
	byPlace  map[fixAt]counts
}

type fixAt struct {
	fix     engine.ItemNum
	product string
}

// The steps from a fix to this product and this issue are shrunk by as many trials: of a
// fix that works elsewhere, eight failures here are needed to believe half of it.
const stepStrength = 8

func newOutcomes(solved []Solved) *Outcomes {
	o := &Outcomes{byFix: make(map[engine.ItemNum]counts), byPlace: make(map[fixAt]counts)}
	for i := range solved {
		for _, t := range solved[i].Trials {
			of := o.byFix[t.Fix]
			of.add(t.Solved, 1)
			o.byFix[t.Fix] = of
			if p := solved[i].Place.product; p != "" {
				at := o.byPlace[fixAt{t.Fix, p}]
				at.add(t.Solved, 1)
				o.byPlace[fixAt{t.Fix, p}] = at
			}
		}
	}
	o.sum()
	return o
}

// sum sets what all fixes together came to.
func (o *Outcomes) sum() {
	var all counts
	for _, c := range o.byFix { // whole numbers: the order changes nothing
		all.solved, all.tried = all.solved+c.solved, all.tried+c.tried
	}
	o.failures = all.solved < all.tried
	o.mean = (all.solved + 1) / (all.tried + 2)
	o.level = logit(o.mean)
	o.strength = o.fitStrength()
}

func (c *counts) add(solved bool, weight float64) {
	c.tried += weight
	if solved {
		c.solved += weight
	}
}

// fitStrength returns the strength of the prior under which the fixes' counts are likeliest,
// of powers of two: the likelihood is flat, and a finer figure would claim too much.
func (o *Outcomes) fitStrength() float64 {
	best, at := math.Inf(-1), 2.0
	for s := 2.0; s <= 64; s *= 2 {
		var sum float64
		a, b := o.mean*s, (1-o.mean)*s
		fixes := make([]counts, 0, len(o.byFix))
		for _, c := range o.byFix {
			fixes = append(fixes, c)
		}
		slices.SortFunc(fixes, func(x, y counts) int { // one order of summation
			if x.tried != y.tried {
				return int(x.tried - y.tried)
			}
			return int(x.solved - y.solved)
		})
		for _, c := range fixes {
			sum += logBeta(a+c.solved, b+c.tried-c.solved) - logBeta(a, b)
		}
		if sum > best {
			best, at = sum, s
		}
	}
	return at
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// chance is the chance that a fix ends a ticket about a product, after what it came to in
// tickets like this one (local).
func (o *Outcomes) chance(fix engine.ItemNum, product string, local counts, own *Own) float64 {
	c, at := o.byFix[fix], o.byPlace[fixAt{fix, product}]
	for _, t := range own.trials(fix) {
		c.add(t.Solved, -1)
		if product != "" && product == own.Solved.Place.product {
			at.add(t.Solved, -1)
		}
	}
	return o.shrunk(c, at, product != "", local)
}

// shrunk is the chance of a fix that came to so much in all, for the product of the ticket,
// where that is known, and in tickets like it.
func (o *Outcomes) shrunk(all, at counts, known bool, local counts) float64 {
	p := all.shrunk(o.mean, o.strength)
	if known {
		p = at.shrunk(p, stepStrength)
	}
	return local.shrunk(p, stepStrength)
}

// Chance is the chance that a fix ends a ticket it is tried on, whatever that is about.
func (o *Outcomes) Chance(fix engine.ItemNum) float64 { return o.chance(fix, "", counts{}, nil) }

func (c counts) shrunk(mean, strength float64) float64 {
	return (mean*strength + c.solved) / (strength + c.tried)
}

// scaled is that chance on the scale of Outcome.
func (o *Outcomes) scaled(all, at counts, known bool, local counts) float64 {
	if !o.failures {
		return 0
	}
	return bounded((logit(o.shrunk(all, at, known, local)) - o.level) / 3)
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func bounded(x float64) float64 { return max(-1, min(1, x)) }

// Habits say which fixes end tickets of which place more often than others.
type Habits struct {
	fixes  [places]map[engine.ItemNum]map[string]float64
	totals [places]map[string]float64
	all    [places]float64
}

const places = 3

func (p *Place) values() [places]string { return [places]string{p.product, p.age, p.channel} }

func noHabits() *Habits {
	h := &Habits{}
	for f := range places {
		h.fixes[f], h.totals[f] = make(map[engine.ItemNum]map[string]float64), make(map[string]float64)
	}
	return h
}

// add counts so many tickets of a place that a fix ended.
func (h *Habits) add(f int, fix engine.ItemNum, value string, times float64) {
	if h.fixes[f][fix] == nil {
		h.fixes[f][fix] = make(map[string]float64)
	}
	h.fixes[f][fix][value] += times
	h.totals[f][value] += times
	h.all[f] += times
}

func newHabits(solved []Solved) *Habits {
	h := noHabits()
	for i := range solved {
		for f, v := range solved[i].Place.values() {
			if v == "" {
				continue
			}
			for _, t := range solved[i].Trials {
				if t.Solved {
					h.add(f, t.Fix, v, 1)
				}
			}
		}
	}
	return h
}

// habitStrength is how many solved tickets of a fix are needed before its own habits
// count half.
const habitStrength = 5

// share is how many of all tickets that were ended have a value of a place.
func (h *Habits) share(f int, value string) float64 {
	return (h.totals[f][value] + 1) / (h.all[f] + float64(len(h.totals[f])) + 1)
}

// habit is the log ratio of how often a fix solves in such a place and how often all do, / 3:
// it ended here of all tickets of which that is known.
func habit(here, all, share float64) float64 {
	return bounded(math.Log((here/share+habitStrength)/(all+habitStrength)) / 3)
}

// With returns the knowledge with other weights, and how sure their answers are.
func (k *Knowledge) With(w *Weights, s *Sure) *Knowledge {
	out := *k
	out.Weights, out.Sure = w, s
	return &out
}
