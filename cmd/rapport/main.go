// Command rapport is the whole house in one binary: it imports, trains, answers and
// evaluates. This package parses flags, joins the other packages and takes them down
// again in reverse order; it holds no logic worth a test of its own elsewhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training/tune"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the work in order; from then on a second one kills.
	context.AfterFunc(ctx, stop)
	os.Exit(report(os.Stderr, run(ctx, os.Args[1:], os.Stdout, os.Stderr)))
}

// run does what the arguments ask for. Tests call it too.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	do, err := parse(args, stdout, stderr)
	if err != nil || do == nil {
		return err
	}
	return do(ctx, newConsole(stdout, stderr))
}

// Exit codes. Scripts rely on them.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitUnmet  = 3 // a requirement of rapport eval was not met
	exitLocked = 4 // another process has the directory, or the study of rapport tune
)

// errUnmet says that an evaluation ran well and did not reach what was required.
var errUnmet = errors.New("requirement not met")

// usageError is a mistake in how the command was called, which reading its help mends.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// exitCode tells scripts what kind of failure it was.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, store.ErrLocked):
		return exitLocked
	case errors.Is(err, errUnmet):
		return exitUnmet
	}
	if _, locked := errors.AsType[*tune.LockedError](err); locked {
		return exitLocked
	}
	if _, usage := errors.AsType[*usageError](err); usage {
		return exitUsage
	}
	return exitFailed
}

// report says what went wrong and what can be done about it, and returns the exit code.
func report(stderr io.Writer, err error) int {
	code := exitCode(err)
	switch {
	case code == exitOK:
		return code
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "rapport: interrupted:", describe(err))
		return code
	}
	fmt.Fprintln(stderr, "rapport:", describe(err))
	switch {
	case errors.Is(err, store.ErrLocked):
		fmt.Fprintln(stderr, "One process at a time can have a directory. Stop that one, ask it by --server URL, or give another --dir.")
	case code == exitUsage:
		fmt.Fprintln(stderr, `Run "rapport COMMAND --help" for what a command takes.`)
	}
	return code
}

// describe puts a caller's mistake into the words of the command line: its field is the
// name of a flag or of a record's field.
func describe(err error) string {
	if syntax, ok := errors.AsType[*record.Syntax](err); ok {
		where, unread := "", ""
		if f, ok := errors.AsType[*fileError](err); ok {
			where = f.name + ", "
			if len(f.unread) > 0 {
				unread = "; not read: " + strings.Join(f.unread, ", ")
			}
		}
		return fmt.Sprintf("%s%v (what was read before that line stands%s)", where, syntax, unread)
	}
	if invalid, ok := errors.AsType[*engine.Invalid](err); ok && invalid.Field == "filter" && invalid.Offset >= 0 {
		return fmt.Sprintf("%v (at character %d)", err, invalid.Offset+1)
	}
	return err.Error()
}
