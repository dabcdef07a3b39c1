package solution

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// RecentDays is how far back the recent part of a fix's health reaches.
const RecentDays = 30

// Health is how a fix does: what became of the tickets it was tried on, each counted once,
// with what is known last. A fix that ended a ticket that was opened again did not end it.
type Health struct {
	Item     engine.ItemID `json:"item_id"`
	Title    string        `json:"title,omitempty"`
	Shown    int           `json:"shown"`    // answers to tickets that list it, of those that are kept, and solution_shown of no answer
	First    int           `json:"first"`    // of these answers, with it first
	Used     int           `json:"used"`     // tickets it was used on, the verdict open or known
	Solved   int           `json:"solved"`   // it ended for good
	Reopened int           `json:"reopened"` // it ended, and not for good
	Failed   int           `json:"failed"`   // it did not end

	Ends   engine.Share `json:"ends"`   // the part of the tickets with a verdict that it ended for good
	Recent Verdicts     `json:"recent"` // those whose verdict is of the last RecentDays
	Before Verdicts     `json:"before"` // of all before
	// Change is by how much the part it ends rose; nil where one of the two has no verdict.
	Change *engine.Share `json:"change,omitempty"`
	Needs  []string      `json:"needs"` // why it needs a look, the gravest first; empty for no reason

	lost float64 // tickets that it surely ended less than the mean fix would have
}

// Verdicts are tickets with a verdict.
type Verdicts struct {
	Tickets int          `json:"tickets"`
	Ends    engine.Share `json:"ends"`
}

// Why a fix needs a look.
const (
	NeedsWorse  = "worse"  // it surely ends fewer than before
	NeedsPoor   = "poor"   // it surely ends fewer than the mean fix
	NeedsUnused = "unused" // it was shown often, and used on none
	NeedsTrial  = "trial"  // it was never tried: nobody knows
)

// unusedFrom is from how many answers on a fix that is used on none is no chance.
const unusedFrom = 20

// Checkup gathers what the log says of fixes. The zero value is ready for use.
type Checkup struct {
	tries    map[try]*verdict
	reopened map[string]time.Time // tickets that say themselves that they were opened again
	shown    map[engine.ItemNum][2]int
	used     map[engine.ItemNum]bool
}

type try struct {
	ticket string
	fix    engine.ItemNum
}

// verdict is what became of a try: when each was said last, zero for never.
type verdict struct {
	ended, again, failed time.Time
	used                 time.Time // said to have been tried
}

// Row takes in one row of the log. Those that are about no ticket say nothing.
func (c *Checkup) Row(r *engine.Row) {
	if r.TicketID == "" {
		return
	}
	if c.tries == nil {
		c.tries, c.reopened, c.used = make(map[try]*verdict), make(map[string]time.Time), make(map[engine.ItemNum]bool)
	}
	switch r.Type {
	case engine.Reopened:
		if r.Item == "" {
			c.reopened[r.TicketID] = later(c.reopened[r.TicketID], r.At)
			return
		}
	case engine.SolutionShown:
		if r.Item != "" && r.RecommendationID == "" { // else the answer is kept, or too old to count
			c.show(r.Num, false)
		}
		return
	case engine.SolutionUsed, engine.NotSolved, engine.Solved:
	default:
		return
	}
	if r.Item == "" {
		return
	}
	of := try{r.TicketID, r.Num}
	v := c.tries[of]
	if v == nil {
		v = new(verdict)
		c.tries[of], c.used[r.Num] = v, true
	}
	switch r.Type {
	case engine.SolutionUsed:
		v.used = later(v.used, r.At)
	case engine.Solved:
		v.ended = later(v.ended, r.At)
	case engine.Reopened:
		v.again = later(v.again, r.At)
	case engine.NotSolved:
		v.failed = later(v.failed, r.At)
	}
}

// Ticket takes in one ticket, after all rows: what its tries came to that no row says, as
// Ticket.Tries has it. number is that of a fix, if it has one.
func (c *Checkup) Ticket(t *engine.Ticket, number func(engine.ItemID) (engine.ItemNum, bool)) {
	tries := t.Tries()
	for i := range tries {
		if tries[i].Outcome != string(engine.Solved) || t.Solutions[i].Outcome != "" {
			continue
		}
		n, known := number(tries[i].Item)
		v := c.tries[try{t.ID, n}]
		if !known || v == nil {
			continue // its row waits for a customer
		}
		if v.ended = later(v.ended, v.used); t.ClosedAt != nil {
			v.ended = later(v.ended, *t.ClosedAt)
		}
	}
}

