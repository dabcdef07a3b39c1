package store

import (
	"errors"
	"fmt"

	"github.com/rapportengine/rapport/engine"
)

// What is said of a ticket has to be possible: by its customer, and of something that can
// be a fix. Only the committer knows events, tickets, links and items as of one moment, so
// it is held against them here. What is not known yet is not held against anything: an event
// may come before its ticket and before its item.

// checkOwner refuses an outcome of a ticket of another customer than root, whom the event
// belongs to. A session that belongs to nobody may be anybody's.
func (g *group) checkOwner(line *engine.Interaction, root engine.Hash16) error {
	if line.Customer == "" && root == line.Subject().Hash() {
		return nil
	}
	home, found, err := g.homeOf(engine.HashOf(line.TicketID))
	if err != nil || !found || home == (engine.Hash16{}) {
		return err
	}
	owner, err := g.resolve(home)
	if err != nil || owner == root {
		return err
	}
	return engine.Invalidf(engine.CodeInvalidField, "ticket_id",
		"ticket %q belongs to another customer than this event: what became of a ticket is told by its customer, or by a session that is nobody's", line.TicketID)
}

// checkFixes refuses lines that tell of a try of what cannot be a fix.
func (g *group) checkFixes(lines []engine.Interaction) error {
	for i := range lines {
		switch lines[i].Type {
		case engine.SolutionShown, engine.SolutionUsed, engine.NotSolved, engine.Solved, engine.Reopened:
			if err := g.checkFix("item_id", lines[i].Item); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkTries refuses a ticket that says something was tried which cannot be a fix. What
// stands on it already stays: items change.
func (g *group) checkTries(ticket *engine.Ticket, was *standing) error {
	known := make(map[engine.ItemID]bool)
	if was != nil {
		for i := range was.Solutions {
			known[was.Solutions[i].Item] = true
		}
	}
	for i := range ticket.Solutions {
		if item := ticket.Solutions[i].Item; !known[item] {
			if err := g.checkFix(fmt.Sprintf("solutions[%d].item_id", i), item); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFix refuses an item that is known and cannot be a fix.
func (g *group) checkFix(field string, id engine.ItemID) error {
	n, ok := g.ids.Lookup(id)
	if !ok {
		return nil
	}
	value, err := get(g.txn, itemKey(n))
	if errors.Is(err, engine.ErrNotFound) {
		return nil // only events know of it
	}
	if err != nil {
		return err
	}
	item, _, err := decodeItem(value)
	if err != nil || item.CanFix() {
		return err
	}
	return engine.Invalidf(engine.CodeInvalidField, field,
		"%q is of kind %s and no fix: a ticket is solved by a solution, an article (content), an item of a kind of your own, or a product that is a spare part", id, item.KindOrProduct())
}
