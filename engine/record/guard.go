package record

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/rapportengine/rapport/engine"
)

// guard looks over the pages of a row group before any is decoded: the library takes
// their headers at their word and makes room for what they claim, and inflates what
// they hold to whatever it comes to.
func (p *columnar) guard(group int) error {
	meta := &p.file.Metadata().RowGroups[group]
	var open uint64 // bytes of the pages that are in memory at once: one a column
	for i := range meta.Columns {
		c := &meta.Columns[i].MetaData
		w, err := p.pages(c)
		if err != nil {
			return fmt.Errorf("column %s: %w", strings.Join(c.PathInSchema, "."), err)
		}
		if open += w.dictionary + w.page; open > p.budget {
			return engine.Invalidf(engine.CodeLimitExceeded, "", "row group %d of the Parquet file has pages that come to more than %d bytes at once; write it with smaller pages, or without columns that are not needed", group+1, p.budget)
		}
	}
	return nil
}

// pageSizes are what the pages of a column come to in memory.
type pageSizes struct{ dictionary, page uint64 }

// pages walks over the pages of a column in a row group.
func (p *columnar) pages(c *format.ColumnMetaData) (w pageSizes, err error) {
	start := c.DataPageOffset
	if c.DictionaryPageOffset != 0 {
		start = c.DictionaryPageOffset
	}
	size := c.TotalCompressedSize
	if start < 0 || size < 0 || start > p.read.Size() || size > p.read.Size()-start {
		return w, fmt.Errorf("its bytes lie beyond the end of the file")
	}
	r := bufio.NewReaderSize(io.NewSectionReader(p.read, start, size), windowBytes/4)
	var protocol thrift.CompactProtocol
	d := thrift.NewDecoder(protocol.NewReader(r))
	for {
		if _, err := r.Peek(1); err != nil {
			if err == io.EOF {
				return w, nil
			}
			return w, err
		}
		var h format.PageHeader
		if err := d.Decode(&h); err != nil {
			return w, fmt.Errorf("page header: %w", err)
		}
		if h.CompressedPageSize < 0 || h.UncompressedPageSize < 0 || int64(h.CompressedPageSize) > size {
			return w, fmt.Errorf("a page claims %d bytes, and the column has %d", h.CompressedPageSize, size)
		}
		body := &io.LimitedReader{R: r, N: int64(h.CompressedPageSize)}
		if err := inflates(c.Codec, &h, body); err != nil {
			return w, err
		}
		if n, err := io.Copy(io.Discard, body); err != nil || body.N > 0 {
			return w, fmt.Errorf("a page ends after %d bytes, before its end: %w", n, io.ErrUnexpectedEOF)
		}
		w.add(&h)
	}
}

// add counts a page. A value costs up to 8 bytes beside its own: levels, and where it
// stands.
func (w *pageSizes) add(h *format.PageHeader) {
	values := max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues, 0)
	bytes := uint64(h.CompressedPageSize) + uint64(h.UncompressedPageSize) + 8*uint64(values)
	if h.Type == format.DictionaryPage {
		w.dictionary = bytes
		return
	}
	w.page = max(w.page, bytes)
}

// inflates refuses a page that comes to more bytes than it says.
func inflates(codec format.CompressionCodec, h *format.PageHeader, body io.Reader) error {
	claimed := int64(h.UncompressedPageSize)
	if v2 := &h.DataPageHeaderV2; v2.Valid {
		levels := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
		if levels < 0 || levels > int64(h.CompressedPageSize) {
			return fmt.Errorf("a page claims %d bytes of levels, and has %d", levels, h.CompressedPageSize)
		}
		if _, err := io.CopyN(io.Discard, body, levels); err != nil {
			return err
		}
		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return nil
		}
	}
	var inflated io.Reader
	switch codec {
	case format.Uncompressed:
		return nil
	case format.Snappy:
		b, err := io.ReadAll(body)
		if err != nil || len(b) == 0 {
			return err
		}
		n, err := snappy.DecodedLen(b)
		if err == nil && int64(n) > claimed {
			err = tooFull(claimed)
		}
		return err
	case format.Gzip:
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		inflated = z
	case format.Zstd:
		z, err := newZstd(body)
		if err != nil {
			return err
		}
		defer z.Close()
		inflated = z
	default:
		return engine.Invalidf(engine.CodeInvalidField, "", "the Parquet file is compressed by %s; snappy, gzip, zstd or none is read", codec)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(inflated, claimed+1))
	if err == nil && n > claimed {
		err = tooFull(claimed)
	}
	return err
}

func tooFull(claimed int64) error {
	return fmt.Errorf("a page says it inflates to %d bytes, and inflates to more", claimed)
}

// newZstd returns a reader of a zstd stream that keeps no more than a window of it.
func newZstd(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(engine.MaxZstdWindow))
}
