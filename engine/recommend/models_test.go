package recommend_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// village is a shop of some items and invented tastes, its ids numbered in an order.
func village(items int, order []int) *recommend.World {
	ids := catalogue.NewIDs()
	entries := make([]catalogue.Entry, len(order))
	for i, n := range order {
		num, _ := ids.Assign(theID(n))
		entries[i] = catalogue.Entry{Num: num, Item: &engine.Item{
			ID: theID(n), Title: words[n%len(words)] + " " + words[n/3%len(words)],
			Categories: []string{"c" + string(rune('a'+n%7))},
			Attributes: engine.Attributes{"brand": "b" + string(rune('a'+n%5)), "size": float64(n % 4)},
		}}
	}
	return recommend.NewWorld(ids, engine.DefaultSettings()).WithItems(entries)
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// everything asks all sources.
func everything() rank.Blend {
	scale := func(weight, mean, sd float64) rank.Scale { return rank.Scale{Weight: weight, Mean: mean, SD: sd} }
	return rank.Blend{
		rank.Person: {"factor": scale(1, 0.1, 0.2), "ease": scale(1, 0.05, 0.1), "content": scale(0.5, 0.1, 0.15), "popular": scale(0.3, 1, 1)},
		rank.Anchor: {"factor": scale(0.5, 0.1, 0.2), "ease": scale(1, 0.05, 0.1), "content": scale(0.5, 0.1, 0.15)},
		rank.Cold:   {"popular": scale(1, 1, 1), "trending": scale(0.2, 0, 1), "newest": scale(0.2, 0, 1)},
	}
}

// purchases writes a history as rows, newest first, a minute apart.
func purchases(ids *catalogue.IDs, items ...engine.ItemID) []engine.Row {
	rows := make([]engine.Row, len(items))
	for i, id := range items {
		n, _ := ids.Num(id)
		rows[i] = engine.Row{Num: n, Interaction: engine.Interaction{
			Item: id, Type: engine.Purchase, At: now.Add(-time.Duration(i+1) * time.Minute),
		}}
	}
	return rows
}

func open(t testing.TB, w *recommend.World, s engine.Scenario) *recommend.Place {
	t.Helper()
	p, err := recommend.NewPlace(s, w.Catalogue)
	if err != nil {
		t.Fatalf("NewPlace(%+v): %v", s, err)
	}
	return p
}

func ask(t testing.TB, in *recommend.Input) engine.Answer {
	t.Helper()
	in.Now = now
	answer, err := recommend.Recommend(in)
	if err != nil {
		t.Fatalf("Recommend(%+v): %v", in.Request, err)
	}
	return answer
}

func trained(items int, seed uint64) *recommend.World {
	w := village(items, upTo(items))
	m := fitModels(w, modeltest.Histories(seed, 60, items, 8), everything(), 2)
	return w.WithModels(m, m.Encode(w.Catalogue, 2))
}

func save(t testing.TB, m *recommend.Models) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := m.Save(&out); err != nil {
		t.Fatalf("Save: %v", err)
	}
	return out.Bytes()
}

// parts are a file of which several places can be read at once.
type parts struct{ *bytes.Reader }

func (p parts) Part(from, size int64) io.ReadCloser {
	return io.NopCloser(io.NewSectionReader(p.Reader, from, size))
}

// load loads models from the first byte to the last, and section beside section, which must not differ.
func load(t testing.TB, data []byte, ids *catalogue.IDs) (*recommend.Models, error) {
	t.Helper()
	m, err := recommend.Load(bytes.NewReader(data), ids)
	apart, failed := recommend.Load(parts{bytes.NewReader(data)}, ids)
	switch {
	case (err == nil) != (failed == nil) || errors.Is(err, recommend.ErrCorrupt) != errors.Is(failed, recommend.ErrCorrupt):
		t.Errorf("Load: %v; section beside section: %v", err, failed)
	case err == nil && !bytes.Equal(save(t, m), save(t, apart)):
		t.Error("loaded section beside section, the models are others")
	}
	return apart, failed
}

// Saved and loaded, the models say the same to the bit, also in a store that gave the
// items other numbers.
func TestModelsRoundTrip(t *testing.T) {
	const items = 30
	w := trained(items, 1)
	data := save(t, w.Models)
	reverse := upTo(items)
	slices.Reverse(reverse)
	for name, other := range map[string]*recommend.World{"same": village(items, upTo(items)), "other": village(items, reverse)} {
		m, err := load(t, data, other.Catalogue.IDs())
		if err != nil {
			t.Fatalf("Load under %s numbers: %v", name, err)
		}
		if m.Version != w.Models.Version || !m.LogTime.Equal(w.Models.LogTime) || len(m.Fitted) != len(w.Models.Fitted) {
			t.Errorf("loaded %+v, saved %+v", m, w.Models)
		}
		if name == "same" && !bytes.Equal(save(t, m), data) {
			t.Error("saved, loaded and saved, the bytes differ")
		}
		other = other.WithModels(m, m.Encode(other.Catalogue, 2))
		for first := range items {
			want, got := scoresOf(t, w, first), scoresOf(t, other, first)
			for id, score := range want {
				if math.Float64bits(got[id]) != math.Float64bits(score) || len(got) != len(want) {
					t.Fatalf("under %s numbers %s scores %v, %v before", name, id, got[id], score)
				}
			}
		}
	}
	if _, err := load(t, data, catalogue.NewIDs()); err != nil {
		t.Errorf("Load where no item is known: %v", err)
	}
}

