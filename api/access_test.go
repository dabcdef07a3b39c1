package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/store"
)

func TestKeys(t *testing.T) {
	sum := sha256.Sum256([]byte(testKey))
	none := http.Header{"Authorization": nil}
	for name, key := range map[string]string{"plain": testKey, "hashed": "sha256:" + hex.EncodeToString(sum[:])} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(o *Options) { o.Key, o.Loopback = key, true })
			h.call("GET", "/v1/items").want(200)
			h.call("GET", "/v1/items", http.Header{"Authorization": {"bearer  " + testKey}}).want(200)
			h.call("GET", "/v1/items", http.Header{"Authorization": nil, "X-Api-Key": {testKey}}).want(200)
			if g := h.call("GET", "/v1/items", none); g.refused(401, "unauthorized").Status != 401 || g.header.Get("WWW-Authenticate") == "" {
				t.Errorf("no key: got %v, want a WWW-Authenticate header", g.header)
			}
			h.call("GET", "/v1/nothing", none).refused(401, "unauthorized")
			h.call("GET", "/healthz", none).want(200)
			h.call("GET", "/readyz", none).want(200)
		})
	}
	for name, key := range map[string]string{"no key": "", "a broken hash": "sha256:12"} {
		h := newHouse(t, func(o *Options) { o.Key = key })
		for _, given := range []string{"", testKey, key} {
			if g := h.call("GET", "/v1/items", http.Header{"Authorization": {"Bearer " + given}}); g.status != 401 {
				t.Errorf("a server with %s and a caller with %q: got %d, want 401", name, given, g.status)
			}
		}
	}
}

// Without a key this machine's programs come in, and no page its browser shows.
func TestLoopback(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Key, o.Loopback = "", true })
	for _, c := range []struct {
		name, remote, host, origin string
		want                       int
	}{
		{"a program", "127.0.0.1:50000", "localhost:8080", "", 200},
		{"by address", "[::1]:50000", "[::1]:8080", "", 200},
		{"a socket", "@", "rapport", "", 200},
		{"our own page", "127.0.0.1:50000", "localhost:8080", "http://localhost:8080", 200},
		{"another machine", "192.0.2.1:50000", "localhost:8080", "", 403},
		{"a name that resolves to us", "127.0.0.1:50000", "evil.example", "", 403},
		{"a foreign page", "127.0.0.1:50000", "localhost:8080", "https://evil.example", 403},
	} {
		r := httptest.NewRequest("POST", "/v1/recommendations", strings.NewReader("{}"))
		r.RemoteAddr, r.Host = c.remote, c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		h.server.Handler().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
	}
}

func TestRequestID(t *testing.T) {
	h := newHouse(t)
	for given, kept := range map[string]bool{"abc-1.2_3:4": true, "": false, "two words": false, strings.Repeat("x", 65): false, "<script>": false} {
		got := h.call("GET", "/healthz", http.Header{"X-Request-Id": {given}}).header.Get("X-Request-ID")
		if got == "" || (got == given) != kept {
			t.Errorf("X-Request-ID %q: got %q, want it kept: %v", given, got, kept)
		}
	}
}

// Every error that can come up has one status; what is not known stays inside.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   string
		retry  bool
	}{
		{store.ErrDiskFull, 503, "disk_full", true},
		{&os.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}, 503, "disk_full", true},
		{store.ErrClosed, 503, "unavailable", true},
		{store.ErrNotStarted, 503, "unavailable", true},
		{store.ErrBroken, 503, "unavailable", true},
		{context.DeadlineExceeded, 503, "timeout", true},
	} {
		p := explain(fmt.Errorf("write 3 records: %w", c.err))
		if p == nil || p.Status != c.status || p.Code != c.code || (p.header["Retry-After"] != "") != c.retry {
			t.Errorf("explain(%v): got %+v, want %d %s", c.err, p, c.status, c.code)
		}
	}
	if p := explain(errors.New("the inside")); p != nil {
		t.Errorf("explain of an unknown error: got %+v, want nothing", p)
	}
}

