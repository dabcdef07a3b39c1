package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSocketIsTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	l, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, socketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v; want mode 0600", info, err)
	}
	talk(t, dir, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("after the end there are %v, %v in the directory", left, err)
	}
}

// TestSocketOverWhatIsLeft binds where a killed process has left its socket.
func TestSocketOverWhatIsLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, socketName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	talk(t, dir, l)
}

func TestSocketInADeepDirectory(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("a long path needs /proc")
	}
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := listenSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	talk(t, dir, l)
}

// talk sends a byte through the socket.
func talk(t *testing.T, dir string, l net.Listener) {
	t.Helper()
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = conn.Write([]byte{7})
			_ = conn.Close()
		}
	}()
	conn, err := dialSocket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var got [1]byte
	if _, err := conn.Read(got[:]); err != nil || got[0] != 7 {
		t.Errorf("through the socket came %v, %v", got, err)
	}
}
