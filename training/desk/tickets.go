package desk

import (
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
)

// MaxQuestions is how many tickets of a shop are learnt from in whole, the newest: the head
// takes 8 bytes of memory a pair while it is fitted, and time with the cube. Outcomes and
// habits are counted of all.
const MaxQuestions = 8_192

// QuestionOf returns a stored ticket as a question to learn from: what its customer wrote
// before anybody answered, and what became of the fixes that were tried. ok is false where it
// says nothing: while no fix came to anything, and of a ticket that ended without one, as
// nobody noted what ended it. One that went to a person without a try says that nothing fits.
// What came of each try is what Ticket.Tries says.
func QuestionOf(t *engine.Ticket) (q record.Question, ok bool) {
	q = record.Question{
		Text: solution.TicketText(t.Subject, t.Said(true, text.Letter)), Language: t.Language, Customer: t.Customer,
		Product: t.Product, Order: t.Order, Channel: t.Channel, At: t.Opened(),
	}
	if t.Subject == "" && len(t.Messages) == 0 {
		q.Text = "" // it is not kept
	}
	for _, tried := range t.Tries() {
		if tried.Outcome == "" {
			continue
		}
		q.Tried = append(q.Tried, tried)
		if tried.Outcome == string(engine.Solved) {
			q.Relevant = append(q.Relevant, tried.Item)
		}
	}
	return q, len(q.Tried) > 0 || len(t.Solutions) == 0 && t.State == string(engine.Escalated)
}
