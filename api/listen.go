package api

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Listener returns l with problem details in place of what net/http answers by itself: a
// few words of plain text, to requests it cannot read, before any handler sees them. The beginning
// of a long answer leaves with what follows: a handler that says how long its answer is has all of
// it at hand, and one whose caller is to read a part before the rest is there must not say so.
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

type conn struct {
	net.Conn
	held atomic.Pointer[held] // the beginning of an answer, which waits for the rest; nil for none
}

// bufferBytes is how large net/http's buffer of a connection is.
const bufferBytes = 4 << 10

// held is a full buffer, and what is written with it.
type held struct {
	first [bufferBytes]byte
	parts [2][]byte
	both  net.Buffers
}

var helds = sync.Pool{New: func() any { return new(held) }}

// closed is what a connection holds once it is closed while it held something.
var closed = new(held)

// closingTime is how long a connection that is closed tries to write what it holds.
const closingTime = time.Second

// plainRefusal is what follows the status line of an answer of net/http's own. No answer
// of a handler has these headers alone: it has a date.
const plainRefusal = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// Write implements net.Conn. net/http writes such a refusal at once. A longer answer it writes in
// two pieces, its full buffer and the rest: those leave in one, since the system would send the first
// alone, and wake who waits for all of it.
func (c *conn) Write(p []byte) (int, error) {
	if c.held.Load() != nil {
		return c.writeBoth(p)
	}
	if len(p) == bufferBytes && goesOn(p) {
		h := helds.Get().(*held)
		n := copy(h.first[:], p)
		c.held.Store(h)
		return n, nil
	}
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

// goesOn reports whether p, a full buffer, is the beginning of an answer with a body that it says to be
// longer. An answer to HEAD says so too, and has none.
func goesOn(p []byte) bool {
	if !bytes.HasPrefix(p, []byte("HTTP/1.1 ")) {
		return false
	}
	head, body, whole := bytes.Cut(p, []byte("\r\n\r\n"))
	_, length, told := bytes.Cut(head, []byte("\r\nContent-Length: "))
	length, _, _ = bytes.Cut(length, []byte("\r\n"))
	size, err := strconv.Atoi(string(length))
	return whole && told && err == nil && len(body) > 0 && size > len(body)
}

// writeBoth writes what is held, and p after it.
func (c *conn) writeBoth(p []byte) (int, error) {
	h := c.held.Load()
	if h == closed || !c.held.CompareAndSwap(h, nil) {
		return 0, net.ErrClosed
	}
	h.parts = [2][]byte{h.first[:], p}
	h.both = h.parts[:]
	n, err := h.both.WriteTo(c.Conn)
	h.parts = [2][]byte{}
	helds.Put(h)
	return max(0, int(n)-bufferBytes), err
}

// letGo writes what is held, to which nothing comes any more: a handler broke off where the buffer
// ended. It may be called while another goroutine writes, which then writes both or neither.
func (c *conn) letGo() {
	h := c.held.Load()
	if h == nil || h == closed || !c.held.CompareAndSwap(h, closed) {
		return
	}
	if c.SetWriteDeadline(time.Now().Add(closingTime)) == nil {
		_, _ = c.Conn.Write(h.first[:]) // the caller may be gone
	}
	helds.Put(h)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.letGo()
	return c.Conn.Close()
}

// CloseWrite says that no more comes, where the connection can: net/http does so before
// it waits for the caller to read the refusal.
func (c *conn) CloseWrite() error {
	c.letGo()
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
