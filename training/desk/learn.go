package desk

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// Options say how a desk learns. The zero value is useful.
type Options struct {
	Head    head.Options // zero for head.DefaultOptions
	Seed    uint64
	Workers int
	// Older are what became of tickets whose texts are not learnt from: they count in
	// outcomes and habits.
	Older []solution.Solved
}

const (
	// hidden is in how many parts the questions are hidden from the lexicon when the
	// weights are fitted: of a question that its fix was already asked, words say all.
	hidden = 5
	// weighed is how many tickets the weights are fitted on, those that nothing fits aside:
	// some 20 numbers need no more, and each costs an answer.
	weighed = 4_000
)

// Learnt is what was learnt, and the tickets it was weighed by, so that others weights can
// be fitted on fewer kinds of evidence.
type Learnt struct {
	Knowledge *solution.Knowledge
	Lexicon   *text.Index // with the questions that fixes answered
	choices   []solution.Choice
	fresh     []solution.Choice                          // of fixes that nobody had tried
	unknown   []solution.Choice                          // of what the shop has no fix for: together one ticket
	of        share                                      // how many tickets they stand for
	together  map[engine.ItemNum]map[engine.ItemNum]bool // fixes that were tried on one ticket, by each of them
}

// Learn learns from solved tickets that teach (see Ticket.Teaches), the newest first.
func (s *Shop) Learn(ctx context.Context, tickets []Ticket, o Options) (*Learnt, error) {
	o.Workers = max(1, o.Workers)
	fixes, labels := labelled(tickets)
	questions := make([]head.Question, len(tickets))
	for i := range tickets {
		questions[i] = head.Question{Text: tickets[i].Text, Vector: tickets[i].Vector}
		for _, n := range tickets[i].Right {
			questions[i].Labels = append(questions[i].Labels, labels[n])
		}
	}
	solved := make([]solution.Solved, len(tickets), len(tickets)+len(o.Older))
	for i := range tickets {
		solved[i] = tickets[i].Solved
	}
	solved = append(solved, o.Older...)
	rng := rand.New(rand.NewPCG(o.Seed, 0x6465736b))
	out := &Learnt{together: together(solved)}
	blind := newBlind(tickets, rng)
	h, held, err := head.Fit(ctx, questions, len(fixes), blind.parts, o.Head, o.Workers)
	if err != nil {
		return nil, err
	}
	out.Knowledge = solution.NewKnowledge(s.Catalogue.IDs(), h, fixes, solved)
	if s.Embedder != nil {
		out.Knowledge.Encoder = s.Embedder.Name()
		texts := make([]engine.Hash16, len(tickets))
		for i := range tickets {
			texts[i] = engine.HashOf(tickets[i].Text)
		}
		out.Knowledge.Remember(texts)
	}
	out.Knowledge.Asked = text.CountAsked(askedOf(tickets, func(int) bool { return true }))
	out.Lexicon = s.Lexicon.WithAsked(out.Knowledge.Asked)
	s.things(out.Knowledge, out.Lexicon, tickets)
	if err := s.weigh(ctx, out, tickets, held.Each, rng, o.Workers); err != nil {
		return nil, err
	}
	fresh, gone, err := blind.choices(ctx, s, out, tickets, held.Parts, rng, o.Workers)
	if err != nil {
		return nil, err
	}
	strange, err := s.strange(ctx, out)
	if err != nil {
		return nil, err
	}
	out.fresh = weighing(fresh, freshOf(tickets))
	out.unknown, out.of = unknown(gone, strange), unknownOf(tickets)
	weights, sure, err := out.fit(solution.Kinds())
	if err != nil {
		return nil, err
	}
	out.Knowledge = out.Knowledge.With(weights, sure)
	return out, nil
}

// labelled numbers the fixes by how many tickets they end, most first: the head learns as
// many as it has room for.
func labelled(tickets []Ticket) ([]engine.ItemNum, map[engine.ItemNum]int) {
	count := make(map[engine.ItemNum]int)
	var fixes []engine.ItemNum
	for i := range tickets {
		for _, n := range tickets[i].Right {
			if count[n]++; count[n] == 1 {
				fixes = append(fixes, n)
			}
		}
	}
	slices.SortFunc(fixes, func(a, b engine.ItemNum) int {
		if d := count[b] - count[a]; d != 0 {
			return d
		}
		return int(a) - int(b)
	})
	labels := make(map[engine.ItemNum]int, len(fixes))
	for l, n := range fixes {
		labels[n] = l
	}
	return fixes, labels
}

