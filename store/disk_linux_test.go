package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// TestDiskReallyFull fills a small volume. Where mounting one is not permitted,
// TestDiskFullRefusesAndRecovers has to do.
func TestDiskReallyFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("mounting a small volume: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	s, err := Open(dir, Options{MinFree: 48 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start(t.Context(), nil)
	const rowsEach = 100
	noise := rand.NewChaCha8([32]byte{})
	acked := 0
	for {
		cmds := make([]engine.Command, rowsEach)
		for i := range cmds {
			note := make([]byte, 4000) // random, so that compression does not save the day
			_, _ = noise.Read(note)
			cmds[i] = engine.RecordEvent{Lines: []engine.Interaction{{
				EventID: fmt.Sprint(acked, "-", i), Type: engine.View, Customer: engine.CustomerID(fmt.Sprint("c", i)), Query: string(note),
			}}}
		}
		if _, err = s.Append(t.Context(), cmds); err != nil {
			break
		}
		acked++
	}
	if !errors.Is(err, ErrDiskFull) {
		t.Errorf("the volume is full after %d batches: %v, want ErrDiskFull", acked, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close on a full volume: %v", err)
	}
	if s, err = Open(dir, Options{MinFree: 48 << 20}); err != nil {
		if s, err = Open(dir, Options{MinFree: 1 << 20}); err != nil { // closing wrote out what was in memory
			t.Fatal(err)
		}
	}
	defer s.Close()
	report, err := s.Check(t.Context(), false)
	if err != nil || len(report.Problems) > 0 || report.Interactions != acked*rowsEach {
		t.Errorf("%d events after opening again, %v, %q; want the %d acknowledged", report.Interactions, err, report.Problems, acked*rowsEach)
	}
	t.Logf("%d events fit", acked*rowsEach)
}
