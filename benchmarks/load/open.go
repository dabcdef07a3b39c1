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
	Rate        float64 // requests a second
	Connections int     // at most in use at once; default 128
	Warm        time.Duration
	Lasts       time.Duration
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
}

// waiter is a connection that knows when the request on it was due.
type waiter struct {
	*Conn
	due atomic.Int64 // nanoseconds since the loop's start
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
	warm, total := int(l.Warm/every), int((l.Warm+l.Lasts)/every)
	o := &opened{free: make(chan *waiter, connections), took: make(chan time.Duration, total), failed: make(chan error, connections+1)}
	for range connections {
		conn, err := Dial(ctx, l.Addr)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		w := &waiter{Conn: conn}
		o.free <- w
	}
	return l.send(ctx, o, every, warm, total)
}

// opened is a loop under way.
type opened struct {
	start  time.Time
	free   chan *waiter
	took   chan time.Duration // has room for all
	failed chan error         // has room for all connections
}

// send keeps to the schedule.
func (l *Open) send(ctx context.Context, o *opened, every time.Duration, warm, total int) (*Kept, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sharpen()
	all := make([]*waiter, 0, cap(o.free))
	for range cap(o.free) {
		all = append(all, <-o.free)
	}
	for _, w := range all {
		o.free <- w
	}
	o.start = time.Now()
	for _, w := range all {
		go o.read(w, time.Duration(warm)*every)
	}
	late := make([]time.Duration, 0, total)
	var before used
	for n := range total {
		if n == warm {
			var err error
			if before, err = l.used(); err != nil {
				return nil, err
			}
		}
		due := time.Duration(n) * every
		until(o.start.Add(due))
		select {
		case w := <-o.free:
			w.due.Store(int64(due))
			if n >= warm {
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
	return l.end(ctx, o, late, before, total-warm)
}

// end waits for the last answers.
func (l *Open) end(ctx context.Context, o *opened, late []time.Duration, before used, counted int) (*Kept, error) {
	took := make([]time.Duration, 0, counted)
	for len(took) < counted {
		select {
		case t := <-o.took:
			took = append(took, t)
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
		LateP99: WaitsOf(late).P99, Waits: WaitsOf(took),
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
func (o *opened) read(w *waiter, from time.Duration) {
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
			o.took <- now - due
		}
		o.free <- w
	}
}

// until returns at a moment, more exactly than Go's timers, which are a millisecond late
// where nothing else happens.
func until(at time.Time) {
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
