package filter

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// shop makes a catalogue of plain goods.
func shop(count int) *catalogue.Snapshot {
	ids := catalogue.NewIDs()
	random := rand.New(rand.NewPCG(1, 2))
	entries := make([]catalogue.Entry, count)
	for i := range entries {
		n, _ := ids.Assign(theID(i))
		entries[i] = catalogue.Entry{Num: n, Item: ware(random, theID(i))}
	}
	return catalogue.New(ids).With(entries)
}

func ware(random *rand.Rand, id engine.ItemID) *engine.Item {
	price, stock := float64(random.IntN(20_000))/100, int64(random.IntN(10))
	published := now.Add(-time.Duration(random.IntN(1000)) * time.Hour)
	return &engine.Item{
		ID: id, Price: &price, Stock: &stock, Published: &published,
		Categories: []string{fmt.Sprintf("c%d/d%d", random.IntN(20), random.IntN(10))},
		GroupID:    fmt.Sprint("g", random.IntN(30_000)),
		Attributes: engine.Attributes{
			"brand": fmt.Sprint("b", random.IntN(500)), "part": string(id), "weight": random.Float64(),
			"colours": []string{fmt.Sprint("c", random.IntN(12)), fmt.Sprint("c", random.IntN(12))}, "organic": random.IntN(5) == 0,
		},
	}
}

func shopper(s *catalogue.Snapshot) *Env {
	env := &Env{Catalogue: s, Now: now, Bought: roaring.BitmapOf(1, 2, 3), Customer: &engine.Customer{Attributes: engine.Attributes{"budget": 120.0}}}
	for i := range 100 {
		env.History = append(env.History, engine.Row{Num: engine.ItemNum(i * 7), Interaction: engine.Interaction{Item: theID(i * 7), Type: engine.Purchase, At: now.Add(-time.Duration(i) * time.Hour)}})
	}
	return env
}

const threeTerms = `"c3" in categories && price < 80 && brand != "b7"`

// Many requests share plans, snapshots and their caches while the catalogue changes.
func TestReadersAndWriter(t *testing.T) {
	first := shop(2000)
	rules := &Rules{Kinds: []engine.Kind{engine.Product}, Exclude: []engine.Type{engine.Purchase}, Filters: []*Plan{
		plan(t, threeTerms+" && !bought(50h)"), plan(t, "price < customer.budget || organic || published > now - 1d"),
	}}
	env := shopper(first)
	want, err := Eligible(env, rules)
	if err != nil || want.IsEmpty() {
		t.Fatalf("Eligible: %v, %v", want, err)
	}
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 100 {
				got, err := Eligible(env, rules)
				if err != nil || !got.Equals(want) {
					t.Errorf("the first snapshot has %v eligible (%v), want %v", got.GetCardinality(), err, want.GetCardinality())
					return
				}
				got.Flip(0, 2000)
			}
		})
	}
	random := rand.New(rand.NewPCG(3, 4))
	s := first
	for range 600 {
		n := engine.ItemNum(random.IntN(2000))
		s = s.With([]catalogue.Entry{{Num: n, Item: ware(random, theID(int(n)))}})
	}
	readers.Wait()
	env = shopper(s)
	got, err := Eligible(env, rules)
	byHand := bruteForce(env, func(n engine.ItemNum, it *engine.Item) bool {
		return allowed(env, rules, n, it) && rules.Filters[0].Match(env, n) && rules.Filters[1].Match(env, n)
	})
	if err != nil || !slices.Equal(got.ToArray(), byHand) {
		t.Errorf("the last snapshot has %v (%v), want %v", got.ToArray(), err, byHand)
	}
}

func BenchmarkWithOne(b *testing.B) {
	s := shop(100_000)
	random := rand.New(rand.NewPCG(3, 4))
	wares := make([]*engine.Item, 1000)
	for i := range wares {
		wares[i] = ware(random, theID(i*97))
	}
	for i := 0; b.Loop(); i++ {
		s = s.With([]catalogue.Entry{{Num: engine.ItemNum(i % 1000 * 97), Item: wares[i%1000]}})
	}
}

// changed puts so many single changes on a snapshot.
func changed(s *catalogue.Snapshot, count int) *catalogue.Snapshot {
	random := rand.New(rand.NewPCG(5, 6))
	for i := range count {
		s = s.With([]catalogue.Entry{{Num: engine.ItemNum(i * 97), Item: ware(random, theID(i*97))}})
	}
	return s
}

func BenchmarkEligible(b *testing.B) {
	s := shop(100_000)
	for _, c := range []struct {
		name, filter string
		changed      int
	}{
		{"no filter", "", 0},
		{"three terms", threeTerms, 0},
		{"three terms, 100 items changed", threeTerms, 100},
		{"of the request", `price < customer.budget && !bought(50h) && "c3" in categories`, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			env := shopper(changed(s, c.changed))
			rules := &Rules{Kinds: []engine.Kind{engine.Product}, Exclude: []engine.Type{engine.Purchase}}
			if c.filter != "" {
				rules.Filters = []*Plan{plan(b, c.filter)}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Eligible(env, rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	s := shop(1000)
	for b.Loop() {
		e, err := Parse(threeTerms)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Compile(e, s); err != nil {
			b.Fatal(err)
		}
	}
}
