// Package journal keeps rows that are written once, seldom read and go with time: what was
// shown to whom, and why. Every answer writes one, so a row costs an append to a file and
// nothing later: no sorting into tables, no merging of them in the background.
//
// A journal is a directory of segments. Rows are appended to the newest; when it is full,
// or has lasted long enough, an index of its keys is written beside it and another begins.
// What is too old goes with its segment. What has to go before its time is overwritten
// where it lies.
package journal

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Key says whose a row is, and which of theirs. ID begins with the time of the row, Unix
// milliseconds in 8 bytes big endian, as those of recommendations do.
type Key struct{ Subject, ID engine.Hash16 }

// Millis returns the time of the key's row.
func (k *Key) Millis() int64 { return int64(binary.BigEndian.Uint64(k.ID[:])) }

// Row is what is kept under a key.
type Row struct {
	Key
	Value []byte
}

// Options say how a journal is laid out. The zero value is good.
type Options struct {
	SegmentBytes int64         // a segment that has as many is full; 0 is DefaultSegmentBytes, at most 1 GiB
	SegmentLasts time.Duration // between the oldest and the newest row of a segment; 0 is DefaultSegmentLasts
	Sync         bool          // rows survive a power cut once Append returns
}

const (
	// DefaultSegmentBytes is some 60,000 answers without reasons. The keys of the newest
	// segment are held in memory, 5 MB for as many.
	DefaultSegmentBytes = 16 << 20
	// DefaultSegmentLasts is how much longer than asked a row may lie at most.
	DefaultSegmentLasts = 24 * time.Hour
	// MaxValueBytes bounds a row, and what a damaged length can make a reader allocate.
	MaxValueBytes = 4 << 20
)

// ErrCorrupt is what a file holds that the journal cannot have written.
var ErrCorrupt = errors.New("the journal is damaged")

// Journal is one open journal. Its methods are safe for concurrent use. No two journals may
// be open on one directory: the caller sees to that.
type Journal struct {
	o     Options
	files files

	mu     sync.RWMutex
	sealed []*segment // by number
	active *segment   // nil until the first row
	rows   file       // of the active one
	at     map[Key]uint32
	next   uint64 // number of the next segment
	buf    []byte
}

// Open opens the journal in dir, which is made if it is not there; "" is one in memory. Rows
// that a crash cut short are dropped.
func Open(dir string, o Options) (*Journal, error) {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.SegmentLasts == 0 {
		o.SegmentLasts = DefaultSegmentLasts
	}
	j := &Journal{o: o}
	var err error
	if j.files, err = openFiles(dir); err == nil {
		err = j.load()
	}
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	return j, nil
}

