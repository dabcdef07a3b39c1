package desk

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

const (
	// blinds is in how many parts the fixes are hidden, one part at a time.
	blinds = 10
	// blindMost is how many tickets are asked with their fixes hidden.
	blindMost = 1_000
)

// blind are tickets as they would be asked in a shop that knows nothing of what ends them:
// whatever is said first is wrong. A shop's own tickets of that kind are few, and most desks
// keep none, so that without these a fix that looks as good as fixes mostly do would be thought
// to be right as often as fixes are for what has one. And they are tickets as they would be asked
// while nobody has tried what ends them, without which that a fix is known for its tickets would
// be thought to speak against every other.
type blind struct {
	parts [][]int            // of tickets, by place
	of    []int              // part of a ticket; -1 for none
	fixes [][]engine.ItemNum // of a part, hidden together
}

// newBlind lays the fixes that tickets name in parts: those that ended one ticket stay together.
// Those that failed on it need not, as by them all fixes of a desk soon hang together; whoever asks
// for what is gone leaves them out as well (beside). What is the better half of a shop stays in
// sight: without it, it is no such shop any more.
func newBlind(tickets []Ticket, rng *rand.Rand) *blind {
	leader := make(map[engine.ItemNum]engine.ItemNum)
	var find func(n engine.ItemNum) engine.ItemNum
	find = func(n engine.ItemNum) engine.ItemNum {
		to, known := leader[n]
		if !known {
			leader[n] = n
		}
		if !known || to == n {
			return n
		}
		leader[n] = find(to)
		return leader[n]
	}
	join := func(a, b engine.ItemNum) {
		a, b = find(a), find(b)
		leader[max(a, b)] = min(a, b)
	}
	first := func(t *Ticket) (engine.ItemNum, bool) { // all that ended a ticket has one leader
		switch {
		case len(t.Right) > 0:
			return t.Right[0], true
		case len(t.Solved.Trials) > 0:
			return t.Solved.Trials[0].Fix, true
		}
		return 0, false
	}
	count := make(map[engine.ItemNum]int)
	for i := range tickets {
		for _, n := range tickets[i].Right {
			join(n, tickets[i].Right[0])
		}
		for _, trial := range tickets[i].Solved.Trials {
			find(trial.Fix)
		}
	}
	for i := range tickets {
		if n, ok := first(&tickets[i]); ok {
			count[find(n)]++
		}
	}
	leaders := slices.DeleteFunc(slices.Sorted(maps.Keys(count)), func(n engine.ItemNum) bool { return 2*count[n] > len(tickets) })
	rng.Shuffle(len(leaders), func(i, j int) { leaders[i], leaders[j] = leaders[j], leaders[i] })
	b := &blind{parts: make([][]int, min(blinds, len(leaders))), of: make([]int, len(tickets))}
	b.fixes = make([][]engine.ItemNum, len(b.parts))
	part := make(map[engine.ItemNum]int)
	for i, n := range leaders {
		part[n] = i % len(b.parts)
	}
	for i := range tickets {
		b.of[i] = -1
		if n, ok := first(&tickets[i]); ok {
			if p, hidden := part[find(n)]; hidden {
				b.of[i], b.parts[p] = p, append(b.parts[p], i)
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(leader)) {
		if p, hidden := part[find(n)]; hidden {
			b.fixes[p] = append(b.fixes[p], n)
		}
	}
	return b
}

// choices asks tickets twice. Once their fixes are new to the shop, as if nobody had ever tried
// them: what is known of these but for their own words is hidden, the questions they answered, in
// the head and in the lexicon, among it. And once the shop does not have them at all, nor what was
// tried beside them, which may end them as well.
func (b *blind) choices(ctx context.Context, s *Shop, l *Learnt, tickets []Ticket, scores []float32, rng *rand.Rand, workers int) (fresh, gone []solution.Choice, err error) {
	labels, learnt := l.Knowledge.Head.Labels(), l.Knowledge.Head.Questions()
	var asked []int
	for i := range min(learnt, len(tickets)) {
		if b.of[i] >= 0 && len(tickets[i].Right) > 0 {
			asked = append(asked, i)
		}
	}
	rng.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
	asked = asked[:min(len(asked), blindMost)]
	fresh, gone = make([]solution.Choice, len(asked)), make([]solution.Choice, len(asked))
	for p, hidden := range b.fixes { // one shop at a time: their lexicons are large
		places := placesOf(asked, func(i int) bool { return b.of[i] == p })
		if len(places) == 0 {
			continue
		}
		unseen := slices.DeleteFunc(slices.Clone(b.parts[p]), func(i int) bool { return i >= learnt })
		eligible := s.Fixes.Clone()
		out := make([]catalogue.Entry, len(hidden))
		for i, n := range hidden {
			eligible.Remove(uint32(n))
			out[i].Num = n
		}
		with := s.Lexicon.WithAsked(text.CountAsked(askedOf(tickets, func(i int) bool { return b.of[i] != p })))
		without := with.With(out)
		vector.Fork(workers, len(places), func(_, n int) {
			if ctx.Err() != nil {
				return
			}
			at := places[n]
			i := asked[at]
			in := tickets[i].Input
			in.Knowledge, in.Tried = l.Knowledge, nil
			in.Own = &solution.Own{Question: i, Scores: scores[i*labels:][:labels], Solved: &tickets[i].Solved, Unseen: unseen, Hidden: hidden}
			in.Lexicon = with
			fresh[at] = solution.ChoiceOf(&in, tickets[i].Right)
			if tickets[i].Partly {
				fresh[at].Trials = tickets[i].Solved.Trials
			}
			in.Lexicon, in.Eligible, in.Tried = without, eligible, l.beside(tickets[i].Right)
			gone[at] = solution.ChoiceOf(&in, nil)
		})
	}
	return fresh, gone, ctx.Err()
}

// beside are the fixes that were tried on a ticket on which some of these were, those among them.
func (l *Learnt) beside(fixes []engine.ItemNum) (out []engine.ItemNum) {
	for _, n := range fixes {
		out = slices.AppendSeq(out, maps.Keys(l.together[n]))
	}
	return out
}

// freshLeast is which share of tickets a fix ends that nobody has tried before, at least: a desk
// that writes new ones gets tickets for them, however many of the old it keeps.
const freshLeast = 0.05

// freshOf returns for how many tickets those stand whose fix nobody has tried: as many as ended by a
// fix that ended no other, as how often something new comes is how often what came was seen
// once (Good 1953).
func freshOf(tickets []Ticket) float64 {
	count := make(map[engine.ItemNum]int)
	for i := range tickets {
		for _, n := range tickets[i].Right {
			count[n]++
		}
	}
	ended, once := 0, 0
	for i := range tickets {
		if right := tickets[i].Right; len(right) > 0 {
			ended++
			if !slices.ContainsFunc(right, func(n engine.ItemNum) bool { return count[n] > 1 }) {
				once++
			}
		}
	}
	return max(float64(once), freshLeast*float64(ended))
}

// weighing sets what each of some choices stands for: so many tickets in all.
func weighing(choices []solution.Choice, all float64) []solution.Choice {
	for i := range choices {
		choices[i].Weight = all / float64(len(choices))
	}
	return choices
}
