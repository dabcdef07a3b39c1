package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

// The rows of a segment are a file
//
//	"RPROWS01" | rows
//
// and a row is length4 of the value | CRC-32C of what follows, 4 | subject16 | id16 | value.
// One that was dropped has zeros for its key and its value. The index of a sealed segment is
//
//	"RPINDX01" | oldest and newest time, 8 each | bytes of the rows, 8 | how many, 4 |
//	entries | CRC-32C of all before, 4
//
// and an entry is subject16 | id16 | place of the row in its file, 4, in the order of keys.
// Numbers are big endian.
const (
	rowsMagic  = "RPROWS01"
	indexMagic = "RPINDX01"

	hashBytes  = len(engine.Hash16{})
	keyBytes   = 2 * hashBytes
	rowHead    = 4 + 4 + keyBytes
	indexHead  = len(indexMagic) + 8 + 8 + 8 + 4
	entryBytes = keyBytes + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segment is what is known of one at any time.
type segment struct {
	number   uint64
	size     int64 // of its rows' file
	from, to int64 // oldest and newest time of its rows, Unix milliseconds; from > to where it has none
	count    int   // entries of its index, where it is sealed
}

func (s *segment) rowsName() string  { return fmt.Sprintf("%08d.rows", s.number) }
func (s *segment) indexName() string { return fmt.Sprintf("%08d.index", s.number) }

func (s *segment) span(millis int64) { s.from, s.to = min(s.from, millis), max(s.to, millis) }

// entry is where a row begins.
type entry struct {
	Key
	at uint32
}

func rowBytes(value int) int64 { return int64(rowHead + value) }

func appendRow(buf []byte, r *Row) []byte {
	from := len(buf)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(r.Value)))
	buf = append(buf, 0, 0, 0, 0)
	buf = append(append(append(buf, r.Subject[:]...), r.ID[:]...), r.Value...)
	binary.BigEndian.PutUint32(buf[from+4:], crc32.Checksum(buf[from+8:], castagnoli))
	return buf
}

// readRow reads the row at a place, all of it in one call. The value is the caller's.
func readRow(r io.ReaderAt, at int64) (Row, error) {
	var length [4]byte
	if _, err := r.ReadAt(length[:], at); err != nil {
		return Row{}, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > MaxValueBytes {
		return Row{}, fmt.Errorf("a row of %d bytes: %w", size, ErrCorrupt)
	}
	raw := make([]byte, rowBytes(int(size)))
	if _, err := r.ReadAt(raw, at); err != nil {
		return Row{}, err
	}
	if binary.BigEndian.Uint32(raw) != size || crc32.Checksum(raw[8:], castagnoli) != binary.BigEndian.Uint32(raw[4:]) {
		return Row{}, fmt.Errorf("the checksum of a row differs: %w", ErrCorrupt)
	}
	return Row{Key{engine.Hash16(raw[8:]), engine.Hash16(raw[8+hashBytes:])}, raw[rowHead:]}, nil
}

// isBlank reports whether a row was dropped.
func (k *Key) isBlank() bool { return *k == Key{} }

// valueAt returns the value of a row that an index says is there; the error wraps
// engine.ErrNotFound where it was dropped since.
func valueAt(r io.ReaderAt, key Key, at uint32) ([]byte, error) {
	row, err := readRow(r, int64(at))
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("a row at %d ends behind its file: %w", at, ErrCorrupt)
	case err != nil:
		return nil, err
	case row.isBlank():
		return nil, engine.ErrNotFound
	case row.Key != key:
		return nil, fmt.Errorf("a row at %d is another's: %w", at, ErrCorrupt)
	}
	return row.Value, nil
}

// scan calls fn with every row in the first size bytes of a file and with its place, dropped
// ones too, and returns the place up to which rows are whole. Torn is what ended it before
// size, or nil. What is read at a time is read with lock held.
func scan(r io.ReaderAt, size int64, lock sync.Locker, fn func(at int64, row Row) error) (whole int64, torn, err error) {
	in := &readAhead{from: r, size: size, lock: lock}
	magic := make([]byte, len(rowsMagic))
	if _, err := in.ReadAt(magic, 0); err != nil || string(magic) != rowsMagic {
		return 0, errors.Join(ErrCorrupt, err), nil
	}
	at := int64(len(rowsMagic))
	for at < size {
		row, err := readRow(in, at)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, io.EOF) {
			return at, err, nil
		}
		if err == nil {
			err = fn(at, row)
		}
		if err != nil {
			return at, nil, err
		}
		at += rowBytes(len(row.Value))
	}
	return at, nil, nil
}

