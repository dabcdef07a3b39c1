package main

import (
	"os"
	"path/filepath"

	"github.com/rapportengine/rapport/training/evaluate"
)

// reportFiles are the flags of where a report is written, beside the table.
type reportFiles struct {
	JSON string `name:"json" placeholder:"FILE" help:"Write the report as JSON, too; - is standard output instead of the table."`
	HTML string `name:"html" placeholder:"FILE" help:"Write the report as a page with plots, too: one file that needs nothing else."`
}

// writable refuses, before the work, what could not be written after it.
func (f *reportFiles) writable() error {
	if f.JSON == "-" && f.HTML == "-" {
		return usagef("--json and --html: one of them on standard output, not both")
	}
	for _, file := range []struct{ flag, name string }{{"--json", f.JSON}, {"--html", f.HTML}} {
		if file.name == "" || file.name == "-" {
			continue
		}
		if info, err := os.Stat(file.name); err == nil && info.IsDir() {
			return usagef("%s: %s is a directory; name a file in it", file.flag, file.name)
		}
		if _, err := os.Stat(filepath.Dir(file.name)); err != nil {
			return usagef("%s: there is no place for %s: %w", file.flag, file.name, err)
		}
	}
	return nil
}

// write writes the report wherever it is wanted.
func (f *reportFiles) write(c *console, report *evaluate.Report) error {
	if f.HTML != "" {
		if err := writeFile(c, f.HTML, report.WriteHTML); err != nil {
			return err
		}
	}
	if f.JSON != "" {
		if err := writeFile(c, f.JSON, report.WriteJSON); err != nil {
			return err
		}
	}
	if f.JSON == "-" || f.HTML == "-" {
		return nil
	}
	return report.WriteTable(c.out)
}
