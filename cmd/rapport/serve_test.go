package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// served is a running rapport serve (or demo).
type served struct {
	base     string
	out, err *text
	stop     context.CancelFunc
	ended    chan int
}

var servedAt = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs a command that serves until it says where.
func start(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &served{out: &text{}, err: &text{}, stop: stop, ended: make(chan int, 1)}
	go func() { s.ended <- report(s.err, run(ctx, args, s.out, s.err)) }()
	t.Cleanup(func() { s.end(t) })
	eventually(t, "it serves", func() bool {
		select {
		case code := <-s.ended:
			s.ended <- code
			t.Fatalf("%v ended with %d\nstdout: %s\nstderr: %s", args, code, s.out, s.err)
		default:
		}
		s.base = servedAt.FindString(s.out.String() + s.err.String())
		return s.base != ""
	})
	return s
}

// end stops it in order and checks that it ended well. Ending twice is harmless.
func (s *served) end(t *testing.T) {
	t.Helper()
	s.stop()
	select {
	case code := <-s.ended:
		s.ended <- code
		if code != exitOK {
			t.Errorf("it ended with %d\nstderr: %s", code, s.err)
		}
	case <-time.After(time.Minute):
		t.Error("it did not end")
	}
}

// ask sends a request on a connection of its own and returns status and body.
func (s *served) ask(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

func TestServeAnswersAndEndsInOrder(t *testing.T) {
	t.Setenv("RAPPORT_KEY", "")
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0")
	if code, body := s.ask(t, "GET", "/readyz", ""); code != 200 {
		t.Fatalf("/readyz: %d %s", code, body)
	}
	if code, body := s.ask(t, "POST", "/v1/items", `[{"item_id": "lamp", "title": "Desk lamp"}, {"item_id": "shade", "title": "Lamp shade"}]`); code != 200 {
		t.Fatalf("POST /v1/items: %d %s", code, body)
	}
	if code, body := s.ask(t, "POST", "/v1/events", `{"type": "purchase", "customer_id": "ann", "item_id": "lamp"}`); code != 200 {
		t.Fatalf("POST /v1/events: %d %s", code, body)
	}
	code, body := s.ask(t, "GET", "/v1/customers/ann/recommendations", "")
	if code != 200 || !strings.Contains(body, `"shade"`) || strings.Contains(body, `"item_id":"lamp","kind"`) {
		t.Errorf("ann, who has the lamp, gets %d %s, want the shade", code, body)
	}

	// Who needs the directory for himself is told who is there; the others ask that one.
	for _, args := range [][]string{{"check"}, {"serve", "--addr", "127.0.0.1:0"}} {
		rapport(t, append(args, "--dir", dir)...).
			want(t, exitLocked, fmt.Sprintf("process %d", os.Getpid()), strings.TrimPrefix(s.base, "http://"), "Stop that one")
	}
	rapport(t, "train", "--dir", dir).want(t, exitOK, "model 1 is ready")
	rapport(t, "import", "--dir", dir, "--as", "items", "--reject", filepath.Join(t.TempDir(), "rejected"), write(t, "items.csv", "item_id,title\nx,Bulb\n,Nameless\n")).
		want(t, exitOK, "2 items read: 1 accepted, 0 seen before, 1 refused")
	if code, body := s.ask(t, "GET", "/v1/items/x", ""); code != 200 || !strings.Contains(body, "Bulb") {
		t.Errorf("what was imported beside the server is %d %s", code, body)
	}

	s.end(t)
	if got := lookInto(t, dir); got.interactions != 1 || got.items != 3 {
		t.Errorf("after the end the store holds %+v, want 1 interaction and 3 items", got)
	}
	again := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0")
	if _, later := again.ask(t, "GET", "/v1/customers/ann/recommendations", ""); !strings.Contains(later, `"shade"`) || strings.Contains(later, `"item_id":"lamp","kind"`) {
		t.Errorf("after a restart ann gets %s, want the shade alone", later)
	}
}

func TestServeAsksForItsKey(t *testing.T) {
	t.Setenv("RAPPORT_KEY", "not-this-one")
	key := write(t, "key", "the-key-of-the-house\n")
	s := start(t, "serve", "--dir", t.TempDir(), "--addr", "127.0.0.1:0", "--key-file", key, "--log-format", "json")
	for _, c := range []struct {
		header []string
		want   int
	}{
		{nil, 401},
		{[]string{"X-API-Key", "not-this-one"}, 401},
		{[]string{"X-API-Key", "the-key-of-the-house"}, 200},
	} {
		if code, body := s.ask(t, "GET", "/v1/whoami", "", c.header...); code != c.want {
			t.Errorf("with %v: %d %s, want %d", c.header, code, body, c.want)
		}
	}
	for line := range strings.Lines(s.err.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("log line %q is not JSON", line)
		}
	}
}

func TestTakenPort(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := filepath.Join(t.TempDir(), "data")
	for _, name := range []string{"demo", "serve"} {
		rapport(t, name, "--dir", dir, "--addr", l.Addr().String()).want(t, exitFailed, l.Addr().String()+" is taken", "--addr")
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "127.1.2.3:80": true, "[::1]:80": true, "localhost:80": true, "[::ffff:127.0.0.1]:80": true,
		"0.0.0.0:80": false, ":80": false, "[::]:80": false, "192.0.2.7:80": false, "[2001:db8::1]:80": false,
	} {
		got, err := onLoopback(t.Context(), addr)
		if err != nil || got != want {
			t.Errorf("onLoopback(%s) = %v, %v, want %v", addr, got, err, want)
		}
	}
}
