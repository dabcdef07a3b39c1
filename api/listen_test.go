package api

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// What no handler sees is refused in the same words as everything else.
func TestUnreadableRequests(t *testing.T) {
	h := newHouse(t)
	s := httptest.NewUnstartedServer(h.server.Handler())
	s.Listener = Listener(s.Listener)
	s.Start()
	defer s.Close()
	ask := func(raw string) got {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() { _, _ = io.WriteString(c, raw) }()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%.60q: %v", raw, err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return got{t, fmt.Sprintf("%.60q", raw), resp.StatusCode, resp.Header, body}
	}
	const headers = "Host: localhost\r\nAuthorization: Bearer " + testKey + "\r\nConnection: close\r\n"
	for raw, status := range map[string]int{
		"GET /v1/items/%zz HTTP/1.1\r\n" + headers + "\r\n":  400,
		"GET /v1/items/100% HTTP/1.1\r\n" + headers + "\r\n": 400,
		"nonsense\r\n\r\n":               400,
		"GET /v1/items HTTP/1.1\r\n\r\n": 400,
		"GET /v1/items HTTP/1.1\r\n" + headers + "X: " + strings.Repeat("x", 2<<20) + "\r\n\r\n": 431,
	} {
		ask(raw).refused(status, codeUnreadable)
	}
	ask("GET /v1/items HTTP/1.1\r\n" + headers + "\r\n").want(200)
	ask("GET /v1/nothing HTTP/1.1\r\n"+headers+"\r\n").refused(404, codeNotFound)
	if text := string(ask("GET /v1/items/" + strings.Repeat("x", 300) + " HTTP/1.1\r\n" + headers + "\r\n").body); !strings.Contains(text, "limit_exceeded") {
		t.Errorf("a handler's refusal: got %s, want it as it is", text)
	}
}

// A body of any length comes whole: also where it ends as net/http's buffer does. Nothing waits for a
// body where HEAD asks.
func TestAnswersLeaveWhole(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Content-Length", strconv.Itoa(n))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body[:n])
		}
	}))
	s.Listener = Listener(s.Listener)
	s.Start()
	defer s.Close()
	lengths := []int{0, 1, 4 * bufferBytes, 100_000, 300_000, 5}
	for n := bufferBytes - 300; n < bufferBytes+20; n++ {
		lengths = append(lengths, n, n+bufferBytes)
	}
	for _, n := range lengths {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			req, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/"+strconv.Itoa(n), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				t.Fatal(err)
			}
			want := body[:n]
			if method == http.MethodHead {
				want = nil
			}
			if !bytes.Equal(got, want) || resp.ContentLength != int64(n) {
				t.Fatalf("%s of %d bytes: got %d, and a length of %d", method, n, len(got), resp.ContentLength)
			}
		}
	}
}

// scribe is a connection that remembers what was written to it.
type scribe struct {
	net.Conn
	bytes []byte
}

func (w *scribe) Write(p []byte) (int, error) {
	w.bytes = append(w.bytes, p...)
	return len(p), nil
}

// A full buffer waits for the rest of its answer, and for nothing else.
func TestBeginningsWait(t *testing.T) {
	full := func(head string) []byte {
		return append([]byte(head), bytes.Repeat([]byte("x"), bufferBytes-len(head))...)
	}
	head := func(length int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nDate: now\r\n\r\n", length)
	}
	for name, c := range map[string]struct {
		first []byte
		waits bool
	}{
		"a part":                 {full(head(5000)), true},
		"the whole":              {full(head(bufferBytes - len(head(4000)))), false},
		"a part but for a byte":  {full(head(bufferBytes - len(head(4000)) + 1)), true},
		"of unknown length":      {full("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false},
		"headers that go on":     {full("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nX: "), false},
		"headers alone":          {append(bytes.TrimSuffix(full(head(5000)[:len(head(5000))-4]), []byte("xxxx")), "\r\n\r\n"...), false},
		"a length of the body's": {full("HTTP/1.1 200 OK\r\n\r\nContent-Length: 5000\r\n"), false},
		"of no answer":           {full("x"), false},
		"less than a buffer":     {full(head(5000))[1:], false},
	} {
		to := &scribe{}
		conn := &conn{Conn: to}
		for i, part := range [][]byte{c.first, []byte("rest"), []byte("next")} {
			if n, err := conn.Write(part); n != len(part) || err != nil {
				t.Fatalf("%s: %d of %d bytes are said to be written, %v", name, n, len(part), err)
			}
			if i == 0 && (len(to.bytes) == 0) != c.waits {
				t.Errorf("%s: %d bytes were written at once", name, len(to.bytes))
			}
		}
		if want := string(c.first) + "restnext"; string(to.bytes) != want {
			t.Errorf("%s: %d bytes were written in all, want %d as they came", name, len(to.bytes), len(want))
		}
	}
}

// What a handler wrote before it broke off arrives, and answers to requests that were sent together
// arrive one after another.
func TestBrokenAndPipelinedAnswersArrive(t *testing.T) {
	body := bytes.Repeat([]byte("~"), 3*bufferBytes)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		some, _ := strconv.Atoi(r.URL.Query().Get("some"))
		for _, part := range [][]byte{body[:some/2], body[some/2 : some]} {
			_, _ = w.Write(part)
		}
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
	}))
	s.Listener = Listener(s.Listener)
	s.Start()
	defer s.Close()
	ask := func(path string, some int) string {
		return fmt.Sprintf("GET %s?some=%d HTTP/1.1\r\nHost: a\r\n\r\n", path, some)
	}
	for _, path := range []string{"/short", "/panic"} {
		for some := bufferBytes - 300; some < bufferBytes+20; some++ {
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, ask("/whole", len(body))+ask("/whole", len(body))+ask(path, some)); err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(c)
			if err = errors.Join(err, c.Close()); err != nil {
				t.Fatal(err)
			}
			// A handler that panics leaves what is in its own buffer unsent: 2 KB of net/http's.
			want := 2*len(body) + some
			least := want
			if path == "/panic" {
				least -= 2 << 10
			}
			if got := bytes.Count(all, []byte("~")); got < least || got > want {
				t.Fatalf("%s after %d bytes: %d arrived with the two before, want %d", path, some, got, want)
			}
		}
	}
}
