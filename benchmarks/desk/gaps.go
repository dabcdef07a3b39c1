package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/gap"
	"github.com/rapportengine/rapport/engine/record"
)

// bare are issues that the desk has no fix for, with the ways of telling them.
var bare = []issue{
	{name: "smell", ways: []string{"it smells of burnt plastic", "there is a chemical odour", "a nasty plastic smell comes out of it", "it stinks up the kitchen", "my eyes water from the fumes"}},
	{name: "paint", ways: []string{"the paint comes off", "the coating is peeling", "white flakes fall into my cup", "the finish is chipping", "the colour wears away at the edges"}},
	{name: "invoice", ways: []string{"I need an invoice with my tax number", "the bill lacks the VAT number", "please correct the company name on the invoice", "my accountant refuses your receipt", "the billing address is our old one"}},
	{name: "subscription", ways: []string{"how do I cancel the filter subscription", "filters keep arriving every month", "stop the monthly deliveries", "I was charged again after cancelling", "end my contract for refills"}},
	{name: "language", ways: []string{"the menu is in Chinese", "the display shows the wrong language", "I cannot read what the screen says", "it switched to a foreign tongue after the update", "change everything to English"}},
	{name: "engraving", ways: []string{"the engraving has a spelling mistake", "my name is misspelled", "wrong letters were cut into the metal", "you wrote Jon and not Joan on it", "the inscription is crooked"}},
	{name: "child lock", ways: []string{"the child lock will not open any more", "I forgot the code", "my kid pressed something and the keys are blocked", "a padlock symbol blinks", "it wants a number that I never set"}},
	{name: "voucher", ways: []string{"my gift voucher is not accepted", "the code is refused at checkout", "the card says it was used already", "the discount was not deducted", "the coupon shows no value"}},
}

const (
	gapTown    = 1_500 // tickets of a town that gaps are planted in
	gapsInTown = 4
	leastGap   = 8 // tickets of a planted gap
	mostGap    = 40
)

// labelled is a ticket with what it is about: an issue that has fixes ("covered"), a planted
// gap, or what nothing fits.
type labelled struct {
	gap.Ticket
	about string
}

const covered = "covered"

// plant draws a town with gaps: its tickets, with names of the gaps that were planted.
func plant(seed uint64) (tickets []labelled, planted []string) {
	t := drawTown(seed, gapTown/3, gapTown, 0)
	for i := range t.solved {
		q := &t.solved[i]
		about := covered
		if len(q.Tried) == 0 {
			for _, s := range strangers {
				if strings.Contains(q.Text, s) {
					about = s
				}
			}
		}
		tickets = append(tickets, labelled{gap.Ticket{Text: q.Text, At: q.At, Fate: fateOf(q)}, about})
	}
	rng := rand.New(rand.NewPCG(seed, 23))
	begin, span := t.solved[0].At, t.solved[len(t.solved)-1].At.Sub(t.solved[0].At)
	for _, i := range rng.Perm(len(bare))[:gapsInTown] {
		planted = append(planted, bare[i].name)
		for range leastGap + rng.IntN(mostGap-leastGap+1) {
			told := bare[i].ways[rng.IntN(len(bare[i].ways))]
			if rng.Float64() < naming {
				told = "about my " + families[rng.IntN(len(families))] + ": " + told
			}
			tickets = append(tickets, labelled{gap.Ticket{
				Text: openings[rng.IntN(len(openings))] + told + endings[rng.IntN(len(endings))],
				At:   begin.Add(time.Duration(rng.Int64N(int64(span)))), Fate: []gap.Fate{gap.Escalated, gap.Failed, gap.Without}[rng.IntN(3)],
			}, bare[i].name})
		}
	}
	return tickets, planted
}

// fateOf says what became of a town's ticket: of what nothing fits, agents wrote something.
func fateOf(q *record.Question) gap.Fate {
	switch {
	case len(q.Relevant) > 0:
		return gap.Ended
	case len(q.Tried) > 0:
		return gap.Failed
	}
	return gap.Without
}

// gapsFound is how planted gaps are found, over all towns.
type gapsFound struct {
	Towns     int          `json:"towns"`
	Tickets   int          `json:"tickets"`
	Planted   int          `json:"planted"`   // gaps
	Recall    engine.Share `json:"recall"`    // of them, those that a cluster is mostly made of
	Precision engine.Share `json:"precision"` // of the clusters found, those mostly made of what has no fix
	Clusters  int          `json:"clusters"`
	Held      float64      `json:"held"` // of the planted tickets, those in clusters mostly made of their gap
	Purity    float64      `json:"purity"`
	Pieces    float64      `json:"pieces"` // clusters that a planted gap is found in, on average
	CPUms     float64      `json:"cpu_ms_a_town"`
}

// findGaps looks for planted gaps in so many towns.
func findGaps(ctx context.Context, first uint64, towns int) (*gapsFound, error) {
	out := &gapsFound{Towns: towns}
	found, right, held, all, pure, inside, pieces := 0, 0, 0, 0, 0, 0, 0
	var took float64 // seconds
	for seed := first; seed < first+uint64(towns); seed++ {
		tickets, planted := plant(seed)
		plain := make([]gap.Ticket, len(tickets))
		for i := range tickets {
			plain[i] = tickets[i].Ticket
			if slices.Contains(planted, tickets[i].about) {
				all++
			}
		}
		var clusters []gap.Cluster
		cost, err := measure.Timed(func() (err error) {
			clusters, err = gap.Find(ctx, plain, gap.Params{})
			return err
		})
		if err != nil {
			return nil, err
		}
		took += cost.CPU
		out.Tickets, out.Planted, out.Clusters = out.Tickets+len(tickets), out.Planted+len(planted), out.Clusters+len(clusters)
		hit := make(map[string]bool)
		for _, c := range clusters {
			about, count := mostly(c.Tickets, tickets)
			pure, inside = pure+count, inside+len(c.Tickets)
			if about != covered {
				right++
			}
			if slices.Contains(planted, about) {
				hit[about] = true
				held, pieces = held+count, pieces+1
			}
		}
		found += len(hit)
	}
	out.Recall, out.Precision = engine.Wilson(found, out.Planted), engine.Wilson(right, out.Clusters)
	out.Held, out.Purity = float64(held)/float64(all), float64(pure)/float64(max(1, inside))
	out.Pieces = float64(pieces) / float64(max(1, found))
	out.CPUms = 1000 * took / float64(towns)
	return out, nil
}

// mostly returns what more than half of some tickets are about, with how many; covered where
// there is no such thing.
func mostly(of []int, tickets []labelled) (string, int) {
	count := make(map[string]int)
	for _, i := range of {
		count[tickets[i].about]++
	}
	for about, n := range count {
		if 2*n > len(of) {
			return about, n
		}
	}
	return covered, count[covered]
}

func (g *gapsFound) print() {
	fmt.Printf("of %d gaps planted in %d towns %.1f %% are found [%.1f, %.1f]; of %d clusters %.1f %% [%.1f, %.1f] are of what has no fix; %.1f %% of the planted tickets are in theirs, clusters are pure to %.1f %%, a gap is in %.1f of them; %.0f ms of CPU a town\n",
		g.Planted, g.Towns, 100*g.Recall.Value, 100*g.Recall.Low, 100*g.Recall.High, g.Clusters, 100*g.Precision.Value, 100*g.Precision.Low, 100*g.Precision.High, 100*g.Held, 100*g.Purity, g.Pieces, g.CPUms)
}
