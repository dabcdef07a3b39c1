package main

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// What the reference knows of tries: whose tickets say what of which fix, and where the row
// of it lies. The simulation's tickets say not_solved, reopened, or that a fix was used; a
// closed one has what is left unsaid to thank, if that is one.

// saying is an outcome of a try: it counts once, whoever says it.
type saying struct {
	ticket, outcome string
	item            engine.ItemID
}

func (s saying) kind() engine.Type {
	if s.outcome == "" {
		return engine.SolutionUsed
	}
	return engine.Type(s.outcome)
}

func (s saying) event() string { return store.OutcomeID(s.ticket, s.kind(), s.item) }

// failed are the fixes that did not help with a ticket, and their variants.
func (r *reference) failed(t *engine.Ticket) map[engine.ItemID]bool {
	out, groups := make(map[engine.ItemID]bool), make(map[string]bool)
	for _, tried := range t.Solutions {
		if tried.Outcome != "" {
			out[tried.Item], groups[r.items[tried.Item].GroupID] = true, true
		}
	}
	for id, it := range r.items {
		if it.GroupID != "" && groups[it.GroupID] {
			out[id] = true
		}
	}
	return out
}

// kept is a ticket that was sent, as it is to be kept. whole says that it was sent whole,
// and not as a change.
func (r *reference) kept(t engine.Ticket, whole bool, now time.Time) (kept engine.Ticket, guessed bool) {
	before, known := r.tickets[t.ID]
	if !whole {
		t.Solutions = dated(t.Solutions, before.Solutions, now)
	}
	switch {
	case !known:
		t.Solutions = r.recalled(&t)
	case whole:
		t.Solutions = r.joined(t.ID, before.Solutions, t.Solutions)
		if t.State == "" && t.ClosedAt == nil { // it does not say how far it is
			t.State, t.ClosedAt = before.State, before.ClosedAt
		}
	}
	if known {
		t.Solutions = reopened(&t, &before.Ticket, now)
	}
	switch {
	case t.OpenedAt != nil:
		return t, before.guessed && t.OpenedAt.Equal(*before.OpenedAt)
	case known && whole && !before.guessed:
		t.OpenedAt = before.OpenedAt
		return t, false
	}
	var signs []time.Time
	for _, tried := range t.Solutions {
		if !tried.At.IsZero() {
			signs = append(signs, tried.At)
		}
	}
	if before.guessed {
		signs = append(signs, *before.OpenedAt)
	}
	if len(signs) == 0 {
		signs = append(signs, now)
	}
	t.OpenedAt = new(slices.MinFunc(signs, time.Time.Compare))
	return t, true
}

// restated is when what a row says is said to have been, now that its ticket says it: as the try
// says, else as before, if it was said before; none where nobody tells.
func restated(t *filedTicket, before *filedTicket, tried engine.Tried, row time.Time) time.Time {
	repeats := before == nil || slices.ContainsFunc(before.Solutions, func(b engine.Tried) bool { return b.Item == tried.Item && b.Outcome == tried.Outcome })
	switch {
	case !tried.At.IsZero():
		return tried.At
	case !row.IsZero() && repeats:
		return row
	case tried.Outcome != "reopened" && !t.guessed:
		return *t.OpenedAt
	}
	return row
}

// dated are tries as a change tells them: what is not known already is of now.
func dated(said, known []engine.Tried, now time.Time) []engine.Tried {
	out := slices.Clone(said)
	for i := range out {
		if !out[i].At.IsZero() {
			continue
		}
		out[i].At = now
		for _, k := range known {
			if k.Item == out[i].Item && k.Outcome == out[i].Outcome {
				out[i].At = k.At
			}
		}
	}
	return out
}

// reopened are the tries of a ticket that follows upon another.
func reopened(t, before *engine.Ticket, now time.Time) []engine.Tried {
	if before.State != "closed" || t.State == "closed" || t.State == "" {
		return t.Solutions
	}
	var unsaid []engine.ItemID
	for _, tried := range before.Solutions {
		if tried.Outcome == "" {
			unsaid = append(unsaid, tried.Item)
		}
	}
	out := slices.Clone(t.Solutions)
	for i := range out {
		if s := &out[i]; len(unsaid) == 1 && s.Item == unsaid[0] && s.Outcome == "" {
			s.Outcome, s.At = "reopened", now // it had ended the ticket
		}
	}
	return out
}

