package api

import (
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
