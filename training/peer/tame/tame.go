// Package tame makes it harmless that Gorse is part of a program. When Gorse's package
// model initialises, before main and in every command, it asks who the user is and makes
// ~/.gorse/dataset and ~/.gorse/temp; where it cannot, it ends the process through its
// logger. A server in a container with a read-only disk and a nameless user would not
// start.
//
// Go initialises packages that do not need each other in the order of their import
// paths (Go 1.21, "Package initialization" in the language specification), and this one
// comes before github.com/zhenghaoz/gorse/model. It says nothing of recommending.
package tame

import (
	"os"
	"path/filepath"

	"github.com/zhenghaoz/gorse/base/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// lent are the variables that were set for Gorse's initialisation only.
var lent []string

func init() {
	// The logger is global and can only be chosen among those that end the process:
	// what it points to is replaced by one that says nothing and ends nothing.
	*log.Logger() = *zap.NewNop().WithOptions(zap.WithFatalHook(survive{}))
	// Without cgo (or with -tags osusergo) a user whom the system has no name for is who
	// the environment says, and without a user Gorse reads through a nil pointer. With
	// cgo nothing helps: what is deployed is built without.
	for name, value := range map[string]string{"USER": "nobody", "HOME": os.TempDir()} {
		if os.Getenv(name) == "" {
			if os.Setenv(name, value) == nil {
				lent = append(lent, name)
			}
		}
	}
}

// survive lets the program go on after what Gorse calls fatal.
type survive struct{}

// OnWrite implements zapcore.CheckWriteHook.
func (survive) OnWrite(*zapcore.CheckedEntry, []zapcore.Field) {}

// Undo takes back what Gorse's initialisation did to the machine: it unsets what was
// lent and removes the folders under dir, Gorse's own, that are empty.
func Undo(dir string) {
	for _, name := range lent {
		os.Unsetenv(name)
	}
	lent = nil
	for _, folder := range []string{filepath.Join(dir, "dataset"), filepath.Join(dir, "temp"), dir} {
		os.Remove(folder) // fails, as it should, where something is in it
	}
}
