package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/store"
)

// problem is what every refusal says: problem details by RFC 9457. Code is stable and
// for programs; Detail says what would be right. It is an error, so that what only HTTP
// knows can be returned by a handler like everything else.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"`
	Offset    *int   `json:"offset,omitempty"` // within the field's text, from 0
	Line      int    `json:"line,omitempty"`   // of the body, from 1
	RequestID string `json:"request_id"`

	*Outcome             // of a batch of which nothing was kept
	Job      *engine.Job `json:"job,omitempty"` // the one that is in the way

	header map[string]string
}

// Codes of problems that are not an engine.Invalid's. They are part of the API.
const (
	codeNotFound     = "not_found"
	codeMethod       = "method_not_allowed"
	codeConflict     = "conflict"
	codeTooLarge     = "body_too_large"
	codeMediaType    = "unsupported_media_type"
	codeUnreadable   = "body_unreadable"
	codeUnauthorized = "unauthorized"
	codeForbidden    = "forbidden"
	codeUnavailable  = "unavailable"
	codeDiskFull     = "disk_full"
	codeTimeout      = "timeout"
	codeInternal     = "internal"
)

// clientGone is the status in our log of a request whose caller hung up; nobody gets it.
const clientGone = 499

// retrySoon is how many seconds a caller should wait for what mends itself.
const retrySoon = 5

// Error returns the detail.
func (p *problem) Error() string { return p.Detail }

func newProblem(status int, code, format string, args ...any) *problem {
	return &problem{Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// with adds a header to the answer.
func (p *problem) with(name, value string) *problem {
	p.header = map[string]string{name: value}
	return p
}

var (
	errNoRoute        = newProblem(http.StatusNotFound, codeNotFound, "there is nothing at this path; all paths begin with /v1, and ids in them are percent-encoded")
	errNoKey          = newProblem(http.StatusUnauthorized, codeUnauthorized, "a key is needed: Authorization: Bearer KEY, or X-API-Key: KEY").with("WWW-Authenticate", "Bearer")
	errWrongKey       = newProblem(http.StatusUnauthorized, codeUnauthorized, "the key is not a key of this server").with("WWW-Authenticate", `Bearer error="invalid_token"`)
	errNotLocal       = newProblem(http.StatusForbidden, codeForbidden, "this server has no key set, and answers only to programs on its own machine")
	errTooManyStreams = newProblem(http.StatusServiceUnavailable, codeUnavailable, "%d imports and exports are running, as many as run at once", streamsAtOnce).with("Retry-After", "60")
	errForeignHost    = newProblem(http.StatusForbidden, codeForbidden, "this server has no key set, and answers only as localhost")
	errForeignOrigin  = newProblem(http.StatusForbidden, codeForbidden, "this server has no key set, and takes nothing from pages of other origins")
)

func wrongMethod(c *gin.Context) error {
	return newProblem(http.StatusMethodNotAllowed, codeMethod, "this path takes %s, not %s", c.Writer.Header().Get("Allow"), c.Request.Method)
}

func tooLarge(limit int64) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, "a body has at most %d bytes, inflated; send more than that in parts", limit)
}

// known are the errors that callers may hear of. Without a detail they speak for
// themselves.
var known = []struct {
	cause  error
	status int
	code   string
	detail string
}{
	{engine.ErrNotFound, http.StatusNotFound, codeNotFound, ""},
	{engine.ErrConflict, http.StatusConflict, codeConflict, ""},
	{store.ErrDiskFull, http.StatusServiceUnavailable, codeDiskFull, "the disk of the server is nearly full: it answers, and takes no writes"},
	{syscall.ENOSPC, http.StatusServiceUnavailable, codeDiskFull, "the disk of the server is full: there is no room to lay this down"},
	{store.ErrClosed, http.StatusServiceUnavailable, codeUnavailable, "the server is stopping"},
	{store.ErrNotStarted, http.StatusServiceUnavailable, codeUnavailable, "the server is starting"},
	{store.ErrBroken, http.StatusServiceUnavailable, codeUnavailable, "the server takes no writes until it is restarted"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, codeTimeout, "the request took longer than this server allows; what it wrote may have been kept"},
	{os.ErrDeadlineExceeded, http.StatusRequestTimeout, codeTimeout, "the body took too long to arrive"},
}

// explain is where an error becomes a status. What it does not know stays inside: nil.
func explain(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		copied := *p
		return &copied
	}
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(big.Limit)
	}
	if syntax, ok := errors.AsType[*record.Syntax](err); ok {
		p := newProblem(http.StatusBadRequest, engine.CodeInvalidSyntax, "%s", syntax.Want)
		p.Line = syntax.Line
		return p
	}
	if invalid, ok := errors.AsType[*engine.Invalid](err); ok {
		p := newProblem(statusOf(invalid.Code), invalid.Code, "%s", invalid.Want)
		p.Field = invalid.Field
		if filters := invalid.Code == engine.CodeInvalidFilter || invalid.Code == engine.CodeUnknownAttr; invalid.Offset >= 0 && filters {
			p.Offset = &invalid.Offset
		}
		return p
	}
	for _, k := range known {
		if !errors.Is(err, k.cause) {
			continue
		}
		// That it is a conflict is what the code says.
		text := strings.TrimSuffix(err.Error(), ": "+engine.ErrConflict.Error())
		p := newProblem(k.status, k.code, "%s", cmp.Or(k.detail, text))
		if k.status == http.StatusServiceUnavailable {
			p.with("Retry-After", strconv.Itoa(retrySoon))
		}
		return p
	}
	if unread, ok := errors.AsType[*unreadable](err); ok {
		return newProblem(http.StatusBadRequest, codeUnreadable, "%s", unread.Error())
	}
	return nil
}

// statusOf tells what cannot be read, 400, from what can and makes no sense, 422.
func statusOf(code string) int {
	if code == engine.CodeInvalidSyntax {
		return http.StatusBadRequest
	}
	return http.StatusUnprocessableEntity
}

// hidden is a fault of ours: its inside is in the log, under the request's id.
func hidden() *problem {
	return newProblem(http.StatusInternalServerError, codeInternal, "the server failed; its log says more under this request_id")
}

// fail answers with a problem and ends the request. Errors are logged here and nowhere
// else.
func (s *Server) fail(c *gin.Context, err error) {
	c.Abort()
	p := explain(err)
	switch {
	case p != nil:
	case errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil:
		c.Status(clientGone)
		return
	default:
		s.log.ErrorContext(c.Request.Context(), "request failed", "route", c.FullPath(), "request_id", requestID(c), "err", err)
		p = hidden()
	}
	s.write(c, p)
}

// write sends a problem.
func (s *Server) write(c *gin.Context, p *problem) {
	p.Type, p.Title, p.RequestID = "about:blank", http.StatusText(p.Status), requestID(c)
	p.Detail = strings.ToValidUTF8(p.Detail, "\uFFFD")
	h := c.Writer.Header()
	for name, value := range p.header {
		h.Set(name, value)
	}
	body, err := encode(p)
	if err != nil { // texts and numbers only: cannot be
		s.log.ErrorContext(c.Request.Context(), "encode problem", "request_id", requestID(c), "err", err)
	}
	h.Set("Content-Type", "application/problem+json")
	c.Status(p.Status)
	_, _ = c.Writer.Write(body) // the caller may be gone; nothing is left to tell them
}
