//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
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

// TestWhatEndedWritingIsSaidOnce, and nothing is left of the file.
func TestWhatEndedWritingIsSaidOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.csv")
	err := writeFile(newConsole(io.Discard, io.Discard), file, func(out io.Writer) error {
		_, err := io.Copy(out, io.MultiReader(strings.NewReader("half of it"), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return err
	})
	if err == nil || err.Error() != "write "+file+": unexpected EOF" {
		t.Errorf("the error is %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// TestRestoreNamesWhatIsNoBackup: the file, beside its place in the chain.
func TestRestoreNamesWhatIsNoBackup(t *testing.T) {
	file := write(t, "items.csv", "item_id\nlamp\n")
	rapport(t, "restore", "--from", file, "--dir", filepath.Join(t.TempDir(), "again")).want(t, exitFailed, file+": restoring into ", "not a backup")
}

// A backup holds what people did: who may read it is for the user's umask to say.
func TestOutputKeepsToTheUmask(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	err := writeFile(nil, file, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err })
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("under a umask of 077 the file has mode %v, %v", info.Mode(), err)
	}
}
