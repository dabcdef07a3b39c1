//go:build linux || darwin

package tune_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/training/tune"
)

// childHolder is set where the process is the one that has the journal.
const childHolder = "RAPPORT_TUNE_HOLDER"

// TestLocked: a journal that another process has open is refused with its number and left
// as it is, and a kill of that one leaves nothing in the way.
func TestLocked(t *testing.T) {
	if name := os.Getenv(childHolder); name != "" {
		open(t, name)
		os.Stdout.WriteString("open\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed, or nobody is there to do so
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "study.ndjson")
	child := exec.CommandContext(t.Context(), self, "-test.run=TestLocked")
	child.Env = append(os.Environ(), childHolder+"="+name)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := child.StdinPipe(); err != nil { // stays open for as long as this process lives
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process says %q: %v", line, err)
	}
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	other := head()
	other.Seed++ // would be another study: who has it comes first
	_, err = tune.Open(name, other)
	locked, is := errors.AsType[*tune.LockedError](err)
	if !is || locked.PID != child.Process.Pid || locked.File != name || !strings.Contains(err.Error(), "wait for it to end") {
		t.Errorf("while process %d has it: %v", child.Process.Pid, err)
	}
	if now, err := os.ReadFile(name); err != nil || string(now) != string(before) {
		t.Errorf("it was written to: %q, was %q (%v)", now, before, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	shut(t, open(t, name))
}

// TestLockedWithin: two openings in one process exclude each other, too.
func TestLockedWithin(t *testing.T) {
	name := filepath.Join(t.TempDir(), "study.ndjson")
	first := open(t, name)
	var locked *tune.LockedError
	if _, err := tune.Open(name, head()); !errors.As(err, &locked) {
		t.Errorf("opened twice: %v", err)
	}
	if err := first.Add(tune.Trial{Kind: "a"}); err != nil {
		t.Error(err)
	}
	shut(t, first)
	if got := trials(t, name, "a"); len(got) != 1 {
		t.Errorf("%d trials, want 1", len(got))
	}
}