// Append adds rows in their order. A key that is there already has the new row from now on.
// After an error none of the rows of the last segment it wrote to is there.
func (j *Journal) Append(rows []Row) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(rows) > 0 {
		n, err := j.append(rows)
		if err != nil {
			return fmt.Errorf("writing to the journal: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// append adds as many rows as fit into one segment, one at the least.
func (j *Journal) append(rows []Row) (n int, err error) {
	if j.active != nil && (j.active.size >= j.o.SegmentBytes || j.stretches(j.active.from, j.active.to, rows[0].Millis())) {
		if err := j.seal(); err != nil {
			return 0, err
		}
	}
	if j.active == nil {
		if err := j.begin(); err != nil {
			return 0, err
		}
	}
	size, from, to := j.active.size, j.active.from, j.active.to
	j.buf = j.buf[:0]
	for ; n < len(rows); n++ {
		millis := rows[n].Millis()
		if n > 0 && (size+int64(len(j.buf)) >= j.o.SegmentBytes || j.stretches(from, to, millis)) {
			break
		}
		from, to = min(from, millis), max(to, millis)
		if len(rows[n].Value) > MaxValueBytes {
			return 0, fmt.Errorf("a row has at most %d bytes, not %d", MaxValueBytes, len(rows[n].Value))
		}
		j.buf = appendRow(j.buf, &rows[n])
	}
	if _, err := j.rows.WriteAt(j.buf, size); err != nil {
		return 0, errors.Join(err, j.rows.Truncate(size))
	}
	if j.o.Sync {
		if err := j.rows.Sync(); err != nil {
			return 0, err
		}
	}
	for i := range rows[:n] {
		j.at[rows[i].Key] = uint32(j.active.size)
		j.active.span(rows[i].Millis())
		j.active.size += rowBytes(len(rows[i].Value))
	}
	return n, nil
}

// stretches reports whether with a row of a time a segment would last too long.
func (j *Journal) stretches(from, to, millis int64) bool {
	lasts := j.o.SegmentLasts.Milliseconds()
	return from <= to && (millis-from > lasts || to-millis > lasts)
}

// begin makes a segment to write to.
func (j *Journal) begin() error {
	if err := j.files.saveNextNumber(j.next + 1); err != nil {
		return err
	}
	s := &segment{number: j.next, size: int64(len(rowsMagic)), from: math.MaxInt64, to: math.MinInt64}
	rows, err := j.files.create(s.rowsName())
	if err != nil {
		return err
	}
	if _, err := rows.WriteAt([]byte(rowsMagic), 0); err != nil {
		return errors.Join(err, rows.Close())
	}
	j.next++
	j.active, j.rows, j.at = s, rows, make(map[Key]uint32)
	return nil
}

// seal ends the active segment.
func (j *Journal) seal() error {
	if err := j.rows.Sync(); err != nil {
		return err
	}
	if err := j.files.writeIndex(j.active, entriesOf(j.at)); err != nil {
		return err
	}
	j.sealed = append(j.sealed, j.active)
	err := j.rows.Close()
	j.active, j.rows, j.at = nil, nil, nil
	return err
}

// Get returns the row under a key. The error wraps engine.ErrNotFound where there is none.
func (j *Journal) Get(key Key) ([]byte, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if at, is := j.at[key]; is {
		return valueAt(j.rows, key, at)
	}
	millis := key.Millis()
	for _, s := range slices.Backward(j.sealed) {
		if millis < s.from || millis > s.to {
			continue
		}
		list, err := j.files.find(s, key.Subject, &key.ID)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return j.files.value(s, list[0])
		}
	}
	return nil, engine.ErrNotFound
}

// Under calls fn with every row of a subject, by time and id. The values are fn's to keep.
// fn must not write to the journal.
func (j *Journal) Under(subject engine.Hash16, fn func(Row) error) error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	found, err := j.under(subject)
	if err != nil {
		return err
	}
	for _, key := range slices.SortedFunc(maps.Keys(found), byTime) {
		p := found[key]
		var value []byte
		if p.segment == j.active {
			value, err = valueAt(j.rows, key, p.at)
		} else {
			value, err = j.files.value(p.segment, entry{key, p.at})
		}
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err == nil {
			err = fn(Row{key, value})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Count returns how many rows a subject has.
func (j *Journal) Count(subject engine.Hash16) (int, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	found, err := j.under(subject)
	return len(found), err
}

// place is where a row lies.
type place struct {
	segment *segment
	at      uint32
}

// under returns where the rows of a subject lie. The caller holds mu.
func (j *Journal) under(subject engine.Hash16) (map[Key]place, error) {
	out := make(map[Key]place)
	for _, s := range j.sealed {
		list, err := j.files.find(s, subject, nil)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			out[e.Key] = place{s, e.at} // of two rows the later one, which is in the later segment
		}
	}
	for key, at := range j.at {
		if key.Subject == subject {
			out[key] = place{j.active, at}
		}
	}
	return out, nil
}

// byTime orders keys by time, then id, then subject.
func byTime(a, b Key) int {
	return cmp.Or(bytes.Compare(a.ID[:], b.ID[:]), bytes.Compare(a.Subject[:], b.Subject[:]))
}

// Drop overwrites every row of the subjects, and forgets their keys. It may be called again
// after it failed or was cut short.
func (j *Journal) Drop(subjects []engine.Hash16) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	gone := make(map[engine.Hash16]bool, len(subjects))
	for _, h := range subjects {
		gone[h] = true
	}
	for _, s := range j.sealed {
		if err := j.dropSealed(s, subjects, gone); err != nil {
			return fmt.Errorf("dropping from the journal: %w", err)
		}
	}
	among := false
	for key := range j.at {
		among = among || gone[key.Subject]
	}
	if !among {
		return nil
	}
	// The keys go last: as long as they are there, a drop that failed is seen to be unfinished.
	end, err := blank(j.rows, j.active.size, gone)
	if err != nil {
		return fmt.Errorf("dropping from the journal: %w", err)
	}
	j.active.size = end
	for key, at := range j.at {
		if gone[key.Subject] || int64(at) >= end {
			delete(j.at, key)
		}
	}
	return nil
}

// dropSealed blanks the rows first: while the index still tells of them, a drop that was cut
// short is seen to be unfinished.
func (j *Journal) dropSealed(s *segment, subjects []engine.Hash16, gone map[engine.Hash16]bool) (err error) {
	var any bool
	for _, h := range subjects {
		list, err := j.files.find(s, h, nil)
		if err != nil {
			return err
		}
		any = any || len(list) > 0
	}
	if !any {
		return nil
	}
	rows, err := j.files.open(s.rowsName())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if s.size, err = blank(rows, s.size, gone); err != nil {
		return err
	}
	all, err := j.files.index(s)
	if errors.Is(err, ErrCorrupt) {
		all, err = entriesIn(rows, s)
	}
	if err != nil {
		return err
	}
	return j.files.writeIndex(s, slices.DeleteFunc(all, func(e entry) bool { return gone[e.Subject] || int64(e.at) >= s.size }))
}

// entriesIn reads the entries of an index from the rows.
func entriesIn(rows file, s *segment) ([]entry, error) {
	at := make(map[Key]uint32)
	_, torn, err := scan(rows, s.size, alone{}, func(place int64, row Row) error {
		if !row.isBlank() {
			at[row.Key] = uint32(place)
		}
		return nil
	})
	return entriesOf(at), errors.Join(torn, err)
}

// Trim removes the segments of which every row is older than a moment.
func (j *Journal) Trim(before time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	millis := before.UnixMilli()
	if j.active != nil && j.active.to < millis && j.active.from <= j.active.to {
		if err := j.seal(); err != nil {
			return err
		}
	}
	for len(j.sealed) > 0 {
		i := slices.IndexFunc(j.sealed, func(s *segment) bool { return s.to < millis })
		if i < 0 {
			break
		}
		if err := j.files.remove(j.sealed[i]); err != nil {
			return fmt.Errorf("trimming the journal: %w", err)
		}
		j.sealed = slices.Delete(j.sealed, i, i+1)
	}
	return nil
}

// Sync has the disk catch up.
func (j *Journal) Sync() error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.rows == nil {
		return nil
	}
	return j.rows.Sync()
}

// Close closes the journal, which must not be used any more.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.rows == nil {
		return nil
	}
	err := errors.Join(j.rows.Sync(), j.rows.Close())
	j.active, j.rows, j.at = nil, nil, nil
	return err
}

