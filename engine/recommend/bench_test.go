package recommend_test

import (
	"context"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// One answer of the size of the sample shop: 2,500 items, factors of 64 dimensions,
// EASE, content and popularity, for somebody with a history of 50 items: for the first
// time, and again while nothing happened to them. What is allocated must not grow with the
// items.
func BenchmarkRecommend(b *testing.B) {
	w, place, who := benchShop(b, 2500)
	kept := *who
	kept.Keep()
	for name, who := range map[string]*recommend.Someone{"first": who, "again": &kept} {
		for _, depth := range []engine.Explain{engine.ExplainNone, engine.ExplainSources, engine.ExplainFull} {
			b.Run(name+"/explain="+string(depth), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					answer := ask(b, &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Explain: depth}})
					if len(answer.Items) != engine.DefaultCount {
						b.Fatal(len(answer.Items))
					}
				}
			})
		}
	}
}

// benchShop is a shop of so many items, one of its places, and somebody with a history.
func benchShop(b *testing.B, items int) (*recommend.World, *recommend.Place, *recommend.Someone) {
	b.Helper()
	w := village(items, upTo(items))
	histories := modeltest.Histories(8, 1500, items, 20)
	var build model.Builder
	for _, h := range histories {
		build.Add(h)
	}
	data := build.Data(w.Catalogue.IDs(), 1)
	f, err := factor.Fit(context.Background(), data, factor.Params{Epochs: 2, Workers: 2}, nil)
	if err != nil {
		b.Fatal(err)
	}
	e, err := neighbour.Fit(context.Background(), data, neighbour.Params{Workers: 2})
	if err != nil {
		b.Fatal(err)
	}
	m := recommend.NewModels(1, now, []model.Saver{f, e}, text.Untrained(recommend.EncoderDims), everything())
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	who := &recommend.Someone{}
	for n := range 50 {
		row := purchases(w.Catalogue.IDs(), theID(n*37%items))[0]
		row.At = now.Add(-time.Duration(n) * time.Hour)
		who.Rows = append(who.Rows, row)
	}
	w = w.WithRows(who.Rows)
	return w, open(b, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}}), who
}

// An answer after an item was written, of customers who asked before: of its price alone, which
// shops send all day, and of its words, which ends what is kept of them.
func BenchmarkRecommendAfterAWrite(b *testing.B) {
	const items, people = 2500, 20
	w, place, _ := benchShop(b, items)
	asking := make([]*recommend.Someone, people)
	for p := range asking {
		asking[p] = &recommend.Someone{}
		for n := range 50 {
			row := purchases(w.Catalogue.IDs(), theID((p*211+n*37)%items))[0]
			row.At = now.Add(-time.Duration(n) * time.Hour)
			asking[p].Rows = append(asking[p].Rows, row)
		}
		asking[p].Keep()
	}
	all := func() {
		for _, who := range asking {
			ask(b, &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{}})
		}
	}
	for name, change := range map[string]func(it *engine.Item, n int){
		"price": func(it *engine.Item, n int) { it.Price = new(float64(n)) },
		"words": func(it *engine.Item, n int) { it.Title = words[n%len(words)] },
	} {
		b.Run(name, func(b *testing.B) {
			all()
			all()
			n := 0
			for b.Loop() {
				n++
				num := engine.ItemNum(n % items)
				item := *w.Catalogue.Item(num)
				change(&item, n)
				w = withItem(w, num, &item)
				all()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*people), "us/answer")
		})
	}
}
