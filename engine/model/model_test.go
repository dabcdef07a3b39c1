package model_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

func TestFrameRoundTrip(t *testing.T) {
	long := make([]float32, 40_000) // more than one buffer
	for i := range long {
		long[i] = float32(i) / 3
	}
	texts := []string{"", "ä", string(bytes.Repeat([]byte("x"), 64<<10)), "end"}
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 3)
	w.JSON(map[string]int{"a": 1})
	w.Float32s(long)
	w.Float64s([]float64{1, -2.5})
	w.Float32s(nil)
	w.Uint32s([]uint32{0, 1, math.MaxUint32})
	w.Texts(texts)
	if err := w.Close(); err != nil {
		t.Fatalf("write: %v", err)
	}
	saved.WriteString("what follows is somebody else's")

	f, err := model.NewReader(&saved, "test", 3)
	if err != nil {
		t.Fatalf("NewReader: %v", err)
	}
	var settings map[string]int
	f.JSON(&settings)
	got32, got64, none, whole, gotTexts := f.Float32s(len(long)), f.Float64s(-1), f.Float32s(0), f.Uint32s(3), f.Texts()
	if err := f.Close(); err != nil {
		t.Fatalf("read: %v", err)
	}
	if settings["a"] != 1 || !slices.Equal(got32, long) || !slices.Equal(got64, []float64{1, -2.5}) || len(none) != 0 || !slices.Equal(whole, []uint32{0, 1, math.MaxUint32}) || !slices.Equal(gotTexts, texts) {
		t.Error("what was read is not what was written")
	}
	if saved.String() != "what follows is somebody else's" {
		t.Errorf("the reader took more than it wrote: %q is left", saved.String())
	}
}

func TestFrameRefuses(t *testing.T) {
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 3)
	w.Float32s([]float32{1, float32(math.NaN())})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"another name":    func() error { _, err := model.NewReader(bytes.NewReader(saved.Bytes()), "best", 3); return err },
		"a longer name":   func() error { _, err := model.NewReader(bytes.NewReader(saved.Bytes()), "testing", 3); return err },
		"another version": func() error { _, err := model.NewReader(bytes.NewReader(saved.Bytes()), "test", 4); return err },
		"not a number":    func() error { return read(t, &saved, func(f *model.Reader) { f.Float32s(2) }) },
		"whole numbers":   func() error { return read(t, &saved, func(f *model.Reader) { f.Uint32s(2) }) },
		"another count":   func() error { return read(t, &saved, func(f *model.Reader) { f.Float32s(3) }) },
		"another kind":    func() error { return read(t, &saved, func(f *model.Reader) { f.Float64s(-1) }) },
		"nothing read":    func() error { return read(t, &saved, func(*model.Reader) {}) },
	} {
		if err := open(); !errors.Is(err, model.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	if _, err := model.NewReader(bytes.NewReader(saved.Bytes()), "test", 4); !errors.Is(err, model.ErrVersion) || strings.Contains(err.Error(), "damaged") {
		t.Errorf("another version: %v, want ErrVersion and not a word of damage", err)
	}
	w = model.NewWriter(&bytes.Buffer{}, "test", 3)
	w.Texts([]string{string(make([]byte, 64<<10+1))})
	if err := w.Close(); err == nil {
		t.Error("a text beyond the limit was written")
	}
	full := errors.New("disk full")
	w = model.NewWriter(failing{full}, "test", 3)
	w.Float32s(make([]float32, 100_000))
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("Close on a full disk: %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func read(t *testing.T, saved *bytes.Buffer, take func(*model.Reader)) error {
	t.Helper()
	f, err := model.NewReader(bytes.NewReader(saved.Bytes()), "test", 3)
	if err != nil {
		t.Fatal(err)
	}
	take(f)
	return f.Close()
}

// FuzzReader reads anything in the order a source would.
func FuzzReader(f *testing.F) {
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 1)
	w.JSON(1)
	w.Texts([]string{"a", "item-1"})
	w.Float32s([]float32{1, 2})
	w.Float64s([]float64{3})
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes())
	f.Add(saved.Bytes()[:20])
	f.Add([]byte("rapport \x04test\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := model.NewReader(bytes.NewReader(data), "test", 1)
		if err != nil {
			return
		}
		var v any
		r.JSON(&v)
		model.LoadRows(r, modeltest.Items(3))
		r.Float32s(-1)
		r.Float64s(-1)
		if err := r.Close(); err != nil && !errors.Is(err, model.ErrCorrupt) {
			t.Errorf("Close: %v does not wrap ErrCorrupt", err)
		}
	})
}

