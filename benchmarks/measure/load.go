package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Load is a closed loop: each connection sends its next request when it has the answer
// to the last one. It lasts a time, or as many requests as are told.
type Load struct {
	Addr        string
	Connections int
	Requests    int           // in all; 0: as many as there is time for
	Warm        time.Duration // before anything is counted
	Lasts       time.Duration
	// Request returns the bytes of the n-th request of a connection, from 0; where
	// Requests are told, n counts those of all connections.
	Request func(connection, n int) []byte
}

// Loaded is what a load found.
type Loaded struct {
	Requests  int     `json:"requests"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	PerCPU    float64 `json:"per_cpu_second"` // of the server's CPU time
	CPUMicros float64 `json:"cpu_us"`         // of the server, a request
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	P999      float64 `json:"p999_ms"`
	Bytes     int     `json:"body_bytes"` // of a body, on average

	CPU time.Duration `json:"-"` // of the server
}

// client is one connection.
type client struct {
	net.Conn
	r     *bufio.Reader
	bytes int // of all bodies
	asked int
	took  []time.Duration
}

// ask sends a request and reads the answer away. Bodies without a length are no answer
// of ours.
func (c *client) ask(request []byte) (time.Duration, error) {
	start := time.Now()
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d to %.80q", answer.StatusCode, request)
	}
	c.bytes += int(n)
	c.asked++
	return time.Since(start), nil
}

// Run loads a server. Cpu tells what the server's process has used so far.
func (l *Load) Run(ctx context.Context, cpu func() (time.Duration, error)) (*Loaded, error) {
	clients := make([]*client, l.Connections)
	for i := range clients {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		clients[i] = &client{Conn: conn, r: bufio.NewReader(conn)}
	}
	if l.Requests > 0 {
		return l.runAll(ctx, clients, cpu)
	}
	begin := time.Now().Add(l.Warm)
	end := begin.Add(l.Lasts)
	wait := l.start(ctx, clients, func(c *client, i int) error { return l.drive(ctx, c, i, begin, end) })
	time.Sleep(time.Until(begin))
	before, err := cpu()
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Until(end))
	after, err := cpu()
	if err := errors.Join(err, wait()); err != nil {
		return nil, err
	}
	return summary(clients, l.Lasts, after-before), nil
}

// runAll sends all requests there are, dealt out to the connections in turns.
func (l *Load) runAll(ctx context.Context, clients []*client, cpu func() (time.Duration, error)) (*Loaded, error) {
	begin := time.Now()
	before, err := cpu()
	if err != nil {
		return nil, err
	}
	err = l.start(ctx, clients, func(c *client, i int) error {
		for n := i; n < l.Requests && ctx.Err() == nil; n += len(clients) {
			took, err := c.ask(l.Request(i, n))
			if err != nil {
				return err
			}
			c.took = append(c.took, took)
		}
		return ctx.Err()
	})()
	if err != nil {
		return nil, err
	}
	lasts := time.Since(begin)
	after, err := cpu()
	return summary(clients, lasts, after-before), err
}

// start has every connection do something, and returns what waits for them.
func (l *Load) start(ctx context.Context, clients []*client, do func(c *client, i int) error) (wait func() error) {
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
func (l *Load) drive(ctx context.Context, c *client, i int, begin, end time.Time) error {
	for n := 0; ctx.Err() == nil; n++ {
		start := time.Now()
		if start.After(end) {
			return nil
		}
		took, err := c.ask(l.Request(i, n))
		if err != nil {
			return err
		}
		if start.After(begin) && start.Add(took).Before(end) {
			c.took = append(c.took, took)
		}
	}
	return nil
}

func summary(clients []*client, lasts, cpu time.Duration) *Loaded {
	var took []time.Duration
	bytes, asked := 0, 0
	for _, c := range clients {
		took = append(took, c.took...)
		bytes, asked = bytes+c.bytes, asked+c.asked
	}
	if len(took) == 0 {
		return &Loaded{Seconds: lasts.Seconds()}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(share*float64(len(took))))]) / 1e6
	}
	n := float64(len(took))
	return &Loaded{
		Requests: len(took), Seconds: lasts.Seconds(), PerSecond: n / lasts.Seconds(),
		PerCPU: n / cpu.Seconds(), CPUMicros: cpu.Seconds() / n * 1e6,
		P50: at(.5), P99: at(.99), P999: at(.999), Bytes: bytes / asked, CPU: cpu,
	}
}