// Bytes returns how many bytes the rows take.
func (j *Journal) Bytes() (n int64) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, s := range j.sealed {
		n += s.size
	}
	if j.active != nil {
		n += j.active.size
	}
	return n
}

// entriesOf returns the entries of an index, sorted.
func entriesOf(at map[Key]uint32) []entry {
	out := make([]entry, 0, len(at))
	for key, place := range at {
		out = append(out, entry{key, place})
		giveWay(len(out))
	}
	return sorted(out, make([]entry, len(out)))
}

// atOnce is of how many entries there is work at a time: some tenths of a millisecond. A segment
// ends while answers are given, and on one processor they would wait for all of it.
const atOnce = 1024

// giveWay lets others go first now and then, when so many entries are done.
func giveWay(done int) {
	if done%atOnce == 0 {
		runtime.Gosched()
	}
}

// sorted returns the entries of list in order, in list or in room, which is as long.
func sorted(list, room []entry) []entry {
	for some := range slices.Chunk(list, atOnce) {
		slices.SortFunc(some, func(a, b entry) int { return compareKeys(&a.Key, &b.Key) })
		runtime.Gosched()
	}
	for run := atOnce; run < len(list); run *= 2 {
		for from := 0; from < len(list); from += 2 * run {
			middle, end := min(from+run, len(list)), min(from+2*run, len(list))
			merge(list[from:middle], list[middle:end], room[from:end])
		}
		list, room = room, list
	}
	return list
}

// merge writes two sorted lists as one to out.
func merge(a, b, out []entry) {
	for i := range out {
		if len(b) == 0 || len(a) > 0 && compareKeys(&a[0].Key, &b[0].Key) <= 0 {
			out[i], a = a[0], a[1:]
		} else {
			out[i], b = b[0], b[1:]
		}
		giveWay(i + 1)
	}
}

func compareKeys(a, b *Key) int {
	if c := bytes.Compare(a.Subject[:], b.Subject[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}
