package desk

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/training/evaluate"
)

// town is a shop whose tickets are in words of their own for each fix, but for two fixes
// that sound alike: one of them works.
func town(questions int) (items []engine.Item, solved []record.Question) {
	rng := rand.New(rand.NewPCG(2, 2))
	themes := []string{"card charged payment bank", "lamp bulb dark light", "parcel late courier lost", "password login account reset"}
	for i, words := range themes {
		items = append(items, engine.Item{ID: engine.ItemID(fmt.Sprint("fix-", i)), Title: strings.Fields(words)[0]})
	}
	items[1].Text = "Screw the bulb in until the lamp is lit."
	items = append(items, engine.Item{ID: "fix-1b", Title: "lamp"})
	filler := strings.Fields("please help me now my the again since yesterday it is")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range questions {
		theme := rng.IntN(len(themes) + 1)
		q := record.Question{At: at.Add(time.Duration(i) * time.Hour)}
		words := []string{filler[rng.IntN(len(filler))], filler[rng.IntN(len(filler))]}
		if theme < len(themes) {
			own := strings.Fields(themes[theme])
			words = append(words, own[rng.IntN(4)], own[rng.IntN(4)])
			q.Relevant = []engine.ItemID{items[theme].ID}
		} else {
			words = append(words, "horoscope", "weather") // nothing fits
		}
		if theme == 1 {
			q.Tried = []engine.Tried{{Item: "fix-1b", Outcome: "not_solved"}, {Item: "fix-1", Outcome: "solved"}}
		}
		q.Text = strings.Join(words, " ")
		solved = append(solved, q)
	}
	return items, solved
}

var small = Options{Head: head.Options{Pieces: .7, Strict: 2.5, Ridge: .1}, Workers: 2}

func TestEvaluation(t *testing.T) {
	items, questions := town(400)
	e := &Evaluation{Solutions: items, Questions: questions, Folds: 4, K: []int{1, 3}, Options: small}
	report, err := e.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	best := report.Models[len(report.Models)-1].Metrics
	if best["accuracy"].Value < 0.95 || best["hr@1"].Value != best["accuracy"].Value || best["auroc_none"].Value < 0.95 || best["ece"].Value > 0.1 {
		t.Errorf("best reached %v", best)
	}
	if report.Dataset.Nothing == 0 || report.Dataset.Nothing+report.Dataset.TestCustomers != 400 || report.Dataset.Learnt != 300 {
		t.Errorf("counted %+v", report.Dataset)
	}
	e.Workers = 1
	for i := range report.Models {
		report.Models[i].FitSeconds, report.Models[i].RecommendLatency.P50, report.Models[i].RecommendLatency.P99 = 0, 0, 0
	}
	again, err := e.Run(context.Background())
	for i := range again.Models {
		again.Models[i].FitSeconds, again.Models[i].RecommendLatency.P50, again.Models[i].RecommendLatency.P99 = 0, 0, 0
	}
	if err != nil || !reflect.DeepEqual(report, again) {
		t.Errorf("one worker and two differ (%v)", err)
	}
	e.Shots, e.Folds = 3, 0
	e.Train = questions[:300]
	e.Questions = questions[300:]
	if report, err = e.Run(context.Background()); err != nil || report.Dataset.Learnt != 15 { // of four fixes and of nothing
		t.Errorf("with 3 shots %+v learnt (%v), want 15", report.Dataset, err)
	}
	for _, bad := range []Evaluation{{Questions: questions}, {Solutions: items}, {Solutions: items, Questions: questions[:2], Folds: 3}} {
		if _, err := bad.Run(context.Background()); err == nil {
			t.Errorf("%d solutions, %d questions and %d folds were measured", len(bad.Solutions), len(bad.Questions), bad.Folds)
		}
	}
}

