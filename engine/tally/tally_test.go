package tally

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func row(n engine.ItemNum, typ engine.Type, at time.Time, quantity float64) engine.Row {
	return engine.Row{Interaction: engine.Interaction{Item: "x", Type: typ, At: at, Quantity: quantity}, Num: n}
}

func TestValue(t *testing.T) {
	c := New(engine.DefaultSettings()).With([]engine.Row{
		row(3, engine.Purchase, start, 1),
		row(3, engine.Purchase, start.Add(-30*day), 3), // late, log2(1+3) = 2
		row(3, engine.Return, start.Add(-2*day), 1),
		row(700, engine.View, start, 0),
		row(1, "unheard_of", start, 1),
		row(engine.MaxCatalogue, engine.Purchase, start, 1),
		row(2, engine.Purchase, start, -1), // no such quantity
		{Interaction: engine.Interaction{Type: engine.Purchase, At: start}, Num: 1},
	})
	half := math.Exp2
	for _, want := range []struct {
		n     engine.ItemNum
		s     Span
		after time.Duration
		value float64
	}{
		{3, AllTime, 0, 2},
		{3, AllTime, 1000 * day, 2},
		{3, Month, 0, 1 + 2*half(-1) - half(-2./30)},
		{3, Month, 30 * day, (1 + 2*half(-1) - half(-2./30)) / 2},
		{3, Days, 4 * day, (1 + 2*half(-15) - half(-1)) / 4},
		{3, Month, -9 * day, 1 + 2*half(-1) - half(-2./30)}, // nothing is known of the future
		{700, Days, 2 * day, 0.1},
		{1, AllTime, 0, 0},
		{2, AllTime, 0, 0},
		{5000, AllTime, 0, 0},
	} {
		if got := c.Value(want.n, want.s, start.Add(want.after)); math.Abs(got-want.value) > 1e-12 {
			t.Errorf("Value(%d, %d, +%v) = %v, want %v", want.n, want.s, want.after, got, want.value)
		}
	}
	if c.Len() != 701 {
		t.Errorf("Len = %d, want 701", c.Len())
	}
}

func randomRows(t *rapid.T) []engine.Row {
	types := []engine.Type{engine.Purchase, engine.View, engine.Return, engine.Rating, engine.Seen, engine.Click, "unheard_of"}
	rows := make([]engine.Row, rapid.IntRange(0, 60).Draw(t, "rows"))
	for i := range rows {
		at := start.Add(time.Duration(rapid.Int64Range(int64(-3000*day), int64(3000*day)).Draw(t, "age")))
		if rapid.IntRange(0, 9).Draw(t, "zero") == 0 {
			at = time.Time{} // long before anything: must not disturb the rest
		}
		n := engine.ItemNum(rapid.IntRange(0, 900).Draw(t, "item"))
		rows[i] = row(n, rapid.SampledFrom(types).Draw(t, "type"), at, float64(rapid.IntRange(0, 9).Draw(t, "quantity")))
	}
	return rows
}

// TestOrderDoesNotMatter adds the same rows in another order and in other batches, and
// compares both with a plain sum.
func TestOrderDoesNotMatter(t *testing.T) {
	settings := engine.DefaultSettings()
	rapid.Check(t, func(t *rapid.T) {
		rows := randomRows(t)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "shuffle"), 0))
		one, other := New(settings).With(rows), New(settings)
		shuffled := append([]engine.Row(nil), rows...)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for len(shuffled) > 0 {
			n := 1 + rng.IntN(len(shuffled))
			other, shuffled = other.With(shuffled[:n]), shuffled[n:]
		}
		now := start.Add(3001 * day)
		for s := range spans {
			var sum, size float64
			for n := range engine.ItemNum(901) {
				v, of := plain(settings, rows, n, s, now)
				sum, size = sum+v, size+of
			}
			if all := one.At(s, now).All(); math.Abs(all-sum) > 1e-9*size+1e-200 {
				t.Fatalf("span %d: all items have %v, summed by hand %v", s, all, sum)
			}
		}
		for n := range engine.ItemNum(901) {
			for s := range spans {
				want, size := plain(settings, rows, n, s, now)
				a, b := one.Value(n, s, now), other.Value(n, s, now)
				if math.Abs(a-b) > 1e-9*size+1e-200 || math.Abs(a-want) > 1e-9*size+1e-200 {
					t.Fatalf("item %d, span %d: %v in one order, %v in another, %v summed by hand", n, s, a, b, want)
				}
			}
		}
	})
}

