package api

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine/record"
)

// unreadable is a body that did not arrive whole.
type unreadable struct{ err error }

func (u *unreadable) Error() string { return "the body did not arrive whole: " + u.err.Error() }
func (u *unreadable) Unwrap() error { return u.err }

// Heavy bodies are large or may turn out to be. They are read a few at a time, since
// each may come to several times engine.MaxBodyBytes in memory; the others wait.
const (
	heavyBytes  = 1 << 20
	heavyAtOnce = 8
)

// streamsAtOnce is how many imports and exports run side by side; more are sent away.
const streamsAtOnce = 4

// openBody makes the body what handlers read: inflated, and bounded on both sides of
// the inflation. release is called when the request has been answered.
func (s *Server) openBody(c *gin.Context) (release func(), err error) {
	r := c.Request
	if r.ContentLength > s.limits.BodyBytes {
		// The caller waits for our answer before sending (Expect: 100-continue), or
		// has it while sending; either way nothing of it is read.
		return nil, tooLarge(s.limits.BodyBytes)
	}
	plain := http.MaxBytesReader(c.Writer, r.Body, s.limits.BodyBytes)
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		r.Body = &body{from: plain, Closer: plain}
	case "gzip", "x-gzip":
		z := &inflating{from: plain}
		r.Body = &body{from: http.MaxBytesReader(c.Writer, z, s.limits.BodyBytes), Closer: plain}
	default:
		return nil, newProblem(http.StatusUnsupportedMediaType, codeMediaType, "a body is sent as it is or with Content-Encoding: gzip, not %.64q", coding).
			with("Accept-Encoding", "gzip")
	}
	if r.ContentLength >= 0 && r.ContentLength <= heavyBytes && r.Header.Get("Content-Encoding") == "" {
		return func() {}, nil
	}
	select {
	case s.heavy <- struct{}{}:
		return func() { <-s.heavy }, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// body tells an arrival that failed from everything else that can fail.
type body struct {
	from io.Reader
	io.Closer
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if _, limit := errors.AsType[*http.MaxBytesError](err); limit {
		return n, err
	}
	return n, &unreadable{err}
}

// inflating begins to inflate at the first read, not before somebody wants the body.
type inflating struct {
	from io.ReadCloser
	z    *gzip.Reader
}

func (i *inflating) Read(p []byte) (int, error) {
	if i.z == nil {
		z, err := gzip.NewReader(i.from)
		if err == io.EOF {
			return 0, io.EOF // no body at all
		}
		if err != nil {
			return 0, fmt.Errorf("gzip: %w", err)
		}
		i.z = z
	}
	n, err := i.z.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("gzip: %w", err)
	}
	return n, err
}

func (i *inflating) Close() error { return i.from.Close() }

// format returns how the body is written, by its Content-Type; one object or a list of
// them where there is none.
func format(c *gin.Context) (record.Format, error) {
	given := c.GetHeader("Content-Type")
	if given == "" {
		return record.JSON, nil
	}
	kind, params, err := mime.ParseMediaType(given)
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		kind = ""
	}
	switch kind {
	case "application/json":
		return record.JSON, nil
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
		return record.NDJSON, nil
	}
	return 0, newProblem(http.StatusUnsupportedMediaType, codeMediaType,
		"Content-Type: application/json or application/x-ndjson in UTF-8 is wanted, got %.100q", given).
		with("Accept", "application/json, application/x-ndjson")
}

// object refuses a body of several records where one is wanted.
func object(c *gin.Context) error {
	f, err := format(c)
	if err == nil && f != record.JSON {
		err = newProblem(http.StatusUnsupportedMediaType, codeMediaType, "this route takes one object: Content-Type: application/json is wanted")
	}
	return err
}