// scoresOf asks for everything, for somebody who bought three items from first on.
func scoresOf(t *testing.T, w *recommend.World, first int) map[engine.ItemID]float64 {
	const items = 30
	answer := ask(t, &recommend.Input{
		World: w, Place: open(t, w, engine.Scenario{Name: "all"}),
		Someone: &recommend.Someone{Rows: purchases(w.Catalogue.IDs(), theID(first), theID((first+5)%items), theID((first+11)%items))},
		Request: &engine.Request{Count: items},
	})
	out := map[engine.ItemID]float64{}
	for _, item := range answer.Items {
		out[item.Item] = item.Score
	}
	return out
}

// No byte can be lost or changed unseen: every end, every byte and random damage.
func TestLoadRefusesWhatIsNotWhole(t *testing.T) {
	w := trained(8, 2)
	data := save(t, w.Models)
	refused := func(what string, at int, bad []byte) {
		m, err := load(t, bad, w.Catalogue.IDs())
		if err == nil || m != nil {
			t.Errorf("%s at %d of %d bytes: it was loaded", what, at, len(data))
		}
		if !errors.Is(err, recommend.ErrCorrupt) {
			t.Errorf("%s at %d: error %v, want ErrCorrupt", what, at, err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for at := range data {
		refused("cut", at, data[:at])
		changed := slices.Clone(data)
		changed[at] ^= 1 << rng.IntN(8)
		refused("flipped", at, changed)
	}
	for range 300 {
		changed := slices.Clone(data)
		for range 1 + rng.IntN(8) {
			changed[rng.IntN(len(data))] += byte(1 + rng.IntN(255))
		}
		if !bytes.Equal(changed, data) {
			refused("damaged", 0, changed)
		}
	}
	refused("more", len(data), append(slices.Clone(data), 0))
}

// sealed is a file with the given header, its checksum right.
func sealed(head string, body ...byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte("RPM1"), uint32(len(head)))
	out = append(out, head...)
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, crc32.MakeTable(crc32.Castagnoli)))
	return append(out, body...)
}

// hostile are headers that nobody's Save wrote, though their checksums are right.
var hostile = []string{
	"", "null", "{}", "[]", `{"version":-1}`,
	`{"sections":[{"name":"encoder","bytes":-1}]}`,
	`{"sections":[{"name":"encoder","bytes":9000000000000000000}]}`,
	`{"sections":[{"name":"factor","bytes":0}]}`,
	`{"sections":[{"name":"ease","bytes":10}]}`,
	`{"blend":{"person":{"ease":{"weight":1,"mean":0,"sd":0}}}}`,
	`{"blend":{"someone":{}}}`,
}

func TestLoadRefusesHostileHeaders(t *testing.T) {
	for _, head := range hostile {
		for _, body := range [][]byte{nil, []byte("RPE1"), bytes.Repeat([]byte{0xff}, 100)} {
			if _, err := load(t, sealed(head, body...), catalogue.NewIDs()); !errors.Is(err, recommend.ErrCorrupt) {
				t.Errorf("header %q with %d bytes behind it: error %v, want ErrCorrupt", head, len(body), err)
			}
		}
	}
}

// A section is as long as the header says.
func TestLoadRefusesALongSection(t *testing.T) {
	var encoder bytes.Buffer
	if err := text.Untrained(4).Save(&encoder); err != nil {
		t.Fatal(err)
	}
	for more, want := range map[int]bool{0: true, 1: false, 5: false} {
		head := fmt.Sprintf(`{"sections":[{"name":"encoder","bytes":%d}]}`, encoder.Len()+more)
		_, err := load(t, sealed(head, append(encoder.Bytes(), make([]byte, more)...)...), catalogue.NewIDs())
		if (err == nil) != want {
			t.Errorf("%d bytes too many: error %v", more, err)
		}
	}
}

// A source of a later version is refused, but is no damage.
func TestLoadRefusesUnknownSources(t *testing.T) {
	w := trained(8, 2)
	w.Models.Fitted[0] = renamed{w.Models.Fitted[0]}
	_, err := load(t, save(t, w.Models), w.Catalogue.IDs())
	if err == nil || errors.Is(err, recommend.ErrCorrupt) {
		t.Errorf("error %v, want one that is not ErrCorrupt", err)
	}
}

// Whatever is loaded is exactly what Save writes; everything else is an error, never a
// panic.
func FuzzLoad(f *testing.F) {
	w := trained(6, 3)
	data := save(f, w.Models)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add(save(f, recommend.Unfitted()))
	for _, head := range hostile {
		f.Add(sealed(head, data[len(data)-200:]...))
	}
	f.Fuzz(func(t *testing.T, bad []byte) {
		m, err := load(t, bad, w.Catalogue.IDs())
		if err != nil {
			return
		}
		if again := save(t, m); !bytes.Equal(again, bad) {
			t.Errorf("%d bytes were loaded and saved as %d others", len(bad), len(again))
		}
	})
}
