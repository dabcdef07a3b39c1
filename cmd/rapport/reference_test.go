package main

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// reference is the house as one would write it in an afternoon: maps and slices, no
// index, no cache and no disk. It says what the real one should hold; what it leaves to
// the real one is the choice whether an old retry is remembered.
type reference struct {
	items     map[engine.ItemID]engine.Item
	scenarios map[string]engine.Scenario
	records   map[engine.Subject]engine.Customer // by the customer they were written for
	tickets   map[string]filedTicket
	said      map[saying]engine.Subject         // outcomes of tries; the drawer their row lies in, nobody's while it has none
	awaited   map[string]bool                   // tickets that were deleted, and not erased: what was tried on them is remembered
	taken     []movedRow                        // rows that moved with their ticket
	drawers   map[engine.Subject][]engine.Row   // rows under whom they belonged to when they came
	belongs   map[engine.Subject]engine.Subject // whose later deeds these are
	past      map[engine.Subject]engine.Subject // whose history takes in the rows of a drawer
	seen      map[sender]engine.Subject         // events a retry of which must be told; the drawer they lie in
	log       []logged                          // the events in the order of their commits
	counted   []engine.Row                      // what the live counters are the sum of
	saved     []engine.Row                      // what the last checkpoint is the sum of
	savedSeq  uint64
	trimmed   uint64                 // the tail holds no group that ends below
	damaged   bool                   // checkpoint or tail: the next start counts everything
	shown     map[string]*impression // by recommendation id
	modelSeen map[int]bool           // versions that were ever saved
}

type filedTicket struct {
	engine.Ticket
	home    engine.Subject
	guessed bool // nobody said when it was opened
}

// sender is what tells a retry: who sent it, as sent or as filed, and its id.
type sender struct {
	who   engine.Subject
	event string
}

type logged struct {
	sender          // filed under
	last     uint64 // sequence number of the last command of its commit
	sentBy   engine.Subject
	standing bool
}

// impression is an answer that was given.
type impression struct {
	who    engine.Subject
	at     time.Time
	answer engine.Answer
	// maybe: the process ended without order, so it may not have been written.
	maybe, erased bool
}

func newReference() *reference {
	return &reference{
		items: make(map[engine.ItemID]engine.Item), scenarios: make(map[string]engine.Scenario),
		records: make(map[engine.Subject]engine.Customer), tickets: make(map[string]filedTicket), said: make(map[saying]engine.Subject), awaited: make(map[string]bool),
		drawers: make(map[engine.Subject][]engine.Row),
		belongs: make(map[engine.Subject]engine.Subject), past: make(map[engine.Subject]engine.Subject),
		seen: make(map[sender]engine.Subject), shown: make(map[string]*impression), modelSeen: make(map[int]bool),
	}
}

// resolve returns whose deeds those of s are now.
func (r *reference) resolve(s engine.Subject) engine.Subject {
	for {
		into, ok := r.belongs[s]
		if !ok {
			return s
		}
		s = into
	}
}

// sources returns root and all whose drawers its history takes in.
func (r *reference) sources(root engine.Subject) []engine.Subject {
	all := []engine.Subject{root}
	for i := 0; i < len(all); i++ {
		for from, owner := range r.past {
			if owner == all[i] && !slices.Contains(all, from) {
				all = append(all, from)
			}
		}
	}
	return all
}

// eventName is the event's id, or one of its own where it has none.
func eventName(r *engine.Row) any {
	if r.EventID == "" {
		return r.Seq
	}
	return r.EventID
}

// history returns all that whom s belongs to did, by time, every line of an event once.
func (r *reference) history(s engine.Subject) []engine.Row {
	var rows []engine.Row
	for _, from := range r.sources(r.resolve(s)) {
		rows = append(rows, r.drawers[from]...)
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Compare(b.Seq, a.Seq) }) // the newest of a line stands
	type line struct {
		event any
		line  uint16
	}
	known := make(map[line]bool)
	rows = slices.DeleteFunc(rows, func(row engine.Row) bool {
		l := line{eventName(&row), row.Line}
		again := known[l]
		known[l] = true
		return again
	})
	slices.SortFunc(rows, func(a, b engine.Row) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Line, b.Line))
	})
	return rows
}

// roots returns everybody who has a history of their own.
func (r *reference) roots() map[engine.Subject]bool {
	out := make(map[engine.Subject]bool)
	for s := range r.drawers {
		for {
			owner, ok := r.past[s]
			if !ok {
				break
			}
			s = owner
		}
		if len(r.history(s)) > 0 {
			out[s] = true
		}
	}
	return out
}

// everything returns all histories, each line once.
func (r *reference) everything() (rows []engine.Row) {
	for s := range r.roots() {
		rows = append(rows, r.history(s)...)
	}
	return rows
}

// remembered reports whether a retry of the event, sent by s, must be told as one.
func (r *reference) remembered(s engine.Subject, event string) bool {
	_, sent := r.seen[sender{s, event}]
	_, filed := r.seen[sender{r.resolve(s), event}]
	return event != "" && (sent || filed)
}

// stands reports whether the event is kept, as sent by s or as filed under whom s
// belongs to.
func (r *reference) stands(s engine.Subject, event string) bool {
	root := r.resolve(s)
	return slices.ContainsFunc(r.log, func(l logged) bool {
		return l.standing && l.event == event && (l.sentBy == s || l.who == root)
	})
}

