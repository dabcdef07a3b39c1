package api

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// Listener returns l with problem details in place of what net/http answers by itself: a
// few words of plain text, to requests it cannot read, before any handler sees them.
func Listener(l net.Listener) net.Listener { return &listener{l} }

type listener struct{ net.Listener }

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

type conn struct{ net.Conn }

// plainRefusal is what follows the status line of an answer of net/http's own. No answer
// of a handler has these headers alone: it has a date.
const plainRefusal = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// Write implements net.Conn. net/http writes such an answer at once.
func (c *conn) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 4")) {
		if line, _, refused := bytes.Cut(p, []byte(plainRefusal)); refused && !bytes.Contains(line, []byte("\r\n")) {
			status, _ := strconv.Atoi(string(line[len("HTTP/1.1 "):][:3]))
			if _, err := c.Conn.Write(unreadableRequest(status)); err != nil {
				return 0, err
			}
			return len(p), nil
		}
	}
	return c.Conn.Write(p)
}

// CloseWrite says that no more comes, where the connection can: net/http does so before
// it waits for the caller to read the refusal.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// unreadableRequest is the whole answer to a request that is none.
func unreadableRequest(status int) []byte {
	p := newProblem(status, codeUnreadable, "this is no request that can be read: ids in the path are percent-encoded (a %% is %%25), and HTTP/1.1 is spoken")
	if status == http.StatusRequestHeaderFieldsTooLarge {
		p.Detail = "the headers of a request have at most " + strconv.Itoa(http.DefaultMaxHeaderBytes) + " bytes"
	}
	p.Type, p.Title, p.RequestID = "about:blank", http.StatusText(status), newRequestID()
	body, _ := encode(p) // texts and numbers only: cannot fail
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n%s: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		status, http.StatusText(status), requestIDHeader, p.RequestID, len(body))
	return append([]byte(head), body...)
}
