package solution

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// Limits are the shop's thresholds of stepping back.
type Limits struct {
	Answer float64 // least chance of the first fix to be sent
	Ask    float64 // least chance to ask on; below it a person takes over
	Tries  int     // so many fixes failed on a ticket: a person takes over
	Mood   float64 // a text that sounds worse (text.Mood) goes to a person
	// Sensitive are words and phrases, in any inflection, that go to a person.
	Sensitive []string
}

// DefaultLimits returns limits for a shop that has not thought about them: every second
// ask is likelier right than wrong, and what a machine should keep its hands off is the law,
// injuries, deaths, fraud and the press.
func DefaultLimits() Limits {
	return Limits{
		Answer: 0.6, Ask: 0.3, Tries: 2, Mood: -0.6,
		Sensitive: []string{
			"lawyer", "solicitor", "attorney", "legal action", "sue", "court", "police",
			"injured", "injury", "hospital", "electric shock", "caught fire", "burned", "burnt", "allergic reaction", "choking",
			"died", "passed away", "deceased", "funeral", "suicide", "harm myself",
			"fraud", "identity theft", "stolen card", "hacked", "data breach", "discrimination", "journalist",
		},
	}
}

// Decision is what to do, and why, in sentences.
type Decision struct {
	Action  engine.Action
	Because []string
}

// Decide says what to do with a ticket after what Suggest said to it. Chances that are not
// calibrated are no grounds: such a desk asks where it has a fix.
func (l *Limits) Decide(in *Input, said *Suggestion) Decision {
	var stop []string
	if len(in.Tried) >= l.Tries && l.Tries > 0 {
		stop = append(stop, fmt.Sprintf("%d fixes failed on it", len(in.Tried)))
	}
	if phrase := l.sensitive(in); phrase != "" {
		stop = append(stop, fmt.Sprintf("%q is on the list of sensitive topics", phrase))
	}
	if mood := text.Mood(in.Text); mood < l.Mood {
		stop = append(stop, "it sounds very upset")
	}
	switch {
	case in.Eligible != nil && in.Eligible.IsEmpty():
		stop = append(stop, "no fix passes the filter and the rules of the place")
	case len(said.Fixes) == 0:
		stop = append(stop, "no fix fits")
	case said.Calibrated && said.Chance < l.Ask:
		stop = append(stop, fmt.Sprintf("the best fix ends it with a chance of %.0f %%, below %.0f %%", 100*said.Chance, 100*l.Ask))
	}
	switch {
	case len(stop) > 0:
		return Decision{engine.ActionEscalate, stop}
	case !said.Calibrated:
		return Decision{engine.ActionAsk, []string{"too few tickets are solved to know how often the first fix is right"}}
	case said.Chance < l.Answer:
		return Decision{engine.ActionAsk, []string{fmt.Sprintf("the best fix ends it with a chance of %.0f %%, below %.0f %%", 100*said.Chance, 100*l.Answer)}}
	}
	return Decision{engine.ActionAnswer, []string{fmt.Sprintf("the first fix ends it with a chance of %.0f %%", 100*said.Chance)}}
}

// sensitive returns the first phrase of the list that stands in the ticket, "" for none.
func (l *Limits) sensitive(in *Input) string {
	said := text.Tokens(in.Text, in.Language)
	for _, phrase := range l.Sensitive {
		terms := text.Tokens(phrase, in.Language)
		if len(terms) == 0 {
			continue
		}
		for at := 0; at+len(terms) <= len(said); at++ {
			if slices.Equal(said[at:at+len(terms)], terms) {
				return strings.TrimSpace(phrase)
			}
		}
	}
	return ""
}
