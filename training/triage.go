package training

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/triage"
	"github.com/rapportengine/rapport/training/desk"
	"github.com/rapportengine/rapport/training/evaluate"
)

// maxTriaged is how many tickets without words triage learns from at most, the newest.
const maxTriaged = 1 << 16

// Sorted says what tickets taught triage. A part is nil where too few tickets say anything of
// it, or where it would tell no more than how common each class is; its Held is zero where
// too few could be held back.
type Sorted struct {
	Tickets  int               `json:"tickets"`
	Topic    *triage.Held      `json:"topic,omitempty"`
	Queue    *triage.Held      `json:"queue,omitempty"`
	Priority *triage.Held      `json:"priority,omitempty"`
	Times    *triage.HeldTimes `json:"times,omitempty"`
	Seconds  float64           `json:"seconds"`
}

// triage returns what the tickets say about new ones; nil where they say nothing.
func (r *run) triage(ctx context.Context, w *recommend.World) (*triage.Model, error) {
	tickets := r.snap.worded()
	if len(tickets) < triage.LeastTickets {
		return nil, nil
	}
	start := time.Now()
	r.Fitter.begins("learning what tickets are")
	now := r.snap.Newest
	for i := range tickets {
		for _, at := range []*time.Time{tickets[i].OpenedAt, tickets[i].ClosedAt} {
			if at != nil && at.After(now) {
				now = *at
			}
		}
	}
	all := make([]triage.Closed, len(tickets))
	for i := range tickets {
		all[len(tickets)-1-i] = closedOf(&tickets[i], w.Catalogue, now)
	}
	model, proof := triage.Learn(all, r.Fitter.Seed)
	if proof != (triage.Proof{}) {
		r.report.Triage = &Sorted{Tickets: len(all), Topic: proof.Topic, Queue: proof.Queue, Priority: proof.Priority, Times: proof.Times, Seconds: time.Since(start).Seconds()}
	}
	return model, ctx.Err()
}

// closedOf is what a ticket teaches. One of whose opening nothing but its end tells teaches no time.
func closedOf(t *engine.Ticket, c *catalogue.Snapshot, now time.Time) triage.Closed {
	out := desk.ClosedOf(t, c, now)
	if !out.Took.Open && t.ClosedAt != nil && t.ClosedAt.Equal(t.Opened()) {
		out.Took.Time = -1
	}
	return out
}

// worded are the tickets whose words are held, newest first: those beyond would teach that
// tickets have none. Where no ticket has words, they are as many as there is room for.
func (s *Snapshot) worded() []engine.Ticket {
	newest := s.Tickets[:min(len(s.Tickets), desk.MaxQuestions)]
	if slices.ContainsFunc(newest, func(t engine.Ticket) bool { return t.Subject != "" || len(t.Messages) > 0 }) {
		return newest
	}
	return s.Tickets[:min(len(s.Tickets), maxTriaged)]
}

// words says what tickets taught triage, and what it is worth.
func (s *Sorted) words() string {
	var b strings.Builder
	b.WriteString(evaluate.Counted(s.Tickets, "ticket"))
	for _, part := range []struct {
		name string
		held *triage.Held
	}{{"topic", s.Topic}, {"queue", s.Queue}, {"priority", s.Priority}} {
		switch {
		case part.held == nil:
			fmt.Fprintf(&b, "; %s: too little is known", part.name)
		default:
			fmt.Fprintf(&b, "; %s: %.3f of %d held out right, %.3f by the commonest", part.name, part.held.Right, part.held.Tickets, part.held.Commonest)
			if !part.held.Proven() {
				fmt.Fprintf(&b, ", not proven (gain %.3f, standard error %.3f) and not told", part.held.Gain, part.held.Error)
			}
		}
	}
	switch t := s.Times; {
	case t == nil:
		b.WriteString("; time: too little is known")
	default:
		fmt.Fprintf(&b, "; time: %.3f of %d held out within", t.Within, t.Tickets)
		if !t.Proven() {
			fmt.Fprintf(&b, ", that of all tickets: what one has says no more (gain %.3f, standard error %.3f)", t.Gain, t.Error)
		}
	}
	return b.String()
}
