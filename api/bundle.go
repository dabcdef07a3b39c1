package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// bundledAnswer is what one of them came to. Body is left out where there is none.
type bundledAnswer struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// inBundle marks the context of a request that came within another.
type inBundle struct{}

func bundledRequest(ctx context.Context) bool { return ctx.Value(inBundle{}) != nil }

// postBundle does each request as if it had come alone, and answers with all their
// answers. What one of them fails in does not stop the next.
func (s *Server) postBundle(c *gin.Context) error {
	if bundledRequest(c.Request.Context()) {
		return engine.Invalidf(engine.CodeInvalidField, "path", "a batch holds no other batch: list its requests here")
	}
	if err := object(c); err != nil {
		return err
	}
	calls, err := record.Calls(c.Request.Body)
	if err != nil {
		return err
	}
	requests := make([]*http.Request, len(calls))
	for i, call := range calls {
		if requests[i], err = bundled(c, call, i); err != nil {
			return err
		}
	}
	answers, room := make([]bundledAnswer, len(requests)), engine.MaxBodyBytes
	for i, r := range requests {
		if err := c.Request.Context().Err(); err != nil {
			return err
		}
		w := &caught{header: make(http.Header), room: room}
		s.handler.ServeHTTP(w, r)
		if answers[i] = w.answer(); w.full {
			return engine.Invalidf(engine.CodeLimitExceeded, fmt.Sprintf("requests[%d]", i),
				"the answers of a batch have at most %d bytes together; it was done up to this request", engine.MaxBodyBytes)
		}
		room -= len(answers[i].Body)
	}
	return send(c, answers)
}

// bundled is the request that a call stands for. It comes through the door that the
// bundle came by, with its keys, and is measured and logged as one of its own.
func bundled(c *gin.Context, call record.Call, place int) (*http.Request, error) {
	outer := c.Request
	ctx := context.WithValue(outer.Context(), inBundle{}, true)
	inner, err := http.NewRequestWithContext(ctx, call.Method, "http://bundled"+call.Path, strings.NewReader(call.Body))
	if err != nil || inner.URL.Fragment != "" {
		return nil, engine.Invalidf(engine.CodeInvalidField, fmt.Sprintf("requests[%d].path", place), "a percent-encoded path is wanted, got %q", shorten(call.Path))
	}
	inner.RequestURI, inner.RemoteAddr, inner.Host, inner.TLS = call.Path, outer.RemoteAddr, outer.Host, outer.TLS
	inner.Header = outer.Header.Clone()
	for _, of := range []string{"Content-Encoding", "Content-Length", "Transfer-Encoding", "Expect", "Content-Type"} {
		inner.Header.Del(of) // the bundle's own body
	}
	if call.Body != "" {
		inner.Header.Set("Content-Type", "application/json")
	}
	inner.Header.Set(requestIDHeader, fmt.Sprintf("%s.%d", requestID(c), place))
	return inner, nil
}

// caught holds an answer back until all are there.
type caught struct {
	header http.Header
	status int
	body   bytes.Buffer
	room   int // bytes that body may have
	full   bool
}

// Header implements http.ResponseWriter.
func (w *caught) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *caught) WriteHeader(status int) { w.status = cmp.Or(w.status, status) }

// Write implements http.ResponseWriter.
func (w *caught) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(p) > w.room {
		w.full = true
		return 0, io.ErrShortWrite
	}
	return w.body.Write(p)
}

// answer returns what was caught; what is not JSON as a text.
func (w *caught) answer() bundledAnswer {
	a := bundledAnswer{Status: cmp.Or(w.status, http.StatusOK), Body: w.body.Bytes()}
	if len(a.Body) > 0 && !json.Valid(a.Body) {
		a.Body, _ = json.Marshal(string(a.Body)) // a text: cannot fail
	}
	return a
}
