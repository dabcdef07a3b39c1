package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/rapportengine/rapport/engine"
)

// File is what a Parquet file is read from: its footer stands at the end.
type File interface {
	io.Reader
	io.ReaderAt
	Size() int64
}

// parquetMagic is at both ends of a Parquet file.
const parquetMagic = "PAR1"

// whollyRead returns an input as a File: r itself where it is one and is not compressed,
// else a copy in memory.
func whollyRead(r io.Reader, in *input, maxInflated int64) (File, error) {
	if f, ok := r.(File); ok && in.r == r {
		return f, nil
	}
	limit := maxInflated
	if limit == 0 {
		limit = engine.MaxPagesBytes
	}
	var b bytes.Buffer
	rest := in.rest()
	b.Write(rest)
	n, err := io.Copy(&b, io.LimitReader(&failing{in}, limit+1-int64(len(rest))))
	switch {
	case err != nil:
		return nil, in.failed()
	case n+int64(len(rest)) > limit:
		return nil, engine.Invalidf(engine.CodeLimitExceeded, "", "a Parquet file that comes as a stream, or compressed as a whole, has at most %d bytes", limit)
	}
	return bytes.NewReader(b.Bytes()), nil
}

// beginParquet reads the footer and settles what each column means.
func beginParquet[T any](f File, c *reading, d *decoder[T]) (_ source, _ []constant, err error) {
	p := &columnar{read: &watched{File: f}, env: &c.env, budget: uint64(engine.MaxPagesBytes)}
	if c.o.MaxInflated > 0 {
		p.budget = uint64(c.o.MaxInflated)
	}
	if err := p.open(); err != nil {
		return nil, nil, err
	}
	columns := make([]string, len(p.shapes))
	for i, s := range p.shapes {
		columns[i] = s.name
	}
	mapping, _, err := d.preset(c, columns, 0)
	if err != nil {
		return nil, nil, err
	}
	always, err := d.settle(columns, c.o.Mapping, mapping)
	return p, always, err
}

// watched remembers whether a reader failed, to tell that from a damaged file.
type watched struct {
	File
	err error
}

func (w *watched) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.File.ReadAt(b, off)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// columnar is a source of the rows of a Parquet file.
type columnar struct {
	read   *watched
	env    *env
	budget uint64 // bytes of pages that may be open at once

	file   *parquet.File
	shapes []shape // of the columns at the top
	leaves []cursor
	row    []value

	group int // index of the row group that is read, from 0
	left  int64
	rows  parquet.Rows
	batch [64]parquet.Row
	held  []parquet.Row // of batch, not yet given
	line  int
	ended error // rows ended with this, behind held
}

// damaged makes what a panic or an error of the library says a *Syntax that says where.
// The library panics on some files that are not what they say; this is the one place
// that is caught.
func (p *columnar) damaged(caught any, err error) error {
	switch {
	case p.read.err != nil:
		return fmt.Errorf("read after row %d: %w", p.line, p.read.err)
	case caught == nil && err == nil:
		return nil
	case caught != nil:
		err = fmt.Errorf("%v", caught)
	}
	if _, ours := errors.AsType[*Syntax](err); ours {
		return err
	}
	if _, ours := errors.AsType[*engine.Invalid](err); ours {
		return err
	}
	where := "its footer"
	if p.file != nil {
		where = fmt.Sprintf("row group %d of %d", p.group+1, len(p.file.RowGroups()))
	}
	return syntaxf(p.line+1, "the Parquet file is damaged in %s, after row %d: %s", where, p.line, shorten(err.Error()))
}

// open reads the footer.
func (p *columnar) open() (err error) {
	defer func() {
		if caught := recover(); caught != nil || err != nil {
			err = p.damaged(caught, err)
		}
	}()
	size := p.read.Size()
	var end [8]byte
	if _, err := p.read.ReadAt(end[:], max(0, size-8)); err != nil && err != io.EOF {
		return err
	}
	switch length := int64(binary.LittleEndian.Uint32(end[:4])); {
	case string(end[4:]) == "PARE":
		return syntaxf(1, "the Parquet file is encrypted; one that is not is wanted")
	case size < 12 || string(end[4:]) != parquetMagic:
		return syntaxf(1, "the Parquet file ends before its footer: it is cut off, or its writer was not closed; a whole file is wanted")
	case length > size-12:
		return syntaxf(1, "the Parquet file is damaged: its footer says it has %d bytes, and the file has %d", length, size)
	}
	if p.file, err = parquet.OpenFile(p.read, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
		return err
	}
	count := 0
	for _, c := range p.file.Root().Columns() {
		s, err := shapeOf(c, 0, 0, &count)
		if err != nil {
			return err
		}
		p.shapes = append(p.shapes, s)
	}
	p.leaves, p.group = make([]cursor, count), -1
	p.row = make([]value, len(p.shapes))
	return nil
}

func (p *columnar) next() (rec raw, err error) {
	defer func() {
		if caught := recover(); caught != nil || err != nil && err != io.EOF {
			err = p.damaged(caught, err)
		}
	}()
	for len(p.held) == 0 {
		if err := p.fill(); err != nil {
			return raw{}, err
		}
	}
	row := p.held[0]
	p.held = p.held[1:]
	rec, err = p.assemble(row)
	if err == nil {
		p.line++
		p.left--
		rec.line = p.line
	}
	return rec, err
}

// fill reads some rows, of the next row group where one has ended.
func (p *columnar) fill() error {
	groups := p.file.RowGroups()
	if p.rows == nil {
		p.group++
		if p.group >= len(groups) {
			p.group = len(groups) - 1
			return io.EOF
		}
		if err := p.guard(p.group); err != nil {
			return err
		}
		p.left, p.rows, p.ended = groups[p.group].NumRows(), groups[p.group].Rows(), nil
	}
	if p.ended == nil {
		var n int
		n, p.ended = p.rows.ReadRows(p.batch[:])
		if p.held = p.batch[:n]; n > 0 {
			return nil
		}
		if p.ended == nil {
			p.ended = io.ErrNoProgress
		}
	}
	if p.ended != io.EOF {
		return p.ended
	}
	if p.left != 0 {
		return fmt.Errorf("the footer says it has %d rows, and %d of them are missing", groups[p.group].NumRows(), p.left)
	}
	err := p.rows.Close()
	p.rows = nil
	return err
}

// assemble makes the values of a row what its columns say they are.
func (p *columnar) assemble(row parquet.Row) (raw, error) {
	for i := range p.leaves {
		p.leaves[i] = cursor{}
	}
	size := 0
	for i := 0; i < len(row); {
		column, from := row[i].Column(), i
		for ; i < len(row) && row[i].Column() == column; i++ {
			if k := row[i].Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
				size += len(row[i].ByteArray())
			}
		}
		size += 8 * (i - from)
		p.leaves[column] = cursor(row[from:i])
	}
	if size > engine.MaxRecordBytes {
		return raw{bad: tooLong()}, nil
	}
	for i := range p.shapes {
		p.row[i] = p.shapes[i].read(p.leaves, p.env)
	}
	for _, rest := range p.leaves {
		if len(rest) > 0 {
			return raw{}, fmt.Errorf("a row has more values in a column than its lists hold")
		}
	}
	return raw{typed: p.row}, nil
}
