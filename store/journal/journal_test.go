package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// row makes one of a subject, with a time in it.
func row(subject byte, millis int64, n byte, value string) Row {
	r := Row{Value: []byte(value)}
	r.Subject[0], r.ID[15] = subject+1, n
	binary.BigEndian.PutUint64(r.ID[:], uint64(millis))
	return r
}

// book is what a journal is: the slow twin.
type book struct {
	rows []Row // in the order they came, each key once
}

func (b *book) put(r Row) {
	b.rows = slices.DeleteFunc(b.rows, func(o Row) bool { return o.Key == r.Key })
	b.rows = append(b.rows, r)
}

// machine does the same to a journal and to a book.
type machine struct {
	dir     string
	o       Options
	j       *Journal
	b       book
	expired map[Key]bool // may be there or not
}

func (m *machine) open(t *rapid.T) {
	var err error
	if m.j, err = Open(m.dir, m.o); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) compare(t *rapid.T) {
	var got []Row
	collect := func(r Row) error { got = append(got, r); return nil }
	want := func(of func(Row) bool) (list []Row) {
		for _, r := range m.b.rows {
			if of(r) && !m.expired[r.Key] {
				list = append(list, r)
			}
		}
		return list
	}
	same := func(what string, want []Row) {
		t.Helper()
		got = slices.DeleteFunc(got, func(r Row) bool { return m.expired[r.Key] })
		equal := func(a, b Row) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }
		if !slices.EqualFunc(got, want, equal) {
			t.Fatalf("%s: got %d rows\n%v\nwant %d\n%v", what, len(got), got, len(want), want)
		}
		got = nil
	}
	byTimes := func(a, b Row) int { return byTime(a.Key, b.Key) }
	if err := m.j.All(m.j.Position(), collect); err != nil {
		t.Fatal(err)
	}
	all := want(func(Row) bool { return true })
	slices.SortFunc(all, byTimes)
	same("All", all)
	for s := range byte(3) {
		h := row(s, 0, 0, "").Subject
		of := want(func(r Row) bool { return r.Subject == h })
		slices.SortFunc(of, byTimes)
		if err := m.j.Under(h, collect); err != nil {
			t.Fatal(err)
		}
		same("Under", of)
		if n, err := m.j.Count(h); err != nil || n < len(of) || n > len(of)+len(m.expired) {
			t.Fatalf("Count is %d, %v; want %d", n, err, len(of))
		}
	}
	for _, r := range all {
		if value, err := m.j.Get(r.Key); err != nil || !bytes.Equal(value, r.Value) {
			t.Fatalf("Get: %q, %v; want %q", value, err, r.Value)
		}
	}
	other := row(9, 0, 0, "")
	if _, err := m.j.Get(other.Key); !errors.Is(err, engine.ErrNotFound) {
		t.Fatalf("Get of what is not there: %v", err)
	}
	err := m.j.Check(func(Row) error { return nil }, func(err error) { t.Fatal(err) })
	if err != nil {
		t.Fatal(err)
	}
}