// joined is what was tried as it was known, with what a record says beside it.
func (r *reference) joined(ticket string, known, said []engine.Tried) []engine.Tried {
	out := slices.Clone(known)
	for _, s := range said {
		i := slices.IndexFunc(out, func(t engine.Tried) bool { return t.Item == s.Item })
		if i < 0 {
			out = append(out, s)
			continue
		}
		was := &out[i]
		_, again := r.said[saying{ticket, s.Outcome, s.Item}]
		news := !again
		if was.Outcome != "" && !s.At.IsZero() {
			news = s.At.After(was.At) || !again && s.At.Equal(was.At)
		}
		at := was.At
		switch {
		case s.Outcome == "" || s.Outcome == was.Outcome:
			if at.IsZero() || s.Outcome != "" && s.At.After(at) {
				was.At = s.At
			}
		case news:
			if !s.At.IsZero() {
				at = s.At
			}
			*was = engine.Tried{Item: s.Item, Outcome: s.Outcome, At: at}
		}
	}
	return out
}

// recalled is what a new ticket says, and what was told of it before.
func (r *reference) recalled(t *engine.Ticket) []engine.Tried {
	ticket, out := t.ID, slices.Clone(t.Solutions)
	if !r.awaited[ticket] {
		return out
	}
	told := r.told(ticket, r.homeFor(t.Customer))
	for i := range out {
		for _, known := range r.joined(ticket, told, out[i:i+1]) {
			if known.Item == out[i].Item && known.Outcome != out[i].Outcome {
				out[i] = known
			}
		}
	}
	for _, known := range told {
		if !slices.ContainsFunc(out, func(t engine.Tried) bool { return t.Item == known.Item }) {
			out = append(out, known)
		}
	}
	return out
}

