package store

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// standing is a ticket as it stands, what its dated records told beside it, and the subject it
// is filed under.
type standing struct {
	engine.Ticket
	Told told `json:"told,omitempty"`
	// Guessed says that nobody told when the ticket was opened: it is the first sign of it.
	Guessed bool `json:"guessed,omitempty"`
	// Ordered says that all that was told of it has a time and stands in Told and Heard: see putInOrder.
	Ordered bool    `json:"ordered,omitempty"`
	Heard   []heard `json:"heard,omitempty"` // by events, in the order of their times
	home    engine.Hash16

	at      time.Time              // when what is told of it now is told
	late    bool                   // that is older than what is known
	changed bool                   // it is a change, and no record
	record  *engine.Ticket         // a dated record of it, as it is told
	before  *standing              // what it follows upon, nil where it is new
	counted map[engine.Hash16]bool // outcomes that were written or looked at on the way
}

// standing returns a ticket, nil where there is none.
func (g *group) standing(id string) (*standing, error) {
	ticket16 := engine.HashOf(id)
	home, found, err := g.homeOf(ticket16)
	if err != nil || !found {
		return nil, err
	}
	value, err := get(g.txn, pairKey(ticketLetter, home, ticket16))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, _, err := decodeRecord[standing]("ticket", value)
	s.home = home
	return &s, err
}

// encode encodes a ticket with what was told beside it, the newest of that as far as there is room.
func (s *standing) encode(seq uint64) ([]byte, error) {
	for {
		value, err := encodeRecord("ticket", seq, s)
		if err == nil || len(s.Told)+len(s.Heard) == 0 {
			return value, err
		}
		s.Told = s.Told[(len(s.Told)+1)/2:]
		s.disorder()
	}
}

// told is what the records of a ticket said that say when they were made, in the order of that:
// of a ticket that was opened again and ended since the last one tells nothing, and records come
// in any order.
type told []version

// version is what one record said of how far the ticket was, of what was tried, and how content
// the customer was.
type version struct {
	At     time.Time      `json:"at"`
	State  string         `json:"state"`          // open, escalated, closed, or none where it did not say
	Said   string         `json:"said,omitempty"` // the state in its own word
	Tries  []engine.Tried `json:"tries,omitempty"`
	CSAT   *float64       `json:"csat,omitempty"`
	Opened *time.Time     `json:"opened,omitempty"`
	Closed *time.Time     `json:"closed,omitempty"`
}

// mostTold is how many records are remembered, the newest.
const mostTold = 64

// with returns what is told with one record more.
func (o told) with(t *engine.Ticket) told {
	if t.UpdatedAt == nil {
		return o
	}
	v := version{At: *t.UpdatedAt, State: t.State, Said: t.State, Tries: t.Solutions, CSAT: t.CSAT, Opened: t.OpenedAt, Closed: t.ClosedAt}
	switch {
	case v.State == string(engine.Escalated), !saysState(t):
	case t.IsOpen():
		v.State = "open"
	default:
		v.State = "closed"
	}
	i, known := slices.BinarySearchFunc(o, v, func(a, b version) int { return a.At.Compare(b.At) })
	o = slices.Clone(o)
	if known {
		if v.State = cmp.Or(v.State, o[i].State); !saysState(t) {
			v.Said, v.Closed = o[i].Said, o[i].Closed
		}
		v.CSAT, v.Opened = cmp.Or(v.CSAT, o[i].CSAT), cmp.Or(v.Opened, o[i].Opened)
		o[i] = v // of two of one second the last one told
		return o
	}
	o = slices.Insert(o, i, v)
	return o[max(0, len(o)-mostTold):]
}

// mark has a ticket say which fixes had ended it, and not for good: it was open after that. What
// it said by the records before, of which more are known now, it says no more.
func (o told) mark(t *engine.Ticket, before told) {
	again, wrongly := o.reopened(), before.reopened()
	if len(again) == 0 && len(wrongly) == 0 {
		return
	}
	t.Solutions = slices.Clone(t.Solutions)
	for i := range t.Solutions {
		s := &t.Solutions[i]
		if at, marked := wrongly[s.Item]; marked && !again[s.Item].Equal(at) && s.Outcome == string(engine.Reopened) && s.At.Equal(at) {
			*s = o.lastSaid(*s)
		}
		if at, ok := again[s.Item]; ok && (s.Outcome == string(engine.Reopened) || undone(s, at)) {
			s.Outcome, s.At = string(engine.Reopened), at
		}
	}
}

// lastSaid returns a try as the newest record that names it has it, as it is where none does.
func (o told) lastSaid(s engine.Tried) engine.Tried {
	for _, v := range slices.Backward(o) {
		if i := slices.IndexFunc(v.Tries, func(t engine.Tried) bool { return t.Item == s.Item }); i >= 0 {
			return v.Tries[i]
		}
	}
	return s
}

// reopened returns when the ticket was open again that a fix had ended.
func (o told) reopened() map[engine.ItemID]time.Time {
	var again map[engine.ItemID]time.Time
	var ended []engine.ItemID // by these, since it was open last
	for _, v := range o {
		if v.State == string(engine.Escalated) || v.State == "" {
			continue // a person has it, who may end it by the same fix; or nobody says
		}
		now := engine.Ticket{State: v.State, Solutions: slices.Clone(v.Tries)}
		for i := range now.Solutions {
			if s := &now.Solutions[i]; undone(s, again[s.Item]) {
				s.Outcome = string(engine.Reopened)
			}
		}
		if v.State == "open" {
			for _, item := range ended {
				i := slices.IndexFunc(now.Solutions, func(s engine.Tried) bool { return s.Item == item })
				if i >= 0 && !undone(&now.Solutions[i], v.At) {
					continue // the record itself says what came of it
				}
				if again == nil {
					again = make(map[engine.ItemID]time.Time)
				}
				again[item] = v.At
			}
			ended = nil
		} else {
			for _, s := range now.Tries() {
				if s.Outcome == string(engine.Solved) {
					ended = append(ended, s.Item)
				}
			}
		}
	}
	return again
}

// undone reports whether a try had ended a ticket, or may have, that is open again at a moment;
// the zero moment undoes nothing.
func undone(s *engine.Tried, at time.Time) bool {
	return !at.IsZero() && (s.Outcome == "" || s.Outcome == string(engine.Solved)) && !s.At.After(at)
}
