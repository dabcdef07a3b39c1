package api

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// whose are the parameters that say to whom an event belongs: events are kept by person,
// and an event's id alone does not find it.
var whose = []string{"customer_id", "session_id"}

// eventNamed returns whose event and which one a request is about.
func eventNamed(c *gin.Context) (engine.Subject, string, error) {
	id, err := pathID(c, "event_id")
	if err != nil {
		return engine.Subject{}, "", err
	}
	customer, session := c.Query("customer_id"), c.Query("session_id")
	if (customer == "") == (session == "") {
		return engine.Subject{}, "", engine.Invalidf(engine.CodeMissingField, "customer_id",
			"one of customer_id and session_id is needed in the URL: events are kept by person, and found by whose they are")
	}
	subject, field := engine.SubjectOf(engine.CustomerID(customer), engine.SessionID(session)), "customer_id"
	if subject.Kind == engine.SessionSubject {
		field = "session_id"
	}
	return subject, id, engine.CheckID(field, subject.ID)
}

// patchEvent changes the fields of an event that are given, and answers with its lines
// as they are kept.
func (s *Server) patchEvent(c *gin.Context) error {
	subject, id, err := eventNamed(c)
	if err != nil {
		return err
	}
	if err := object(c); err != nil {
		return err
	}
	o, err := s.options(c)
	if err != nil {
		return err
	}
	change, err := record.EventPatch(c.Request.Body, o)
	if err != nil {
		return err
	}
	var lines []engine.Interaction
	err = s.changeEvent(c, subject, id, func(was []engine.Interaction) ([]engine.Interaction, error) {
		var err error
		lines, err = change(was)
		return lines, err
	})
	if err != nil {
		return err
	}
	return send(c, gin.H{"items": lines})
}

// dropEvent takes an event back, all its lines.
func (s *Server) dropEvent(c *gin.Context) error {
	subject, id, err := eventNamed(c)
	if err != nil {
		return err
	}
	none := func([]engine.Interaction) ([]engine.Interaction, error) { return nil, nil }
	if err := s.changeEvent(c, subject, id, none); err != nil {
		return err
	}
	return sendNothing(c)
}

func (s *Server) changeEvent(c *gin.Context, subject engine.Subject, id string, change func([]engine.Interaction) ([]engine.Interaction, error)) error {
	_, err := s.do(c.Request.Context(), engine.UpdateEvent{Subject: subject, EventID: id, Update: change})
	if errors.Is(err, engine.ErrNotFound) {
		return fmt.Errorf("event %q is none of this person's: %w", shorten(id), engine.ErrNotFound)
	}
	return err
}