// askedOf are the questions that fixes answered, of the tickets that are in.
func askedOf(tickets []Ticket, in func(i int) bool) map[engine.ItemNum][]text.Question {
	out := make(map[engine.ItemNum][]text.Question)
	for i := range tickets {
		if in(i) {
			for _, n := range tickets[i].Right {
				t := &tickets[i]
				out[n] = append(out[n], text.Question{Text: t.Text, Language: text.Tongue(t.Text, t.Language)})
			}
		}
	}
	return out
}

// things sets the words of products' names that the lexicon has, and the codes in them, without those of tickets that
// said nothing else and were ended by a fix: they say what is the matter, as "charging" does where
// a cable has that name. k is what the tickets taught so far.
func (s *Shop) things(k *solution.Knowledge, lexicon *text.Index, tickets []Ticket) {
	k.Things = make(map[string]bool)
	for _, it := range s.Catalogue.Items() {
		if it.KindOrProduct() != engine.Product {
			continue
		}
		for _, w := range text.Words(it.Title, it.Language) {
			if thing := solution.ThingOf(w.Surface); !k.Things[thing] && (text.IsCode(w.Term) || lexicon.Known([]string{w.Term}) > 0) {
				k.Things[thing] = true
			}
		}
	}
	for i := range tickets {
		t := &tickets[i]
		if len(t.Right) == 0 || len(k.Things) == 0 {
			continue
		}
		words := text.Words(t.Gist(), text.Tongue(t.Text, t.Language))
		if !k.Names(lexicon, words) || text.Denies(t.Gist(), t.Language) {
			continue
		}
		for _, w := range words {
			delete(k.Things, solution.ThingOf(w.Surface))
		}
	}
}

// weigh asks tickets as if they were new: the lexicon does not know them, the head is the
// one without them, what became of them is taken out of outcomes and habits. Those that the
// head has no room for it is asked as it is.
func (s *Shop) weigh(ctx context.Context, l *Learnt, tickets []Ticket, held []float32, rng *rand.Rand, workers int) error {
	part := make([]int, len(tickets))
	for i, at := range rng.Perm(len(tickets)) {
		part[at] = i % hidden
	}
	picked, weight := sample(tickets, rng)
	labels, learnt := l.Knowledge.Head.Labels(), l.Knowledge.Head.Questions()
	l.choices = make([]solution.Choice, len(picked))
	for p := range hidden { // one lexicon at a time: they are large
		lexicon := s.Lexicon.WithAsked(text.CountAsked(askedOf(tickets, func(i int) bool { return part[i] != p })))
		places := placesOf(picked, func(i int) bool { return part[i] == p })
		vector.Fork(workers, len(places), func(_, n int) {
			if ctx.Err() != nil {
				return
			}
			at := places[n]
			i := picked[at]
			in := tickets[i].Input
			in.Lexicon, in.Knowledge, in.Tried = lexicon, l.Knowledge, nil
			in.Own = &solution.Own{Question: -1, Solved: &tickets[i].Solved}
			if i < learnt {
				in.Own.Question, in.Own.Scores = i, held[i*labels:][:labels]
			}
			l.choices[at] = solution.ChoiceOf(&in, tickets[i].Right)
			if tickets[i].Partly {
				l.choices[at].Trials = tickets[i].Solved.Trials
			}
			if len(tickets[i].Right) > 0 {
				l.choices[at].Weight = weight
			}
		})
	}
	return ctx.Err()
}

// placesOf are the places of those of a list that are in.
func placesOf(list []int, in func(i int) bool) (out []int) {
	for at, i := range list {
		if in(i) {
			out = append(out, at)
		}
	}
	return out
}

// sample are the tickets that weights are fitted on: all that nothing ends, as there are
// few, and of the others as many as are weighed, each for weight of them.
func sample(tickets []Ticket, rng *rand.Rand) (picked []int, weight float64) {
	var ended []int
	for i := range tickets {
		if len(tickets[i].Right) == 0 {
			picked = append(picked, i)
		} else {
			ended = append(ended, i)
		}
	}
	picked = picked[:min(len(picked), weighed)]
	rng.Shuffle(len(ended), func(i, j int) { ended[i], ended[j] = ended[j], ended[i] })
	weight = 1
	if len(ended) > weighed {
		weight = float64(len(ended)) / weighed
		ended = ended[:weighed]
	}
	return append(picked, ended...), weight
}

