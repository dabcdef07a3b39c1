package desk

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
)

// TestBlindHidesAllThatMayEndATicket draws tickets and holds that what is hidden for one is all that
// ended it, that all that was ever tried beside that is left out too, that no fix is in two parts,
// and that no part is more than half of what a shop knows.
func TestBlindHidesAllThatMayEndATicket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fix := rapid.Map(rapid.IntRange(0, 30), func(n int) engine.ItemNum { return engine.ItemNum(n) })
		tickets := make([]Ticket, rapid.IntRange(0, 40).Draw(t, "tickets"))
		var solved []solution.Solved
		for i := range tickets {
			for _, n := range rapid.SliceOfNDistinct(fix, 0, 3, rapid.ID).Draw(t, "tried") {
				ended := rapid.Bool().Draw(t, "ended")
				tickets[i].Solved.Trials = append(tickets[i].Solved.Trials, solution.Trial{Fix: n, Solved: ended})
				if ended {
					tickets[i].Right = append(tickets[i].Right, n)
				}
			}
			solved = append(solved, tickets[i].Solved)
		}
		b := newBlind(tickets, rand.New(rand.NewPCG(1, 1)))
		seen := make(map[engine.ItemNum]bool)
		for p, fixes := range b.fixes {
			for _, n := range fixes {
				if seen[n] {
					t.Fatalf("fix %d is in two parts", n)
				}
				seen[n] = true
			}
			if p > 0 && len(b.parts) > blinds {
				t.Fatalf("%d parts", len(b.parts))
			}
		}
		for i := range tickets {
			p := b.of[i]
			for q, part := range b.parts {
				if slices.Contains(part, i) != (p == q) {
					t.Fatalf("ticket %d is of part %d, and part %d has %v", i, p, q, part)
				}
			}
			for _, n := range tickets[i].Right {
				if p >= 0 && !slices.Contains(b.fixes[p], n) || p < 0 && seen[n] {
					t.Fatalf("fix %d of ticket %d, which is of part %d, is hidden: %v", n, i, p, seen[n])
				}
			}
			l := &Learnt{together: together(solved)}
			beside := l.beside(tickets[i].Right)
			for j := range tickets {
				common := slices.ContainsFunc(tickets[j].Solved.Trials, func(of solution.Trial) bool { return slices.Contains(tickets[i].Right, of.Fix) })
				for _, of := range tickets[j].Solved.Trials {
					if common && !slices.Contains(beside, of.Fix) {
						t.Fatalf("fix %d was tried beside what ended ticket %d, and is shown", of.Fix, i)
					}
				}
			}
		}
	})
}

