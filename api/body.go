package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/zstd"

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
func (s *Server) openBody(c *gin.Context) (release func(), _ error) {
	r := c.Request
	if r.ContentLength > s.limits.BodyBytes {
		// The caller waits for our answer before sending (Expect: 100-continue), or
		// has it while sending; either way nothing of it is read.
		return nil, tooLarge(s.limits.BodyBytes)
	}
	plain := http.MaxBytesReader(c.Writer, r.Body, s.limits.BodyBytes)
	free := func() {}
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		r.Body = &body{from: plain, Closer: plain}
	case "gzip", "x-gzip", "zstd":
		z := &inflating{from: plain, coding: coding}
		free = z.release
		r.Body = &body{from: http.MaxBytesReader(c.Writer, io.NopCloser(z), s.limits.BodyBytes), Closer: plain}
	default:
		return nil, unknownCoding(coding)
	}
	light := r.ContentLength >= 0 && r.ContentLength <= heavyBytes && r.Header.Get("Content-Encoding") == ""
	if light || bundledRequest(r.Context()) { // a bundle's body was waited for already
		return free, nil
	}
	select {
	case s.heavy <- struct{}{}:
		return func() { free(); <-s.heavy }, nil
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

func unknownCoding(coding string) *problem {
	return newProblem(http.StatusUnsupportedMediaType, codeMediaType, "a body is sent as it is or with Content-Encoding: gzip or zstd, not %.64q", coding).
		with("Accept-Encoding", "gzip, zstd")
}

// inflating begins to inflate at the first read, not before somebody wants the body.
type inflating struct {
	from   io.Reader
	coding string // gzip, x-gzip, zstd; "" looks at the first bytes
	z      io.Reader
	zstd   *zstd.Decoder
}

// zstdWindow is how far back a zstd stream may refer: what RFC 8878 (section 3.1.1.1.2)
// asks of every decoder, and all that a body of ours needs.
const zstdWindow = 8 << 20

func (i *inflating) Read(p []byte) (int, error) {
	if i.z == nil {
		if err := i.begin(); err != nil {
			return 0, err
		}
	}
	n, err := i.z.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", i.coding, err)
	}
	return n, err
}

func (i *inflating) begin() (err error) {
	if i.coding == "" {
		i.look()
	}
	switch i.coding {
	case "":
		i.z = i.from
	case "zstd":
		i.zstd, err = zstd.NewReader(i.from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		i.z = i.zstd
	default:
		i.z, err = gzip.NewReader(i.from)
	}
	if err == nil || err == io.EOF { // no body at all
		return err
	}
	return fmt.Errorf("%s: %w", i.coding, err)
}

// look tells the coding by how the bytes begin: RFC 1952 section 2.3.1, RFC 8878 section
// 3.1.1. An error of reading comes again with the reading.
func (i *inflating) look() {
	ahead := bufio.NewReader(i.from)
	i.from = ahead
	head, _ := ahead.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		i.coding = "gzip"
	case bytes.Equal(head, []byte("\x28\xb5\x2f\xfd")):
		i.coding = "zstd"
	}
}

// release gives back what the inflation holds.
func (i *inflating) release() {
	if i.zstd != nil {
		i.zstd.Close()
	}
}

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
	case mediaCSV, "text/tab-separated-values":
		return record.Table, nil
	case mediaParquet:
		return record.Parquet, nil
	}
	return 0, newProblem(http.StatusUnsupportedMediaType, codeMediaType,
		"Content-Type: %s in UTF-8 is wanted (for imports also application/octet-stream, which looks), got %.100q", strings.ReplaceAll(mediaTaken, ", ", " or "), given).
		with("Accept", mediaTaken)
}

// The media types that records come in.
const (
	mediaCSV     = "text/csv"
	mediaParquet = "application/vnd.apache.parquet"
	mediaTaken   = "application/json, application/x-ndjson, " + mediaCSV + ", " + mediaParquet
)

// object refuses a body of another media type than that of one object.
func object(c *gin.Context) error {
	if f, err := format(c); err != nil || f != record.JSON {
		return newProblem(http.StatusUnsupportedMediaType, codeMediaType,
			"this route takes JSON: Content-Type: %s in UTF-8 is wanted, got %.100q", mediaJSON, c.GetHeader("Content-Type")).with("Accept", mediaJSON)
	}
	return nil
}
