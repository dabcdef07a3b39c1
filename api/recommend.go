package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// recommend answers the canonical request: everything in the body.
func (s *Server) recommend(c *gin.Context) error {
	if err := object(c); err != nil {
		return err
	}
	req, err := record.Request(c.Request.Body)
	if err != nil {
		return err
	}
	q := questions.Get().(*question)
	defer q.release()
	q.req = req
	return s.answer(c, q)
}

// recommendFor answers a short-hand: the path says whom or what the list is for, the
// rest stands in the body, which may be empty, or in the parameters.
func (s *Server) recommendFor(field string) handler {
	return func(c *gin.Context) error {
		id, err := pathID(c, field)
		if err != nil {
			return err
		}
		q := questions.Get().(*question)
		defer q.release()
		if q.req, err = shortRequest(c); err != nil {
			return err
		}
		if err := aim(&q.req, field, id); err != nil {
			return err
		}
		if err := s.mayAsk(c, &q.req); err != nil {
			return err
		}
		return s.answer(c, q)
	}
}

// question is the room of a request and its answer, to be used again. One that a long list
// has made large is left to the collector.
type question struct {
	req    engine.Request
	answer engine.Answer
	room   engine.Room
}

var questions = sync.Pool{New: func() any { return new(question) }}

// keptItems and keptReasons are of how many items a list is whose room is used again, and of how many
// reasons in all.
const (
	keptItems   = 64
	keptReasons = 16 * keptItems
)

// release lets another request be answered in q's room.
func (q *question) release() {
	clear(q.room.Items)
	clear(q.room.Reasons)
	q.room.Items, q.room.Reasons = q.room.Items[:0], q.room.Reasons[:0]
	q.req, q.answer = engine.Request{}, engine.Answer{}
	if cap(q.room.Items) <= keptItems && cap(q.room.Reasons) <= keptReasons {
		questions.Put(q)
	}
}

func shortRequest(c *gin.Context) (engine.Request, error) {
	if c.Request.Method != http.MethodPost {
		return record.RequestQuery(c.Request.URL.Query())
	}
	if err := object(c); err != nil {
		return engine.Request{}, err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil || len(body) == 0 {
		return engine.Request{}, err
	}
	return record.Request(bytes.NewReader(body))
}

// aim puts the path's id where it belongs, and refuses another one in its place.
func aim(req *engine.Request, field, id string) error {
	given := ""
	switch field {
	case "customer_id":
		given, req.Customer = string(req.Customer), engine.CustomerID(id)
	case "session_id":
		given, req.Session = string(req.Session), engine.SessionID(id)
	case "item_id":
		given, req.Item = string(req.Item), engine.ItemID(id)
	}
	return sameID(field, given, id)
}

// sameID refuses an id that contradicts the path's.
func sameID(field, given, path string) error {
	if given != "" && given != path {
		return engine.Invalidf(engine.CodeInvalidField, field, "the id of the path, %q, is wanted here or none", shorten(path))
	}
	return nil
}

func (s *Server) answer(c *gin.Context, q *question) (err error) {
	if q.answer, err = s.rec.RecommendIn(c.Request.Context(), &q.req, &q.room); err != nil {
		return err
	}
	return sendAnswer(c, &q.answer)
}

// suggest answers a ticket or a question with fixes.
func (s *Server) suggest(c *gin.Context) error {
	if err := object(c); err != nil {
		return err
	}
	req, err := record.SuggestRequest(c.Request.Body)
	if err != nil {
		return err
	}
	answer, err := s.rec.Suggest(c.Request.Context(), &req)
	if err != nil {
		return err
	}
	return send(c, answer)
}

// triage says what a text is that is no ticket yet.
func (s *Server) triage(c *gin.Context) error { return s.triageOf(c, "") }

// triageTicket says what a ticket is. The body may stand in for what the ticket says, and may
// be empty.
func (s *Server) triageTicket(c *gin.Context) error {
	id, err := pathID(c, "ticket_id")
	if err != nil {
		return err
	}
	return s.triageOf(c, id)
}

func (s *Server) triageOf(c *gin.Context, ticket string) error {
	if err := object(c); err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return err
	}
	if len(body) == 0 && ticket != "" {
		body = []byte("{}")
	}
	req, err := record.TriageRequest(bytes.NewReader(body), ticket)
	if err != nil {
		return err
	}
	answer, err := s.rec.Triage(c.Request.Context(), &req)
	if err != nil {
		return err
	}
	return send(c, answer)
}

// replay shows what was answered, and why.
func (s *Server) replay(c *gin.Context) error {
	id, err := recommendationID(c)
	if err != nil {
		return err
	}
	impression, err := s.rec.Replay(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return send(c, impression)
}

// rank puts the caller's own items in order for a person.
func (s *Server) rank(c *gin.Context) error {
	if err := object(c); err != nil {
		return err
	}
	req, err := record.RankRequest(c.Request.Body)
	if err != nil {
		return err
	}
	answer, err := s.rec.Rank(c.Request.Context(), req)
	if err != nil {
		return err
	}
	return sendAnswer(c, &answer)
}

// next goes on where a list ended: the same request, without what was shown.
func (s *Server) next(c *gin.Context) error {
	id, err := recommendationID(c)
	if err != nil {
		return err
	}
	if err := nothing(c); err != nil {
		return err
	}
	count := 0
	for _, name := range []string{"count", "n", "limit"} {
		if text, given := c.GetQuery(name); given {
			if count, err = strconv.Atoi(text); err != nil || count < 1 || count > engine.MaxCount {
				return engine.Invalidf(engine.CodeInvalidField, name, "a whole number from 1 to %d is wanted, got %q", engine.MaxCount, shorten(text))
			}
		}
	}
	answer, err := s.rec.Next(c.Request.Context(), id, count)
	if err != nil {
		return err
	}
	return sendAnswer(c, &answer)
}

// recommendationID returns the id of an answer of ours from the path.
func recommendationID(c *gin.Context) (string, error) {
	id, err := pathID(c, "recommendation_id")
	if err != nil {
		return "", err
	}
	if _, _, _, err := engine.ParseRecommendationID(id); err != nil {
		return "", fmt.Errorf("recommendation %.64q is none of ours, ids are given with answers: %w", id, engine.ErrNotFound)
	}
	return id, nil
}
