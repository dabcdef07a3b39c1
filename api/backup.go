package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// positionHeader is the trailer of a backup: what the next one adds to, as its since.
const positionHeader = "X-Rapport-Position"

// backup streams a backup of everything, or what came after an earlier one. It ends with
// its own checksum, so that one cut short is seen to be.
func (s *Server) backup(c *gin.Context) error {
	since := uint64(0)
	if text, given := c.GetQuery("since"); given {
		var err error
		if since, err = strconv.ParseUint(text, 10, 64); err != nil {
			return engine.Invalidf(engine.CodeInvalidField, "since", "the position of an earlier backup is wanted, as /v1/backups lists it, got %q", shorten(text))
		}
	}
	if c.Request.Method != http.MethodHead {
		c.Header("Trailer", positionHeader+", "+seqHeader)
	}
	return s.stream(c, "rapport.backup", "application/octet-stream", func(ctx context.Context, w io.Writer) error {
		made, err := s.store.Backup(ctx, w, since)
		c.Header(positionHeader, strconv.FormatUint(made.Position, 10))
		c.Header(seqHeader, strconv.FormatUint(made.Seq, 10))
		return err
	})
}

// listBackups shows the backups that were made, oldest first.
func (s *Server) listBackups(c *gin.Context) error {
	list, err := s.store.Backups(c.Request.Context())
	if err != nil {
		return err
	}
	return send(c, gin.H{"backups": orEmpty(list)})
}
