package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
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
	if err := object(c); err != nil {
		return err
	}
	version, err := record.Rollback(c.Request.Body)
	if err != nil {
		return err
	}
	if err := s.trainer.Rollback(c.Request.Context(), version); err != nil {
		return err
	}
	return s.listModels(c)
}
