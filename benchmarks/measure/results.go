// Package measure is what the benchmarks share: the file of results, load over loopback,
// and the CPU time of the process that is under load.
package measure

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Results is where measurements go unless told otherwise.
const Results = "benchmarks/results.jsonl"

// line is one measurement, as it stands in the results.
type line struct {
	Benchmark string    `json:"benchmark"`
	Data      string    `json:"data"`
	At        time.Time `json:"at"`
	Go        string    `json:"go"`
	CPUs      int       `json:"cpus"`
	Commit    string    `json:"commit,omitempty"`
	Command   string    `json:"command,omitempty"`
	Report    any       `json:"report"`
}

// Append adds one line to a file of results: what was measured on which data, by the command
// of that name and the flags of this process.
func Append(file, benchmark, data string, report any) error {
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = json.NewEncoder(out).Encode(line{benchmark, data, time.Now().UTC(), runtime.Version(), runtime.NumCPU(), Revision(), command(benchmark, flag.CommandLine), report})
	return errors.Join(err, out.Close())
}

// aside are flags that say where things are kept, and change nothing of what is measured.
var aside = []string{"results", "keep"}

// command is what was run, with the flags that were set, sorted. Of a path only what it ends in
// stands there: a directory is DIR.
func command(benchmark string, flags *flag.FlagSet) string {
	text := "go run ./benchmarks/" + benchmark
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains(aside, f.Name) {
			return
		}
		text += " -" + f.Name
		value := f.Value.String()
		if b, is := f.Value.(interface{ IsBoolFlag() bool }); is && b.IsBoolFlag() {
			if value != "true" {
				text += "=" + value
			}
			return
		}
		text += " " + quoted(withoutPath(value))
	})
	return text
}

// withoutPath returns a flag's value, without the machine's directories where it is a path.
func withoutPath(value string) string {
	if !strings.ContainsRune(value, filepath.Separator) {
		return value
	}
	if info, err := os.Stat(value); err == nil && info.IsDir() {
		return "DIR"
	}
	return "DIR/" + filepath.Base(value)
}

// quoted is a value as a shell takes it.
func quoted(value string) string {
	if value != "" && !strings.ContainsFunc(value, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.,:/+%@=", r)
	}) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// Revision is the commit this was built from, "" where nobody knows. go run does not
// write it into what it builds: then it is that of the working directory, with "+" where
// files differ from it.
func Revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	head, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no", "--", ":!"+Results).Output()
	if err != nil {
		return ""
	}
	revision := strings.TrimSpace(string(head))
	if len(changed) > 0 {
		revision += "+"
	}
	return revision
}
