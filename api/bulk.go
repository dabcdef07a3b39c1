package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// Trailers of the lists for many: how many there are, so that a caller knows that none is
// missing, and how many customers were left out because they refused.
const (
	listsTrailer   = "X-Rapport-Lists"
	leftOutTrailer = "X-Rapport-Left-Out"
)

// postBulk streams the lists of many customers, a line each.
func (s *Server) postBulk(c *gin.Context) error {
	if err := object(c); err != nil {
		return err
	}
	release, err := s.openBody(c)
	if err != nil {
		return err
	}
	req, err := record.BulkRequest(c.Request.Body)
	if release(); err != nil {
		return err
	}
	if req.ValidateOnly {
		return s.checkBulk(c, &req)
	}
	c.Header("Trailer", listsTrailer+", "+leftOutTrailer)
	return s.stream(c, "lists.ndjson", mediaNDJSON, func(ctx context.Context, w io.Writer) error {
		written, err := s.rec.Lists(ctx, &req, appendListLine, func(lines []byte) error {
			_, err := w.Write(lines)
			return err
		})
		if err != nil {
			return err
		}
		c.Writer.WriteHeaderNow() // where there are no lists, what follows is a trailer all the same
		c.Header(listsTrailer, strconv.Itoa(written.Lists))
		c.Header(leftOutTrailer, strconv.Itoa(written.LeftOut))
		return nil
	})
}

// checkBulk answers a request that is only to be checked with one line: what is eligible for a
// customer of whom nothing is known.
func (s *Server) checkBulk(c *gin.Context, req *engine.BulkRequest) error {
	answer, err := s.rec.Recommend(c.Request.Context(), &req.Request)
	if err != nil {
		return err
	}
	line, err := appendAnswer(nil, &answer)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, mediaNDJSON, append(line, '\n'))
	return nil
}

// appendListLine appends an answer as a line that begins with whose it is.
func appendListLine(out []byte, id engine.CustomerID, a *engine.Answer) ([]byte, error) {
	out = append(appendText(append(out, `{"customer_id":`...), string(id)), ',')
	start := len(out)
	out, err := appendAnswer(out, a)
	if err != nil {
		return nil, err
	}
	return append(append(out[:start], out[start+1:]...), '\n'), nil // without the answer's own brace
}
