package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/rapportengine/rapport/training"
)

// itself is the program that runs, also where its file was replaced meanwhile.
const itself = "/proc/self/exe"

// start starts the process. It ends with ctx, and with this one.
func (h *helperCommand) start(ctx context.Context) (*training.Helper, error) {
	cmd := exec.CommandContext(ctx, itself, h.args()...)
	cmd.Args[0] = "rapport" // what a process list says
	cmd.Env = h.env()
	cmd.Stderr = h.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	read, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	out, written, err := os.Pipe()
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	defer written.Close()
	cmd.Stdin, cmd.Stdout = read, written
	started := make(chan error, 1)
	end := newEnding(ctx, func() { _, _ = in.Close(), out.Close() }) // who reads or writes waits for it, too
	go func() {
		// What the system takes for the parent is the thread that starts a process, and
		// threads come and go: this one stays as long as the process does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			end.is(cmd.Wait())
		}
	}()
	if err := <-started; err != nil {
		end.is(err)
		_, _ = in.Close(), out.Close()
		return nil, err
	}
	return &training.Helper{
		In: in, Out: out,
		Kill: func() { _ = cmd.Process.Kill(); end.due() },
		Wait: func() error {
			err := end.wait()
			_ = out.Close()
			return h.why(err)
		},
	}, nil
}

// ending is how a process ends, which is waited for no longer than deathTime once it was killed:
// one that runs only where nobody else wants the processor needs some of it to die, and on a busy
// machine that took longer than a server has to stop. It does nothing any more meanwhile.
type ending struct {
	due  func() // it was killed
	once sync.Once
	over chan struct{} // closed when it has ended, or nobody waits for it any more
	how  error         // good once over is closed
}

// deathTime is how long a killed process may take.
const deathTime = 2 * time.Second

// newEnding returns the ending of a process that is killed when ctx ends. late is called where it
// is not waited for any more.
func newEnding(ctx context.Context, late func()) *ending {
	e := &ending{over: make(chan struct{})}
	ctx, e.due = context.WithCancel(ctx)
	context.AfterFunc(ctx, func() {
		select {
		case <-e.over:
		case <-time.After(deathTime):
			late()
			e.is(errors.New("it was killed, and has not ended yet"))
		}
	})
	return e
}

// is says how it ended. What is said first counts.
func (e *ending) is(err error) {
	e.once.Do(func() {
		e.how = err
		close(e.over)
	})
	e.due()
}

// wait waits until it has ended, or nobody waits for it any more, and returns how.
func (e *ending) wait() error {
	<-e.over
	return e.how
}

// giveWay has all threads of this process run only while nobody else wants the processor, and
// has the system end it first where memory runs out. What the system refuses stays as it is.
func giveWay() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	// Threads that are made later are as the one that makes them: the work is done when a look
	// at all of them finds none that was not.
	for again := true; again; {
		again = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err == nil && policyOf(id) != schedIdle {
				again = idle(id) == nil || again
			}
		}
	}
}

// schedIdle is SCHED_IDLE of sched(7): in the way of nobody, and a processor that such a thread
// has counts as free for others.
const schedIdle = 5

func policyOf(thread int) int {
	p, _, _ := syscall.RawSyscall(syscall.SYS_SCHED_GETSCHEDULER, uintptr(thread), 0, 0)
	return int(p)
}

func idle(thread int) error {
	var priority int32 // struct sched_param
	_, _, err := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, uintptr(thread), schedIdle, uintptr(unsafe.Pointer(&priority)))
	if err != 0 {
		return fmt.Errorf("thread %d: %w", thread, err)
	}
	return nil
}
