// Package measure is what the benchmarks share: the file of results, load over loopback,
// and the CPU time of the process that is under load.
package measure

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
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
	Report    any       `json:"report"`
}

// Append adds one line to a file of results: what was measured on which data.
func Append(file, benchmark, data string, report any) error {
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = json.NewEncoder(out).Encode(line{benchmark, data, time.Now().UTC(), runtime.Version(), runtime.NumCPU(), Revision(), report})
	return errors.Join(err, out.Close())
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
