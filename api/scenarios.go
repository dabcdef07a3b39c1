package api

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// listScenarios shows all places, the built-in ones included.
func (s *Server) listScenarios(c *gin.Context) error {
	return send(c, gin.H{"scenarios": orEmpty(s.rec.Scenarios())})
}

// showScenario shows the place the path names.
func (s *Server) showScenario(c *gin.Context) error {
	name, err := pathID(c, "name")
	if err != nil {
		return err
	}
	return s.sendScenario(c, name)
}

func (s *Server) sendScenario(c *gin.Context, name string) error {
	scenario, err := s.rec.Scenario(name)
	if err != nil {
		return err
	}
	return send(c, scenario)
}

// putScenario replaces a place, or adds it, if it would work with today's catalogue.
func (s *Server) putScenario(c *gin.Context) error {
	name, err := pathID(c, "name")
	if err != nil {
		return err
	}
	if err := object(c); err != nil {
		return err
	}
	scenario, err := record.Scenario(c.Request.Body, name)
	if err != nil {
		return err
	}
	if err := s.rec.CheckScenario(scenario); err != nil {
		return err
	}
	if _, err := s.do(c.Request.Context(), engine.PutScenario{Scenario: scenario}); err != nil {
		return err
	}
	return s.sendScenario(c, name)
}

// dropScenario forgets a place; a built-in one returns to its default, which it may
// have had already.
func (s *Server) dropScenario(c *gin.Context) error {
	name, err := pathID(c, "name")
	if err != nil {
		return err
	}
	if _, err := s.rec.Scenario(name); err != nil {
		return err
	}
	if _, err := s.do(c.Request.Context(), engine.DeleteScenario{Name: name}); err != nil && !errors.Is(err, engine.ErrNotFound) {
		return err
	}
	return sendNothing(c)
}

// listAttributes shows what filters can ask of items: names, types, examples.
func (s *Server) listAttributes(c *gin.Context) error {
	return send(c, gin.H{"attributes": orEmpty(s.rec.World().Catalogue.Attributes())})
}

// preview is a scenario that is not stored, or was changed, and a request to try it on.
type preview struct {
	Scenario json.RawMessage `json:"scenario,omitempty"` // default: as it is stored
	Request  json.RawMessage `json:"request,omitempty"`  // default: a stranger's
}

// previewed shows both lists; Current is left out where nothing is stored.
type previewed struct {
	Preview engine.Answer  `json:"preview"`
	Current *engine.Answer `json:"current,omitempty"`
}

// previewScenario answers a request as it would be under a changed scenario, beside what
// it is now. Neither leaves an impression.
func (s *Server) previewScenario(c *gin.Context) error {
	name, err := pathID(c, "name")
	if err != nil {
		return err
	}
	var body preview
	if err := decode(c, &body); err != nil {
		return err
	}
	stored, err := s.rec.Scenario(name)
	if err != nil && (body.Scenario == nil || !errors.Is(err, engine.ErrNotFound)) {
		return err
	}
	isStored, draft := err == nil, stored
	if body.Scenario != nil {
		if draft, err = record.Scenario(bytes.NewReader(body.Scenario), name); err != nil {
			return inside("scenario", err)
		}
		if err := s.rec.CheckScenario(draft); err != nil {
			return inside("scenario", err)
		}
	}
	var req engine.Request
	if body.Request != nil {
		if req, err = record.Request(bytes.NewReader(body.Request)); err != nil {
			return inside("request", err)
		}
	}
	var out previewed
	if out.Preview, err = s.rec.Preview(c.Request.Context(), draft, &req); err != nil {
		return inside("request", err)
	}
	if isStored {
		current, err := s.rec.Preview(c.Request.Context(), stored, &req)
		if err != nil {
			return err
		}
		out.Current = &current
	}
	return send(c, out)
}
