package svd

// Sparse is a matrix in compressed rows.
type Sparse struct {
	columns int
	starts  []int // of the rows in cells, and the end of the last
	cells   []Cell
}

// Cell is one value of a row of a Sparse.
type Cell struct {
	Column int32
	Value  float64
}

// NewSparse returns a matrix of the given width without rows.
func NewSparse(columns int) *Sparse { return &Sparse{columns: columns, starts: []int{0}} }

// Append adds a row of the given cells, ascending by column. They are copied.
func (m *Sparse) Append(row []Cell) {
	m.cells = append(m.cells, row...)
	m.starts = append(m.starts, len(m.cells))
}

// Columns returns how many columns there are.
func (m *Sparse) Columns() int { return m.columns }

// Rows yields the cells of every row in order.
func (m *Sparse) Rows(yield func([]Cell) bool) {
	for i := range len(m.starts) - 1 {
		if !yield(m.cells[m.starts[i]:m.starts[i+1]]) {
			return
		}
	}
}

// Dense is a matrix in rows.
type Dense struct {
	Width int
	data  []float64
}

func newDense(rows, width int) *Dense { return &Dense{width, make([]float64, rows*width)} }

// Rows returns how many rows there are.
func (d *Dense) Rows() int { return len(d.data) / max(d.Width, 1) }

// Row returns row i.
func (d *Dense) Row(i int) []float64 { return d.data[i*d.Width : (i+1)*d.Width] }
