package prepare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
)

// trains is a server whose training ends after a time.
func trains(t *testing.T, lasts time.Duration, state string) *measure.Server {
	t.Helper()
	var ends atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		if r.Method == http.MethodPost {
			ends.Store(now.Add(lasts).UnixNano())
			w.WriteHeader(http.StatusAccepted)
		}
		if end := time.Unix(0, ends.Load()); now.After(end) {
			fmt.Fprintf(w, `{"job_id":"train-1","state":%q,"detail":"told why","ended":%q}`, state, end.UTC().Format(time.RFC3339Nano))
			return
		}
		fmt.Fprint(w, `{"job_id":"train-1","state":"running"}`)
	}))
	t.Cleanup(s.Close)
	return &measure.Server{Addr: s.Listener.Addr().String()}
}

func TestTrainBeside(t *testing.T) {
	const lasts, after = 100 * time.Millisecond, 200 * time.Millisecond
	for state, adopted := range map[string]bool{"succeeded": true, "refused": false} {
		start := time.Now()
		var over time.Time
		got, err := TrainBeside(t.Context(), trains(t, lasts, state), time.Minute, after, func(_ context.Context, until <-chan struct{}) error {
			<-until
			over = time.Now()
			return nil
		})
		if err != nil || got.Adopted != adopted || got.Seconds < .1 || got.Ended.Sub(start) < lasts || over.Sub(got.Ended) < after {
			t.Errorf("%s: %+v, %v after %v", state, got, err, over.Sub(start))
		}
	}
}

func TestTrainBesideFails(t *testing.T) {
	until := func(_ context.Context, until <-chan struct{}) error { <-until; return nil }
	if _, err := TrainBeside(t.Context(), trains(t, 0, "failed"), time.Minute, time.Hour, until); err == nil || !strings.Contains(err.Error(), "told why") {
		t.Errorf("a training that failed ends with %v", err)
	}
	if _, err := TrainBeside(t.Context(), trains(t, time.Hour, "succeeded"), 100*time.Millisecond, time.Hour, until); err == nil || !strings.Contains(err.Error(), "did not end in 100ms") {
		t.Errorf("a training that lasts too long ends with %v", err)
	}
	mine := errors.New("mine")
	if _, err := TrainBeside(t.Context(), trains(t, time.Hour, "succeeded"), time.Hour, time.Hour, func(context.Context, <-chan struct{}) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("what is beside fails with %v", err)
	}
}
