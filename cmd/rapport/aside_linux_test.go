package main

import (
	"runtime"
	"syscall"
	"testing"
)

// niceness is how much the thread that calls gives way.
func niceness(t *testing.T) int {
	t.Helper()
	raw, err := syscall.Getpriority(syscall.PRIO_PROCESS, syscall.Gettid())
	if err != nil {
		t.Fatal(err)
	}
	return 20 - raw // the system call tells 20 less than it
}

// TestAsideGivesWay holds that what is done aside gives way, and that nothing else does then
// or afterwards.
func TestAsideGivesWay(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	procs, usual := runtime.GOMAXPROCS(0), niceness(t)
	var within, beside, room int
	aside(func() {
		within, room = niceness(t), runtime.GOMAXPROCS(0)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			runtime.LockOSThread()
			beside = niceness(t)
			runtime.UnlockOSThread()
		}()
		<-ended
	})
	if want := max(asideNice, usual); within != want || beside != usual {
		t.Errorf("aside the thread gives way by %d, another by %d; want %d and %d", within, beside, want, usual)
	}
	if procs >= runtime.NumCPU() && room != procs+1 {
		t.Errorf("room for %d goroutines at a time, want %d", room, procs+1)
	}
	if after := niceness(t); after != usual || runtime.GOMAXPROCS(0) != procs {
		t.Errorf("afterwards threads give way by %d, and %d goroutines run at a time; want %d and %d", after, runtime.GOMAXPROCS(0), usual, procs)
	}
}
