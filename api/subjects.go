package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// subject is a line of an export of subjects.
type subject struct {
	Customer engine.CustomerID `json:"customer_id,omitempty"`
	Session  engine.SessionID  `json:"session_id,omitempty"`
}

// exportSubjects streams who there is: every customer with a record or a history, and
// every session with a history that belongs to no customer. Whom a list can be made for.
func (s *Server) exportSubjects(c *gin.Context, v *store.View) error {
	return s.stream(c, "subjects.ndjson", exportNDJSON.media, func(ctx context.Context, w io.Writer) error {
		lines := json.NewEncoder(w)
		told := make(map[engine.CustomerID]struct{})
		err := v.Histories(ctx, func(who engine.Subject, _ []engine.Row) error {
			if who.Kind == engine.CustomerSubject {
				told[engine.CustomerID(who.ID)] = struct{}{}
				return errors.Join(ctx.Err(), lines.Encode(subject{Customer: engine.CustomerID(who.ID)}))
			}
			return errors.Join(ctx.Err(), lines.Encode(subject{Session: engine.SessionID(who.ID)}))
		})
		if err != nil {
			return err
		}
		return v.Customers(ctx, func(customer engine.Customer) error {
			if _, known := told[customer.ID]; known {
				return nil
			}
			return lines.Encode(subject{Customer: customer.ID})
		})
	})
}