// record files an event that was accepted as command seq, of a commit that ended with
// command last.
func (r *reference) record(lines []engine.Interaction, seq, last uint64, num func(engine.ItemID) engine.ItemNum, now time.Time) {
	first := &lines[0]
	sent := first.Subject()
	root := r.resolve(sent)
	if first.Customer != "" && first.Session != "" {
		r.link(engine.OfSession(first.Session), root)
	}
	kept := r.drawers[root]
	for i, l := range lines {
		l.Line = uint16(i)
		if l.At.IsZero() {
			l.At = now
		}
		l.At = l.At.UTC().Truncate(time.Millisecond)
		row := engine.Row{Interaction: l, Seq: seq, Num: num(l.Item)}
		kept = slices.DeleteFunc(kept, func(old engine.Row) bool {
			return l.EventID != "" && old.EventID == l.EventID && old.Line == l.Line
		})
		kept = append(kept, row)
		r.counted = append(r.counted, row)
	}
	r.drawers[root] = kept
	if first.EventID != "" {
		r.seen[sender{sent, first.EventID}] = root
	}
	r.log = append(r.log, logged{sender{root, first.EventID}, last, sent, true})
}

// link makes a session belong to a customer.
func (r *reference) link(session, into engine.Subject) {
	before, linked := r.belongs[session]
	switch {
	case linked && r.resolve(before) == into:
		return
	case linked:
		if _, owned := r.past[session]; !owned {
			r.past[session] = before
		}
	case len(r.drawers[session]) > 0:
		r.past[session] = into
	}
	r.belongs[session] = into
}

// merge makes all that from did and will do belong to a customer.
func (r *reference) merge(from, into engine.Subject) {
	into = r.resolve(into)
	if from.Kind == engine.SessionSubject {
		r.link(from, into)
		return
	}
	if from = r.resolve(from); from == into {
		return
	}
	r.belongs[from], r.past[from] = into, into
	if record, ok := r.records[from]; ok {
		if _, has := r.records[into]; !has {
			record.ID = engine.CustomerID(into.ID)
			r.records[into] = record
		}
	}
}

// erase forgets s, whom it belongs to and all of theirs.
func (r *reference) erase(s engine.Subject) (members map[engine.Subject]bool, rows int) {
	members = make(map[engine.Subject]bool)
	for _, m := range r.sources(r.resolve(s)) {
		members[m] = true
	}
	for from, into := range r.belongs {
		if _, owned := r.past[from]; members[into] && !owned {
			members[from] = true // shown something before it was linked, and nothing done
		}
	}
	for from, into := range maps.Clone(r.belongs) {
		owner, owned := r.past[from]
		switch {
		case members[into] && !members[from] && owned:
			r.belongs[from] = owner // back to whom it came from
		case members[into]:
			delete(r.belongs, from)
			delete(r.past, from)
		case members[from]:
			delete(r.past, from)
		}
	}
	for m := range members {
		rows += len(r.drawers[m])
		delete(r.drawers, m)
		delete(r.records, m)
	}
	for i := range r.log {
		if members[r.log[i].who] {
			r.log[i].standing = false
		}
	}
	maps.DeleteFunc(r.seen, func(_ sender, filed engine.Subject) bool { return members[filed] })
	r.taken = slices.DeleteFunc(r.taken, func(t movedRow) bool { // with a ticket goes what it said where it lay before
		stays := slices.ContainsFunc(r.drawers[t.from], func(row engine.Row) bool { return row.EventID == t.row.EventID })
		return members[r.tickets[t.row.TicketID].home] && !stays
	})
	maps.DeleteFunc(r.tickets, func(_ string, t filedTicket) bool { return members[t.home] })
	r.taken = slices.DeleteFunc(r.taken, func(t movedRow) bool { return members[t.from] }) // what it was is erased, too
	maps.DeleteFunc(r.said, func(_ saying, in engine.Subject) bool { return members[in] })
	for _, i := range r.shown {
		i.erased = i.erased || members[i.who]
	}
	return members, rows
}

// customer returns the record of a customer, or of the one it was merged into.
func (r *reference) customer(id engine.CustomerID) (engine.Customer, bool) {
	c, ok := r.records[r.resolve(engine.OfCustomer(id))]
	return c, ok
}

// ticketsOf returns the ids of the tickets of a subject and of all that is theirs.
func (r *reference) ticketsOf(s engine.Subject) (ids []string) {
	sources := r.sources(r.resolve(s))
	for id, t := range r.tickets {
		if slices.Contains(sources, t.home) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// checkpoint notes that the live counters were saved.
func (r *reference) checkpoint(seq uint64) {
	r.saved, r.savedSeq, r.damaged = slices.Clone(r.counted), seq, false
}

// restart is what a new start makes of memory: counters of the checkpoint and of what
// stands since, or of everything; event ids as far as the tail goes back, under whom
// they were filed.
func (r *reference) restart() {
	if r.damaged {
		r.counted = r.everything()
	} else {
		r.counted = slices.Clone(r.saved)
		for i := range r.taken {
			if t := &r.taken[i]; t.by > r.savedSeq && t.row.Seq <= r.savedSeq {
				r.counted = without(r.counted, &t.row)
			}
		}
		for _, rows := range r.drawers {
			for _, row := range rows {
				if row.Seq > r.savedSeq {
					r.counted = append(r.counted, row)
				}
			}
		}
	}
	clear(r.seen)
	for _, l := range r.log {
		if l.standing && l.last >= r.trimmed && l.event != "" {
			r.seen[l.sender] = l.who
		}
	}
}
