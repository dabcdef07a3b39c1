package measure

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"
)

// child is how this test's program is told to be one that is measured.
const child = "RAPPORT_MEASURED"

func TestMain(m *testing.M) {
	switch os.Getenv(child) {
	case "serves":
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, os.Interrupt)
		burn := 0.0
		for i := range 100_000_000 {
			burn += float64(i)
		}
		fmt.Printf("burnt %v\nserving at http://127.0.0.1:4711/ for %s\n", burn > 0, os.Getenv("GOMAXPROCS"))
		<-stop
		os.Exit(0)
	case "starts":
		other := exec.Command(os.Args[0])
		other.Env = append(os.Environ(), child+"=serves")
		other.Stdout = os.Stdout
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, os.Interrupt)
		if err := other.Start(); err != nil {
			panic(err)
		}
		<-stop
		_ = other.Process.Kill()
		_ = other.Wait()
		os.Exit(0)
	case "fails":
		fmt.Fprintln(os.Stderr, "no such luck")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestServe(t *testing.T) {
	t.Setenv(child, "serves")
	s, err := Command{Name: os.Args[0], Procs: 1}.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr != "127.0.0.1:4711" || s.Ready <= 0 {
		t.Errorf("serves at %q after %v", s.Addr, s.Ready)
	}
	cpu, err := s.CPU()
	if err != nil || cpu <= 0 {
		t.Errorf("used %v, %v: want what it burnt", cpu, err)
	}
	anon, err := s.AnonBytes()
	peak, err2 := s.PeakBytes()
	if err != nil || err2 != nil || anon < 1<<16 || peak < anon {
		t.Errorf("%d bytes of its own, %d at most, %v, %v", anon, peak, err, err2)
	}
	if s.StartingAnon < 1<<16 {
		t.Errorf("%d bytes of its own while it started", s.StartingAnon)
	}
	samples := s.Anon(time.Millisecond)
	for len(samples.Taken()) < 3 {
		time.Sleep(time.Millisecond)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	for _, n := range samples.Stop() {
		if n <= 0 {
			t.Errorf("a sample of %d bytes", n)
		}
	}
	if s.Cost() < cpu {
		t.Errorf("cost %v in the end, after %v", s.Cost(), cpu)
	}
}

// TestStarted holds that what a program starts counts as its own.
func TestStarted(t *testing.T) {
	t.Setenv(child, "starts")
	s, err := Command{Name: os.Args[0]}.Serve(t.Context()) // it is the other one that says so
	if err != nil {
		t.Fatal(err)
	}
	all := startedBy(s.Process.Process.Pid)
	if len(all) != 1 {
		t.Fatalf("it started %v, want one", all)
	}
	other, err := status(all[0], "RssAnon:")
	own, err2 := status(s.Process.Process.Pid, "RssAnon:")
	anon, err3 := s.AnonBytes()
	if err != nil || err2 != nil || err3 != nil || anon < other || anon < own || anon < (own+other)/2 {
		t.Errorf("%d bytes of both, %d and %d; %v, %v, %v", anon, own, other, err, err2, err3)
	}
	cpu, err := s.CPU()
	if err != nil || cpu <= 0 {
		t.Errorf("used %v, %v: want what the other burnt", cpu, err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func TestKill(t *testing.T) {
	t.Setenv(child, "serves")
	s, err := Command{Name: os.Args[0]}.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("a killed server ended with %v", err)
	}
}

// What a program said last is in the error of its failure.
func TestFails(t *testing.T) {
	t.Setenv(child, "fails")
	if _, err := (&Command{Name: os.Args[0]}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("ended with %v", err)
	}
	if _, err := (Command{Name: os.Args[0]}).Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("served, with %v", err)
	}
}

func TestMedian(t *testing.T) {
	itself := func(x int) float64 { return float64(x) }
	for _, c := range []struct {
		of   []int
		want int
	}{{nil, 0}, {[]int{7}, 7}, {[]int{9, 1}, 1}, {[]int{5, 1, 3}, 3}, {[]int{4, 1, 3, 2}, 2}} {
		if got := Median(c.of, itself); got != c.want {
			t.Errorf("Median(%v) = %d, want %d", c.of, got, c.want)
		}
	}
}