// told is what the rows that are there say of a ticket that is not, for whom it is filed under:
// what other customers said of it is left out.
func (r *reference) told(ticket string, home engine.Subject) (out []engine.Tried) {
	var rows []engine.Row
	for says := range r.said {
		if row, ok := r.counts(says, home); ok && says.ticket == ticket {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	for _, row := range rows {
		i := slices.IndexFunc(out, func(t engine.Tried) bool { return t.Item == row.Item })
		outcome := string(row.Type)
		if row.Type == engine.SolutionUsed {
			outcome = ""
		}
		switch {
		case i < 0:
			out = append(out, engine.Tried{Item: row.Item, Outcome: outcome, At: row.At})
		case outcome != "" && outcome != out[i].Outcome:
			out[i].Outcome, out[i].At = outcome, row.At
		}
	}
	return out
}

// counts returns the row of an outcome that counts for whom a ticket is filed under: what another
// customer said of it does not. For nobody it is what was said last.
func (r *reference) counts(says saying, home engine.Subject) (engine.Row, bool) {
	if home == (engine.Subject{}) {
		if home = r.owner(r.said[says]); home == (engine.Subject{}) {
			return engine.Row{}, false
		}
	}
	copies := r.copies(says, home)
	if len(copies) == 0 {
		return engine.Row{}, false
	}
	return slices.MaxFunc(copies, func(a, b movedRow) int { return cmp.Compare(a.row.Seq, b.row.Seq) }).row, true
}

// copies are the rows of an outcome in a history, and the drawers they lie in.
func (r *reference) copies(says saying, home engine.Subject) (out []movedRow) {
	for _, from := range r.sources(home) {
		for _, row := range r.drawers[from] {
			if row.EventID == says.event() {
				out = append(out, movedRow{row: row, from: from})
			}
		}
	}
	return out
}

// take takes all rows of an outcome out of a history.
func (r *reference) take(says saying, home engine.Subject) {
	for _, c := range r.copies(says, home) {
		r.drawers[c.from] = without(r.drawers[c.from], &c.row)
		if len(r.drawers[c.from]) == 0 {
			delete(r.drawers, c.from)
		}
		r.taken = append(r.taken, c)
		r.counted = without(r.counted, &c.row)
	}
}

// homeFor is whom a customer's tickets are filed under, nobody where there is none.
func (r *reference) homeFor(id engine.CustomerID) (home engine.Subject) {
	if id != "" {
		home = r.resolve(engine.OfCustomer(id))
	}
	return home
}

// owner returns whose history takes in a drawer.
func (r *reference) owner(drawer engine.Subject) engine.Subject {
	for {
		into, owned := r.past[drawer]
		if !owned {
			return drawer
		}
		drawer = into
	}
}

// unfit reports whether an item is known and cannot have been tried on a ticket.
func (r *reference) unfit(id engine.ItemID) bool {
	it, known := r.items[id]
	it.AppliesTo = []engine.ItemID{"it"}
	return known && (it.Kind == engine.Offer || it.KindOrProduct() == engine.Product && !helps(&it, map[engine.ItemID]bool{"it": true}))
}

// tried reports whether a ticket says of a fix that it was tried.
func (r *reference) tried(ticket string, id engine.ItemID) bool {
	return slices.ContainsFunc(r.tickets[ticket].Solutions, func(t engine.Tried) bool { return t.Item == id })
}

// noFix is the first fix of a ticket that is none, and was not on it before.
func (r *reference) noFix(t *engine.Ticket) engine.ItemID {
	for _, tried := range t.Solutions {
		if r.unfit(tried.Item) && !r.tried(t.ID, tried.Item) {
			return tried.Item
		}
	}
	return ""
}

// refuses reports whether an outcome cannot be: it is of another customer's ticket, or of what
// is no fix.
func (r *reference) refuses(e *engine.Interaction) bool {
	root, home := r.resolve(e.Subject()), r.tickets[e.TicketID].home
	others := root.Kind == engine.CustomerSubject && home != (engine.Subject{}) && r.resolve(home) != root
	return others || r.unfit(e.Item)
}

// putTicket files a ticket as it is kept, of a command whose last change is last.
func (r *reference) putTicket(t engine.Ticket, guessed bool, last uint64, num func(engine.ItemID) engine.ItemNum, now time.Time) {
	home := r.homeFor(t.Customer)
	var before *filedTicket
	if was, known := r.tickets[t.ID]; known {
		before = &was
	}
	delete(r.awaited, t.ID)
	filed := filedTicket{t, home, guessed}
	r.tickets[t.ID] = filed
	changes := uint64(1)
	var rows []engine.Row // their Seq is the place of the change
	moved := make(map[saying]bool)
	if before != nil && before.home != home {
		changes, rows = r.takeRows(&filed, before, changes, moved, now)
	}
	for _, tried := range t.Solutions {
		says := saying{t.ID, tried.Outcome, tried.Item}
		if moved[says] {
			continue
		}
		row, counted := r.counts(says, home)
		if home == (engine.Subject{}) {
			if !counted {
				r.said[says] = home
			}
			continue
		}
		at := restated(&filed, before, tried, row.At)
		if at.After(now) {
			at = now
		}
		switch stored := at.UTC().Truncate(time.Millisecond); {
		case counted && stored.Equal(row.At):
			continue
		case counted: // it says another time now
			r.take(says, home)
			changes++
			row.At = stored
		default:
			if at.IsZero() {
				stored = now.UTC().Truncate(time.Millisecond)
			}
			row = engine.Row{Num: num(tried.Item), Interaction: engine.Interaction{
				EventID: says.event(), Type: says.kind(), Customer: t.Customer, Item: tried.Item, At: stored, OrderID: t.Order, TicketID: t.ID,
			}}
		}
		r.said[says] = home
		row.Seq = changes
		rows = append(rows, row)
		changes++
	}
	first := last + 1 - changes
	for i := range r.taken {
		if t := &r.taken[i]; t.by == 0 {
			t.by = first
		}
	}
	for i := range rows {
		rows[i].Seq += first
	}
	r.drawers[home] = append(r.drawers[home], rows...)
	if len(r.drawers[home]) == 0 {
		delete(r.drawers, home)
	}
	r.counted = append(r.counted, rows...)
}

// takeRows takes what a ticket said away from whom it belonged to, and returns it as what it
// says for home, if that is somebody, who did not say it before.
func (r *reference) takeRows(t, before *filedTicket, changes uint64, moved map[saying]bool, now time.Time) (uint64, []engine.Row) {
	home := t.home
	var out []engine.Row
	mine := slices.DeleteFunc(slices.Collect(maps.Keys(r.said)), func(s saying) bool {
		return s.ticket != t.ID || r.said[s] == (engine.Subject{})
	})
	slices.SortFunc(mine, func(a, b saying) int { // as their rows lie
		x, y := engine.HashOf(a.event()), engine.HashOf(b.event())
		return bytes.Compare(x[:], y[:])
	})
	for _, says := range mine {
		owner := r.owner(r.said[says])
		row, ok := r.counts(says, owner)
		if !ok {
			continue
		}
		r.take(says, owner)
		changes++
		moved[says], r.said[says] = true, home
		if home == (engine.Subject{}) || len(r.copies(says, home)) > 0 {
			continue
		}
		for _, tried := range t.Solutions {
			if tried.Item == says.item && tried.Outcome == says.outcome {
				if row.At = restated(t, before, tried, row.At).UTC().Truncate(time.Millisecond); row.At.After(now) {
					row.At = now.UTC().Truncate(time.Millisecond)
				}
			}
		}
		row.Customer, row.Seq = t.Customer, changes
		out = append(out, row)
		changes++
	}
	return changes, out
}

// movedRow is a row that was taken away by a command.
type movedRow struct {
	row  engine.Row
	from engine.Subject
	by   uint64 // 0 while that is being worked out
}

// without is rows without one of them.
func without(rows []engine.Row, gone *engine.Row) []engine.Row {
	i := slices.IndexFunc(rows, func(r engine.Row) bool { return r.Seq == gone.Seq && r.EventID == gone.EventID })
	if i < 0 {
		return rows
	}
	return slices.Delete(slices.Clone(rows), i, i+1)
}
