package offline

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// heapEvery is how often the heap is looked at: a fit that is over sooner has a peak of
// what it left behind.
const heapEvery = 2 * time.Millisecond

// peaks are how much more the heap held during each fit, at most, than before it: bytes
// of objects, garbage that was not yet collected among them.
type peaks map[string]uint64

// watch looks at the heap until the returned func is called.
func (p peaks) watch(what string) func() {
	runtime.GC() // what others left is not this fit's
	before := heap()
	most := before
	var wait sync.WaitGroup
	stop := make(chan struct{})
	wait.Go(func() {
		tick := time.NewTicker(heapEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	})
	return func() {
		close(stop)
		wait.Wait()
		most = max(most, heap())
		runtime.GC() // small objects are counted by the time of a collection
		most = max(most, heap())
		p[what] = max(p[what], most-before)
	}
}

// heap is how many bytes objects take now.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
