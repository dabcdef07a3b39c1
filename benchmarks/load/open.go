package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
)

// Open is a loop in which requests come at a constant rate, however the last ones fare.
// What one waits counts from the moment it was due, so that a server which stands still
// is charged for all who came meanwhile (Tene, "How NOT to measure latency", calls the
// mistake of not doing so coordinated omission). A request takes a free connection, or
// the next that becomes free.
type Open struct {
	Addr        string
	Rate        float64       // requests a second
	Connections int           // at most in use at once; default 128
	Warm        time.Duration // before anything is counted
	Lasts       time.Duration
	// Until, where it is closed before Lasts is over, ends the loop: what was due by then is
	// still sent. nil: the loop lasts as long as is told.
	Until <-chan struct{}
	// Request returns the bytes of the n-th request, from 0, and is called by one
	// goroutine.
	Request func(n int) []byte
	CPU     func() (time.Duration, error) // of the server so far; nil: not asked
}

// Kept is what an Open loop found.
type Kept struct {
	Rate        float64 `json:"rate"`
	Connections int     `json:"connections"`
	Requests    int     `json:"requests"`
	Seconds     float64 `json:"seconds"`
	WarmSeconds float64 `json:"warm_seconds"`
	CPUMicros   float64 `json:"cpu_us,omitempty"` // of the server, a request
	OwnMicros   float64 `json:"load_cpu_us"`      // of this process, a request
	// LateP99 is how much after their time requests were sent, for whatever reason: no
	// connection free, or a generator that got no processor. It is part of the waits.
	LateP99 float64 `json:"late_p99_ms"`
	Waits

	Began time.Time `json:"-"` // when the first request that counts was due
	Each  []Wait    `json:"-"` // of all requests that count, in no order
}

// waiter is a connection that knows when the request on it was due.
type waiter struct {
	*Conn
	due  atomic.Int64 // nanoseconds since the loop's start
	each []Wait       // belongs to who has taken the waiter from the free ones, or reads its answer
}

const defaultOpen = 128

// Run loads the server.
func (l *Open) Run(ctx context.Context) (*Kept, error) {
	if l.Rate <= 0 {
		return nil, fmt.Errorf("a rate of %v requests a second is none", l.Rate)
	}
	connections := l.Connections
	if connections == 0 {
		connections = defaultOpen
	}
	every := time.Duration(float64(time.Second) / l.Rate)
	o := &opened{every: every, warm: int(l.Warm / every), free: make(chan *waiter, connections), failed: make(chan error, connections)}
	all := make([]*waiter, connections)
	for i := range all {
		conn, err := Dial(ctx, l.Addr)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		all[i] = &waiter{Conn: conn}
		o.free <- all[i]
	}
	return l.send(ctx, o, all)
}

// opened is a loop under way.
type opened struct {
	start  time.Time
	every  time.Duration // between two requests
	warm   int           // requests that do not count
	free   chan *waiter
	failed chan error // has room for all connections
}

// send keeps to the schedule.
func (l *Open) send(ctx context.Context, o *opened, all []*waiter) (*Kept, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sharpen()
	o.start = time.Now()
	for _, w := range all {
		go o.read(w)
	}
	total, ends := int((l.Warm+l.Lasts)/o.every), l.Until
	var late []time.Duration
	var before used
	for n := 0; n < total; n++ {
		if n == o.warm {
			var err error
			if before, err = l.used(); err != nil {
				return nil, err
			}
		}
		due := time.Duration(n) * o.every
		SleepUntil(o.start.Add(due))
		select {
		case <-ends:
			// What is overdue by now waits for its turn, and has to be charged for that.
			total, ends = min(total, int(time.Since(o.start)/o.every)+1), nil
		default:
		}
		select {
		case w := <-o.free:
			w.due.Store(int64(due))
			if n >= o.warm {
				late = append(late, time.Since(o.start)-due)
			}
			if _, err := w.Write(l.Request(n)); err != nil {
				return nil, err
			}
		case err := <-o.failed:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return l.end(ctx, o, late, before, max(0, total-o.warm))
}

// end waits for the last answers: who has given theirs is free.
func (l *Open) end(ctx context.Context, o *opened, late []time.Duration, before used, counted int) (*Kept, error) {
	each := make([]Wait, 0, counted)
	for range cap(o.free) {
		select {
		case w := <-o.free:
			each = append(each, w.each...)
		case err := <-o.failed:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	now, err := l.used()
	if err != nil {
		return nil, err
	}
	out := &Kept{
		Rate: l.Rate, Connections: cap(o.free), Requests: counted, Seconds: l.Lasts.Seconds(), WarmSeconds: l.Warm.Seconds(),
		LateP99: WaitsOf(late).P99, Waits: waits(each), Began: o.start.Add(time.Duration(o.warm) * o.every), Each: each,
	}
	if lasted := time.Duration(counted) * o.every; lasted < l.Lasts-o.every { // it was ended; by rounding alone less than one is missing
		out.Seconds = lasted.Seconds()
	}
	if spent := now.less(before); counted > 0 {
		out.CPUMicros, out.OwnMicros = spent.server.Seconds()/float64(counted)*1e6, spent.own.Seconds()/float64(counted)*1e6
	}
	return out, nil
}

func (l *Open) used() (u used, err error) {
	if l.CPU != nil {
		if u.server, err = l.CPU(); err != nil {
			return u, err
		}
	}
	u.own, err = measure.Self()
	return u, err
}

// read takes the answers of one connection until it is closed.
func (o *opened) read(w *waiter) {
	from := time.Duration(o.warm) * o.every
	for {
		status, body, err := w.Answer()
		now := time.Since(o.start)
		if err == nil && status != 200 {
			err = fmt.Errorf("status %d under load: %.300s", status, body)
		}
		if err != nil {
			o.failed <- errors.Join(errors.New("a connection of the open loop ended"), err)
			return
		}
		if due := time.Duration(w.due.Load()); due >= from {
			w.each = append(w.each, Wait{due - from, now - due})
		}
		o.free <- w
	}
}

// SleepUntil returns at a moment, more exactly than Go's timers, which are a millisecond late
// where nothing else happens. It holds its thread meanwhile.
func SleepUntil(at time.Time) {
	for {
		left := time.Until(at)
		if left <= 0 {
			return
		}
		ts := syscall.NsecToTimespec(int64(left))
		_ = syscall.Nanosleep(&ts, nil) // interrupted: the loop sleeps on
	}
}

// sharpen asks the system not to delay this thread's wake-ups to save power: 50 µs unless
// told otherwise (prctl(2), PR_SET_TIMERSLACK). Where it refuses, they stay late.
func sharpen() {
	const setTimerSlack = 29
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 1000, 0)
}
