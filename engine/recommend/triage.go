package recommend

import (
	"math"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/triage"
)

// TriageInput is a ticket with all its advice is made from.
type TriageInput struct {
	World   *World
	Request *engine.TriageRequest
	Opened  time.Time
}

// How a triage tells.
const (
	signsTold  = 5
	othersTold = 3
	// A text sounds negative from here, and positive from there; worse than the shop's
	// limit it is very negative.
	soundsBad, soundsGood = -0.25, 0.25
)

// Triage says what a ticket is, who should have it and how long it will take, as advice: by
// the shop's own tickets where enough of them are done, else by what its words say anywhere.
func Triage(in *TriageInput) engine.TriageAnswer {
	w, req := in.World, in.Request
	about := w.item(req.Product)
	opening := triage.Opening{
		Text: solution.TicketText(req.Subject, req.Text), Language: req.Language, Channel: req.Channel, Product: req.Product,
		About: about, Order: req.OrderID != "", Known: req.Customer != "", At: in.Opened,
	}
	topic := w.Limits.Topic(opening.Text, req.Language)
	answer := engine.TriageAnswer{TicketID: req.TicketID, Sensitive: topic.Phrase}
	if req.Product != "" && about == nil {
		answer.Degraded = []string{"unknown_item"}
	}
	language, named := opening.Tongue()
	answer.Language = tongue(language, named)
	if text.LanguagePart(language) == "en" {
		answer.Sentiment, answer.Mood = sentiment(opening.Text, w.Limits.MoodBelow)
	}
	hurry, outright := triage.Hurry(opening.Text, opening.Language)
	answer.Priority = urgency(hurry, topic, answer.Sentiment)
	learnt := w.Models.Triage
	if learnt == nil {
		return answer
	}
	ticket := opening.Ticket()
	answer.Model, answer.Tickets = w.Models.Version, learnt.Tickets
	answer.Priority = atLeast(answer.Priority, verdict(learnt.Priority, &ticket), answer.Sensitive != "" || outright || upset(answer.Sentiment))
	answer.Topic, answer.Queue = verdict(learnt.Topic, &ticket), verdict(learnt.Queue, &ticket)
	if req.Agents {
		answer.Agent = verdict(learnt.Agent, &ticket)
	}
	answer.Time = lasting(learnt.Times, &ticket)
	return answer
}

// item returns the record of an id, nil where there is none.
func (w *World) item(id engine.ItemID) *engine.Item {
	n, known := w.Catalogue.IDs().Num(id)
	if id == "" || !known {
		return nil
	}
	return w.Catalogue.Item(n)
}

// tongue is the verdict on a language, nil for none that can be told.
func tongue(language string, named bool) *engine.Verdict {
	switch {
	case named:
		return &engine.Verdict{Value: language, By: engine.BySender, Because: []engine.Sign{}}
	case language == "":
		return nil
	}
	return &engine.Verdict{Value: language, By: engine.ByText, Because: []engine.Sign{}}
}

// sentiment is how an English text sounds.
func sentiment(s string, veryBad float64) (*engine.Verdict, *float64) {
	mood, words := text.MoodOf(s)
	v := &engine.Verdict{Value: engine.Neutral, By: engine.ByWords, Because: []engine.Sign{}}
	switch {
	case mood < veryBad:
		v.Value = engine.VeryNegative
	case mood < soundsBad:
		v.Value = engine.Negative
	case mood > soundsGood:
		v.Value = engine.Positive
	}
	for _, word := range words[:min(len(words), signsTold)] {
		v.Because = append(v.Because, engine.Sign{Text: "the word " + quoted(word)})
	}
	return v, &mood
}

func quoted(s string) string { return "\"" + s + "\"" }

// urgency is the priority of a ticket by words alone.
func urgency(hurry string, topic solution.Topic, sounds *engine.Verdict) *engine.Verdict {
	v := &engine.Verdict{Value: engine.PriorityNormal, By: engine.ByWords, Because: []engine.Sign{}}
	if topic != (solution.Topic{}) {
		v.Because = append(v.Because, engine.Sign{Text: topic.Because()})
	}
	if hurry != "" {
		v.Because = append(v.Because, engine.Sign{Text: quoted(hurry) + " says that it cannot wait"})
	}
	if upset(sounds) {
		v.Because = append(v.Because, engine.Sign{Text: "it sounds very upset"})
	}
	if len(v.Because) > 0 {
		v.Value = engine.PriorityHigh
	}
	return v
}

func upset(sounds *engine.Verdict) bool { return sounds != nil && sounds.Value == engine.VeryNegative }

// atLeast is the priority of a ticket by words and by what was learnt, nil for nothing. What was
// learnt stands, but where grave is said of the words (a sensitive topic, haste that is asked for
// outright, a very upset text) it makes a ticket no less urgent: tickets of that kind are rare, and
// others that read alike may have been left to wait. Then the shop's own
// name of such a priority is told, where it has one, by words, and what was learnt as others.
func atLeast(byWords, learnt *engine.Verdict, grave bool) *engine.Verdict {
	if learnt == nil {
		return byWords
	}
	if !grave || triage.Urgent(learnt.Value) {
		return learnt
	}
	out := *byWords
	all := append([]engine.Likely{{Value: learnt.Value, Chance: *learnt.Chance}}, learnt.Others...)
	out.Others = all[:min(len(all), othersTold)]
	for _, other := range all {
		if triage.Urgent(other.Value) {
			out.Value = other.Value
			break
		}
	}
	return &out
}

// verdict is what classes say of a ticket, nil for classes that are none.
func verdict(c *triage.Classes, t *triage.Ticket) *engine.Verdict {
	if c == nil {
		return nil
	}
	all := c.Of(t)
	v := &engine.Verdict{Value: all[0].Name, Chance: told(all[0].Chance), Calibrated: true, By: engine.ByTickets, Because: []engine.Sign{}}
	for _, sign := range c.Signs(t, all[0].Name, signsTold) {
		v.Because = append(v.Because, engine.Sign{Text: sign.What, Weight: told(sign.Weight)})
	}
	for _, other := range all[1:min(len(all), 1+othersTold)] {
		v.Others = append(v.Others, engine.Likely{Value: other.Name, Chance: *told(other.Chance)})
	}
	return v
}

// told is a number as it is told: to three digits after the point.
func told(x float64) *float64 {
	x = math.Round(1e3*x) / 1e3
	return &x
}

func lasting(m *triage.Times, t *triage.Ticket) *engine.Lasting {
	if m == nil {
		return nil
	}
	said := m.Of(t)
	return &engine.Lasting{Low: *told(said.Low.Hours()), Likely: *told(said.Likely.Hours()), High: *told(said.High.Hours()), Within: told(m.Held.Within)}
}