// readAhead reads a file front to back in large pieces. What one call returns is of one
// piece, so that a row which is dropped meanwhile is read as it was or as it is.
type readAhead struct {
	from io.ReaderAt
	size int64
	lock sync.Locker
	at   int64
	have []byte
}

const aheadBytes = 256 << 10

// ReadAt is io.ReaderAt's.
func (r *readAhead) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > r.size {
		return 0, io.EOF
	}
	if at < r.at || at+int64(len(p)) > r.at+int64(len(r.have)) {
		want := int(min(int64(max(aheadBytes, len(p))), r.size-at))
		r.have, r.at = slices.Grow(r.have[:0], want)[:want], at
		r.lock.Lock()
		_, err := r.from.ReadAt(r.have, at)
		r.lock.Unlock()
		if err != nil {
			r.have = r.have[:0]
			return 0, err
		}
	}
	return copy(p, r.have[at-r.at:]), nil
}

// alone is the lock of who holds it already.
type alone struct{}

func (alone) Lock()   {}
func (alone) Unlock() {}

// blank overwrites the rows of some subjects in the first size bytes of a file, and those of
// which nobody can tell whose they are, as a crash while they were overwritten leaves them.
// Where not even the length of a row can be believed, the file ends from then on. It returns
// where that is.
func blank(f file, size int64, gone map[engine.Hash16]bool) (end int64, err error) {
	in := &readAhead{from: f, size: size, lock: alone{}}
	at := int64(len(rowsMagic))
	for at < size {
		var length [4]byte
		if _, err := in.ReadAt(length[:], at); err != nil && err != io.EOF {
			return 0, err
		} else if err == io.EOF {
			break
		}
		value := binary.BigEndian.Uint32(length[:])
		if value > MaxValueBytes || at+rowBytes(int(value)) > size {
			break
		}
		row, err := readRow(in, at)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return 0, err
		}
		if err != nil || gone[row.Subject] {
			if _, err := f.WriteAt(appendRow(nil, &Row{Value: make([]byte, value)}), at); err != nil {
				return 0, err
			}
		}
		at += rowBytes(int(value))
	}
	if at < size {
		if err := f.Truncate(at); err != nil {
			return 0, err
		}
	}
	return at, f.Sync()
}

// sealed reads what the index of a segment says of it.
func (fs files) sealed(s *segment) (err error) {
	f, err := fs.open(s.indexName())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var raw [indexHead]byte
	size, err := f.Size()
	if err == nil {
		_, err = f.ReadAt(raw[:], 0)
	}
	if err != nil || string(raw[:len(indexMagic)]) != indexMagic {
		return fmt.Errorf("index %s: %w", s.indexName(), errors.Join(ErrCorrupt, err))
	}
	head := raw[len(indexMagic):]
	s.from, s.to = int64(binary.BigEndian.Uint64(head)), int64(binary.BigEndian.Uint64(head[8:]))
	s.size, s.count = int64(binary.BigEndian.Uint64(head[16:])), int(binary.BigEndian.Uint32(head[24:]))
	if size != int64(indexHead+s.count*entryBytes+4) {
		return fmt.Errorf("index %s has another length: %w", s.indexName(), ErrCorrupt)
	}
	return nil
}

// index reads the whole index of a sealed segment.
func (fs files) index(s *segment) ([]entry, error) {
	raw, err := fs.read(s.indexName())
	if err != nil {
		return nil, err
	}
	if sum := len(raw) - 4; len(raw) != indexHead+s.count*entryBytes+4 ||
		crc32.Checksum(raw[:sum], castagnoli) != binary.BigEndian.Uint32(raw[sum:]) {
		return nil, fmt.Errorf("index %s: %w", s.indexName(), ErrCorrupt)
	}
	list := make([]entry, 0, s.count)
	for body := raw[indexHead : len(raw)-4]; len(body) > 0; body = body[entryBytes:] {
		list = append(list, entryOf(body))
	}
	return list, nil
}

