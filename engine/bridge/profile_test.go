package bridge

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/vector"
)

// people want lamps or mugs by whether they say they are from the north or the south, and
// are old or young; their favourite colour and whom they are married to say nothing.
func people() []Declared {
	var out []Declared
	for i := range 40 {
		c := &engine.Customer{Attributes: engine.Attributes{
			"region": []string{"North", "south"}[i%2], "age": float64(20 + 40*(i%2) + i/4), "colour": []string{"red", "green"}[i/2%2],
			"secret": fmt.Sprint(i), "tags": []string{"a", "b"}, "member": i%3 == 0,
		}}
		var history []engine.Interest
		for k := range 5 {
			history = append(history, engine.Interest{Item: engine.ItemNum(2*((i+3*k)%15) + i%2), Weight: 1})
		}
		out = append(out, Declared{Customer: c, History: func() []engine.Interest { return history }})
	}
	return append(out, Declared{Customer: &engine.Customer{}, History: func() []engine.Interest { return nil }})
}

var northern = &engine.Customer{Attributes: engine.Attributes{"region": "north", "age": 25.0}}

func profiles(t testing.TB, s *shop) []*Profile {
	var out []*Profile
	for _, p := range []ProfileParams{{Attributes: "region"}, {Attributes: "age, region+age,tags + member", Lambda: 2}, {}} {
		m, err := FitProfile(t.Context(), s.base, people(), p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func profileContract() modeltest.Contract {
	c := modeltest.Contract{
		Knows: func(n engine.ItemNum, _ float32) bool { return n < 30 },
		Queries: []*model.Query{
			{},
			{Customer: northern},
			{Customer: &engine.Customer{}},
			{Customer: northern, History: []engine.Interest{{Item: 3, Weight: 1}}},
			{Customer: northern, History: []engine.Interest{{Item: 3}}},
			{Customer: northern, Anchors: []engine.ItemNum{2}},
		},
	}
	for n := range engine.ItemNum(42) {
		c.Items = append(c.Items, n)
	}
	return c
}

func TestProfileContract(t *testing.T) {
	s := newShop(t)
	for _, m := range profiles(t, s) {
		modeltest.Source(t, m, profileContract())
	}
}

// TestProfileGoesByWhatItIsToldTo holds that who declares what lamp buyers declare is shown
// lamps, that an attribute nobody named is not looked at, and that a history silences it.
func TestProfileGoesByWhatItIsToldTo(t *testing.T) {
	m := profiles(t, newShop(t))
	var scores [8]float32
	lamps := []engine.ItemNum{0, 4, 8, 12, 1, 5, 9, 13}
	m[0].Open(&model.Query{Customer: northern}).Score(lamps, scores[:])
	if sum(scores[4:]) >= 0 || sum(scores[:4]) < 0.4 {
		t.Errorf("lamps score %v, mugs %v for somebody from the north", scores[:4], scores[4:])
	}
	for _, value := range m[1].values {
		if name, _, _ := bytes.Cut([]byte(value), []byte("=")); !slices.Contains([]string{"age", "region", "tags", "member"}, string(name)) {
			t.Errorf("it learned %q, which it was not told to look at", value)
		}
	}
	for i, q := range profileContract().Queries {
		if got, want := m[0].Open(q).Empty(), i != 1 && i != 4; got != want {
			t.Errorf("query %d: Empty %v, want %v", i, got, want)
		}
		if !m[2].Open(q).Empty() {
			t.Errorf("query %d: it speaks, and was told of no attribute", i)
		}
	}
}

// TestWhatAllLikeIsNoAnswer holds that over those who declared something no item scores
// above 0 in the mean, however many want it, and that an attribute that tells nothing
// lifts nothing much.
func TestWhatAllLikeIsNoAnswer(t *testing.T) {
	s := newShop(t)
	all := people()
	for i := range all {
		if i%5 > 0 {
			history := append(all[i].History(), engine.Interest{Item: 0, Weight: 1})
			all[i].History = func() []engine.Interest { return history }
		}
	}
	items := []engine.ItemNum{0, 1, 2, 3, 10, 11, 28, 29}
	for _, attributes := range []string{"region", "colour", "region+age+colour"} {
		m, err := FitProfile(t.Context(), s.base, all, ProfileParams{Attributes: attributes, Lambda: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		mean, most := make([]float32, len(items)), float32(0)
		for _, d := range all[:40] {
			out := make([]float32, len(items))
			m.Open(&model.Query{Customer: d.Customer}).Score(items, out)
			vector.Axpy(1./40, out, mean)
			most = max(most, slices.Max(out))
		}
		if slices.Max(mean) > 1e-5 || slices.Min(mean) < -1e-5 {
			t.Errorf("by %s, items score %v in the mean of all", attributes, mean)
		}
		if told := attributes != "colour"; told != (most > 0.2) {
			t.Errorf("by %s, the highest score is %v", attributes, most)
		}
	}
}

func TestPick(t *testing.T) {
	all := people()
	if got := pick(all, 3); len(got) != 3 || got[0].Customer != all[0].Customer || got[2].Customer != all[2*len(all)/3].Customer {
		t.Errorf("3 of %d people: %v", len(all), got)
	}
	if got := pick(all, len(all)); len(got) != len(all) {
		t.Errorf("%d of %d people", len(got), len(all))
	}
}

func TestProfileSaved(t *testing.T) {
	s := newShop(t)
	for _, m := range profiles(t, s) {
		var data, twice bytes.Buffer
		if err := m.Save(&data); err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadProfile(bytes.NewReader(data.Bytes()), s.ids)
		if err != nil {
			t.Fatal(err)
		}
		if err := loaded.(model.Saver).Save(&twice); err != nil || !bytes.Equal(data.Bytes(), twice.Bytes()) {
			t.Errorf("saved, loaded and saved, the bytes differ: %v", err)
		}
		c := profileContract()
		joined := loaded.(model.Joiner).Join([]model.Saver{s.base})
		for _, q := range c.Queries {
			want, got := make([]float32, len(c.Items)), make([]float32, len(c.Items))
			m.Open(q).Score(c.Items, want)
			joined.Open(q).Score(c.Items, got)
			if !slices.Equal(want, got) {
				t.Errorf("loaded it scores %v, before %v", got, want)
			}
			if !loaded.Open(q).Empty() {
				t.Error("it speaks before it is joined")
			}
		}
		modeltest.Refuses(t, LoadProfile, s.ids, data.Bytes())
	}
}

func FuzzLoadProfile(f *testing.F) {
	s := newShop(f)
	f.Add(8, "region=north", "region", 0.5)
	f.Add(1<<40, "", "", -1.0)
	f.Fuzz(func(_ *testing.T, dims int, value, attributes string, edge float64) {
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, ProfileName, version)
		w.JSON(profileHead{ProfileParams{Attributes: attributes}, dims, map[string][]float64{"age": {edge}}})
		w.Texts([]string{value})
		w.Float32s(make([]float32, 2*min(max(dims, 0), 64)))
		if w.Close() != nil {
			return
		}
		if src, err := LoadProfile(&sealed, catalogue.NewIDs()); err == nil {
			src.(model.Joiner).Join([]model.Saver{s.base}).Open(&model.Query{Customer: northern}).Score([]engine.ItemNum{1, 36}, make([]float32, 2))
		}
	})
}
