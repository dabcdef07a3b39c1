package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// listModels shows the versions that are kept.
func (s *Server) listModels(c *gin.Context) error {
	models, err := s.trainer.Models(c.Request.Context())
	if err != nil {
		return err
	}
	if models == nil {
		models = []engine.ModelVersion{}
	}
	return send(c, gin.H{"models": models})
}

// train starts a training and says where to follow it.
func (s *Server) train(c *gin.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	job, err := s.trainer.Train(c.Request.Context())
	if errors.Is(err, engine.ErrConflict) && job.ID != "" {
		p := newProblem(http.StatusConflict, codeConflict, "a training is running: follow it at /v1/jobs/%s", job.ID)
		p.Job = &job
		return p.with("Location", "/v1/jobs/"+job.ID)
	}
	if err != nil {
		return err
	}
	c.Header("Location", "/v1/jobs/"+job.ID)
	return reply(c, http.StatusAccepted, job)
}

// showJob shows how far a training has come.
func (s *Server) showJob(c *gin.Context) error {
	id, err := pathID(c, "job_id")
	if err != nil {
		return err
	}
	job, found := s.trainer.Job(id)
	if !found {
		return fmt.Errorf("job %q: %w", id, engine.ErrNotFound)
	}
	return send(c, job)
}

// rollback makes an earlier version serve, and shows them all.
func (s *Server) rollback(c *gin.Context) error {
	var body struct {
		To *int `json:"to"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if body.To == nil {
		return engine.Invalidf(engine.CodeMissingField, "to", "the version to go back to is needed")
	}
	if err := s.trainer.Rollback(c.Request.Context(), *body.To); err != nil {
		return err
	}
	return s.listModels(c)
}