// TestJournalIsABook: whatever is appended, dropped and trimmed, and wherever it is closed or
// cut off and opened again, a journal tells what a list of rows would.
func TestJournalIsABook(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &machine{dir: filepath.Join(base, fmt.Sprint(n)), expired: make(map[Key]bool)}
		defer os.RemoveAll(m.dir)
		m.o = Options{SegmentBytes: rapid.Int64Range(1, 400).Draw(t, "segment"), SegmentLasts: time.Duration(rapid.IntRange(1, 50).Draw(t, "lasts")) * time.Millisecond}
		inMemory := rapid.Bool().Draw(t, "in memory")
		if inMemory {
			m.dir = ""
		}
		m.open(t)
		one := rapid.Custom(func(t *rapid.T) Row {
			return row(rapid.ByteRange(0, 2).Draw(t, "subject"), rapid.Int64Range(1000, 1100).Draw(t, "at"),
				rapid.ByteRange(0, 3).Draw(t, "n"), rapid.StringN(0, 20, 40).Draw(t, "value"))
		})
		var positions []Position
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				rows := rapid.SliceOfN(one, 0, 6).Draw(t, "rows")
				if err := m.j.Append(rows); err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					delete(m.expired, r.Key)
					m.b.put(r)
				}
			},
			"drop": func(t *rapid.T) {
				var whom []engine.Hash16
				for _, s := range rapid.SliceOfN(rapid.ByteRange(0, 2), 0, 2).Draw(t, "whom") {
					whom = append(whom, row(s, 0, 0, "").Subject)
				}
				if err := m.j.Drop(whom); err != nil {
					t.Fatal(err)
				}
				m.b.rows = slices.DeleteFunc(m.b.rows, func(r Row) bool { return slices.Contains(whom, r.Subject) })
			},
			"trim": func(t *rapid.T) {
				before := time.UnixMilli(rapid.Int64Range(990, 1110).Draw(t, "before"))
				if err := m.j.Trim(before); err != nil {
					t.Fatal(err)
				}
				for _, r := range m.b.rows {
					if r.Millis() < before.UnixMilli() {
						m.expired[r.Key] = true
					}
				}
			},
			"again": func(t *rapid.T) {
				if inMemory {
					t.Skip("it would be gone")
				}
				if rapid.Bool().Draw(t, "closed") {
					if err := m.j.Close(); err != nil {
						t.Fatal(err)
					}
				}
				m.open(t)
			},
			"torn": func(t *rapid.T) {
				if inMemory || m.j.active == nil {
					t.Skip("nothing to tear")
				}
				name := filepath.Join(m.dir, m.j.active.rowsName())
				f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				whole := appendRow(nil, new(row(1, 1, 1, "never acknowledged")))
				if _, err := f.Write(whole[:rapid.IntRange(1, len(whole)-1).Draw(t, "bytes")]); err != nil {
					t.Fatal(err)
				}
				f.Close()
				m.open(t)
			},
			"position": func(t *rapid.T) { positions = append(positions, m.j.Position()) },
			"": func(t *rapid.T) {
				m.compare(t)
				// What lies between positions is, put together, all there is.
				book := book{}
				from := Position{}
				for _, to := range append(slices.Clone(positions), m.j.Position()) {
					if err := m.j.Between(from, to, func(r Row) error { book.put(r); return nil }); err != nil {
						t.Fatal(err)
					}
					from = to
				}
				left := slices.DeleteFunc(book.rows, func(r Row) bool { return m.expired[r.Key] })
				want := slices.DeleteFunc(slices.Clone(m.b.rows), func(r Row) bool { return m.expired[r.Key] })
				if len(left) != len(want) {
					t.Fatalf("between the positions lie %d rows, want %d", len(left), len(want))
				}
			},
		})
	})
}

// TestDropLeavesNoByte: what was dropped cannot be read in any file, earlier rows of a key
// that was written again included.
func TestDropLeavesNoByte(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, Options{SegmentBytes: 600})
	if err != nil {
		t.Fatal(err)
	}
	for i := range byte(20) {
		rows := []Row{row(1, 1000+int64(i), i, "Sesam once"), row(1, 1000+int64(i), i, "Sesam again"), row(2, 1000+int64(i), i, "another's")}
		if err := j.Append(rows); err != nil {
			t.Fatal(err)
		}
	}
	found := func() (n int) {
		files, _ := os.ReadDir(dir)
		for _, f := range files {
			raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(raw, []byte("Sesam"))
		}
		return n
	}
	if found() != 40 {
		t.Fatalf("%d of 40 rows are found before: this test would prove nothing", found())
	}
	if err := j.Drop([]engine.Hash16{row(1, 0, 0, "").Subject}); err != nil {
		t.Fatal(err)
	}
	if n := found(); n != 0 {
		t.Errorf("%d dropped rows can be read", n)
	}
	if n, err := j.Count(row(2, 0, 0, "").Subject); n != 20 || err != nil {
		t.Errorf("of the other's rows %d are left, %v", n, err)
	}
}

