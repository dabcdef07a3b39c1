package journal

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Position is a moment in the life of a journal: all that was appended before it.
type Position struct {
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"`
}

// Position returns the present.
func (j *Journal) Position() Position {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.active == nil {
		return Position{Segment: j.next}
	}
	return Position{j.active.number, j.active.size}
}

// upTo returns how many bytes of a segment are before the position.
func (p Position) upTo(s *segment) int64 {
	switch {
	case s.number < p.Segment:
		return s.size
	case s.number == p.Segment:
		return min(p.Offset, s.size)
	}
	return 0
}

// segments returns those that have rows before a position, as they are now.
func (j *Journal) segments(to Position) (list []segment) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, s := range j.sealed {
		if to.upTo(s) > 0 {
			list = append(list, *s)
		}
	}
	if j.active != nil && to.upTo(j.active) > 0 {
		list = append(list, *j.active)
	}
	return list
}

// Between calls fn with every row that was appended from one position to another and is
// still there, in that order. The journal may be written meanwhile. A row of a key that was
// written again is told as often.
func (j *Journal) Between(from, to Position, fn func(Row) error) error {
	for _, s := range j.segments(to) {
		if s.number < from.Segment {
			continue
		}
		err := j.rowsOf(&s, to, func(at int64, row Row) error {
			if s.number == from.Segment && at < from.Offset || row.isBlank() {
				return nil
			}
			return fn(row)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Check reads every index and every row, and calls fn with those that were not dropped. What is wrong it
// tells problem, and goes on; the error is that of reading.
func (j *Journal) Check(fn func(Row) error, problem func(error)) error {
	now := j.Position()
	for _, s := range j.segments(now) {
		if _, err := j.entries(&s); errors.Is(err, ErrCorrupt) {
			problem(err)
		} else if err != nil {
			return err
		}
		err := j.rowsOf(&s, now, func(at int64, row Row) error {
			if row.isBlank() {
				return nil
			}
			if err := fn(row); err != nil {
				problem(fmt.Errorf("%s at %d: %w", s.rowsName(), at, err))
			}
			return nil
		})
		if errors.Is(err, ErrCorrupt) {
			problem(err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rowsOf scans the rows of a segment before a position. One that was trimmed meanwhile has
// none.
func (j *Journal) rowsOf(s *segment, to Position, fn func(at int64, row Row) error) (err error) {
	rows, err := j.files.open(s.rowsName())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	whole, torn, err := scan(rows, to.upTo(s), j.mu.RLocker(), fn)
	if err == nil && torn != nil {
		err = fmt.Errorf("%s from %d on: %w", s.rowsName(), whole, errors.Join(torn, ErrCorrupt))
	}
	return err
}

// All calls fn with every row that was appended before a position and is still there, by
// time, id and subject. The journal may be written meanwhile; what is dropped meanwhile is
// told or left out.
func (j *Journal) All(to Position, fn func(Row) error) (err error) {
	waiting := j.segments(to)
	slices.SortFunc(waiting, func(a, b segment) int { return cmp.Compare(a.from, b.from) })
	var open cursors
	defer func() {
		for _, c := range open {
			err = errors.Join(err, c.rows.Close())
		}
	}()
	var before Key
	for {
		// All segments are open that could hold the next row.
		for len(waiting) > 0 && (len(open) == 0 || waiting[0].from <= open[0].list[0].Millis()) {
			c, err := j.cursor(waiting[0], to)
			if err != nil {
				return err
			}
			waiting = waiting[1:]
			if c != nil {
				heap.Push(&open, c)
			}
		}
		if len(open) == 0 {
			return nil
		}
		c := open[0]
		e := c.list[0]
		if e.Key != before { // else it is the earlier of two
			value, err := j.still(c, e)
			if err == nil {
				err = fn(Row{e.Key, value})
			} else if errors.Is(err, engine.ErrNotFound) {
				err = nil // dropped meanwhile
			}
			if err != nil {
				return err
			}
		}
		before = e.Key
		if c.list = c.list[1:]; len(c.list) > 0 {
			heap.Fix(&open, 0)
			continue
		}
		heap.Pop(&open)
		if err := c.rows.Close(); err != nil {
			return err
		}
	}
}

// still reads a row that may be dropped at any time.
func (j *Journal) still(c *cursor, e entry) ([]byte, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return valueAt(c.rows, e.Key, e.at)
}

// cursor opens a segment at its first row; nil where it has none.
func (j *Journal) cursor(s segment, to Position) (*cursor, error) {
	list, err := j.entries(&s)
	if err != nil {
		return nil, err
	}
	end := to.upTo(&s)
	list = slices.DeleteFunc(list, func(e entry) bool { return int64(e.at) >= end })
	if len(list) == 0 {
		return nil, nil
	}
	slices.SortFunc(list, func(a, b entry) int { return byTime(a.Key, b.Key) })
	rows, err := j.files.open(s.rowsName())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // trimmed meanwhile
	}
	if err != nil {
		return nil, err
	}
	return &cursor{rows: rows, list: list, number: s.number}, nil
}

// entries returns those of a segment, sealed or not, by key; none where it was trimmed.
func (j *Journal) entries(s *segment) ([]entry, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.active != nil && j.active.number == s.number {
		return entriesOf(j.at), nil
	}
	known := *s
	err := j.files.sealed(&known) // it may have been sealed, or lost entries, since
	var list []entry
	if err == nil {
		list, err = j.files.index(&known)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// cursor goes through a segment by time.
type cursor struct {
	rows   file
	list   []entry // what is left of it
	number uint64
}

// cursors are a heap: the next row first, of two under one key that of the later segment.
type cursors []*cursor

func (c cursors) Len() int      { return len(c) }
func (c cursors) Swap(a, b int) { c[a], c[b] = c[b], c[a] }

// Less reports whether the row of a is told before that of b.
func (c cursors) Less(a, b int) bool {
	if d := byTime(c[a].list[0].Key, c[b].list[0].Key); d != 0 {
		return d < 0
	}
	return c[a].number > c[b].number
}

// Push is heap.Interface's.
func (c *cursors) Push(x any) { *c = append(*c, x.(*cursor)) }

// Pop is heap.Interface's.
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
