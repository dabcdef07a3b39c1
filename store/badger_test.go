package store

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// Every minute under load Badger advises larger caches, and names the cache in an
// argument. Other warnings are told, on one line.
func TestQuietAboutCaches(t *testing.T) {
	var out bytes.Buffer
	log := quiet{slog.New(slog.NewTextHandler(&out, nil))}
	for _, name := range []string{"Block cache", "Index cache"} {
		log.Warningf("%s might be too small. Metrics: %s\n", name, "hit: 9060")
	}
	if out.Len() > 0 {
		t.Errorf("advice about caches: got %s, want silence", out.String())
	}
	log.Warningf("value log %d is truncated\n", 3)
	if got := out.String(); !strings.Contains(got, `msg="badger: value log 3 is truncated"`) {
		t.Errorf("another warning: got %s, want it told on one line", got)
	}
}
