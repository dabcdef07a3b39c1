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
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a program of ours that serves on a loopback address.
type Server struct {
	Addr string
	cmd  *exec.Cmd
	err  bytes.Buffer
}

var listens = regexp.MustCompile(`http://([0-9.]+:[0-9]+)`)

// StartServer starts a program and waits until it says, on either output, where it serves.
func StartServer(ctx context.Context, name string, args ...string) (*Server, error) {
	s := &Server{cmd: exec.CommandContext(ctx, name, args...)}
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(os.Interrupt) }
	s.cmd.WaitDelay = 30 * time.Second
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stdout, s.cmd.Stderr = w, w
	if err := errors.Join(s.cmd.Start(), w.Close()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		s.err.Write(lines.Bytes())
		s.err.WriteByte('\n')
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			s.Addr = found[1]
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s did not come to serve: %w\n%s", name, s.cmd.Wait(), s.err.String())
}

// Stop ends the server and waits for it.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// CPU is the processor time the server has used so far, all threads.
func (s *Server) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name stands in brackets and may hold anything; utime and stime are the 14th
	// and 15th fields, in hundredths of a second (proc(5), and USER_HZ is 100 on Linux).
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("cannot read the CPU time in %q", text)
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// PeakBytes is the most memory the server has had resident.
func (s *Server) PeakBytes() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), "VmHWM:")
	if !found {
		return 0, errors.New("the system does not tell a peak of memory")
	}
	var kib int64
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		return 0, err
	}
	return kib << 10, nil
}

// Self is the processor time this process has used so far, all threads.
func Self() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
