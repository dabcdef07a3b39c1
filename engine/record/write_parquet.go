package record

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Row groups are cut by what is written, so that the same records give the same bytes:
// at so many rows, or so many bytes of texts, which are held in memory.
const (
	groupRows  = 64 << 10
	groupBytes = 32 << 20
)

// columnWriter writes Parquet, compressed by zstd. Columns stand in the order of their
// names.
type columnWriter[T any] struct {
	out     *parquet.GenericWriter[any]
	columns []column[T]
	row     parquet.Row
	rows    int
	bytes   int
}

func newColumnWriter[T any](w io.Writer, columns []column[T]) *columnWriter[T] {
	columns = slices.SortedFunc(slices.Values(columns), func(a, b column[T]) int { return cmp.Compare(a.name, b.name) })
	group := parquet.Group{}
	for _, c := range columns {
		group[c.name] = c.node()
	}
	return &columnWriter[T]{columns: columns, out: parquet.NewGenericWriter[any](
		w, parquet.NewSchema("record", group), parquet.Compression(&parquet.Zstd), parquet.CreatedBy("rapport", "1", "0"),
	)}
}

// node returns the column's place in the schema. All columns may be empty.
func (c *column[T]) node() parquet.Node {
	var n parquet.Node
	switch c.as.(type) {
	case string:
		n = parquet.String()
		if c.json {
			n = parquet.JSON()
		}
	case float64:
		n = parquet.Leaf(parquet.DoubleType)
	case int64:
		n = parquet.Int(64)
	case bool:
		n = parquet.Leaf(parquet.BooleanType)
	case time.Time:
		n = parquet.Timestamp(parquet.Microsecond)
	case []string:
		n = parquet.List(parquet.String())
	case []float32:
		n = parquet.List(parquet.Leaf(parquet.FloatType))
	}
	if c.few {
		n = parquet.Encoded(n, &parquet.RLEDictionary)
	}
	return parquet.Optional(n)
}

func (w *columnWriter[T]) Write(t T) error {
	w.row = w.row[:0]
	for i, c := range w.columns {
		v, err := c.value(&t)
		if err != nil {
			return err
		}
		w.add(v, i)
	}
	if _, err := w.out.WriteRows([]parquet.Row{w.row}); err != nil {
		return err
	}
	if w.rows++; w.rows < groupRows && w.bytes < groupBytes {
		return nil
	}
	w.rows, w.bytes = 0, 0
	return w.out.Flush()
}

// add puts a value, or those of a list, into the row at hand.
func (w *columnWriter[T]) add(v any, column int) {
	const there, inList = 1, 2 // levels of definition
	one := func(v parquet.Value) { w.row = append(w.row, v.Level(0, there, column)) }
	switch v := v.(type) {
	case nil:
		w.row = append(w.row, parquet.NullValue().Level(0, 0, column))
	case string:
		w.bytes += len(v)
		one(parquet.ByteArrayValue([]byte(v)))
	case float64:
		one(parquet.DoubleValue(v))
	case int64:
		one(parquet.Int64Value(v))
	case bool:
		one(parquet.BooleanValue(v))
	case time.Time:
		one(parquet.Int64Value(v.UnixMicro()))
	case []string:
		for i, s := range v {
			w.bytes += len(s)
			w.row = append(w.row, parquet.ByteArrayValue([]byte(s)).Level(min(i, 1), inList, column))
		}
	case []float32:
		w.bytes += 4 * len(v)
		for i, f := range v {
			w.row = append(w.row, parquet.FloatValue(f).Level(min(i, 1), inList, column))
		}
	}
}

func (w *columnWriter[T]) Close() error { return w.out.Close() }
