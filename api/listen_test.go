package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