// fit returns the weights of some kinds of evidence and how sure their first answers are.
func (l *Learnt) fit(kinds []solution.Evidence) (*solution.Weights, *solution.Sure, error) {
	if len(l.choices) == 0 {
		return solution.DefaultWeights(), nil, nil
	}
	choices := make([]solution.Choice, 0, len(l.choices)+len(l.fresh)+len(l.unknown))
	for i := range l.choices {
		choices = append(choices, l.choices[i].Only(kinds))
	}
	for i := range l.fresh {
		choices = append(choices, l.fresh[i].Only(kinds))
	}
	known := len(choices)
	order, err := solution.Fit(choices, solution.DefaultWeights())
	if err != nil {
		return nil, nil, err
	}
	for i := range l.unknown {
		c := l.unknown[i].Only(kinds)
		c.Weight *= l.of.fitted
		choices = append(choices, c)
	}
	// What the shop has no fix for says when none fits, not which fix is better than another: of
	// 5,500 tickets of a town, one in fifty had a worse first fix where it did.
	weights, err := solution.FitNothing(choices, solution.DefaultWeights(), order)
	if err != nil {
		return nil, nil, err
	}
	weights.Nothing[0] += l.of.shift()
	var chances, right, counts []float64
	for i := range choices {
		list, _, chance := choices[i].Rank(weights)
		if len(list) == 0 {
			continue // nothing is shown, and nothing is claimed
		}
		count := choices[i].Weighs()
		if i >= known {
			count *= l.of.missing / l.of.fitted
		}
		chances, right = append(chances, chance), append(right, l.ended(&choices[i], list[0]))
		counts = append(counts, count)
	}
	sure := solution.FitSure(chances, right, counts)
	if sure != nil {
		l.again(sure, choices[:len(l.choices)], weights)
	}
	return weights, sure, nil
}

// again teaches how sure answers are after others failed, by the tries of the choices: each that
// failed is followed by what would be said next.
func (l *Learnt) again(sure *solution.Sure, choices []solution.Choice, weights *solution.Weights) {
	var chances, right, counts []float64
	var after []int
	for i := range choices {
		var failed []engine.ItemNum
		for _, t := range choices[i].Trials {
			if t.Solved || slices.Contains(failed, t.Fix) {
				continue
			}
			failed = append(failed, t.Fix)
			next := choices[i].Without(failed)
			list, _, chance := next.Rank(weights)
			if len(list) == 0 {
				break
			}
			chances, right = append(chances, chance), append(right, l.ended(&next, list[0]))
			counts, after = append(counts, next.Weighs()), append(after, len(failed))
		}
	}
	sure.Again(chances, right, counts, after)
}

// together are the fixes that were tried on one ticket, by each of them, itself among them.
func together(solved []solution.Solved) map[engine.ItemNum]map[engine.ItemNum]bool {
	out := make(map[engine.ItemNum]map[engine.ItemNum]bool)
	for i := range solved {
		for _, a := range solved[i].Trials {
			if out[a.Fix] == nil {
				out[a.Fix] = make(map[engine.ItemNum]bool)
			}
			for _, b := range solved[i].Trials {
				out[a.Fix][b.Fix] = true
			}
		}
	}
	return out
}

// ended is the chance that a fix of the choice would have ended the ticket: 1 or 0 where
// that is known. A fix that nobody tried on it, though it was tried beside those that were
// on other tickets, is another try at the same trouble, and has the chance it mostly has;
// one that never was is for another trouble. Leaving such tickets out instead would count
// right answers only: a fix for another trouble is seldom tried.
func (l *Learnt) ended(c *solution.Choice, place int) float64 {
	switch ended, known := c.Ended(place); {
	case ended:
		return 1
	case known:
		return 0
	}
	for _, t := range c.Trials {
		if l.together[c.Fixes[place]][t.Fix] {
			return l.Knowledge.Outcomes.Chance(c.Fixes[place])
		}
	}
	return 0
}