// TestAnInterruptedDropIsFinished: rows were overwritten, the index still tells of them.
func TestAnInterruptedDropIsFinished(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, Options{SegmentBytes: 60})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]Row{row(1, 1, 1, "gone"), row(2, 2, 2, "stays"), row(2, 3, 3, "stays")}); err != nil {
		t.Fatal(err)
	}
	who := row(1, 0, 0, "").Subject
	rows, err := j.files.open(j.sealed[0].rowsName())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blank(rows, j.sealed[0].size, map[engine.Hash16]bool{who: true}); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(dir, Options{SegmentBytes: 60}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Get(row(1, 1, 1, "").Key); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("half dropped: %v, want not found", err)
	}
	if err := j.Drop([]engine.Hash16{who}); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Count(who); n != 0 || err != nil {
		t.Errorf("%d keys are left, %v", n, err)
	}
}

// TestADropOutlivesARowCutInTwo: a crash left a row half overwritten, or turned over a byte in
// another's, or in a length. Whoever is dropped then is dropped, and what can be read stays.
func TestADropOutlivesARowCutInTwo(t *testing.T) {
	first, second, third := row(1, 1, 1, "gone, every byte"), row(2, 2, 2, "another's"), row(1, 3, 3, "gone as well")
	for name, c := range map[string]struct {
		at   int64 // of the byte that is damaged, from the start of the rows
		left int   // rows of the other
	}{
		"half overwritten":    {int64(rowHead) + 8, 1},
		"another's":           {rowBytes(len(first.Value)) + int64(rowHead) + 2, 0},
		"a length of another": {rowBytes(len(first.Value)), 0},
	} {
		for _, sealed := range []bool{true, false} {
			dir := t.TempDir()
			o := Options{SegmentBytes: 1 << 20}
			if sealed {
				o.SegmentBytes = 60
			}
			j, err := Open(dir, o)
			if err != nil {
				t.Fatal(err)
			}
			j.o.SegmentBytes = 1 << 20
			if err := j.Append([]Row{first, second, third}); err != nil {
				t.Fatal(err)
			}
			segment := j.active
			if sealed {
				if err := j.seal(); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := j.files.open(segment.rowsName())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := rows.WriteAt([]byte{0xff, 0xff}, int64(len(rowsMagic))+c.at); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second finds nothing more to do
				if err := j.Drop([]engine.Hash16{first.Subject}); err != nil {
					t.Fatalf("%s, sealed %v: %v", name, sealed, err)
				}
			}
			raw, err := os.ReadFile(filepath.Join(dir, segment.rowsName()))
			if err != nil || bytes.Contains(raw, []byte("gone")) || bytes.Contains(raw, []byte("byte")) {
				t.Errorf("%s, sealed %v: the file still says %q, %v", name, sealed, raw, err)
			}
			if n, err := j.Count(first.Subject); n != 0 || err != nil {
				t.Errorf("%s, sealed %v: %d keys are left, %v", name, sealed, n, err)
			}
			err = j.Check(func(Row) error { return nil }, func(err error) { t.Errorf("%s, sealed %v: %v", name, sealed, err) })
			if err != nil {
				t.Fatal(err)
			}
			left := 0
			if err := j.Under(second.Subject, func(Row) error { left++; return nil }); err != nil || left != c.left {
				t.Errorf("%s, sealed %v: %d rows of the other are left, %v; want %d", name, sealed, left, err, c.left)
			}
		}
	}
}

// TestASegmentLastsNoLonger: rows that come at once but are of many days fall into segments of
// one each, so that they go in time.
func TestASegmentLastsNoLonger(t *testing.T) {
	j, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	day := DefaultSegmentLasts.Milliseconds()
	var rows []Row
	for i := range byte(10) {
		rows = append(rows, row(1, int64(i)*day+int64(i), i, "x"))
	}
	if err := j.Append(rows); err != nil {
		t.Fatal(err)
	}
	if err := j.Trim(time.UnixMilli(5 * day)); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Count(rows[0].Subject); n != 5 || err != nil {
		t.Errorf("%d rows are left, %v; want the newest 5", n, err)
	}
}

// TestDamageIsFound: a byte that turned over is told, and never answered with.
func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, Options{SegmentBytes: 120})
	if err != nil {
		t.Fatal(err)
	}
	first := row(1, 1, 1, "some value of some length")
	if err := j.Append([]Row{first, row(2, 2, 2, "another"), row(2, 3, 3, "third")}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, j.sealed[0].rowsName())
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(rowsMagic)+rowHead+3] ^= 1
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Get(first.Key); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Get of a damaged row: %v", err)
	}
	var problems []error
	if err := j.Check(func(Row) error { return nil }, func(err error) { problems = append(problems, err) }); err != nil || len(problems) == 0 {
		t.Errorf("Check finds %v, %v", problems, err)
	}
}

