package measure

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// Say writes a line of progress to standard error.
func Say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// Main parses the flags that a benchmark has set up, after usage, which says what it
// answers, and runs it until it ends or is interrupted.
func Main(name, usage string, run func(context.Context) error) {
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "%s\n\nFlags:\n", usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, errors.Join(err, ctx.Err()))
		os.Exit(1)
	}
}

// Given reports whether a flag was written on the command line.
func Given(name string) bool {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// Quick sets flags that were not given to what a smoke test takes.
func Quick(values map[string]string) error {
	for name, value := range values {
		if Given(name) {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}
