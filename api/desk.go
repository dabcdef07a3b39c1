package api

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/solution"
)

// listHealth pages through how every fix does, those that need a look first.
func (s *Server) listHealth(c *gin.Context) error {
	list, at, err := s.rec.Health(c.Request.Context())
	if err != nil {
		return err
	}
	return replyPart(c, list, gin.H{"as_of": at.UTC()})
}

// healthOf is how one fix does.
type healthOf struct {
	AsOf time.Time `json:"as_of"`
	solution.Health
}

// showHealth shows how one fix does.
func (s *Server) showHealth(c *gin.Context) error {
	id, err := pathID(c, "item_id")
	if err != nil {
		return err
	}
	list, at, err := s.rec.Health(c.Request.Context())
	if err != nil {
		return err
	}
	of := slices.IndexFunc(list, func(h solution.Health) bool { return h.Item == engine.ItemID(id) })
	if of < 0 {
		return fmt.Errorf("%q is no solution, and was tried on no ticket: %w", shorten(id), engine.ErrNotFound)
	}
	return send(c, healthOf{at.UTC(), list[of]})
}

// listGaps pages through what the desk has no fix for, the largest gaps first.
func (s *Server) listGaps(c *gin.Context) error {
	gaps, at, err := s.rec.Gaps(c.Request.Context())
	if err != nil {
		return err
	}
	return replyPart(c, gaps.List, gin.H{"as_of": at.UTC(), "tickets": gaps.Tickets})
}

// replyPart answers with a part of a list that is made anew each time. The cursor is the
// place in it: who pages while it changes may see one twice, or miss one.
func replyPart[T any](c *gin.Context, list []T, more gin.H) error {
	size, err := pageSize(c)
	if err != nil {
		return err
	}
	from := 0
	if cursor := c.Query("cursor"); cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil || from < 0 {
			return badCursor()
		}
	}
	from = min(from, len(list))
	to := min(from+size, len(list))
	more["items"] = orEmpty(list[from:to])
	if to < len(list) {
		more["cursor"] = strconv.Itoa(to)
	}
	return send(c, more)
}

// ticketView is a ticket, with its customer where the request includes them.
type ticketView struct {
	engine.Ticket
	Asks *engine.CustomerView `json:"customer,omitempty"`
}

// showTicket answers with a ticket.
func (s *Server) showTicket(c *gin.Context) error {
	include, err := included(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "ticket_id")
	if err != nil {
		return err
	}
	ticket, err := s.store.Ticket(c.Request.Context(), id)
	if err != nil {
		return err
	}
	out := ticketView{Ticket: ticket}
	if include && ticket.Customer != "" {
		view, err := s.rec.Customer(c.Request.Context(), ticket.Customer)
		if err != nil {
			return err
		}
		out.Asks = &view
	}
	return send(c, out)
}

// included reports whether the request includes the customer.
func included(c *gin.Context) (bool, error) {
	text, given := c.GetQuery("include")
	if given && text != engine.IncludeCustomer {
		return false, engine.Invalidf(engine.CodeInvalidField, "include", "%s is wanted, got %q", engine.IncludeCustomer, shorten(text))
	}
	return given, nil
}
