package record

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Vector is where a model puts an item: its factors, or its embedding.
type Vector struct {
	Item   engine.ItemID `json:"item_id"`
	Values []float32     `json:"vector"`
}

// vectorSchema is what VectorWriter writes.
var vectorSchema = &schema[Vector]{
	what: "field of a vector",
	id:   "item_id",
	own:  true,
	fields: []field[Vector]{
		idField("item_id", func(v *Vector) *engine.ItemID { return &v.Item }),
		{name: "vector", set: func(v *Vector, given value) (p problem) { v.Values, p = given.vector(); return p }},
	},
	ident: func(v *Vector) *string { return (*string)(&v.Item) },
	clone: func(v Vector) Vector { return Vector{v.Item, slices.Clone(v.Values)} },
	check: func(v *Vector) problem {
		if len(v.Values) == 0 {
			return missing("vector", "a list of at least one number")
		}
		return nil
	},
}

// Vectors reads vectors of items, as VectorWriter writes them.
func Vectors(r io.Reader, o Options) iter.Seq2[Entry[Vector], error] {
	return read(r, o, vectorSchema, whole(vectorSchema))
}

// bring is the command that makes a vector the embedding of its item, which must be there.
func bring(v Vector) engine.Command {
	return engine.UpdateItem{ID: v.Item, Update: func(item engine.Item, found bool) (engine.Item, error) {
		if !found {
			return item, fmt.Errorf("item %s: %w", v.Item, engine.ErrNotFound)
		}
		item.Embedding = v.Values
		return item, nil
	}}
}

// VectorWriter writes vectors, as EventWriter does, in the columns item_id and vector.
func VectorWriter(w io.Writer, f Format) Writer[Vector] {
	return newWriter(w, f, vectorColumns, func(v Vector) any { return v })
}

var vectorColumns = []column[Vector]{
	texts("item_id", func(v *Vector) engine.ItemID { return v.Item }),
	{name: "vector", as: []float32(nil), get: func(v *Vector) any {
		if len(v.Values) == 0 {
			return nil
		}
		return v.Values
	}},
}

// NumPyWriter writes vectors as a NumPy array of float32 with the shape (rows, width),
// to be read by numpy.load, and their ids to another file, one a line in the order of
// the rows. It holds no vector. Vectors of another width are refused, and Close refuses
// to end before all rows were written.
func NumPyWriter(w, ids io.Writer, rows, width int) Writer[Vector] {
	n := &numPy{out: bufio.NewWriterSize(w, windowBytes), ids: bufio.NewWriterSize(ids, windowBytes), rows: rows, width: width}
	// Version 1.0 of the format (NEP 1): magic, length of the header, the header as a
	// Python literal, filled with spaces to a multiple of 64 bytes and ended by \n.
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, width)
	const before = 10
	header += strings.Repeat(" ", 63-(before+len(header))%64) + "\n"
	prefix := binary.LittleEndian.AppendUint16([]byte(numPyMagic+"\x01\x00"), uint16(len(header)))
	_, n.err = n.out.Write(append(prefix, header...))
	return n
}

type numPy struct {
	out, ids    *bufio.Writer
	rows, width int
	written     int
	buf         []byte
	err         error // of the header
}

func (n *numPy) Write(v Vector) error {
	switch {
	case n.err != nil:
		return n.err
	case len(v.Values) != n.width:
		return fmt.Errorf("vector of item %s: %d numbers, not %d", v.Item, len(v.Values), n.width)
	case n.written == n.rows:
		return fmt.Errorf("vector of item %s: there are more than %d", v.Item, n.rows)
	}
	n.written++
	n.buf = n.buf[:0]
	for _, f := range v.Values {
		n.buf = binary.LittleEndian.AppendUint32(n.buf, math.Float32bits(f))
	}
	if _, err := n.out.Write(n.buf); err != nil {
		return err
	}
	_, err := n.ids.WriteString(string(v.Item) + "\n")
	return err
}

func (n *numPy) Close() error {
	if n.err == nil && n.written < n.rows {
		return fmt.Errorf("%d vectors were written of %d", n.written, n.rows)
	}
	if err := n.out.Flush(); err != nil {
		return err
	}
	return n.ids.Flush()
}
