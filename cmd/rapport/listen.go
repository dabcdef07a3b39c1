package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/rapportengine/rapport/api"
)

// address is the flags of the commands that serve.
type address struct {
	Addr   string   `default:"127.0.0.1:8080" help:"HOST:PORT to listen on; port 0 takes a free one."`
	Origin []string `sep:"none" placeholder:"URL" help:"Origin whose pages may use RAPPORT_PUBLISHABLE_KEY, such as https://shop.example; may be repeated."`
}

// keyFrom returns the API key: of the file if one is named, else of RAPPORT_KEY; ""
// for none. A key never comes as a flag, where every process list would show it.
func keyFrom(file string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv("RAPPORT_KEY")), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", usagef("--key-file: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", usagef("--key-file: %s should hold one key and nothing else", file)
	}
	return key, nil
}

// guard refuses an address that others can reach while no key keeps them out.
func guard(ctx context.Context, addr, key string) error {
	local, err := onLoopback(ctx, addr)
	if err != nil {
		return err
	}
	if !local && key == "" {
		return usagef("%s can be reached from other machines, and no key is set; set RAPPORT_KEY or --key-file, or listen on 127.0.0.1", addr)
	}
	return nil
}

// onLoopback reports whether only this machine can reach addr. A name counts if all it
// stands for are loopback addresses.
func onLoopback(ctx context.Context, addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, usagef("--addr: %s is not HOST:PORT", addr)
	}
	if host == "" {
		return false, nil // every interface
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback(), nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false, usagef("--addr: %w", err)
	}
	for _, ip := range ips {
		if !ip.Unmap().IsLoopback() {
			return false, nil
		}
	}
	return true, nil
}

// listen binds an address.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program; stop that one or give another --addr (port 0 takes a free one)", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// Times of a connection. The time of a request itself is api's to bound.
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	drainTime  = 10 * time.Second // that requests under way get at the end
)

// faces returns the REST face of the workspace. Loopback says that only this machine can
// reach where it is served.
func (w *workspace) faces(key string, loopback bool) *api.Server {
	version, commit := build()
	return api.New(api.Options{
		Workspace: api.Workspace{Name: "default", Store: w.store, Recommender: w.recommender, Trainer: w.trainer},
		Key:       key,
		Loopback:  loopback,

		PublishableKey: w.doors.publishable,
		TokenSecret:    w.doors.secret,
		Origins:        w.doors.origins,

		Log:       w.log,
		AccessLog: w.doors.accessLog,
		Version:   fmt.Sprintf("%s (%s)", version, commit),
	})
}

// answer serves the workspace on l, and to its owner on the socket in its directory,
// until ctx ends, then finishes the requests under way. It closes l. Tell is called when
// both can be reached.
func (w *workspace) answer(ctx context.Context, l net.Listener, key string, tell func()) error {
	local, err := onLoopback(ctx, l.Addr().String())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	faces := w.faces(key, local)
	failed := make(chan error, 2)
	servers := []*http.Server{w.start(l, faces.Handler(), failed)}
	if socket, err := listenSocket(ctx, w.dir); err != nil {
		w.log.Warn("commands cannot reach this server by its directory; they need --server", "err", err)
	} else {
		servers = append(servers, w.start(socket, faces.Local(), failed))
	}
	tell()
	running := len(servers)
	select {
	case err = <-failed:
		err = fmt.Errorf("serve on %s: %w", l.Addr(), err)
		running--
	case <-ctx.Done():
	}
	err = errors.Join(err, w.drain(ctx, servers))
	for range running {
		<-failed
	}
	return err
}

// start serves on l; what it ends with goes to failed.
func (w *workspace) start(l net.Listener, h http.Handler, failed chan<- error) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ErrorLog:          slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	go func() { failed <- server.Serve(api.Listener(l)) }()
	return server
}

// drain gives the requests under way their time and then cuts them off.
func (w *workspace) drain(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	var errs []error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			w.log.Warn("requests were cut off", "after", drainTime, "err", err)
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(errs...)
}