func TestRows(t *testing.T) {
	ids := modeltest.Items(20)
	rows := model.NewRows([]engine.ItemNum{7, 3, 11, 3}, ids)
	if rows.Len() != 3 || rows.Num(0) != 3 || rows.ID(2) != "item-11" {
		t.Fatalf("rows of 7, 3, 11, 3: %d, first %d, last %q", rows.Len(), rows.Num(0), rows.ID(2))
	}
	for n := range engine.ItemNum(30) {
		row, ok := rows.Row(n)
		if want := n == 3 || n == 7 || n == 11; ok != want || ok && rows.Num(row) != n {
			t.Errorf("Row(%d) = %d, %v", n, row, ok)
		}
	}
	var seen []engine.ItemNum
	rows.Each(roaring.BitmapOf(1, 3, 11, 12, 5000), func(row int, n engine.ItemNum) {
		if rows.Num(row) != n {
			t.Errorf("Each: row %d is item %d, not %d", row, rows.Num(row), n)
		}
		seen = append(seen, n)
	})
	if !slices.Equal(seen, []engine.ItemNum{3, 11}) {
		t.Errorf("Each visited %v, want 3 and 11", seen)
	}
	rows.Subset([]int{0, 2}).Each(roaring.BitmapOf(3, 7, 11), func(_ int, n engine.ItemNum) {
		if n == 7 {
			t.Error("Subset kept a row that was not named")
		}
	})
}

func TestRowsAreLaidByNumber(t *testing.T) {
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 1)
	model.NewRows([]engine.ItemNum{0, 1, 2, 3}, modeltest.Items(4)).Save(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	here := catalogue.NewIDs() // item-1 is not known here
	for _, id := range []engine.ItemID{"item-3", "other", "item-0", "item-2"} {
		here.Assign(id)
	}
	f, err := model.NewReader(&saved, "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	rows, from, count := model.LoadRows(f, here)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(from, []int{3, 0, 2}) || count != 4 || rows.Num(0) != 0 || rows.Num(1) != 2 || rows.ID(1) != "item-0" {
		t.Errorf("rows come from %v of %d, first is %d, second %d %q", from, count, rows.Num(0), rows.Num(1), rows.ID(1))
	}
}

