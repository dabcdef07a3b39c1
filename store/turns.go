package store

import (
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Records of a ticket that say when they were made, and events, come in any order: a webhook
// tells at once what an export tells at night. As long as all that was told of a ticket has a
// time (standing.Ordered), what became of it is therefore worked out anew from all of that, in the order
// of those times, whenever something is told. A change, and a record without a time, are of the
// moment at which they come: from then on what comes counts as it comes.

// heard is an outcome of a ticket that an event told.
type heard struct {
	Kind  engine.Type   `json:"kind"`
	Item  engine.ItemID `json:"item,omitempty"`
	At    time.Time     `json:"at"`
	Value float64       `json:"value,omitempty"`
}

// hear notes an outcome that an event told, and reports whether it was not noted yet. One more
// than is remembered makes an end of the order.
func (s *standing) hear(line *engine.Interaction) bool {
	if line.Type == engine.SolutionShown {
		return false // a ticket does not say what was only shown
	}
	h := heard{Kind: line.Type, Item: line.Item, At: storedTime(line.At), Value: line.Value}
	if same := func(k heard) bool { return k.Kind == h.Kind && k.Item == h.Item && k.At.Equal(h.At) }; slices.ContainsFunc(s.Heard, same) {
		return false
	}
	i, _ := slices.BinarySearchFunc(s.Heard, h, func(a, b heard) int {
		if a.At.After(b.At) {
			return 1
		}
		return -1 // behind those of the same moment
	})
	s.Heard = slices.Insert(slices.Clone(s.Heard), i, h)
	if len(s.Heard) > mostTold {
		s.disorder()
	}
	return true
}

// disorder has what is told of a ticket count as it comes, from now on.
func (s *standing) disorder() { s.Ordered, s.Heard = false, nil }

// putInOrder has a ticket say what its dated records and the events told of it come to, in the
// order of their times: each says then what it would have said, had it come in its turn.
func (s *standing) putInOrder() error {
	var now engine.Ticket
	type outcome struct{ item, outcome string }
	said := make(map[outcome]bool)
	note := func(tries []engine.Tried) {
		for i := range tries {
			said[outcome{string(tries[i].Item), tries[i].Outcome}] = true
		}
	}
	repeats := func(t engine.Tried) (bool, error) { return said[outcome{string(t.Item), t.Outcome}], nil }
	coming := s.Heard
	hearUntil := func(at time.Time) {
		for len(coming) > 0 && (at.IsZero() || coming[0].At.Before(at)) {
			apply(&now, &engine.Interaction{Type: coming[0].Kind, Item: coming[0].Item, At: coming[0].At, Value: coming[0].Value})
			note(now.Solutions)
			coming = coming[1:]
		}
	}
	for i := range s.Told {
		v := &s.Told[i]
		hearUntil(v.At)
		next := engine.Ticket{State: v.Said, ClosedAt: v.Closed, Solutions: v.Tries, CSAT: v.CSAT}
		if err := join(&next, &now, repeats); err != nil {
			return err
		}
		reopen(&next, &now, v.At)
		stayEnded(&next, &now, v.At)
		now = next
		note(v.Tries)
		note(now.Solutions)
	}
	hearUntil(time.Time{})
	s.Told.mark(&now, nil)
	s.State, s.ClosedAt, s.Solutions, s.CSAT = now.State, now.ClosedAt, now.Solutions, now.CSAT
	return nil
}

// hearAgain has a ticket hear an event that tells an outcome once more, at another time: records
// that come yet may have that in between. It reports whether the ticket did not know.
func (g *group) hearAgain(e *effect, line *engine.Interaction, sent, root, event16 engine.Hash16) (news bool, err error) {
	if line.At.IsZero() || line.EventID != "" && g.sawEvent(sent, root, engine.HashOf(line.EventID), 0) {
		return false, nil
	}
	if edited, err := g.wasEdited(sent, event16); edited || err != nil {
		return false, err
	}
	was, err := g.standing(line.TicketID)
	if err != nil || was == nil || !was.Ordered || g.checkOwner(line, root) != nil {
		return false, err
	}
	if news, err = g.tellInOrder(e, was, line, nil); news && line.EventID != "" {
		e.seen = append(e.seen, eventID{sent, engine.HashOf(line.EventID), 0, root})
	}
	return news, err
}

// tellInOrder has an ordered ticket say what an event says in its turn, and reports whether it did
// not know. done are outcomes whose rows are written already.
func (g *group) tellInOrder(e *effect, was *standing, line *engine.Interaction, done map[engine.Hash16]bool) (news bool, err error) {
	next := *was
	next.before, next.at = was, g.now
	if !next.hear(line) {
		return false, nil
	}
	if next.Ordered {
		err = next.putInOrder()
	} else {
		apply(&next.Ticket, line)
	}
	if err != nil {
		return false, err
	}
	next.dateOpening()
	if err := g.writeTicket(e, &next); err != nil {
		return false, err
	}
	_, err = g.recordOutcomes(e, &next, was.home, done)
	return true, err
}
