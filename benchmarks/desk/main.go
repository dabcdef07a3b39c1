// Command desk measures the service desk where the truth is known: a made-up town of
// customers who own products, issues that depend on them, and fixes that work with a known
// chance. It appends one JSON line to the results:
//
//	go run ./benchmarks/desk
//	go run ./benchmarks/desk -only twins
//	go run ./benchmarks/desk -only gaps
//
// town: the ladder of rapport eval-solutions over tickets after a cut, whether any fix comes
// back after it failed, and how often the first answer is the fix that works best. twins:
// of two fixes that sound alike and end a ticket with chances 0.8 and 0.5, how often the
// better one is first after 50 trials, over many seeds. gaps: of kinds of trouble that no fix
// ends, planted in small towns, how many are found, and how much else is called one.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/training/desk"
	"github.com/rapportengine/rapport/training/evaluate"
)

// result is what a run found.
type result struct {
	Town      *evaluate.Report `json:"town,omitempty"`
	Asked     int              `json:"asked_again,omitempty"`
	CameBack  int              `json:"failed_came_back"`
	Tries     []tried          `json:"tries,omitempty"` // of one ticket after another failed, the first first
	Seeds     int              `json:"seeds,omitempty"`
	BetterWon float64          `json:"better_first,omitempty"`
	Alone     float64          `json:"better_first_by_tally,omitempty"` // what whoever counts alone would reach
	Gaps      *gapsFound       `json:"gaps,omitempty"`
}

func main() {
	customers := flag.Int("customers", 3_000, "of the town")
	before := flag.Int("before", 6_000, "tickets to learn from")
	after := flag.Int("after", 5_500, "tickets to answer")
	seeds := flag.Int("seeds", 200, "of the twins")
	seed := flag.Uint64("seed", 1, "of the town, and the first of the twins")
	towns := flag.Int("towns", 50, "that gaps are planted in")
	only := flag.String("only", "", "town, twins or gaps; empty for all")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "goroutines")
	results := flag.String("results", measure.Results, "file to append the JSON line to")
	measure.Main("desk", "Does the desk find what is true?", func(ctx context.Context) error {
		out := new(result)
		if *only == "" || *only == "town" {
			if err := out.town(ctx, drawTown(*seed, *customers, *before, *after), *workers); err != nil {
				return err
			}
		}
		if *only == "" || *only == "twins" {
			if err := out.twins(ctx, *seed, *seeds); err != nil {
				return err
			}
		}
		if *only == "" || *only == "gaps" {
			var err error
			if out.Gaps, err = findGaps(ctx, *seed, *towns); err != nil {
				return err
			}
			out.Gaps.print()
		}
		return measure.Append(*results, "desk", fmt.Sprintf("town of %d customers, %d tickets before and %d after the cut", *customers, *before, *after), out)
	})
}

// town asks every ticket after the cut, and again after its first answer has failed.
func (r *result) town(ctx context.Context, t *town, workers int) error {
	e := &desk.Evaluation{
		Solutions: t.solutions, Events: t.events, Train: t.solved, Questions: t.asked, K: []int{1, 3, 5},
		Embedder: sentence.New(workers), Options: desk.Options{Workers: workers},
		Progress: func(share float64, what string) { measure.Say("town: %.0f %%, %s", 100*share, what) },
	}
	report, err := e.Run(ctx)
	if err != nil {
		return err
	}
	r.Town = report
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	return r.again(ctx, t, workers)
}

// tried is how sure answers were that came after as many had failed in truth.
type tried struct {
	Answers int     `json:"answers"`
	Claimed float64 `json:"claimed"` // mean chance
	Right   float64 `json:"right"`   // share
	ECE     float64 `json:"ece"`     // of their chances, by tenths
}

// triedOf judges answers by what they claimed.
func triedOf(claims []evaluate.Claim, seed uint64) tried {
	out := tried{Answers: len(claims)}
	for _, c := range claims {
		out.Claimed += c.Chance / float64(len(claims))
		if c.Right {
			out.Right += 1 / float64(len(claims))
		}
	}
	out.ECE = evaluate.Resampling{Seed: seed}.CertaintyMetrics(claims)["ece"].Value
	return out
}

// askedAgain is how many tickets are asked once more.
const askedAgain = 1_000

