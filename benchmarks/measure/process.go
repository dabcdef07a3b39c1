package measure

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a program that is measured from outside: its processor time and memory are
// those the system keeps.
type Process struct {
	*exec.Cmd
	out    output
	waited chan struct{} // closed once err is there
	err    error
}

// output keeps the end of what a program said, for errors.
type output struct {
	mu   sync.Mutex // guards last
	last []byte
}

const lastWords = 4 << 10

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = append(o.last, p...)
	o.last = o.last[max(0, len(o.last)-lastWords):]
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.last)
}

// Command is how a program is started.
type Command struct {
	Name  string
	Args  []string
	Dir   string
	Procs int // GOMAXPROCS of the program; 0 leaves it
	// Heard, where not nil, takes each line that the program says on either output.
	Heard func(line string)
}

// Start starts a program.
func (c *Command) Start(ctx context.Context) (*Process, error) {
	p := &Process{Cmd: exec.CommandContext(ctx, c.Name, c.Args...), waited: make(chan struct{})}
	p.Cmd.Dir = c.Dir
	p.Env = os.Environ()
	if c.Procs > 0 {
		p.Env = append(p.Env, "GOMAXPROCS="+strconv.Itoa(c.Procs))
	}
	p.Cancel = func() error { return p.Cmd.Process.Signal(os.Interrupt) }
	p.WaitDelay = 30 * time.Second
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.Stdout, p.Stderr = w, w
	if err := errors.Join(p.Cmd.Start(), w.Close()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		lines := bufio.NewScanner(io.TeeReader(r, &p.out))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if c.Heard != nil {
				c.Heard(lines.Text())
			}
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	go func() {
		p.err = p.Cmd.Wait()
		<-heard
		close(p.waited)
	}()
	return p, nil
}

// Run runs a program to its end.
func (c *Command) Run(ctx context.Context) (*Process, error) {
	p, err := c.Start(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.Wait()
}

// Wait waits until the program ends.
func (p *Process) Wait() error {
	<-p.waited
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(p.Args, " "), p.err, p.out.String())
	}
	return nil
}

// Cost is what a program that has ended took.
func (p *Process) Cost() time.Duration {
	return p.ProcessState.UserTime() + p.ProcessState.SystemTime()
}

// Kill ends the program at once, as a crash does, and waits for it.
func (p *Process) Kill() error {
	err := p.Cmd.Process.Kill()
	<-p.waited
	return err
}

// CPU is the processor time the program has used so far, all threads, with all processes that
// it has started: a server trains in one of its own.
func (p *Process) CPU() (time.Duration, error) {
	all, err := p.sum(func(id int) (int64, error) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			return 0, err
		}
		// The name stands in brackets and may hold anything; utime, stime, and those of
		// children that have ended are the 14th to 17th fields, in hundredths of a second
		// (proc(5), and USER_HZ is 100 on Linux).
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 15 {
			return 0, fmt.Errorf("cannot read the CPU time in %q", text)
		}
		var ticks int64
		for _, f := range fields[11:15] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
		return ticks * int64(10*time.Millisecond), nil
	})
	return time.Duration(all), err
}

// sum adds up a figure of the program and of all processes that it has started.
func (p *Process) sum(of func(id int) (int64, error)) (int64, error) {
	all, err := of(p.Process.Pid)
	if err != nil {
		return 0, err
	}
	for _, id := range startedBy(p.Process.Pid) {
		if n, err := of(id); err == nil { // else it has ended meanwhile
			all += n
		}
	}
	return all, nil
}

// startedBy are the processes that a process has started, and they, and that live.
func startedBy(id int) (all []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", id))
	for _, name := range lists {
		text, _ := os.ReadFile(name) // of a thread that has ended meanwhile there is none
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(append(all, child), startedBy(child)...)
			}
		}
	}
	return all
}

// PeakBytes is the most memory the program has had resident, mapped files too.
func (p *Process) PeakBytes() (int64, error) { return status(p.Process.Pid, "VmHWM:") }

// AnonBytes is the memory of their own that the program, and all processes that it has started,
// have resident now.
func (p *Process) AnonBytes() (int64, error) {
	return p.sum(func(id int) (int64, error) { return status(id, "RssAnon:") })
}

func status(id int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", id))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), field)
	if !found {
		return 0, fmt.Errorf("the system does not tell %s", field)
	}
	var kib int64
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		return 0, err
	}
	return kib << 10, nil
}

// Sampler takes samples of a figure until it is stopped.
type Sampler struct {
	done, ended chan struct{}
	mu          sync.Mutex // guards taken
	taken       []int64
}

// Anon samples AnonBytes at once and then so often, until the program ends or the sampler is
// stopped.
func (p *Process) Anon(every time.Duration) *Sampler {
	s := &Sampler{done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if n, err := p.AnonBytes(); err == nil {
				s.mu.Lock()
				s.taken = append(s.taken, n)
				s.mu.Unlock()
			}
			select {
			case <-s.done:
				return
			case <-p.waited:
				return
			case <-tick.C:
			}
		}
	}()
	return s
}

// Taken are the samples so far.
func (s *Sampler) Taken() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// Stop ends the sampling, once, and returns the samples.
func (s *Sampler) Stop() []int64 {
	close(s.done)
	<-s.ended
	return s.taken
}

// Server is a program of ours that serves on a loopback address.
type Server struct {
	*Process
	Addr  string
	Ready time.Duration // from its start until it said where it serves
	// StartingAnon is the most memory of its own that it had until then, as samples every
	// startingEvery tell.
	StartingAnon int64
}

const startingEvery = 20 * time.Millisecond

var listens = regexp.MustCompile(`http://([0-9.]+:[0-9]+)`)

// Serve starts a program and waits until it says, on either output, where it serves.
func (c Command) Serve(ctx context.Context) (*Server, error) {
	found := make(chan string, 1)
	c.Heard = func(line string) {
		if at := listens.FindStringSubmatch(line); at != nil {
			select {
			case found <- at[1]:
			default:
			}
		}
	}
	start := time.Now()
	p, err := c.Start(ctx)
	if err != nil {
		return nil, err
	}
	samples := p.Anon(startingEvery)
	select {
	case addr := <-found:
		ready := time.Since(start)
		return &Server{Process: p, Addr: addr, Ready: ready, StartingAnon: slices.Max(append(samples.Stop(), 0))}, nil
	case <-p.waited:
		return nil, fmt.Errorf("%s did not come to serve: %w\n%s", c.Name, p.err, p.out.String())
	}
}

// Stop ends the server and waits for it.
func (s *Server) Stop() error {
	if err := s.Cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return s.Wait()
}

// Self is the processor time this process has used so far, all threads.
func Self() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
