package offline

import (
	"runtime"
	"testing"
	"time"
)

// TestPeaks holds 64 MiB while something is fitted: far more than what others leave behind meanwhile,
// which hides a small fit.
func TestPeaks(t *testing.T) {
	const held = 64 << 20
	p := make(peaks)
	stop := p.watch("large")
	weights := make([]byte, held)
	time.Sleep(10 * heapEvery)
	runtime.KeepAlive(weights)
	weights = nil
	stop()
	p.watch("nothing")()
	if p["large"] < held-held/8 || p["large"] > held+held/4 {
		t.Errorf("%d bytes where %d were held", p["large"], held)
	}
	if p["nothing"] > held/8 {
		t.Errorf("%d bytes where nothing was held", p["nothing"])
	}
}