func (r *result) again(ctx context.Context, t *town, workers int) error {
	shop, err := desk.NewShop(ctx, t.solutions, t.events, sentence.New(workers))
	if err != nil {
		return err
	}
	tickets, err := shop.Tickets(ctx, t.solved)
	if err != nil {
		return err
	}
	learnt, err := shop.Learn(ctx, tickets, desk.Options{Workers: workers})
	if err != nil {
		return err
	}
	asked, err := shop.Tickets(ctx, t.asked[:min(askedAgain, len(t.asked))])
	if err != nil {
		return err
	}
	limits := solution.NewLimits(engine.DefaultSupport())
	actions := make(map[engine.Action]int)
	var claims [3][]evaluate.Claim
	for i := range asked {
		in := asked[i].Input
		in.Lexicon, in.Knowledge = learnt.Lexicon, learnt.Knowledge
		open := true // in truth
		for try := range claims {
			said := solution.Suggest(&in)
			actions[limits.Decide(&in, &said).Action]++
			if len(said.Fixes) == 0 {
				break
			}
			r.Asked++
			if open {
				right := slices.Contains(asked[i].Right, said.Fixes[0].Num)
				claims[try] = append(claims[try], evaluate.Claim{Chance: said.Chance, Right: right, Nothing: asked[i].Nothing()})
				open = !right
			}
			for _, failed := range in.Tried {
				if said.Fixes[0].Num == failed {
					r.CameBack++
				}
			}
			in.Tried = append(in.Tried, said.Fixes[0].Num)
		}
	}
	for n, c := range claims {
		if len(c) == 0 {
			break
		}
		t := triedOf(c, 0)
		r.Tries = append(r.Tries, t)
		fmt.Printf("after %d failed: claimed %.3f, right %.3f of %d, ECE %.3f\n", n, t.Claimed, t.Right, t.Answers, t.ECE)
	}
	fmt.Printf("asked %d times, after up to two failures: a failed fix was first %d times; actions %v\n", r.Asked, r.CameBack, actions)
	return nil
}

// twinTrials is how many tickets two fixes share before they are compared.
const twinTrials = 50

// twins draws two fixes of one sound, and tickets on which they were tried in turn.
func (r *result) twins(ctx context.Context, first uint64, seeds int) error {
	won, alone := 0.0, 0.0
	for seed := first; seed < first+uint64(seeds); seed++ {
		rng := rand.New(rand.NewPCG(seed, 99))
		better := engine.ItemID([]string{"fix-a", "fix-b"}[rng.IntN(2)])
		items := []engine.Item{{ID: "fix-a", Title: "The lamp does not light"}, {ID: "fix-b", Title: "The lamp does not light"}, {ID: "fix-c", Title: "The parcel is late"}}
		var solved []record.Question
		count := map[engine.ItemID]float64{}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for n := range twinTrials {
			fix := items[n%2].ID
			chance := 0.5
			if fix == better {
				chance = 0.8
			}
			q := record.Question{Text: fmt.Sprintf("my lamp does not light, number %d", rng.IntN(1000)), At: at.Add(time.Duration(n) * time.Hour)}
			q.Tried = []engine.Tried{{Item: fix, Outcome: "not_solved"}}
			if rng.Float64() < chance {
				q.Tried[0].Outcome, q.Relevant = "solved", []engine.ItemID{fix}
				count[fix]++
			}
			solved = append(solved, q)
		}
		shop, err := desk.NewShop(ctx, items, nil, nil)
		if err != nil {
			return err
		}
		tickets, err := shop.Tickets(ctx, solved)
		if err != nil {
			return err
		}
		learnt, err := shop.Learn(ctx, tickets, desk.Options{})
		if err != nil {
			return err
		}
		asked, err := shop.Tickets(ctx, []record.Question{{Text: "the lamp does not light any more"}})
		if err != nil {
			return err
		}
		in := asked[0].Input
		in.Lexicon, in.Knowledge = learnt.Lexicon, learnt.Knowledge
		if said := solution.Suggest(&in); len(said.Fixes) > 0 && said.Fixes[0].Item == better {
			won++
		}
		other := engine.ItemID("fix-a")
		if better == other {
			other = "fix-b"
		}
		switch {
		case count[better] > count[other]:
			alone++
		case count[better] == count[other]:
			alone += 0.5
		}
	}
	r.Seeds, r.BetterWon, r.Alone = seeds, won/float64(seeds), alone/float64(seeds)
	fmt.Printf("of two fixes that sound alike the better one is first in %.1f %% of %d seeds after %d trials; by the counts alone it would be in %.1f %%\n", 100*r.BetterWon, seeds, twinTrials, 100*r.Alone)
	return nil
}