// TestWritersAndReadersMeet: rows are read while others are written, dropped and trimmed.
func TestWritersAndReadersMeet(t *testing.T) {
	j, err := Open(t.TempDir(), Options{SegmentBytes: 2000})
	if err != nil {
		t.Fatal(err)
	}
	stays := row(0, 5000, 0, "stays")
	if err := j.Append([]Row{stays}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range byte(2) {
		all.Go(func() {
			for i := range 300 {
				if err := j.Append([]Row{row(w+1, 5000+int64(i), w, "some words"), row(w+1, 4000, byte(i), "more of them")}); err != nil {
					t.Error(err)
				}
				if i%50 == 49 {
					if err := errors.Join(j.Drop([]engine.Hash16{row(w+1, 0, 0, "").Subject}), j.Trim(time.UnixMilli(4500))); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for range 60 {
				if value, err := j.Get(stays.Key); err != nil || string(value) != "stays" {
					t.Errorf("Get: %q, %v", value, err)
				}
				seen := false
				err := errors.Join(
					j.All(j.Position(), func(r Row) error { seen = seen || r.Key == stays.Key; return nil }),
					j.Between(Position{}, j.Position(), func(Row) error { return nil }),
					j.Under(stays.Subject, func(Row) error { return nil }),
					j.Check(func(Row) error { return nil }, func(err error) { t.Error(err) }),
				)
				if err != nil || !seen {
					t.Errorf("reading: %v; the row that stays was seen: %v", err, seen)
				}
			}
		})
	}
	all.Wait()
}

// FuzzOpen: files the journal has not written are refused or cut, never believed and never a
// panic.
func FuzzOpen(f *testing.F) {
	r := row(1, 1, 1, "value")
	whole := appendRow([]byte(rowsMagic), &r)
	fs, _ := openFiles("")
	s := &segment{number: 1, size: int64(len(whole)), from: 1, to: 1}
	if err := fs.writeIndex(s, []entry{{r.Key, uint32(len(rowsMagic))}}); err != nil {
		f.Fatal(err)
	}
	index, err := fs.read(s.indexName())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, index)
	f.Add(whole[:20], []byte{})
	f.Add([]byte{}, index[:10])
	f.Fuzz(func(t *testing.T, rows, index []byte) {
		dir := t.TempDir()
		for name, raw := range map[string][]byte{s.rowsName(): rows, s.indexName(): index} {
			if len(raw) > 0 || name == s.rowsName() {
				if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		j, err := Open(dir, Options{})
		if err != nil {
			return
		}
		_ = j.All(j.Position(), func(Row) error { return nil })
		_ = j.Under(r.Subject, func(Row) error { return nil })
		if value, err := j.Get(r.Key); err == nil && !bytes.Contains(rows, value) {
			t.Errorf("it answers with %q, which is not in the file", value)
		}
		if err := j.Append([]Row{r}); err != nil {
			t.Fatal(err)
		}
		if value, err := j.Get(r.Key); err != nil || string(value) != "value" {
			t.Errorf("after writing it: %q, %v", value, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSortedInPieces holds the sort that gives way against that of the library, whatever comes
// in pieces and however often.
func TestSortedInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		subjects := rapid.IntRange(1, 300).Draw(t, "subjects")
		list := make([]entry, rapid.SampledFrom([]int{0, 1, 2, atOnce - 1, atOnce, atOnce + 1, 2 * atOnce, 5*atOnce + 7}).Draw(t, "entries"))
		for i := range list {
			list[i].at = uint32(i)
			list[i].Subject[0], list[i].ID[3], list[i].ID[15] = byte(random.IntN(subjects)), byte(i>>8), byte(i)
		}
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		want := slices.Clone(list)
		slices.SortFunc(want, func(a, b entry) int { return compareKeys(&a.Key, &b.Key) })
		if got := sorted(list, make([]entry, len(list))); !slices.Equal(got, want) {
			t.Fatalf("%d entries of %d subjects are out of order", len(list), subjects)
		}
	})
}
