package measure

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A line says by which command it can be had again, and nothing of this machine's directories.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "retail.csv.gz")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"-long"}, " -long"},
		{[]string{"-long=false", "-rate", "20"}, " -long=false -rate 20"},
		{[]string{"-results", file, "-keep", dir, "-sets", "L"}, " -sets L"},
		{[]string{"-data", dir, "-lasts", "90s"}, " -data DIR -lasts 1m30s"},
		{[]string{"-data", file}, " -data DIR/retail.csv.gz"},
		{[]string{"-data", dir + "/gone/Office_Products"}, " -data DIR/Office_Products"},
		{[]string{"-sets", "measure_test.go"}, " -sets measure_test.go"}, // a word, though there is such a file
		{[]string{"-sets", "none,sources", "-data", ""}, " -data '' -sets none,sources"},
		{[]string{"-sets", "it's $2"}, ` -sets 'it'\''s $2'`},
	} {
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.Bool("long", false, "")
		flags.Float64("rate", 500, "")
		flags.Duration("lasts", time.Second, "")
		for _, name := range []string{"results", "keep", "data", "sets"} {
			flags.String(name, "", "")
		}
		if err := flags.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		if got := command("growth", flags); got != "go run ./benchmarks/growth"+c.want {
			t.Errorf("%q: %q, want %q behind the name", c.args, got, c.want)
		}
	}
}

// Append writes the command into the line.
func TestAppendWritesTheCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.jsonl")
	if err := Append(file, "growth", "generated", 1); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	var got line
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if want := command("growth", flag.CommandLine); err != nil || got.Command != want {
		t.Errorf("the command of the line: %q (%v), want %q", got.Command, err, want)
	}
}
