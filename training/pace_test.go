package training

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestPaced reads at the pace and not faster, all that there is, and no longer than it is waited for.
func TestPaced(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 500)
	for _, c := range []struct {
		size int
		want time.Duration
	}{{0, 0}, {999, 0}, {1_000, 0}, {1_500, 500 * time.Millisecond}, {5_000, 4 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			r := &paced{ctx: t.Context(), r: bytes.NewReader(body[:c.size]), perSecond: 1_000}
			got, err := io.ReadAll(r)
			if took := time.Since(began); err != nil || !bytes.Equal(got, body[:c.size]) || took != c.want {
				t.Errorf("%d bytes of %d at 1,000 a second in %v, %v; want all in %v", len(got), c.size, took, err, c.want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1_700*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := io.ReadAll(&paced{ctx: ctx, r: bytes.NewReader(body), perSecond: 1_000})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 1_700*time.Millisecond {
			t.Errorf("a reader whose context ends after 1.7 s: %v after %v", err, took)
		}
	})
}