// TestNothingOfTheAskedIsSeen spoils what became of the asked questions: no answer may
// change.
func TestNothingOfTheAskedIsSeen(t *testing.T) {
	items, questions := town(200)
	chances := func() []float64 {
		e := &Evaluation{Solutions: items, Train: questions[:150], Questions: questions[150:], K: []int{1}, Options: small}
		report, err := e.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var out []float64
		for _, b := range report.Models[len(report.Models)-1].Coverage {
			out = append(out, b.Threshold)
		}
		return out
	}
	before := chances()
	for i := range questions[150:] {
		questions[150+i].Relevant = []engine.ItemID{"fix-2"}
	}
	if after := chances(); !slices.Equal(before, after) {
		t.Errorf("with other right answers the chances are %v, were %v", after, before)
	}
}

// TestSuggestWithKnowledge asks a desk that has learnt: the fix that works stands before
// the one that sounds like it, what failed on this ticket never comes back, reasons sum to
// the score, and the order is the choice's.
func TestSuggestWithKnowledge(t *testing.T) {
	items, questions := town(300)
	shop, err := NewShop(context.Background(), items, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	tickets, err := shop.Tickets(context.Background(), questions)
	if err != nil {
		t.Fatal(err)
	}
	learnt, err := shop.Learn(context.Background(), newestFirst(tickets), small)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := shop.Tickets(context.Background(), []record.Question{{Text: "my lamp is dark"}})
	if err != nil {
		t.Fatal(err)
	}
	in := asked[0].Input
	in.Lexicon, in.Knowledge, in.Snippets = learnt.Lexicon, learnt.Knowledge, 1
	said := solution.Suggest(&in)
	if len(said.Snippets) != 1 || said.Snippets[0].Text != "Screw the bulb in until the lamp is lit." {
		t.Errorf("cited is %+v", said.Snippets)
	}
	if len(said.Fixes) < 2 || said.Fixes[0].Item != "fix-1" || !said.Calibrated || said.Chance < 0.8 {
		t.Fatalf("said %+v, want fix-1 first, and sure of it", said)
	}
	if i := slices.IndexFunc(said.Fixes, func(f engine.Recommended) bool { return f.Item == "fix-1b" }); i < 0 {
		t.Errorf("the other fix for lamps is not among %+v", said.Fixes)
	}
	choice := solution.ChoiceOf(&in, nil)
	order, _, _ := choice.Rank(learnt.Knowledge.Weights)
	for i, f := range said.Fixes {
		var sum, size float64
		for _, r := range f.Reasons {
			sum, size = sum+r.Contribution, size+math.Abs(r.Contribution)
		}
		if math.Abs(sum-f.Score) > 1e-9*(1+size) || choice.Fixes[order[i]] != f.Num {
			t.Errorf("%s: score %v, reasons %v; the choice has %d here", f.Item, f.Score, sum, choice.Fixes[order[i]])
		}
	}
	first := said.Fixes[0].Num
	in.Tried = []engine.ItemNum{first}
	for _, f := range solution.Suggest(&in).Fixes {
		if f.Num == first {
			t.Errorf("%s came back at rank %d after it failed", f.Item, f.Rank)
		}
	}
	in.Tried, in.Text = nil, "horoscope weather"
	if unsure := solution.Suggest(&in); unsure.Chance > said.Chance/2 {
		t.Errorf("of what nothing fits it is sure by %v, of a lamp by %v", unsure.Chance, said.Chance)
	}
}

// TestUnknownFixesAreMisses: what only a fix ended that the shop does not have is no question
// that nothing fits, neither when it is asked nor when it is learnt from.
func TestUnknownFixesAreMisses(t *testing.T) {
	items, questions := town(120)
	run := func(train, asked []record.Question) *evaluate.Report {
		e := &Evaluation{Solutions: items, Train: train, Questions: asked, K: []int{1}, Options: small}
		report, err := e.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	train, asked := questions[:100], questions[100:]
	before := run(train, asked)
	misspelt := record.Question{Text: "my lamp is dark now", Relevant: []engine.ItemID{"nope"}}
	after := run(append(slices.Clone(train), misspelt), append(slices.Clone(asked), misspelt, misspelt))
	if after.Dataset.Nothing != before.Dataset.Nothing || after.Dataset.TestCustomers != before.Dataset.TestCustomers+2 || after.Dataset.Learnt != before.Dataset.Learnt {
		t.Errorf("counted %+v, without the misspelt ones %+v", after.Dataset, before.Dataset)
	}
	n := float64(before.Dataset.TestCustomers)
	for r := range after.Models {
		got, want := after.Models[r].Metrics["hr@1"].Value, before.Models[r].Metrics["hr@1"].Value*n/(n+2)
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: hr@1 is %v, with two misses more than before %v is right", after.Models[r].Name, got, want)
		}
	}
	failed := record.Question{Text: "my lamp is dark now", Tried: []engine.Tried{{Item: "fix-1b", Outcome: "not_solved"}}}
	if open := run(append(slices.Clone(train), failed), append(slices.Clone(asked), failed)); open.Dataset.Nothing != before.Dataset.Nothing || open.Dataset.TestCustomers != before.Dataset.TestCustomers ||
		!strings.Contains(strings.Join(open.Warnings, "\n"), "1 question tells only of fixes that failed") {
		t.Errorf("with one of which all failed %+v, warned of %q", open.Dataset, open.Warnings)
	}
	said := strings.Join(after.Warnings, "\n")
	for _, want := range []string{
		"2 questions name fixes that are not among the solutions, such as nope: counted as misses",
		"1 question to learn from names only fixes that are not among the solutions, such as nope: left out",
		"of 22 stand word for word among those learnt from (--train)",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("warned is %q, not %q", said, want)
		}
	}
}

