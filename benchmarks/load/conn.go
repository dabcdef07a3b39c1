// Package load puts servers under load over loopback, and costs little itself: requests are
// bytes made before, answers are read no further than where they end. A Closed loop finds
// how much a server can do; an Open one what somebody waits who comes when they come, busy
// or not.
package load

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
)

// Conn is one keep-alive connection. It belongs to one goroutine.
type Conn struct {
	net.Conn
	buf  []byte // the first have bytes are of the answer that is being read
	have int
}

// Dial opens a connection.
func Dial(ctx context.Context, addr string) (*Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: conn, buf: make([]byte, 16<<10)}, nil
}

// Ask sends a request and returns its answer; the body is valid until the next.
func (c *Conn) Ask(request []byte) (status int, body []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, err
	}
	return c.Answer()
}

// Answer reads one answer; the body is valid until the next.
func (c *Conn) Answer() (status int, body []byte, err error) {
	c.have = 0
	var end int
	for {
		if i := bytes.Index(c.buf[:c.have], []byte("\r\n\r\n")); i >= 0 {
			end = i + 4
			break
		}
		if err := c.more(); err != nil {
			return 0, nil, err
		}
	}
	head := c.buf[:end]
	if len(head) < 12 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("this is no answer: %.60q", head)
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, nil, fmt.Errorf("this is no status: %.60q", head)
	}
	switch length, ok := field(head, "content-length"); {
	case ok:
		n, err := strconv.Atoi(length)
		if err != nil {
			return 0, nil, fmt.Errorf("this is no length: %q", length)
		}
		for c.have < end+n {
			if err := c.more(); err != nil {
				return 0, nil, err
			}
		}
		return status, c.buf[end : end+n], nil
	case status == 204 || status == 304:
		return status, nil, nil
	}
	if coding, _ := field(head, "transfer-encoding"); coding != "chunked" {
		return 0, nil, fmt.Errorf("an answer without an end: %.200q", head)
	}
	body, err = c.chunks(end)
	return status, body, err
}

// chunks reads a chunked body that begins at from, and moves its parts together.
func (c *Conn) chunks(from int) ([]byte, error) {
	at, to := from, from
	for {
		line := bytes.Index(c.buf[at:c.have], []byte("\r\n"))
		if line < 0 {
			if err := c.more(); err != nil {
				return nil, err
			}
			continue
		}
		size, err := strconv.ParseUint(string(c.buf[at:at+line]), 16, 31)
		if err != nil {
			return nil, fmt.Errorf("this is no chunk: %w", err)
		}
		at += line + 2
		for c.have < at+int(size)+2 {
			if err := c.more(); err != nil {
				return nil, err
			}
		}
		if size == 0 {
			return c.buf[from:to], nil
		}
		to += copy(c.buf[to:], c.buf[at:at+int(size)])
		at += int(size) + 2
	}
}

// more reads what there is.
func (c *Conn) more() error {
	if c.have == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.Read(c.buf[c.have:])
	c.have += n
	if n > 0 {
		return nil
	}
	return err
}

// field returns a header field by its name in lower case.
func field(head []byte, name string) (string, bool) {
	for line := range bytes.Lines(head) {
		key, value, found := bytes.Cut(line, []byte(":"))
		if found && len(key) == len(name) && string(bytes.ToLower(key)) == name {
			return string(bytes.TrimSpace(value)), true
		}
	}
	return "", false
}

// ask is Ask where anything but 200 is an error; it returns the length of the body.
func (c *Conn) ask(request []byte) (int, error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	return c.good(request)
}

func (c *Conn) good(request []byte) (int, error) {
	status, body, err := c.Answer()
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d to %.80q: %.300s", status, request, body)
	}
	return len(body), err
}