// Answer takes in one answer to a ticket.
func (c *Checkup) Answer(fixes []engine.ItemNum) {
	for i, n := range fixes {
		c.show(n, i == 0)
	}
}

func (c *Checkup) show(fix engine.ItemNum, first bool) {
	if c.shown == nil {
		c.shown = make(map[engine.ItemNum][2]int)
	}
	n := c.shown[fix]
	if n[0]++; first {
		n[1]++
	}
	c.shown[fix] = n
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Report returns the health of fixes, of which item says what they are (nil for those that
// are none of the shop's any more), with what needs a look first: by how many tickets a fix
// surely ended less than the mean fix would have, then by whether it got worse, then by how
// many it did not end.
func (c *Checkup) Report(fixes []engine.ItemNum, item func(engine.ItemNum) *engine.Item, now time.Time) []Health {
	list := make([]Health, len(fixes))
	at := make(map[engine.ItemNum]*Health, len(fixes))
	recent := make(map[engine.ItemNum][2]int) // ended for good, and all with a verdict
	for i, n := range fixes {
		it := item(n)
		list[i] = Health{Item: it.ID, Title: it.Title, Shown: c.shown[n][0], First: c.shown[n][1], Needs: []string{}}
		at[n] = &list[i]
	}
	since := now.AddDate(0, 0, -RecentDays)
	for of, v := range c.tries {
		h := at[of.fix]
		if h == nil {
			continue
		}
		h.Used++
		when, again, ended := later(v.ended, v.failed), later(v.again, c.reopened[of.ticket]), false
		if v.ended.IsZero() && v.again.IsZero() || again.Before(v.ended) {
			again = time.Time{} // it did not end it, or ended it after all
		}
		switch {
		case !again.IsZero() && !v.failed.After(again):
			h.Reopened, when = h.Reopened+1, later(when, again)
		case !v.ended.IsZero() && !v.failed.After(v.ended):
			h.Solved, ended = h.Solved+1, true
		case !v.failed.IsZero():
			h.Failed++
		default:
			continue // nobody knows yet
		}
		if !when.Before(since) {
			n := recent[of.fix]
			if n[1]++; ended {
				n[0]++
			}
			recent[of.fix] = n
		}
	}
	var solved, tried int
	for i := range list {
		solved, tried = solved+list[i].Solved, tried+list[i].verdicts()
	}
	mean := engine.Wilson(solved, tried).Value
	for i, n := range fixes {
		list[i].judge(recent[n], mean)
	}
	slices.SortFunc(list, func(a, b Health) int {
		return cmp.Or(cmp.Compare(b.lost, a.lost), cmp.Compare(b.worse(), a.worse()), cmp.Compare(b.Failed+b.Reopened, a.Failed+a.Reopened),
			cmp.Compare(b.Shown, a.Shown), cmp.Compare(a.Item, b.Item))
	})
	return list
}

func (h *Health) verdicts() int { return h.Solved + h.Reopened + h.Failed }

func (h *Health) worse() int {
	if slices.Contains(h.Needs, NeedsWorse) {
		return 1
	}
	return 0
}

// judge fills what follows from the counts; recent are how many of the recent verdicts are
// that it ended the ticket for good, and how many there are.
func (h *Health) judge(recent [2]int, mean float64) {
	all := h.verdicts()
	h.Ends = engine.Wilson(h.Solved, all)
	h.Recent = Verdicts{recent[1], engine.Wilson(recent[0], recent[1])}
	h.Before = Verdicts{all - recent[1], engine.Wilson(h.Solved-recent[0], all-recent[1])}
	if h.Recent.Tickets > 0 && h.Before.Tickets > 0 {
		change := h.Recent.Ends.Less(h.Before.Ends)
		h.Change = &change
	}
	if h.lost = float64(all) * max(0, mean-h.Ends.High); h.lost > 0 {
		h.Needs = append(h.Needs, NeedsPoor)
	}
	switch {
	case h.Change != nil && h.Change.High < 0:
		h.Needs = append(h.Needs, NeedsWorse)
	case h.Used == 0 && h.Shown >= unusedFrom:
		h.Needs = append(h.Needs, NeedsUnused)
	case h.Used == 0:
		h.Needs = append(h.Needs, NeedsTrial)
	}
}

// Tried reports whether a fix was used on any ticket.
func (c *Checkup) Tried(fix engine.ItemNum) bool { return c.used[fix] }
