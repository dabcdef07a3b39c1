package solution

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func TestDecide(t *testing.T) {
	fixes := make([]engine.Recommended, 2)
	for _, c := range []struct {
		name string
		in   Input
		said Suggestion
		want engine.Action
	}{
		{"sure", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionAnswer},
		{"half sure", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.5, Calibrated: true}, engine.ActionAsk},
		{"of nothing that the shop knows", Input{Text: "1234567"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true, Strange: true}, engine.ActionAsk},
		{"unsure of what it does not know", Input{Text: "1234567"}, Suggestion{Fixes: fixes, Chance: 0.1, Calibrated: true, Strange: true}, engine.ActionEscalate},
		{"after a try that nobody noted", Input{Text: "I reset my password, that didn't help. I still cannot log in"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAsk},
		{"of nothing that was tried", Input{Text: "please help me, I cannot log in"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAnswer},
		{"of what was tried, in German", Input{Text: "der Neustart hat leider nicht geholfen"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAsk},
		{"of a code that is another's", Input{Text: "it shows E21"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true, Code: "E21"}, engine.ActionAsk},
		{"for another product", Input{Text: "it does not start"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true, Foreign: true}, engine.ActionAsk},
		{"of a thing and no trouble", Input{Text: "lamp"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true, Bare: true}, engine.ActionAsk},
		{"unsure", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.1, Calibrated: true}, engine.ActionEscalate},
		{"nothing fits", Input{Text: "my lamp is dark"}, Suggestion{Fixes: nil, Chance: 0, Calibrated: true}, engine.ActionEscalate},
		{"not calibrated", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.99, Calibrated: false}, engine.ActionAsk},
		{"one try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1}}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionAnswer},
		{"the second try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1, 2}}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionEscalate},
		{"furious", Input{Text: "you are disgusting liars, this is the WORST shop!!"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionEscalate},
		{"a lawyer", Input{Text: "then my lawyers will write to you"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionEscalate},
		{"a phrase", Input{Text: "my mother passed away and the parcel is for her"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionEscalate},
		{"words of a phrase apart", Input{Text: "I passed by and went away"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAnswer},
		{"a court is no courtesy", Input{Text: "as a courtesy please send a bulb"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAnswer},
	} {
		limits := NewLimits(engine.DefaultSupport())
		if got := limits.Decide(&c.in, &c.said); got.Action != c.want || len(got.Because) == 0 {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestLimitsAreTheShops(t *testing.T) {
	shop := engine.Support{
		AnswerFrom: 0.9, EscalateBelow: 0.5, EscalateAfter: 1, MoodBelow: -0.2,
		Sensitive: map[string][]string{"en": {"recall"}, "de": {"Anwalt", "in Brand geraten"}, "no": {"advokat"}, "*": {"ACME-9"}},
	}
	fixes := make([]engine.Recommended, 2)
	sure := Suggestion{Fixes: fixes, Chance: 0.95, Calibrated: true}
	for _, c := range []struct {
		name string
		in   Input
		said Suggestion
		want engine.Action
	}{
		{"sure", Input{Text: "my lamp is dark"}, sure, engine.ActionAnswer},
		{"no longer sure enough", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionAsk},
		{"no longer worth asking", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.4, Calibrated: true}, engine.ActionEscalate},
		{"the first try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1}}, sure, engine.ActionEscalate},
		{"annoyed", Input{Text: "what a terrible lamp"}, sure, engine.ActionEscalate},
		{"no longer on the list", Input{Text: "the hospital has the same lamp"}, sure, engine.ActionAnswer},
		{"in any inflection", Input{Text: "is this lamp recalled?"}, sure, engine.ActionEscalate},
		{"in another language", Input{Text: "Mein Anwalt wird sich bei Ihnen melden, das ist nicht die erste Lampe"}, sure, engine.ActionEscalate},
		{"a phrase of it", Input{Text: "die Lampe ist in Brand geraten", Language: "de-AT"}, sure, engine.ActionEscalate},
		{"a name is no word of another language", Input{Text: "the Anwalt lamp is dark and the bulb is not the problem"}, sure, engine.ActionAnswer},
		{"English in a German desk", Input{Text: "please tell me whether there is a recall of this lamp", Language: "de"}, sure, engine.ActionEscalate},
		{"one of two written forms", Input{Text: "min advokat ringer", Language: "nb-NO"}, sure, engine.ActionEscalate},
		{"in every language", Input{Text: "das ist die acme-9 mit dem Kabel", Language: "de"}, sure, engine.ActionEscalate},
		{"no language we know", Input{Text: "zxcv qwer recall asdf yuio hjkl vbnm fghj rtyu"}, sure, engine.ActionEscalate},
	} {
		if got := NewLimits(shop).Decide(&c.in, &c.said); got.Action != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
	never := NewLimits(engine.Support{MoodBelow: -1})
	in := Input{Text: "DISGUSTING liars, worst, horrible!! my lawyer", Tried: []engine.ItemNum{1, 2, 3}}
	if got := never.Decide(&in, &Suggestion{Fixes: fixes, Chance: 0.01, Calibrated: true}); got.Action != engine.ActionAnswer {
		t.Errorf("a shop without limits: %v", got)
	}
}

// What is below a limit is not told as equal to it, and one fix is one.
func TestDecisionsInWords(t *testing.T) {
	limits := NewLimits(engine.Support{AnswerFrom: 0.6, EscalateBelow: 0.3, EscalateAfter: 1, MoodBelow: -1})
	fixes := make([]engine.Recommended, 1)
	for _, c := range []struct {
		chance float64
		tried  []engine.ItemNum
		want   string
	}{
		{0.4, nil, "the best fix ends it with a chance of 40 %, below 60 %"},
		{0.5962, nil, "the best fix ends it with a chance of 59.6 %, below 60.0 %"},
		{0.59996, nil, "the best fix ends it with a chance of 59.996 %, below 60.000 %"},
		{0.2999, nil, "the best fix ends it with a chance of 29.99 %, below 30.00 %"},
		{0.9, []engine.ItemNum{1}, "1 fix failed on it"},
		{0.9, []engine.ItemNum{1, 2}, "2 fixes failed on it"},
	} {
		in := Input{Text: "my lamp is dark", Tried: c.tried}
		got := limits.Decide(&in, &Suggestion{Fixes: fixes, Chance: c.chance, Calibrated: true})
		if len(got.Because) != 1 || got.Because[0] != c.want {
			t.Errorf("a chance of %g after %d failures: %q, want %q", c.chance, len(c.tried), got.Because, c.want)
		}
	}
}