// plain is the definition: the decayed sum, and the sum of its magnitudes.
func plain(settings engine.Settings, rows []engine.Row, n engine.ItemNum, s Span, now time.Time) (sum, size float64) {
	for i := range rows {
		r := &rows[i]
		if r.Num != n {
			continue
		}
		w := settings.Types[r.Type].Weight * math.Log2(1+r.Pieces())
		switch {
		case s == Shown && r.Type == engine.Seen, s == Clicked && r.Type == engine.Click:
			w = 1
		case s == Shown || s == Clicked:
			w = 0
		}
		if s != AllTime {
			w *= math.Exp2(-float64(now.UnixMilli()-r.At.UnixMilli()) / float64(s.HalfLife().Milliseconds()))
		}
		sum, size = sum+w, size+math.Abs(w)
	}
	return sum, size
}

// TestOldCountersStay adds to counters and looks at the old ones.
func TestOldCountersStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := New(engine.DefaultSettings()).With(randomRows(t))
		was, _ := before.MarshalBinary()
		before.With(randomRows(t))
		before.With(randomRows(t)).With(randomRows(t))
		if is, _ := before.MarshalBinary(); !bytes.Equal(is, was) {
			t.Fatal("With changed the counters it was called on")
		}
	})
}

func TestUnchangedChunksAreShared(t *testing.T) {
	c := New(engine.DefaultSettings()).With([]engine.Row{row(0, engine.Purchase, start, 1), row(1000, engine.Purchase, start, 1)})
	next := c.With([]engine.Row{row(1001, engine.Purchase, start, 1)})
	if next.chunks[0] != c.chunks[0] || next.chunks[1000/chunkLen] == c.chunks[1000/chunkLen] {
		t.Error("With copied a chunk nothing changed in, or changed one in place")
	}
	if same := c.With(nil); same.Len() != c.Len() {
		t.Errorf("With(nil) has length %d, want %d", same.Len(), c.Len())
	}
	blocks := func(c *Counters, n int) *block { return c.chunks[n/chunkLen].blocks[n%chunkLen/blockLen] }
	c = c.With([]engine.Row{row(1001+blockLen, engine.Purchase, start, 1)})
	next = c.With([]engine.Row{row(1001, engine.Purchase, start, 1)})
	if blocks(next, 1001+blockLen) != blocks(c, 1001+blockLen) || blocks(next, 1001) == blocks(c, 1001) {
		t.Error("With copied a block nothing changed in, or changed one in place")
	}
}

// TestReadCountersKnowTheirNewestRow saves counters whose every cell came to zero: what is
// read must still know how far it has come.
func TestReadCountersKnowTheirNewestRow(t *testing.T) {
	settings := engine.DefaultSettings()
	c := New(settings).With([]engine.Row{row(7, engine.Purchase, start, 1), row(7, engine.Return, start, 1)})
	data, _ := c.MarshalBinary()
	back, err := Unmarshal(data, settings)
	if err != nil || back.Len() != c.Len() {
		t.Fatalf("Unmarshal: %v, length %d, want %d", err, back.Len(), c.Len())
	}
	late := []engine.Row{row(7, engine.Purchase, start.Add(-1000*day), 1)}
	if got, want := back.With(late).Value(7, Days, start), c.With(late).Value(7, Days, start); got != want {
		t.Errorf("a late row is worth %v after reading, %v before", got, want)
	}
	if got, want := back.With(late).newest, c.newest; got != want {
		t.Errorf("newest %d after reading and a late row, want %d", got, want)
	}
}

func TestBinary(t *testing.T) {
	settings := engine.DefaultSettings()
	rapid.Check(t, func(t *rapid.T) {
		rows := randomRows(t)
		half := rapid.IntRange(0, len(rows)).Draw(t, "half")
		c := New(settings).With(rows[:half])
		data, err := c.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Unmarshal(data, settings)
		if err != nil {
			t.Fatalf("Unmarshal: %v", err)
		}
		want, _ := c.With(rows[half:]).MarshalBinary()
		if got, _ := back.With(rows[half:]).MarshalBinary(); !bytes.Equal(got, want) {
			t.Fatal("counters that were saved and read go on otherwise than those that were not")
		}
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		if _, err := Unmarshal(data[:at], settings); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut after %d of %d bytes: %v, want ErrCorrupt", at, len(data), err)
		}
		data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := Unmarshal(data, settings); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d of %d changed: %v, want ErrCorrupt", at, len(data), err)
		}
	})
}

