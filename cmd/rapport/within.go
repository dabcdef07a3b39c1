package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
)

// within serves the workspace to this process alone, so that a command is written once
// and works on a directory as on a server. Closing what it returns closes the workspace.
func (w *workspace) within(ctx context.Context) (*remote, error) {
	l := &inner{conns: make(chan net.Conn), ended: make(chan struct{})}
	server := &http.Server{Handler: w.faces("", true).Local(), ReadHeaderTimeout: headerTime}
	w.run(ctx, "serving this process", func(ctx context.Context) error {
		context.AfterFunc(ctx, func() { _ = server.Close() })
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	r := over("the workspace", l.dial)
	idle := r.close
	r.close = func() error { return errors.Join(idle(), w.Close()) }
	return r, nil
}

// inner is a listener without a network: both ends are in this process.
type inner struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

// dial makes a pair of connections and hands one to Accept.
func (i *inner) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case i.conns <- theirs:
		return ours, nil
	case <-i.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (i *inner) Accept() (net.Conn, error) {
	select {
	case conn := <-i.conns:
		return conn, nil
	case <-i.ended:
		return nil, net.ErrClosed
	}
}

func (i *inner) Close() error {
	i.once.Do(func() { close(i.ended) })
	return nil
}

func (i *inner) Addr() net.Addr { return innerAddr{} }

type innerAddr struct{}

func (innerAddr) Network() string { return "pipe" }
func (innerAddr) String() string  { return "this process" }
