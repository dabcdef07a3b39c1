package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/store"
)

// target says on which workspace a command works: that of a directory, which may be held
// by a running server, or that of a server elsewhere.
type target struct {
	directory
	Embedder embedding `embed:"" prefix:"embedder-"`
	Server   string    `env:"RAPPORT_SERVER" placeholder:"URL" help:"Ask the server there, with the key of --key-file or RAPPORT_KEY, instead of working on a directory."`
	KeyFile  string    `placeholder:"FILE" help:"File that holds the server's API key."`
}

// remote is a workspace behind its REST face, wherever that is.
type remote struct {
	base  string // URL without a path
	where string // for people
	key   string
	http  *http.Client
	close func() error
}

// reach connects to the workspace: to the server that is named, to the process that holds
// the directory, else to one that lives within this process until Close.
func (t *target) reach(ctx context.Context, c *console, o openOptions) (*remote, error) {
	w, r, err := t.open(ctx, c, o)
	if w == nil {
		return r, err
	}
	return w.within(ctx)
}

// open opens the workspace of the directory or, where another process has it or a server
// is named, connects to that: one of the two is returned.
func (t *target) open(ctx context.Context, c *console, o openOptions) (*workspace, *remote, error) {
	if t.Server != "" {
		r, err := t.dial(ctx)
		return nil, r, err
	}
	o.dir, o.log = t.Dir, c.log(slog.LevelWarn, "text")
	var err error
	if o.embedder, err = t.Embedder.ask(); err != nil {
		return nil, nil, err
	}
	w, err := open(ctx, o)
	if locked, ok := errors.AsType[*store.LockedError](err); ok {
		r, err := t.join(ctx, locked)
		return nil, r, err
	}
	return w, nil, err
}

// dial connects to a server by its URL.
func (t *target) dial(ctx context.Context) (*remote, error) {
	u, err := url.Parse(t.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, usagef("--server: a URL such as http://127.0.0.1:8080 is wanted, got %q", t.Server)
	}
	key, err := keyFrom(t.KeyFile)
	if err != nil {
		return nil, err
	}
	r := &remote{base: u.Scheme + "://" + u.Host, where: u.Host, key: key, http: new(http.Client), close: func() error { return nil }}
	err = r.get(ctx, "/v1/whoami", nil)
	if p, ok := errors.AsType[*refusal](err); ok && p.Status == http.StatusUnauthorized && key == "" {
		return nil, usagef("--server: %s wants a key: name its file with --key-file, or set RAPPORT_KEY", r.where)
	}
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	return r, nil
}

// join connects to the process that holds the directory. If that does not answer, the
// error is that it holds it.
func (t *target) join(ctx context.Context, locked *store.LockedError) (*remote, error) {
	r := over(t.Dir, func(ctx context.Context) (net.Conn, error) { return dialSocket(ctx, t.Dir) })
	ask, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	if err := r.get(ask, "/v1/whoami", nil); err != nil {
		return nil, locked
	}
	return r, nil
}

// joinTime is how long the process that holds a directory has to say who it is.
const joinTime = 5 * time.Second

// over is a remote on connections of our own making.
func over(where string, dial func(context.Context) (net.Conn, error)) *remote {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	return &remote{
		base: "http://localhost", where: where, http: &http.Client{Transport: transport},
		close: func() error { transport.CloseIdleConnections(); return nil },
	}
}

// Close ends what reach began.
func (r *remote) Close() error { return r.close() }

// send asks and returns the answer, whose body must be closed. An answer that is a
// problem is an error.
func (r *remote) send(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.key != "" {
		req.Header.Set("Authorization", "Bearer "+r.key)
	}
	answer, err := r.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", r.where, unwrapURL(err))
	}
	if answer.StatusCode < http.StatusBadRequest {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, problemOf(answer)
}

// unwrapURL takes the method and URL off an error of net/http: the path may name a
// customer.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// refusal is a problem that the server answered with.
type refusal struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
	Line   int    `json:"line"` // of what was sent
	body   []byte // of the whole problem
}

func (r *refusal) Error() string {
	where := ""
	if r.Line > 0 {
		where = "line " + strconv.Itoa(r.Line) + ": "
	}
	if r.Field != "" {
		where += r.Field + ": "
	}
	return where + r.Detail
}

// maxProblem is more than a problem has, and less than hurts.
const maxProblem = 8 << 20

// problemOf reads the problem of an answer.
func problemOf(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	p := &refusal{Status: answer.StatusCode, body: text}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "application/problem+json" || json.Unmarshal(text, p) != nil {
		return fmt.Errorf("the server answers %s", answer.Status)
	}
	if p.Status == http.StatusBadRequest || p.Status == http.StatusUnprocessableEntity {
		return &usageError{p}
	}
	return p
}

// get asks for a JSON value; a nil value is read away.
func (r *remote) get(ctx context.Context, path string, into any) error {
	return r.exchange(ctx, http.MethodGet, path, nil, into)
}

// post sends a JSON value and reads the answer's.
func (r *remote) post(ctx context.Context, path string, value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return r.exchange(ctx, http.MethodPost, path, text, into)
}

func (r *remote) exchange(ctx context.Context, method, path string, body []byte, into any) error {
	var reader io.Reader
	kind := ""
	if body != nil {
		reader, kind = bytes.NewReader(body), "application/json"
	}
	answer, err := r.send(ctx, method, path, kind, reader)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
	} else {
		err = json.NewDecoder(answer.Body).Decode(into)
	}
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", r.where, err)
	}
	return nil
}
