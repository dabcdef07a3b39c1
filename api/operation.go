package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// health says that the process answers, and nothing about how well.
func (s *Server) health(c *gin.Context) error { return send(c, gin.H{"status": "ok"}) }

// readiness says whether requests may be sent here, and what will answer them.
type readiness struct {
	Status  string `json:"status"`  // ready or unready
	Serving string `json:"serving"` // the model, or what stands in for one
	Version int    `json:"model_version"`
	Seq     uint64 `json:"seq"` // of the newest write that answers reflect
	// Unencoded is how many solutions and articles have no vectors of their passages yet:
	// tickets are answered without those.
	Unencoded int    `json:"fixes_unencoded"`
	Detail    string `json:"detail,omitempty"`
}

// ready is 200 when lists are served and writes are taken, else 503.
func (s *Server) ready(c *gin.Context) error {
	world := s.rec.World()
	r := readiness{Status: "ready", Version: world.Models.Version, Seq: s.rec.Seq(), Unencoded: s.rec.Figures().Unread}
	r.Serving = fmt.Sprintf("model %d", r.Version)
	why := "no model is trained yet"
	if unread := s.trainer.Unread(); len(unread) > 0 {
		why = damage(unread)
		r.Detail = why + ": train again (POST /v1/models/train, or rapport train); rapport check --deep, while no server runs, tells what is damaged"
	}
	if r.Version == 0 {
		r.Serving = "fallback: popular, trending, newest and content, " + why
	}
	if err := s.committerRuns(c.Request.Context()); err != nil {
		r.Status = "unready"
		r.Detail = "writes are not taken"
		if p := explain(err); p != nil {
			r.Detail = p.Detail
		}
		return reply(c, http.StatusServiceUnavailable, r)
	}
	return send(c, r)
}

// damage says which versions cannot be read.
func damage(versions []int) string {
	if len(versions) == 1 {
		return fmt.Sprintf("model %d cannot be read", versions[0])
	}
	each := make([]string, len(versions))
	for i, v := range versions {
		each[i] = strconv.Itoa(v)
	}
	return fmt.Sprintf("models %s cannot be read", strings.Join(each, ", "))
}

// probeTimeout is how long the committer may be busy and still count as running.
const probeTimeout = 2 * time.Second

var errProbe = errors.New("a probe changes nothing")

// committerRuns asks the committer for a change that refuses itself: nothing is
// written, and only a committer that runs can say so.
func (s *Server) committerRuns(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	_, err := s.do(ctx, engine.UpdateTicket{ID: "probe", Update: func(engine.Ticket, bool) (engine.Ticket, error) {
		return engine.Ticket{}, errProbe
	}})
	if errors.Is(err, errProbe) {
		return nil
	}
	return err
}

// showVersion says which program answers.
func (s *Server) showVersion(c *gin.Context) error {
	return send(c, gin.H{"name": "rapport", "version": s.version, "api": "v1"})
}

// whoami says as whom the caller came in.
func (s *Server) whoami(c *gin.Context) error {
	return send(c, gin.H{"workspace": s.name, "keyed": s.lock.keyed, "key": s.lock.fingerprint()})
}
