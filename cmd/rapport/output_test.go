//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOutputReplacesOnlyFiles: a link stays a link, a device a device, a directory is refused.
func TestOutputReplacesOnlyFiles(t *testing.T) {
	dir, out := smallShop(t), t.TempDir()
	link, file := filepath.Join(out, "link.ndjson"), filepath.Join(out, "file.ndjson")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	rapport(t, "export", "--dir", dir, "--as", "items", "--out", link).want(t, exitOK)
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is now %v, %v", info, err)
	}
	if text, err := os.ReadFile(file); err != nil || len(text) == 0 {
		t.Errorf("the file behind the link holds %d bytes, %v", len(text), err)
	}
	device := filepath.Join(out, "device")
	if err := syscall.Mkfifo(device, 0o600); err != nil {
		t.Skip(err)
	}
	got := make(chan []byte, 1)
	go func() {
		text, _ := os.ReadFile(device)
		got <- text
	}()
	rapport(t, "export", "--dir", dir, "--as", "items", "--format", "ndjson", "--out", device).want(t, exitOK)
	if info, err := os.Lstat(device); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Fatalf("the pipe is now %v, %v", info, err)
	}
	if text := <-got; len(text) == 0 {
		t.Error("nothing came out of the pipe")
	}
	rapport(t, "export", "--dir", dir, "--as", "items", "--format", "csv", "--out", out).want(t, exitUsage, out+" is a directory; name a file in it")
}
