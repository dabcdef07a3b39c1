package desk

import (
	"encoding/binary"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/triage"
)

// ClosedOf returns what a stored ticket says about tickets like it, as of now: what was known
// at some moment after it came, and, if it is over, what became of it. Of one that is not over it is known
// that it takes longer than so far; its queue may change yet. One that does not say whether
// it is over teaches no time. Its topic is the first category of the fix that solved it.
func ClosedOf(t *engine.Ticket, c *catalogue.Snapshot, now time.Time) triage.Closed {
	opened := t.Opened()
	opening := triage.Opening{
		Text: solution.TicketText(t.Subject, t.SaidAt(moment(t), text.Letter)), Language: t.Language, Channel: t.Channel, Product: t.Product,
		About: itemOf(c, t.Product), Order: t.Order != "", Known: t.Customer != "", At: opened,
	}
	out := triage.Closed{Ticket: opening.Ticket(), Took: triage.Took{Time: -1}}
	switch {
	case opened.IsZero():
	case t.State != "" && t.IsOpen():
		out.Took = triage.Took{Time: now.Sub(opened), Open: true}
	case t.ClosedAt != nil:
		out.Took.Time = t.ClosedAt.Sub(opened)
	}
	if t.IsOpen() && t.State != "" {
		return out
	}
	out.Queue, out.Priority, out.Agent = t.Queue, t.Priority, t.Agent
	for _, tried := range t.Tries() {
		if fix := itemOf(c, tried.Item); tried.Outcome == string(engine.Solved) && fix != nil && len(fix.Categories) > 0 {
			out.Topic = fix.Categories[0]
		}
	}
	return out
}

// itemOf returns the record of an id, nil where there is none.
func itemOf(c *catalogue.Snapshot, id engine.ItemID) *engine.Item {
	n, known := c.IDs().Num(id)
	if id == "" || !known {
		return nil
	}
	return c.Item(n)
}

// moment is one of the times at which a ticket's customer had written something, by chance: a
// new ticket is looked at when it comes and each time its customer writes again. All that was
// said of one that is over would tell how it ended.
func moment(t *engine.Ticket) int {
	turns := max(1, t.Turns())
	h := engine.HashOf(t.ID)
	return int(binary.LittleEndian.Uint32(h[:4]) % uint32(turns))
}
