package main

import (
	"runtime"
	"syscall"
)

// asideNice is how much a training gives way: of a processor that an answer wants, too, it
// gets a tenth.
const asideNice = 10

// aside does something long on a thread that gives way to those that answer, and returns
// when it is done. Go has so many goroutines run at a time as there are processors, and takes
// long to have one give way: while this one runs, where it need not share what the operator
// allowed, there is one more, and it is the system that says which thread waits.
func aside(do func()) {
	if was := runtime.GOMAXPROCS(0); was >= runtime.NumCPU() {
		runtime.GOMAXPROCS(was + 1)
		defer runtime.GOMAXPROCS(was)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), asideNice)
		do()
	}()
	<-done
}