// TestHeadQuestionsLimitTheHeadAlone: how words are weighed and how sure they are is learnt
// from all questions, whatever the head has room for.
func TestHeadQuestionsLimitTheHeadAlone(t *testing.T) {
	items, questions := town(300)
	learn := func(most int) *Learnt {
		shop, err := NewShop(context.Background(), items, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		tickets, err := shop.Tickets(context.Background(), questions)
		if err != nil {
			t.Fatal(err)
		}
		o := small
		o.Head.MaxQuestions = most
		learnt, err := shop.Learn(context.Background(), tickets, o)
		if err != nil {
			t.Fatal(err)
		}
		return learnt
	}
	for _, most := range []int{1, 40} {
		few := learn(most)
		if few.Knowledge.Head.Questions() != most || len(few.choices) != len(questions) {
			t.Errorf("the head learnt from %d questions, weights from %d: want %d and %d", few.Knowledge.Head.Questions(), len(few.choices), most, len(questions))
		}
		if _, sure, err := few.fit([]solution.Evidence{solution.Words}); err != nil || sure == nil {
			t.Errorf("with %d questions for the head the words are not calibrated (%v)", most, err)
		}
	}
}

// TestFewOutcomesDemote: what fixes came to counts without a ticket whose words teach.
func TestFewOutcomesDemote(t *testing.T) {
	items := []engine.Item{{ID: "fix-a", Title: "The lamp does not light"}, {ID: "fix-b", Title: "The lamp does not light"}, {ID: "fix-c", Title: "The parcel is late"}}
	shop, err := NewShop(t.Context(), items, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := shop.Tickets(t.Context(), []record.Question{{Text: "my lamp does not light"}})
	if err != nil {
		t.Fatal(err)
	}
	in := asked[0].Input
	if said := solution.Suggest(&in); len(said.Fixes) < 2 || said.Fixes[0].Item != "fix-a" {
		t.Fatalf("nothing is known: %+v", said.Fixes)
	}
	failed := record.Question{Tried: []engine.Tried{{Item: "fix-a", Outcome: "not_solved"}}}
	var older []solution.Solved
	for range 5 {
		older = append(older, shop.Solved(&failed))
	}
	learnt, err := shop.Learn(t.Context(), nil, Options{Older: older})
	if err != nil {
		t.Fatal(err)
	}
	in.Lexicon, in.Knowledge = learnt.Lexicon, learnt.Knowledge
	said := solution.Suggest(&in)
	if len(said.Fixes) < 2 || said.Fixes[0].Item != "fix-b" || said.Calibrated {
		t.Errorf("five of five failed: %+v", said.Fixes)
	}
	if gap := said.Fixes[0].Score - said.Fixes[1].Score; gap < 0.3 {
		t.Errorf("that takes %.2f", gap)
	}
}