func entryOf(raw []byte) entry {
	return entry{Key{engine.Hash16(raw), engine.Hash16(raw[hashBytes:])}, binary.BigEndian.Uint32(raw[keyBytes:])}
}

// writeIndex writes the index of a segment, whole or not at all.
func (fs files) writeIndex(s *segment, list []entry) error {
	buf := make([]byte, 0, indexHead+len(list)*entryBytes+4)
	buf = append(buf, indexMagic...)
	buf = binary.BigEndian.AppendUint64(buf, uint64(s.from))
	buf = binary.BigEndian.AppendUint64(buf, uint64(s.to))
	buf = binary.BigEndian.AppendUint64(buf, uint64(s.size))
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(list)))
	for i := range list {
		buf = append(append(buf, list[i].Subject[:]...), list[i].ID[:]...)
		buf = binary.BigEndian.AppendUint32(buf, list[i].at)
		giveWay(i + 1)
	}
	buf = binary.BigEndian.AppendUint32(buf, crc32.Checksum(buf, castagnoli))
	if err := fs.replace(s.indexName(), buf); err != nil {
		return err
	}
	s.count = len(list)
	return nil
}

// find returns the entries of a subject in a sealed segment, or the one of an id too.
func (fs files) find(s *segment, subject engine.Hash16, id *engine.Hash16) (list []entry, err error) {
	f, err := fs.open(s.indexName())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var raw [entryBytes]byte
	at := func(i int) (e entry) {
		if err == nil {
			_, err = f.ReadAt(raw[:], int64(indexHead+i*entryBytes))
		}
		return entryOf(raw[:])
	}
	least := Key{Subject: subject}
	if id != nil {
		least.ID = *id
	}
	i := sort.Search(s.count, func(i int) bool {
		e := at(i)
		return compareKeys(&e.Key, &least) >= 0
	})
	for ; i < s.count; i++ {
		e := at(i)
		if err != nil || e.Subject != subject || id != nil && e.ID != *id {
			break
		}
		list = append(list, e)
	}
	return list, err
}

// value reads the row of an entry of a sealed segment.
func (fs files) value(s *segment, e entry) (_ []byte, err error) {
	f, err := fs.open(s.rowsName())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return valueAt(f, e.Key, e.at)
}

// load finds the segments that are there. Those without an index, of a journal that was not
// closed or was closed before they were full, are read and sealed: what comes next is in
// another segment, so that a position never points into rows that took the place of others.
func (j *Journal) load() error {
	numbers, err := j.files.numbers()
	if err != nil {
		return err
	}
	if j.next, err = j.files.nextNumber(); err != nil {
		return err
	}
	for _, number := range numbers {
		s := &segment{number: number}
		j.next = max(j.next, number+1)
		if err := j.files.sealed(s); err == nil {
			j.sealed = append(j.sealed, s)
			continue
		}
		if err := j.recover(s); err != nil {
			return fmt.Errorf("segment %s: %w", s.rowsName(), err)
		}
	}
	return nil
}

// recover reads a segment that has no index.
func (j *Journal) recover(s *segment) error {
	rows, err := j.files.open(s.rowsName())
	if err != nil {
		return err
	}
	size, err := rows.Size()
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	s.from, s.to = math.MaxInt64, math.MinInt64
	at := make(map[Key]uint32)
	whole, _, err := scan(rows, size, alone{}, func(place int64, row Row) error {
		if !row.isBlank() {
			at[row.Key] = uint32(place)
			s.span(row.Millis())
		}
		return nil
	})
	switch {
	case err != nil:
		return errors.Join(err, rows.Close())
	case len(at) == 0:
		return errors.Join(rows.Close(), j.files.remove(s))
	}
	if err := rows.Truncate(whole); err != nil {
		return errors.Join(err, rows.Close())
	}
	s.size = whole
	j.active, j.rows, j.at = s, rows, at
	return j.seal()
}
