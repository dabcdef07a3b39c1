package svd

// Sparse is a matrix of which most cells are 0.
type Sparse struct {
	columns int
	rows    [][]Cell
}

// Cell is one value of a row of a Sparse.
type Cell struct {
	Column int32
	Value  float64
}

// NewSparse returns a matrix of the given width without rows.
func NewSparse(columns int) *Sparse { return &Sparse{columns: columns} }

// Append adds a row of the given cells, ascending by column, which it keeps.
func (m *Sparse) Append(row []Cell) { m.rows = append(m.rows, row) }

// Columns returns how many columns there are.
func (m *Sparse) Columns() int { return m.columns }

// Rows yields the cells of every row in order.
func (m *Sparse) Rows(yield func([]Cell) bool) {
	for _, row := range m.rows {
		if !yield(row) {
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
