package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

func (versionCommand) Help() string {
	return `Example:

  rapport version`
}

// Run prints the version and the commit it was built from.
func (versionCommand) Run(_ context.Context, c *console) error {
	version, commit := build()
	_, err := fmt.Fprintf(c.out, "rapport %s (commit %s, %s, %s/%s)\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// build says what was built, as the Go tool recorded it: a module version where the
// binary was installed by one, and the commit where it was built in a checkout.
func build() (version, commit string) {
	version, commit = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	return version, commit + changed
}
