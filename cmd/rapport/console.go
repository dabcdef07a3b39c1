package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"

	"github.com/vbauerster/mpb/v8/cwriter"
)

// console is where a command speaks: results on out, everything about the way to them
// on err, so that out can be piped.
type console struct {
	out, err io.Writer
	terminal bool // err is one: progress is drawn and redrawn
}

func newConsole(out, err io.Writer) *console {
	c := &console{out: out, err: err}
	if f, ok := err.(*os.File); ok {
		c.terminal = cwriter.IsTerminal(int(f.Fd()))
	}
	return c
}

// say writes a line about what is going on.
func (c *console) say(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// log returns a logger for what goes wrong on the way.
func (c *console) log(level slog.Level, format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(c.err, o))
	}
	return slog.New(slog.NewTextHandler(c.err, o))
}

// count writes a number as people read it: 181,647.
func count[N int | int64 | uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
