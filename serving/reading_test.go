package serving

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// What was read is read again when something was written since, unless that took long; at
// once when somebody was erased, and also while it was read.
func TestReadingIsMadeAnew(t *testing.T) {
	r := newReading[int]()
	made, now := 0, time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	get := func(seq uint64, at time.Time) int {
		t.Helper()
		v, of, err := r.get(t.Context(), seq, at, func() (int, error) { made++; return made, nil })
		if err != nil || of.After(at) {
			t.Fatalf("get(%d): of %v, %v", seq, of, err)
		}
		return v
	}
	if a, b, c := get(1, now), get(1, now), get(2, now); a != 1 || b != 1 || c != 2 {
		t.Errorf("read %d, %d, and after a write %d; want 1, 1, 2", a, b, c)
	}
	r.last.took = time.Hour // in truth it took no time
	if kept := get(3, now); kept != 2 {
		t.Errorf("a dear reading is made again at once: %d", kept)
	}
	if later := get(3, now.Add(2*readingAge)); later != 3 {
		t.Errorf("days pass, and it stands still: %d", later)
	}
	r.last.took = time.Hour
	r.forget()
	if anew := get(3, now); anew != 4 {
		t.Errorf("after an erasure it is %d, want it read again", anew)
	}
	_, _, err := r.get(t.Context(), 4, now, func() (int, error) { r.forget(); return -1, nil })
	if err != nil {
		t.Fatal(err)
	}
	if during := get(4, now); during != 5 { // made is 4: this is the fifth reading
		t.Errorf("somebody was erased while it was read, and it is kept: %d", during)
	}
	failed := errors.New("no disk")
	if _, _, err := r.get(t.Context(), 5, now, func() (int, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Errorf("a reading that failed: %v", err)
	}
	r.busy <- struct{}{} // somebody reads
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := r.get(ctx, 6, now, func() (int, error) { return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("whose time ended waits on: %v", err)
	}
}

// Whose words are not to be learnt from any more are not told of any more, however long the
// gaps take to be read.
func TestARefusalForgetsTheGaps(t *testing.T) {
	r := New(nil, catalogue.NewIDs(), Options{})
	for i, c := range []struct {
		consent map[engine.Purpose]bool
		want    uint64
	}{
		{nil, 0},
		{map[engine.Purpose]bool{engine.Train: true, engine.Outreach: false}, 0},
		{map[engine.Purpose]bool{engine.Train: false}, 1},
	} {
		r.Observe([]engine.Committed{{Seq: uint64(i + 1), Customer: &engine.Customer{ID: "ann", Consent: c.consent}}})
		if got := r.gaps.erased.Load(); got != c.want {
			t.Errorf("after consent %v the gaps were forgotten %d times, want %d", c.consent, got, c.want)
		}
	}
}