func TestRowsRefuseOneItemTwice(t *testing.T) {
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 1)
	w.Texts([]string{"item-1", "item-0", "item-1"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := model.NewReader(&saved, "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	model.LoadRows(f, modeltest.Items(2))
	if err := f.Close(); !errors.Is(err, model.ErrCorrupt) {
		t.Errorf("Close: %v, want ErrCorrupt", err)
	}
}

func TestBuilder(t *testing.T) {
	var b model.Builder
	for _, h := range [][]engine.Interest{
		{{Item: 5, Weight: 2}, {Item: 1, Weight: 1}, {Item: 2, Weight: 0}}, // dislikes 2
		{{Item: 1, Weight: 0}}, // wants nothing
		{{Item: 1, Weight: 1e-300}, {Item: 2, Weight: 1}, {Item: 3, Weight: 1}},
		{{Item: 2, Weight: math.NaN()}, {Item: 5, Weight: 1}, {Item: 2, Weight: 1}},
		{{Item: 3, Weight: 0}, {Item: 4, Weight: 1}}, // wants only what nobody else does
	} {
		b.Add(h)
	}
	kept := b.Len()
	d := b.Data(modeltest.Items(9), 2)
	want := [][]model.Cell{ // rows 0, 1, 2 are items 1, 2, 5
		{{Row: 0, Weight: 1}, {Row: 1, Weight: 0}, {Row: 2, Weight: 2}},
		{{Row: 0, Weight: 1e-9}, {Row: 1, Weight: 1}},
		{{Row: 1, Weight: 1}, {Row: 2, Weight: 1}},
	}
	if !reflect.DeepEqual(d.Customers, want) || d.Rows.Len() != 3 || d.Rows.Num(2) != 5 {
		t.Errorf("customers %v with %d rows, want %v with 3", d.Customers, d.Rows.Len(), want)
	}
	if kept != 4 || d.Cells() != 7 || b.Len() != 0 {
		t.Errorf("%d histories were kept and %d cells, want 4 and 7; %d after", kept, d.Cells(), b.Len())
	}
}

// TestByItemTurnsOver turns a random matrix over and looks every cell up.
func TestByItemTurnsOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b model.Builder
		for _, h := range modeltest.Histories(rapid.Uint64().Draw(t, "seed"), 20, 15, 5) {
			b.Add(h)
		}
		d := b.Data(modeltest.Items(15), 1)
		cells := 0
		for row, customers := range d.ByItem() {
			cells += len(customers)
			if !slices.IsSortedFunc(customers, func(a, b model.Cell) int { return int(a.Row) - int(b.Row) }) {
				t.Fatalf("row %d is not ascending: %v", row, customers)
			}
			for _, c := range customers {
				if !slices.Contains(d.Customers[c.Row], model.Cell{Row: uint32(row), Weight: c.Weight}) {
					t.Fatalf("row %d has customer %d, who has not it", row, c.Row)
				}
			}
		}
		if cells != d.Cells() {
			t.Fatalf("%d cells turned over are %d", d.Cells(), cells)
		}
	})
}

// TestLargeSections writes and reads sections of many runs, which leave no room unused.
func TestLargeSections(t *testing.T) {
	const n = 50_001
	small, large, whole := make([]float32, n), make([]float64, n), make([]uint32, n)
	for i := range n {
		small[i], large[i], whole[i] = float32(i)-0.5, float64(i)/3, uint32(i*i)
	}
	small[n-1], large[n-1] = math.MaxFloat32, -math.MaxFloat64
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 3)
	w.Float32s(small)
	w.Float64s(large)
	w.Uint32s(whole)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	err := read(t, &saved, func(f *model.Reader) {
		a, b, c := f.Float32s(n), f.Float64s(n), f.Uint32s(-1)
		if !slices.Equal(a, small) || !slices.Equal(b, large) || !slices.Equal(c, whole) {
			t.Error("what was read is not what was written")
		}
		if cap(a) > n+n/100 || cap(b) > n+n/100 || cap(c) > n+n/100 {
			t.Errorf("room for %d, %d and %d elements is taken, want %d", cap(a), cap(b), cap(c), n)
		}
	})
	if err != nil {
		t.Error(err)
	}
	for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		saved.Reset()
		w := model.NewWriter(&saved, "test", 3)
		w.Float32s([]float32{0, float32(v)})
		w.Float64s([]float64{v})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, of := range []int{2, -1} {
			if err := read(t, &saved, func(f *model.Reader) { f.Float32s(of); f.Float64s(-1) }); !errors.Is(err, model.ErrCorrupt) {
				t.Errorf("%v was read: %v", v, err)
			}
		}
	}
}

func BenchmarkReader(b *testing.B) {
	var saved bytes.Buffer
	w := model.NewWriter(&saved, "test", 3)
	w.Float32s(make([]float32, 1<<20))
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	for b.Loop() {
		f, err := model.NewReader(bytes.NewReader(saved.Bytes()), "test", 3)
		if err != nil {
			b.Fatal(err)
		}
		f.Float32s(1 << 20)
	}
}