// TestWithoutTakesBack takes rows back that lie anywhere among others.
func TestWithoutTakesBack(t *testing.T) {
	settings := engine.DefaultSettings()
	rapid.Check(t, func(t *rapid.T) {
		stay, gone := randomRows(t), randomRows(t)
		got := New(settings).With(stay[:len(stay)/2]).With(gone).With(stay[len(stay)/2:]).Without(gone)
		now := start.Add(3001 * day)
		for n := range engine.ItemNum(901) {
			for s := range spans {
				want, size := plain(settings, stay, n, s, now)
				_, more := plain(settings, gone, n, s, now)
				if v := got.Value(n, s, now); math.Abs(v-want) > 1e-9*(size+more)+1e-200 {
					t.Fatalf("item %d, span %d: %v, want %v", n, s, v, want)
				}
			}
		}
	})
	one := []engine.Row{row(3, engine.Purchase, start, 1)}
	if v := New(settings).With(one).Without(one).Value(3, Month, start); v != 0 {
		t.Errorf("the only row taken back leaves %v", v)
	}
}

// TestOtherSettings: counters know which weights they were counted under.
func TestOtherSettings(t *testing.T) {
	settings := engine.DefaultSettings()
	c := New(settings).With([]engine.Row{row(5, engine.Purchase, start, 1)})
	data, err := c.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*engine.Settings){
		"":          func(*engine.Settings) {},
		"half-life": func(s *engine.Settings) { s.Types[engine.View] = engine.TypeSetting{Weight: 0.2} },
		"cap":       func(s *engine.Settings) { s.MaxWeight = 9 },
		"nothing":   func(s *engine.Settings) { s.Types["own"] = engine.TypeSetting{HalfLife: day} },
		"weight":    func(s *engine.Settings) { s.Types[engine.View] = engine.TypeSetting{Weight: 0.3} },
		"liked":     func(s *engine.Settings) { s.Types[engine.Rating] = engine.TypeSetting{Weight: 1, Liked: 4} },
		"new":       func(s *engine.Settings) { s.Types["own"] = engine.TypeSetting{Weight: 1} },
		"gone":      func(s *engine.Settings) { delete(s.Types, engine.Click) },
	} {
		other := engine.DefaultSettings()
		change(&other)
		matters := name == "weight" || name == "liked" || name == "new" || name == "gone"
		_, err := Unmarshal(data, other)
		if errors.Is(err, ErrOtherSettings) != matters || !matters && err != nil || c.Weighs(other) == matters {
			t.Errorf("%s changed: %v, weighs alike %v", name, err, c.Weighs(other))
		}
	}
}

// FuzzUnmarshal tries bytes as they come, and the same under a right checksum.
func FuzzUnmarshal(f *testing.F) {
	data, err := New(engine.DefaultSettings()).With([]engine.Row{row(5, engine.Purchase, start, 1), row(600, engine.View, start, 2)}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 60))
	f.Add(make([]byte, 25))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, b := range [][]byte{data, seal(bytes.Clone(data))} {
			c, err := Unmarshal(b, engine.DefaultSettings())
			if err != nil {
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrOtherSettings) {
					t.Errorf("Unmarshal: %v does not wrap ErrCorrupt", err)
				}
				continue
			}
			again, err := c.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Unmarshal(again, engine.DefaultSettings()); err != nil {
				t.Errorf("what was read cannot be written and read: %v", err)
			}
			c.With([]engine.Row{row(7, engine.Purchase, start, 1)}).Value(7, Days, start)
		}
	})
}

func BenchmarkWithOne(b *testing.B) {
	c := New(engine.DefaultSettings())
	for n := range engine.ItemNum(20_000) {
		c = c.With([]engine.Row{row(n, engine.Purchase, start, 1)})
	}
	rows := []engine.Row{row(777, engine.View, start, 1)}
	b.ReportAllocs()
	for b.Loop() {
		c.With(rows)
	}
}
