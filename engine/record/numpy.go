package record

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// NumPyVectors reads vectors as NumPyWriter writes them: an array of two dimensions, one
// row an item, of float32 or float64 of either byte order (numpy.save), and the ids of
// its rows, one a line in the same order: plain, or as a JSON text or an object with an
// item_id. Memory holds the ids and one row.
//
// The error of a file that cannot be taken is the last thing yielded: it names the row,
// the item and what is wrong with it. Every id stands once; every number is finite.
func NumPyVectors(array, ids io.Reader) iter.Seq2[Vector, error] {
	return func(yield func(Vector, error) bool) {
		n, err := readNumPyHeader(array)
		if err != nil {
			yield(Vector{}, err)
			return
		}
		seen := make(map[engine.ItemID]int)
		lines := bufio.NewScanner(ids)
		for row := 1; ; row++ {
			id, err := nextID(lines)
			last := errors.Is(err, io.EOF)
			switch {
			case last && row-1 != n.rows:
				err = fmt.Errorf("there are %d ids for %d rows", row-1, n.rows)
			case last:
				err = n.ended()
			case err != nil:
				err = fmt.Errorf("ids, line %d: %w", row, err)
			case row > n.rows:
				err = fmt.Errorf("there are more ids than the %d rows", n.rows)
			case seen[id] > 0:
				err = fmt.Errorf("ids, line %d: item %s has row %d already", row, id, seen[id])
			}
			if err != nil || last {
				if err != nil {
					yield(Vector{}, err)
				}
				return
			}
			seen[id] = row
			v := Vector{Item: id}
			if v.Values, err = n.row(); err != nil {
				yield(Vector{}, fmt.Errorf("row %d, item %s: %w", row, id, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// numPyArray is an array that is being read.
type numPyArray struct {
	from        *bufio.Reader
	rows, width int
	size        int // of a number, in bytes
	order       binary.ByteOrder
	buf         []byte
}

// numPyMagic is what the file of an array begins with.
const numPyMagic = "\x93NUMPY"

// maxNumPyHeader bounds what a wrong length can make us hold.
const maxNumPyHeader = 64 << 10

var (
	numPyType  = regexp.MustCompile(`'descr': *'([<>|=])([a-z])(\d+)'`)
	numPyShape = regexp.MustCompile(`'shape': *\(([^)]*)\)`)
	numPyOrder = regexp.MustCompile(`'fortran_order': *(True|False)`)
)

// readNumPyHeader reads up to the first number (NEP 1, versions 1 to 3).
func readNumPyHeader(r io.Reader) (*numPyArray, error) {
	n := &numPyArray{from: bufio.NewReaderSize(r, windowBytes)}
	begin := make([]byte, 8)
	if _, err := io.ReadFull(n.from, begin); err != nil || !bytes.HasPrefix(begin, []byte(numPyMagic)) {
		return nil, errors.New("it is no NumPy array: .npy as numpy.save writes it is wanted")
	}
	width := 2
	if begin[6] > 1 {
		width = 4
	}
	length := make([]byte, 4)
	if _, err := io.ReadFull(n.from, length[:width]); err != nil {
		return nil, fmt.Errorf("the header is cut short: %w", err)
	}
	size := binary.LittleEndian.Uint32(length)
	if begin[6] < 1 || begin[6] > 3 || size > maxNumPyHeader {
		return nil, fmt.Errorf("a header of version %d and %d bytes is not one of numpy.save", begin[6], size)
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(n.from, header); err != nil {
		return nil, fmt.Errorf("the header is cut short: %w", err)
	}
	return n, n.parse(string(header))
}

// parse takes type, order and shape from the header.
func (n *numPyArray) parse(header string) error {
	kind, order, shape := numPyType.FindStringSubmatch(header), numPyOrder.FindStringSubmatch(header), numPyShape.FindStringSubmatch(header)
	if order == nil || shape == nil {
		return fmt.Errorf("the header says nothing of order and shape: %.80q", header)
	}
	if kind == nil || kind[2] != "f" || kind[3] != "4" && kind[3] != "8" {
		return fmt.Errorf("float32 or float64 is wanted, the header says %.80q", header)
	}
	n.order = binary.LittleEndian
	if kind[1] == ">" {
		n.order = binary.BigEndian
	}
	n.size = int(kind[3][0] - '0')
	var sizes []int
	for _, text := range strings.Split(strings.TrimSuffix(strings.TrimSpace(shape[1]), ","), ",") {
		size, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || size < 0 {
			sizes = nil
			break
		}
		sizes = append(sizes, size)
	}
	switch {
	case len(sizes) != 2:
		return fmt.Errorf("an array of two dimensions is wanted, items and numbers of a vector, not (%s)", shape[1])
	case order[1] == "True" && sizes[0] > 1 && sizes[1] > 1:
		return errors.New("the array lies column by column; numpy.ascontiguousarray lays it row by row")
	case sizes[1] < 1 || sizes[1] > engine.MaxEmbedding:
		return fmt.Errorf("a vector has from 1 to %d numbers, not %d", engine.MaxEmbedding, sizes[1])
	}
	n.rows, n.width = sizes[0], sizes[1]
	n.buf = make([]byte, n.width*n.size)
	return nil
}

// row reads the next row.
func (n *numPyArray) row() ([]float32, error) {
	if _, err := io.ReadFull(n.from, n.buf); err != nil {
		return nil, fmt.Errorf("the array is cut short: %w", err)
	}
	out := make([]float32, n.width)
	for i := range out {
		var x float64
		if n.size == 4 {
			x = float64(math.Float32frombits(n.order.Uint32(n.buf[4*i:])))
		} else {
			x = math.Float64frombits(n.order.Uint64(n.buf[8*i:]))
		}
		if math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
			return nil, fmt.Errorf("number %d is %v; finite numbers are wanted", i+1, x)
		}
		out[i] = float32(x)
	}
	return out, nil
}

// ended checks that nothing stands after the last row.
func (n *numPyArray) ended() error {
	if _, err := n.from.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("there is more than the %d rows of %d numbers that the header says", n.rows, n.width)
	}
	return nil
}

// nextID reads the id of the next row; io.EOF after the last.
func nextID(lines *bufio.Scanner) (engine.ItemID, error) {
	if !lines.Scan() {
		if err := lines.Err(); err != nil {
			return "", err
		}
		return "", io.EOF
	}
	text := strings.TrimSuffix(lines.Text(), "\r")
	switch {
	case strings.HasPrefix(text, `"`):
		if err := json.Unmarshal([]byte(text), &text); err != nil {
			return "", fmt.Errorf("%.40q is no JSON text: %w", text, err)
		}
	case strings.HasPrefix(text, "{"):
		var row struct {
			Item string `json:"item_id"`
		}
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			return "", fmt.Errorf("%.40q is no JSON object: %w", text, err)
		}
		text = row.Item
	}
	return engine.ItemID(text), engine.CheckID("item_id", text)
}
