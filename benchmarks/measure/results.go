// Package measure is what the benchmarks share: the file of results, load over loopback,
// and the CPU time of the process that is under load.
package measure

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
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

// Revision is the commit this was built from, "" where nobody knows.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