// TestADeskKnowsWhatItDoesNotKnow has a shop that notes no ticket which nothing ends, and asks
// it of troubles that it has no fix for, some in words that it knows.
func TestADeskKnowsWhatItDoesNotKnow(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	things, troubles := strings.Fields("lamp clock kettle mug"), strings.Fields("flickers stopped leaks cracked smells wobbles")
	var items []engine.Item
	var train, asked []record.Question
	ask := func(thing, trouble string) record.Question {
		return record.Question{Text: fmt.Sprintf("%s the %s %s %s", []string{"hello", "please help", "sorry but"}[rng.IntN(3)], thing, trouble, []string{"since yesterday", "again", "at home"}[rng.IntN(3)])}
	}
	for _, thing := range things {
		for _, trouble := range troubles {
			item := engine.Item{ID: engine.ItemID(thing + "-" + trouble), Title: thing + " " + trouble}
			known := rng.IntN(4) > 0
			if known {
				items = append(items, item)
			}
			for range 8 {
				q := ask(thing, trouble)
				if known {
					q.Relevant = []engine.ItemID{item.ID}
					train = append(train, q)
				} else {
					asked = append(asked, q)
				}
			}
		}
	}
	var strange []record.Question
	for _, s := range []string{"1234567", "do you sell pizza", "asdf qwer", "my car needs tyres"} {
		strange = append(strange, record.Question{Text: s})
	}
	shop, err := NewShop(context.Background(), items, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	tickets := func(q []record.Question) []Ticket {
		out, err := shop.Tickets(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	learnt, err := shop.Learn(context.Background(), tickets(train), small)
	if err != nil {
		t.Fatal(err)
	}
	if learnt.Knowledge.Sure == nil {
		t.Fatal("nothing is calibrated")
	}
	limits := solution.NewLimits(engine.DefaultSupport())
	share := func(asked []Ticket) (answered float64) {
		for i := range asked {
			in := asked[i].Input
			in.Lexicon, in.Knowledge = learnt.Lexicon, learnt.Knowledge
			said := solution.Suggest(&in)
			if limits.Decide(&in, &said).Action == engine.ActionAnswer {
				answered++
			}
		}
		return answered / float64(len(asked))
	}
	if got := share(tickets(train)); got < 0.9 {
		t.Errorf("of what it has fixes for, %.2f are answered", got)
	}
	if got := share(tickets(asked)); got > 0.5 {
		t.Errorf("of other troubles of things that it knows, %.2f are answered", got)
	}
	if got := share(tickets(strange)); got > 0 {
		t.Errorf("of what it knows nothing of, %.2f are answered", got)
	}
}

// TestWhatNobodyTriedIsFound has a shop in which some fixes were never tried, and asks it for
// these in words that are theirs alone beside words that tickets of others have, and for the
// others; once where each fix that was tried ended its ticket, once where any other failed before.
func TestWhatNobodyTriedIsFound(t *testing.T) {
	for _, failed := range []float64{0, 0.3} {
		t.Run(fmt.Sprintf("%v failed", failed), func(t *testing.T) { whatNobodyTriedIsFound(t, failed) })
	}
}

func whatNobodyTriedIsFound(t *testing.T, failed float64) {
	rng := rand.New(rand.NewPCG(6, 6))
	things := strings.Fields("battery brake lock chain saddle light tyre app")
	troubles := map[string]string{"E07": "sensor magnet spoke", "E10": "cable plug pins", "stuck": "graphite spray gently", "lost": "order spare locksmith", "noise": "alcohol clean screws"}
	var items []engine.Item
	var train, tried, fresh []record.Question
	for _, thing := range things {
		for _, trouble := range slices.Sorted(maps.Keys(troubles)) {
			item := engine.Item{ID: engine.ItemID(thing + "-" + trouble), Title: thing + " " + trouble, Text: troubles[trouble] + " of the " + thing}
			items = append(items, item)
			ask := func() record.Question {
				return record.Question{
					Text:     fmt.Sprintf("%s my %s %s %s", []string{"hello", "please help", "urgent"}[rng.IntN(3)], thing, trouble, []string{"since yesterday", "again", "after the rain"}[rng.IntN(3)]),
					Relevant: []engine.ItemID{item.ID},
				}
			}
			if rng.IntN(5) == 0 {
				fresh = append(fresh, ask(), ask())
				continue
			}
			for range 12 {
				train = append(train, ask())
			}
			tried = append(tried, ask())
		}
	}
	for i := range train {
		if q := &train[i]; rng.Float64() < failed {
			other := train[rng.IntN(len(train))].Relevant[0]
			q.Tried = []engine.Tried{{Item: other, Outcome: string(engine.NotSolved)}, {Item: q.Relevant[0], Outcome: string(engine.Solved)}}
		}
	}
	for i, asked := range []struct {
		name      string
		questions []record.Question
		least     float64
	}{{"fixes that nobody tried", fresh, 0.9}, {"the others", tried, 0.95}} {
		e := &Evaluation{Solutions: items, Train: train, Questions: asked.questions, K: []int{1}, Options: small}
		report, err := e.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		best := report.Models[len(report.Models)-1].Metrics
		got, untried := best["hr@1"].Value, best["untried"].Value
		if got < asked.least || untried != got*float64(1-i) {
			t.Errorf("%s: %.2f of %d are first, of what was untried %.2f", asked.name, got, len(asked.questions), untried)
		}
	}
}

// taught has a shop learn from solved questions, and returns what it suggests to an English text.
func taught(t *testing.T, shop *Shop, solved []record.Question) func(text string) solution.Suggestion {
	t.Helper()
	tickets := func(questions []record.Question) []Ticket {
		out, err := shop.Tickets(t.Context(), questions)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	learnt, err := shop.Learn(t.Context(), tickets(solved), small)
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) solution.Suggestion {
		in := tickets([]record.Question{{Text: text, Language: "en"}})[0].Input
		in.Lexicon, in.Knowledge = learnt.Lexicon, learnt.Knowledge
		return solution.Suggest(&in)
	}
}

// TestAThingIsNoTrouble has a shop of products and asks it of things alone, of their troubles, and
// of texts that nobody there has a word of.
func TestAThingIsNoTrouble(t *testing.T) {
	products := strings.Fields("lamp clock kettle mug")
	troubles := strings.Fields("flickers stopped leaks cracked")
	var items []engine.Item
	var solved []record.Question
	for _, thing := range products {
		for _, trouble := range troubles {
			fix := engine.Item{ID: engine.ItemID(thing + "-" + trouble), Title: thing + " " + trouble}
			items = append(items, fix)
			for range 8 {
				solved = append(solved, record.Question{Text: "the " + thing + " " + trouble + " again", Relevant: []engine.ItemID{fix.ID}})
			}
		}
	}
	items = append(items, engine.Item{ID: "mug-charging", Title: "mug charging"})
	solved = append(solved, record.Question{Text: "the mug charging again", Relevant: []engine.ItemID{"mug-charging"}})
	shop, err := NewShop(t.Context(), items, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var entries []catalogue.Entry
	for _, title := range []string{"Red lamps", "Clock with a door stop", "Kettle", "Mug", "Charging cable", "Again mug"} {
		n, _ := shop.Catalogue.IDs().Assign(engine.ItemID("P-" + title))
		entries = append(entries, catalogue.Entry{Num: n, Item: &engine.Item{ID: engine.ItemID("P-" + title), Title: title}})
	}
	shop.Catalogue = shop.Catalogue.With(entries)
	suggest := taught(t, shop, solved)
	for _, c := range []struct {
		text         string
		bare, listed bool
	}{
		{"lamp", true, true},
		{"I adore my new LAMPS", true, true},
		{"the clock stopped", false, true},
		{"the lamp is not red", false, true}, // it denies something
		{"the mug charging", false, true},    // solved tickets said as much of what was the matter
		{"wunderschön", false, false},
		{"ランプ", false, false},
		{"", false, false},
	} {
		if said := suggest(c.text); said.Bare != c.bare || (len(said.Fixes) > 0) != c.listed {
			t.Errorf("%q: bare %v, %d fixes", c.text, said.Bare, len(said.Fixes))
		}
	}
}

// TestWhatListsNothingStandsForNoTicket holds that texts to which nothing is said take no part of the
// tickets that what is unknown stands for: what is fitted on the others would be too sure.
func TestWhatListsNothingStandsForNoTicket(t *testing.T) {
	listed := solution.Choice{Fixes: []engine.ItemNum{1}, Evidence: make([]solution.Values, 1), Right: make([]bool, 1)}
	for _, c := range []struct {
		blind, strange []solution.Choice
		want           []float64
	}{
		{[]solution.Choice{listed, {}, listed}, []solution.Choice{{}, {}}, []float64{.5, .5}},
		{[]solution.Choice{listed, {}, listed}, []solution.Choice{{}, listed}, []float64{.25, .25, .5}},
		{nil, []solution.Choice{{}}, nil},
	} {
		var got []float64
		for _, choice := range unknown(c.blind, c.strange) {
			got = append(got, choice.Weight)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("weights %v, want %v", got, c.want)
		}
	}
}

// TestCodesTellApart has a shop whose solved tickets say the same but for a code, and asks it of
// codes that it knows, in other words, and of others.
func TestCodesTellApart(t *testing.T) {
	var items []engine.Item
	var solved []record.Question
	for i, code := range []string{"E12", "E21", "B17", "T40"} {
		fix := engine.Item{ID: engine.ItemID(code), Title: "The display shows " + code}
		items = append(items, fix)
		for n := range 8 << (3 - i) { // the first one's are most
			said := []string{"the display says %s and nothing works", "%s since this morning", "my reader stopped with %s", "what is %s"}[n%4]
			solved = append(solved, record.Question{Text: fmt.Sprintf(said, code), Relevant: []engine.ItemID{fix.ID}})
		}
	}
	shop, err := NewShop(t.Context(), items, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	suggest := taught(t, shop, solved)
	for _, c := range []struct {
		text    string
		first   engine.ItemID // "" for any
		missing string
	}{
		{"nothing works, it says t-40", "T40", ""},
		{"my display: B17", "B17", ""},
		{"the display says E13 and nothing works", "", "E13"},
		{"the display says T40 or E99 and nothing works", "", "E99"},
		{"the display says AB12345678 and nothing works", "", ""}, // that is an order's number
	} {
		said := suggest(c.text)
		if len(said.Fixes) == 0 || c.first != "" && said.Fixes[0].Item != c.first || said.Code != c.missing {
			t.Errorf("%q: missing is %q, first of %+v", c.text, said.Code, said.Fixes)
		}
	}
}
