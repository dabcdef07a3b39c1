package solution

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// Limits are a shop's limits of stepping back, ready to be held against tickets.
type Limits struct {
	engine.Support
	sensitive *text.Phrases
}

// NewLimits returns limits that are safe for concurrent use. support is not changed after.
func NewLimits(support engine.Support) *Limits {
	return &Limits{support, text.NewPhrases(support.Sensitive)}
}

// Topic is a sensitive word or phrase that stands in a text. The zero value is none.
type Topic text.Hit

// Topic returns a sensitive word or phrase that stands in a text; language is the one its sender
// names.
func (l *Limits) Topic(s, language string) Topic { return Topic(l.sensitive.Find(s, language)) }

// longestSaid is how many bytes of a ticket's own words are quoted at most.
const longestSaid = 2 * engine.MaxTopicBytes

// Because says that the topic is sensitive, in a sentence that quotes the list, and the ticket where
// that says it otherwise.
func (t Topic) Because() string {
	if strings.EqualFold(t.Said, t.Phrase) || len(t.Said) > longestSaid {
		return fmt.Sprintf("%q is on the list of sensitive topics", t.Phrase)
	}
	return fmt.Sprintf("%q (as %q on the list of sensitive topics)", t.Said, t.Phrase)
}

// Decision is what to do, and why, in sentences.
type Decision struct {
	Action  engine.Action
	Because []string
}

// Decide says what to do with a ticket after what Suggest said to it. Chances that are not
// calibrated are no grounds: such a desk asks where it has a fix. A text of which the shop knows
// no word is not answered however like a fix it seems: it may be a number, or in a language that
// vectors alone understand. Nor is one that names products alone, which may be praise, one with a code
// that the first fix does not hold, one whose first fix is for other products, and one that says something
// failed before which nobody noted: that may have been the first fix.
func (l *Limits) Decide(in *Input, said *Suggestion) Decision {
	var stop []string
	if len(in.Tried) >= l.EscalateAfter && l.EscalateAfter > 0 {
		stop = append(stop, failures(len(in.Tried)))
	}
	if topic := l.Topic(in.Text, in.Language); topic != (Topic{}) {
		stop = append(stop, topic.Because())
	}
	if mood := text.Mood(in.Text); mood < l.MoodBelow {
		stop = append(stop, "it sounds very upset")
	}
	switch {
	case in.Eligible != nil && in.Eligible.IsEmpty():
		stop = append(stop, "no fix passes the filter and the rules of the place")
	case len(said.Fixes) == 0:
		stop = append(stop, "no fix fits")
	case said.Calibrated && said.Chance < l.EscalateBelow:
		stop = append(stop, tooLow(said.Chance, l.EscalateBelow))
	}
	switch {
	case len(stop) > 0:
		return Decision{engine.ActionEscalate, stop}
	case !said.Calibrated:
		return Decision{engine.ActionAsk, []string{"too few tickets are solved to know how often the first fix is right"}}
	case said.Strange:
		return Decision{engine.ActionAsk, []string{"none of its words is known here"}}
	case said.Code != "":
		return Decision{engine.ActionAsk, []string{fmt.Sprintf("the first fix does not know of %q", said.Code)}}
	case said.Foreign:
		return Decision{engine.ActionAsk, []string{"the first fix is for other products than the one it is about"}}
	case said.Bare:
		return Decision{engine.ActionAsk, []string{"of its words, those that are known here name what it is about, and not what is the matter"}}
	case said.Chance < l.AnswerFrom:
		return Decision{engine.ActionAsk, []string{tooLow(said.Chance, l.AnswerFrom)}}
	}
	if len(in.Tried) == 0 {
		if tried := triedBefore.Find(in.Text, in.Language); tried.Said != "" {
			return Decision{engine.ActionAsk, []string{fmt.Sprintf("it says %q: what was tried may be the first fix", tried.Said)}}
		}
	}
	return Decision{engine.ActionAnswer, []string{fmt.Sprintf("the first fix ends it with a chance of %.0f %%", 100*said.Chance)}}
}

// triedBefore is what people write who have tried something that nobody noted as a try. Our own
// lists.
var triedBefore = text.NewPhrases(map[string][]string{
	"en": {"did not help", "didn't help", "does not help", "doesn't help", "has not helped", "hasn't helped", "not helpful", "already tried", "tried everything", "tried that", "no use", "solved it myself", "fixed it myself"},
	"de": {"nicht geholfen", "hilft nicht", "half nicht", "schon versucht", "bereits versucht", "schon probiert", "alles versucht", "selbst gelöst"},
	"fr": {"pas aidé", "rien changé", "déjà essayé", "tout essayé"},
	"es": {"no ayudó", "no sirvió", "ya lo intenté", "ya he probado", "ya probé"},
	"it": {"non ha aiutato", "non è servito", "già provato", "provato di tutto"},
	"nl": {"niet geholpen", "hielp niet", "al geprobeerd", "alles geprobeerd"},
})

func failures(n int) string {
	if n == 1 {
		return "1 fix failed on it"
	}
	return fmt.Sprintf("%d fixes failed on it", n)
}

// tooLow says that a chance is below a limit, in percent, with as many digits as tell the two
// apart.
func tooLow(chance, limit float64) string {
	digits := 0
	percent := func(f float64) string { return strconv.FormatFloat(100*f, 'f', digits, 64) }
	for percent(chance) == percent(limit) && digits < 12 {
		digits++
	}
	return fmt.Sprintf("the best fix ends it with a chance of %s %%, below %s %%", percent(chance), percent(limit))
}
