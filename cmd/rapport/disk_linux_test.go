package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// TestFullDiskFailsNoReading: where the counters cannot be saved any more, a command that
// only reads has done what it was asked to.
func TestFullDiskFailsNoReading(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("none", small, "tmpfs", 0, "size=160m"); err != nil {
		t.Skipf("mounting a small volume: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	}()
	var said text
	w, err := open(t.Context(), openOptions{dir: filepath.Join(small, "data"), create: true, log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Append(t.Context(), []engine.Command{engine.PutItem{Item: engine.Item{ID: "lamp"}}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(small, "fill"), make([]byte, 50<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || !strings.Contains(said.String(), "the counters are not saved") {
		t.Errorf("closed with %v, having said %q", err, said.String())
	}
	if err := os.Remove(filepath.Join(small, "fill")); err != nil {
		t.Fatal(err)
	}
	rapport(t, "export", "--dir", filepath.Join(small, "data"), "--as", "items", "--out", "-").want(t, exitOK, "lamp")
}
