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
	const items = 2500
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
	w = w.WithModels(m, m.Encode(w.Catalogue))
	who := &recommend.Someone{}
	for n := range 50 {
		row := purchases(w.Catalogue.IDs(), theID(n*37%items))[0]
		row.At = now.Add(-time.Duration(n) * time.Hour)
		who.Rows = append(who.Rows, row)
	}
	w = w.WithRows(who.Rows)
	place := open(b, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}})
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
