package vector

// Panels are the bytes of a table laid so that a query is held against sixteen rows at once, where the
// processor can: AddTo takes half of the time of Rows and Axpy then, and gives the same bits. They
// take as much memory as the bytes of the table, and are immutable.
type Panels struct {
	table *Table
	bytes []uint8 // see bytesPanels; nil where the table's are as good
}

// panelRows is how many rows are in a panel, and blockRows how many are looked at in one go.
const (
	panelRows = 16
	blockRows = 64
)

// NewPanels returns the panels of a table.
func NewPanels(t *Table) *Panels {
	p := &Panels{table: t}
	if !hasPanels() {
		return p
	}
	p.bytes = make([]uint8, t.Len()/blockRows*blockRows*t.wide)
	for row := range t.Len() / blockRows * blockRows {
		to := p.bytes[row/panelRows*panelRows*t.wide:]
		for k, b := range t.bytes[row*t.wide:][:t.wide] {
			to[(k/4*panelRows+row%panelRows)*4+k%4] = b
		}
	}
	return p
}

// AddTo adds by times what Rows says of rows from one on, a multiple of 64, to sums.
func (r *Rough) AddTo(sums []float32, p *Panels, from int, by float32) {
	t := p.table
	if p.bytes != nil && !r.zero {
		if blocks := len(sums) / blockRows; blocks > 0 {
			bytesPanels(sums[:blocks*blockRows], p.bytes[from*t.wide:][:blocks*blockRows*t.wide], t.steps[from:], r.bytes, r.excess, by)
			from, sums = from+blocks*blockRows, sums[blocks*blockRows:]
		}
	}
	var scores [searchRows]float32
	for len(sums) > 0 {
		count := min(len(sums), len(scores))
		r.Rows(scores[:count], t, from)
		Axpy(by, scores[:count], sums)
		from, sums = from+count, sums[count:]
	}
}
