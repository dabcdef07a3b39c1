package main

import "github.com/rapportengine/rapport/training/evaluate"

// reportFiles are the flags of where a report is written, beside the table.
type reportFiles struct {
	JSON string `name:"json" placeholder:"FILE" help:"Write the report as JSON, too; - is standard output instead of the table."`
	HTML string `name:"html" placeholder:"FILE" help:"Write the report as a page with plots, too: one file that needs nothing else."`
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
