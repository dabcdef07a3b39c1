package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// Every request passes these in the order in which they stand here.

const (
	requestIDHeader = "X-Request-ID"
	maxRequestID    = 64
)

// identify gives the request an id: the caller's if it has a form that is safe in logs
// and headers, else one of ours.
func (s *Server) identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !safeRequestID(id) {
		id = newRequestID()
	}
	h := c.Writer.Header()
	h[requestIDKey] = []string{id}
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore // answers are personal, and of this moment
	c.Next()
}

// Values of headers that every answer has: nobody changes them where they lie.
var (
	noSniff  = []string{"nosniff"}
	noStore  = []string{"no-store"}
	jsonType = []string{"application/json; charset=utf-8"}

	requestIDKey = http.CanonicalHeaderKey(requestIDHeader)
)

func safeRequestID(id string) bool {
	outside := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	}
	return id != "" && len(id) <= maxRequestID && strings.IndexFunc(id, outside) < 0
}

// requestID returns what identify chose.
func requestID(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }

// recover turns a panic into a 500 and logs its stack: one broken request must not take
// the others down.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.log.ErrorContext(c.Request.Context(), "panic", "route", c.FullPath(), "request_id", requestID(c),
			"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // a cut connection says more than half an answer
		}
		s.write(c, hidden())
		c.Abort()
	}()
	c.Next()
}

// bound limits how long a request of a route may take and how much it may bring.
func (s *Server) bound(r *route) gin.HandlerFunc {
	if r.is(long) {
		return s.boundLong
	}
	return func(c *gin.Context) {
		ctx := newDeadline(c.Request.Context(), time.Now().Add(s.limits.Timeout))
		defer ctx.end()
		c.Request = c.Request.WithContext(ctx)
		if c.Request.Body == http.NoBody && c.GetHeader("Content-Encoding") == "" {
			c.Next()
			return
		}
		// Reading a body does not look at the context. The grace lets the context end first:
		// net/http takes a connection that cannot be read for a caller that hung up. A
		// recorder in a test has no deadline to set, which is as good.
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(s.limits.Timeout + readGrace))
		release, err := s.openBody(c)
		if err != nil {
			s.fail(c, err)
			return
		}
		defer release()
		c.Next()
	}
}

const readGrace = time.Second

// boundLong is for streams. They may be as large as they like and take long, but a few
// at a time, and only while they move: a caller that stalls holds a snapshot of the store
// or a place in the queue.
func (s *Server) boundLong(c *gin.Context) {
	if bundledRequest(c.Request.Context()) {
		s.fail(c, engine.Invalidf(engine.CodeInvalidField, "path", "a stream is asked for alone, not within a batch"))
		return
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		s.fail(c, errTooManyStreams)
		return
	}
	ctx, stop := context.WithTimeout(c.Request.Context(), s.limits.LongTimeout)
	defer stop()
	c.Request = c.Request.WithContext(ctx)
	m := &moving{control: http.NewResponseController(c.Writer), patience: s.limits.Timeout}
	c.Request.Body = &movingBody{m, &body{from: c.Request.Body, Closer: c.Request.Body}}
	c.Writer = &movingWriter{c.Writer, m}
	c.Next()
}

// moving gives a connection time for its next bytes, again and again. Errors mean that
// there is no connection, as in a test.
type moving struct {
	control  *http.ResponseController
	patience time.Duration
}

type movingBody struct {
	*moving
	io.ReadCloser
}

func (m *movingBody) Read(p []byte) (int, error) {
	_ = m.control.SetReadDeadline(time.Now().Add(m.patience))
	n, err := m.ReadCloser.Read(p)
	if err != nil { // the work goes on, and net/http listens for a caller that hangs up
		_ = m.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

type movingWriter struct {
	gin.ResponseWriter
	*moving
}

func (m *movingWriter) Write(p []byte) (int, error) {
	_ = m.control.SetWriteDeadline(time.Now().Add(m.patience))
	return m.ResponseWriter.Write(p)
}
