package solution

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/text"
)

// desk is fixes, products and what was learnt of drawn tickets.
type drawnDesk struct {
	ids   *catalogue.IDs
	items []engine.Item
	k     *Knowledge
}

var drawnWords = strings.Fields("lamp dark bulb screw light parcel late lost courier password reset login account charged card bank refund bowl broken glaze")

func drawDesk(t interface{ Fatal(...any) }, seed uint64, questions int) *drawnDesk {
	rng := rand.New(rand.NewPCG(seed, 7))
	d := &drawnDesk{ids: catalogue.NewIDs()}
	var fixes []engine.ItemNum
	for i := range 2 + rng.IntN(8) {
		it := engine.Item{ID: engine.ItemID(fmt.Sprint("fix-", i)), Kind: engine.Solution, Title: drawnWords[i]}
		if rng.IntN(2) == 0 {
			it.AppliesTo = []engine.ItemID{"P1000"}
		}
		n, _ := d.ids.Assign(it.ID)
		d.items, fixes = append(d.items, it), append(fixes, n)
	}
	d.ids.Assign("P1000")
	rng.Shuffle(len(fixes), func(i, j int) { fixes[i], fixes[j] = fixes[j], fixes[i] })
	vectored := rng.IntN(3) > 0
	var qs []head.Question
	var solved []Solved
	asked := make(map[engine.ItemNum][]text.Question)
	for range questions {
		q := head.Question{Text: drawText(rng)}
		if vectored && rng.IntN(4) > 0 {
			q.Vector = make([]float32, 4)
			q.Vector[rng.IntN(4)] = 1
		}
		label := rng.IntN(len(fixes))
		s := Solved{Place: Place{product: []string{"", "P1000"}[rng.IntN(2)], age: []string{"", "2"}[rng.IntN(2)], channel: []string{"", "chat"}[rng.IntN(2)]}}
		if rng.IntN(5) > 0 {
			q.Labels = []int{label}
			s.Trials = append(s.Trials, Trial{Fix: fixes[label], Solved: true})
			asked[fixes[label]] = append(asked[fixes[label]], text.Question{Text: q.Text})
		}
		if rng.IntN(3) == 0 {
			s.Trials = append(s.Trials, Trial{Fix: fixes[rng.IntN(len(fixes))]})
		}
		qs, solved = append(qs, q), append(solved, s)
	}
	h, _, err := head.Fit(context.Background(), qs, len(fixes), nil, head.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	d.k = NewKnowledge(d.ids, h, fixes, append(solved, solved...))
	d.k.Asked = text.CountAsked(asked)
	if vectored {
		d.k.Encoder = "drawn"
	}
	var texts []engine.Hash16
	for i := range qs {
		texts = append(texts, engine.HashOf(qs[i].Text))
	}
	d.k.Remember(texts)
	d.k.Things = map[string]bool{drawnWords[rng.IntN(len(drawnWords))]: true, "lamp": true}
	if rng.IntN(2) == 0 {
		w := DefaultWeights()
		for i := range w.Of {
			w.Of[i] += rng.NormFloat64()
		}
		w.Nothing[2] = rng.NormFloat64()
		d.k = d.k.With(w, &Sure{Slope: 1 + rng.Float64(), Offset: rng.NormFloat64(), Failed: rng.Float64()})
	}
	return d
}

func drawText(rng *rand.Rand) string {
	var words []string
	for range 1 + rng.IntN(6) {
		words = append(words, drawnWords[rng.IntN(len(drawnWords))])
	}
	return strings.Join(words, " ")
}

// answers asks a desk under some numbering, and returns what it says without the numbers.
func (d *drawnDesk) answers(ids *catalogue.IDs, k *Knowledge, seed uint64) []Suggestion {
	var entries []catalogue.Entry
	var docs [][]string
	eligible := roaring.New()
	for i := range d.items {
		it := d.items[i]
		if n, ok := ids.Num(it.ID); ok {
			entries = append(entries, catalogue.Entry{Num: n, Item: &it})
			eligible.Add(uint32(n))
		}
		docs = append(docs, text.ItemTerms(&it))
	}
	in := Input{
		Catalogue: catalogue.New(ids).With(entries), Content: text.NewVectors(text.Fit(docs, 8, 1)).With(entries),
		Lexicon: text.NewIndex().WithAsked(k.Asked).With(entries), Eligible: eligible, Knowledge: k,
	}
	rng := rand.New(rand.NewPCG(seed, 8))
	var out []Suggestion
	for range 8 {
		in.Text, in.Channel, in.Products, in.Now, in.Encoder = drawText(rng), []string{"", "chat"}[rng.IntN(2)], nil, time.Time{}, "drawn"
		in.Vector = []float32{0, 1, 0, 0}
		if p, ok := ids.Num("P1000"); ok && rng.IntN(2) == 0 {
			in.Products = []engine.ItemNum{p}
		}
		said := Suggest(&in)
		for i := range said.Fixes {
			said.Fixes[i].Num = 0
		}
		out = append(out, said)
	}
	return out
}

func saved(t interface{ Fatal(...any) }, k *Knowledge) []byte {
	var b bytes.Buffer
	if err := k.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestKnowledgeIsSavedWhole: what is read back says the same to the bit and is saved as the
// same bytes; under other numbers, in a catalogue that has grown and lost a fix, it says the
// same of what is left.
func TestKnowledgeIsSavedWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		d := drawDesk(t, seed, rapid.IntRange(0, 25).Draw(t, "questions"))
		data := saved(t, d.k)
		again, err := Load(bytes.NewReader(data), d.ids)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(saved(t, again), data) {
			t.Fatal("saved again it is other bytes")
		}
		if !reflect.DeepEqual(again.Vectors(), d.k.Vectors()) {
			t.Fatal("read back, the vectors of its questions are others")
		}
		want := d.answers(d.ids, d.k, seed)
		if got := d.answers(d.ids, again, seed); !reflect.DeepEqual(got, want) {
			t.Fatalf("read back it says %+v, before %+v", got, want)
		}

		// The same knowledge in another store, which has one more item and lacks the last fix.
		others := catalogue.NewIDs()
		others.Assign("new here")
		for _, n := range slices.Backward(slices.Collect(numbers(d.ids.Len()))) {
			if id := d.ids.ID(n); id != d.items[len(d.items)-1].ID {
				others.Assign(id)
			}
		}
		moved, err := Load(bytes.NewReader(data), others)
		if err != nil {
			t.Fatal(err)
		}
		if got, had := len(moved.Fixes), len(d.k.Fixes); got != had-1 {
			t.Fatalf("%d fixes of %d are known without one", got, had)
		}
		for _, n := range moved.Fixes {
			old, _ := d.ids.Num(others.ID(n))
			if !reflect.DeepEqual(moved.Asked[n], d.k.Asked[old]) || moved.Outcomes.byFix[n] != d.k.Outcomes.byFix[old] {
				t.Fatalf("of %s it knows %v and %v, knew %v and %v", others.ID(n), moved.Asked[n], moved.Outcomes.byFix[n], d.k.Asked[old], d.k.Outcomes.byFix[old])
			}
		}
		d.answers(others, moved, seed)
	})
}

func numbers(n int) func(func(engine.ItemNum) bool) {
	return func(yield func(engine.ItemNum) bool) {
		for i := range n {
			if !yield(engine.ItemNum(i)) {
				return
			}
		}
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	d := drawDesk(t, 1, 12)
	modeltest.Refuses(t, func(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
		_, err := Load(r, ids)
		return nil, err
	}, d.ids, saved(t, d.k))
}

// FuzzLoad tries bytes whose checksums were mended: what is taken can be asked and saved.
func FuzzLoad(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(saved(f, drawDesk(f, seed, int(4*seed)).k))
	}
	d := drawDesk(f, 1, 4)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, modeltest.Mend(data)} {
			if k, err := Load(bytes.NewReader(data), d.ids); err == nil {
				d.answers(d.ids, k, 1)
				saved(t, k)
			}
		}
	})
}
