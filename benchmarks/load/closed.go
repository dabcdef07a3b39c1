package load

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
)

// Closed is a loop in which each connection sends its next request when it has the answer
// to the last one. It lasts a time, or as many requests as are told.
type Closed struct {
	Addr        string
	Connections int
	Requests    int           // in all; 0: as many as there is time for
	Warm        time.Duration // before anything is counted
	Lasts       time.Duration
	// Request returns the bytes of the n-th request of a connection, from 0; where
	// Requests are told, n counts those of all connections.
	Request func(connection, n int) []byte
	// CPU tells what the server's process has used so far.
	CPU func() (time.Duration, error)
	// Answered, where not nil, hears of every answer while Requests are told.
	Answered func(n int)
}

// Loaded is what a load found.
type Loaded struct {
	Connections int     `json:"connections"`
	Requests    int     `json:"requests"`
	Seconds     float64 `json:"seconds"`
	WarmSeconds float64 `json:"warm_seconds"`
	PerSecond   float64 `json:"per_second"`
	PerCPU      float64 `json:"per_cpu_second"` // of the server's CPU time
	CPUMicros   float64 `json:"cpu_us"`         // of the server, a request
	OwnMicros   float64 `json:"load_cpu_us"`    // of this process, a request
	Bytes       int     `json:"body_bytes"`     // of a body, on average
	Waits

	CPU time.Duration `json:"-"` // of the server
}

// client is one connection of a loop.
type client struct {
	*Conn
	bytes int // of all bodies
	asked int
	took  []time.Duration
}

// measured asks once.
func (c *client) measured(request []byte) (time.Duration, error) {
	start := time.Now()
	n, err := c.ask(request)
	c.bytes += n
	c.asked++
	return time.Since(start), err
}

// Run loads the server.
func (l *Closed) Run(ctx context.Context) (*Loaded, error) {
	clients := make([]*client, l.Connections)
	for i := range clients {
		conn, err := Dial(ctx, l.Addr)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		clients[i] = &client{Conn: conn}
	}
	if l.Requests > 0 {
		return l.runAll(ctx, clients)
	}
	begin := time.Now().Add(l.Warm)
	end := begin.Add(l.Lasts)
	wait := l.start(ctx, clients, func(c *client, i int) error { return l.drive(ctx, c, i, begin, end) })
	time.Sleep(time.Until(begin))
	before, err := l.used()
	if err != nil {
		return nil, errors.Join(err, wait())
	}
	time.Sleep(time.Until(end))
	after, err := l.used()
	if err := errors.Join(err, wait()); err != nil {
		return nil, err
	}
	return l.summary(clients, l.Lasts, after.less(before)), nil
}

// used is the CPU time of the server and of this process.
type used struct{ server, own time.Duration }

func (u used) less(before used) used { return used{u.server - before.server, u.own - before.own} }

func (l *Closed) used() (used, error) {
	server, err := l.CPU()
	own, err2 := measure.Self()
	return used{server, own}, errors.Join(err, err2)
}

// runAll sends all requests there are, dealt out to the connections in turns.
func (l *Closed) runAll(ctx context.Context, clients []*client) (*Loaded, error) {
	begin := time.Now()
	before, err := l.used()
	if err != nil {
		return nil, err
	}
	err = l.start(ctx, clients, func(c *client, i int) error {
		for n := i; n < l.Requests && ctx.Err() == nil; n += len(clients) {
			took, err := c.measured(l.Request(i, n))
			if err != nil {
				return err
			}
			c.took = append(c.took, took)
			if l.Answered != nil {
				l.Answered(n)
			}
		}
		return ctx.Err()
	})()
	if err != nil {
		return nil, err
	}
	lasts := time.Since(begin)
	after, err := l.used()
	return l.summary(clients, lasts, after.less(before)), err
}

// start has every connection do something, and returns what waits for them.
func (l *Closed) start(ctx context.Context, clients []*client, do func(c *client, i int) error) (wait func() error) {
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() { errs[i] = do(c, i) })
	}
	return func() error {
		all.Wait()
		return errors.Join(append(errs, ctx.Err())...)
	}
}

// drive asks until the end, and keeps the times of what began and ended within the
// counted time.
func (l *Closed) drive(ctx context.Context, c *client, i int, begin, end time.Time) error {
	for n := 0; ctx.Err() == nil; n++ {
		start := time.Now()
		if start.After(end) {
			return nil
		}
		took, err := c.measured(l.Request(i, n))
		if err != nil {
			return err
		}
		if start.After(begin) && start.Add(took).Before(end) {
			c.took = append(c.took, took)
		}
	}
	return nil
}

func (l *Closed) summary(clients []*client, lasts time.Duration, cpu used) *Loaded {
	out := &Loaded{Connections: l.Connections, Seconds: lasts.Seconds(), WarmSeconds: l.Warm.Seconds(), CPU: cpu.server}
	var took []time.Duration
	bytes, asked := 0, 0
	for _, c := range clients {
		took = append(took, c.took...)
		bytes, asked = bytes+c.bytes, asked+c.asked
	}
	if len(took) == 0 {
		return out
	}
	n := float64(len(took))
	out.Requests, out.Bytes, out.Waits = len(took), bytes/asked, WaitsOf(took)
	out.PerSecond = n / lasts.Seconds()
	out.OwnMicros = cpu.own.Seconds() / n * 1e6
	if cpu.server > 0 {
		out.PerCPU, out.CPUMicros = n/cpu.server.Seconds(), cpu.server.Seconds()/n*1e6
	}
	return out
}
