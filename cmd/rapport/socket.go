package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// socketName is the socket in a workspace's directory on which the process that works
// there answers the commands of its owner.
const socketName = "rapport.sock"

// maxSocketPath is how long the system lets a socket's path be: 104 bytes on macOS, 108
// on Linux, with the zero at its end.
const maxSocketPath = 103

// listenSocket binds the socket of a directory. Whoever holds the store's lock is alone
// there, so that a socket that is left over belongs to nobody.
func listenSocket(ctx context.Context, dir string) (_ net.Listener, err error) {
	// It is bound where only the owner can look, and moved when its mode is set.
	private, err := os.MkdirTemp(dir, "sock")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(private)) }()
	path, release, err := reachable(filepath.Join(private, "s"))
	if err != nil {
		return nil, err
	}
	defer release()
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	socket, _ := l.(*net.UnixListener)
	socket.SetUnlinkOnClose(false)
	final := filepath.Join(dir, socketName)
	if err := errors.Join(os.Chmod(path, 0o600), os.Rename(path, final)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &boundSocket{Listener: l, path: final}, nil
}

// boundSocket takes its path away with it.
type boundSocket struct {
	net.Listener
	path string
}

func (b *boundSocket) Close() error {
	return errors.Join(b.Listener.Close(), os.Remove(b.path))
}

// dialSocket connects to the process that works on a directory.
func dialSocket(ctx context.Context, dir string) (net.Conn, error) {
	path, release, err := reachable(filepath.Join(dir, socketName))
	if err != nil {
		return nil, err
	}
	defer release()
	return new(net.Dialer).DialContext(ctx, "unix", path)
}

// reachable returns a path to the same place that is short enough for a socket. Where
// it has to be by way of an open directory, release closes that.
func reachable(path string) (short string, release func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	short = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	if _, err := os.Stat(filepath.Dir(short)); err != nil {
		return "", nil, errors.Join(fmt.Errorf("%s is too long for a socket: %d bytes are the most", path, maxSocketPath), dir.Close())
	}
	return short, func() { _ = dir.Close() }, nil
}