// faulty is a server with routes that fail in ways the real ones should not.
func faulty(h *house) {
	e := gin.New()
	e.Use(h.server.identify, h.server.report, h.server.recover)
	fail := func(path string, f handler) {
		r := route{handle: f}
		e.GET(path, h.server.bound(&r), r.serve(h.server))
	}
	fail("/panics", func(*gin.Context) error { panic("the inside of ann") })
	fail("/panics-late", func(c *gin.Context) error {
		c.String(200, "half")
		panic("too late")
	})
	fail("/fails", func(*gin.Context) error { return errors.New("the inside") })
	fail("/cannot-encode", func(c *gin.Context) error { return send(c, func() {}) })
	fail("/waits", func(c *gin.Context) error {
		<-c.Request.Context().Done()
		return c.Request.Context().Err()
	})
	h.http.Config.Handler = e
}

func TestFaults(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits.Timeout = 200 * time.Millisecond })
	faulty(h)
	for _, path := range []string{"/panics", "/fails", "/cannot-encode"} {
		g := h.call("GET", path)
		p := g.refused(500, "internal")
		if strings.Contains(string(g.body), "inside") || !strings.Contains(h.log.String(), p.RequestID) {
			t.Errorf("%s: got %s, want the inside in the log and not here", path, g.body)
		}
	}
	if !strings.Contains(h.log.String(), "goroutine") {
		t.Error("the log holds no stack of the panic")
	}
	if resp, err := h.http.Client().Get(h.http.URL + "/panics-late"); err == nil {
		resp.Body.Close()
		t.Errorf("half an answer came as %d, want the connection cut", resp.StatusCode)
	}
	if g := h.call("GET", "/waits"); g.refused(503, "timeout").Code != "timeout" || g.header.Get("Retry-After") == "" {
		t.Errorf("a request that takes too long: got %v, want Retry-After", g.header)
	}
}

// A server that stops says so, and still answers what needs no write.
func TestStopping(t *testing.T) {
	h := stocked(t)
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	if g := h.call("POST", "/v1/events", fields{"type": "view", "customer_id": "ann", "item_id": "lamp-0"}); g.refused(503, "unavailable").Status != 503 || g.header.Get("Retry-After") == "" {
		t.Errorf("a write: got %v, want Retry-After", g.header)
	}
	if r := h.call("GET", "/readyz").want(503).object(); r["status"] != "unready" {
		t.Errorf("readyz: got %v, want unready", r)
	}
	a := h.call("GET", "/v1/customers/new/recommendations").want(200).answer()
	if len(a.Items) == 0 || len(a.Degraded) == 0 {
		t.Errorf("a list: got %v, degraded %v; want items, and that it is degraded", ids(a), a.Degraded)
	}
}

// While too many heavy bodies are read the next one waits, and light ones do not.
func TestHeavyBodiesWait(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits.Timeout = 300 * time.Millisecond })
	for range heavyAtOnce {
		h.server.heavy <- struct{}{}
	}
	h.call("POST", "/v1/events", ndjson, stream(`{"type":"view"`, 10)).refused(503, "timeout")
	h.call("POST", "/v1/recommendations", fields{}).want(200)
	<-h.server.heavy
	h.call("POST", "/v1/events", ndjson, io.MultiReader(strings.NewReader(`{"type":"view","customer_id":"ann","item_id":"a"}`))).want(200)
}

// HEAD is GET without the body.
func TestHead(t *testing.T) {
	h := newHouse(t)
	if g := h.call("HEAD", "/healthz").want(200); len(g.body) != 0 {
		t.Errorf("HEAD: got body %q, want none", g.body)
	}
	if allow := h.call("POST", "/v1/version").header.Get("Allow"); allow != "GET, HEAD" {
		t.Errorf("Allow: got %q, want GET, HEAD", allow)
	}
}

// A body that never ends takes no longer than a request may.
func TestSlowBody(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits.Timeout = 100 * time.Millisecond })
	slow, end := io.Pipe()
	defer end.Close()
	go func() { _, _ = io.WriteString(end, `{"query":"`) }()
	h.call("POST", "/v1/recommendations", slow).refused(408, "timeout")
	h.call("GET", "/healthz").want(200)
}
