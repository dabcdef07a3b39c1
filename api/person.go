package api

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// portrait is everything that is kept about a person, for the person.
type portrait struct {
	CustomerID  engine.CustomerID   `json:"customer_id"`
	ExportedAt  time.Time           `json:"exported_at"`
	Customer    *engine.Customer    `json:"customer,omitempty"`
	Former      []engine.Customer   `json:"former_records,omitempty"` // of customers merged into this one
	Subjects    []map[string]string `json:"subjects"`                 // as whom they were met
	Events      []event             `json:"events"`
	Tickets     []engine.Ticket     `json:"tickets"`
	Impressions []engine.Impression `json:"recommendations"` // as far as they are kept
}

// exportPerson answers with everything about a person as one document to be saved. Of
// somebody nobody heard of it is an empty one: that too is an answer.
func (s *Server) exportPerson(c *gin.Context) error {
	id, err := pathID(c, "customer_id")
	if err != nil {
		return err
	}
	p, err := s.store.PersonOf(c.Request.Context(), engine.OfCustomer(engine.CustomerID(id)))
	if err != nil {
		return err
	}
	out := portrait{
		CustomerID: engine.CustomerID(id), ExportedAt: s.now().UTC(), Customer: p.Customer, Former: p.Former,
		Events: []event{}, Tickets: orEmpty(p.Tickets), Impressions: orEmpty(p.Impressions),
	}
	for _, subject := range p.Subjects {
		out.Subjects = append(out.Subjects, subjectShown(subject))
	}
	for _, r := range p.Events {
		out.Events = append(out.Events, event{r.Interaction, r.Received})
	}
	c.Header("Content-Disposition", `attachment; filename="customer.json"`)
	return send(c, out)
}
