package recommend_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// Products, articles and fixes share one space of behaviour: one list may hold all of
// them, each near what the person did, whatever kind that was of.
func TestOneListOfEveryKind(t *testing.T) {
	kinds := []engine.Kind{engine.Product, engine.Content, engine.Solution}
	ids := catalogue.NewIDs()
	var entries []catalogue.Entry
	for _, theme := range []string{"lamp", "tea"} {
		for i := range 9 { // without words in common: only behaviour tells what belongs together
			id := engine.ItemID(fmt.Sprintf("%s-%d", theme, i))
			n, _ := ids.Assign(id)
			entries = append(entries, catalogue.Entry{Num: n, Item: &engine.Item{ID: id, Kind: kinds[i%3], Title: fmt.Sprintf("word%d", n)}})
		}
	}
	w := recommend.NewWorld(ids, engine.DefaultSettings()).WithItems(entries)
	var histories [][]engine.Interest
	for person := range 40 {
		var h []engine.Interest
		for i := range 5 {
			n := engine.ItemNum(person%2*9 + (person+i*(1+person%3))%9)
			if !slices.ContainsFunc(h, func(in engine.Interest) bool { return in.Item == n }) {
				h = append(h, engine.Interest{Item: n, Weight: 1, Type: engine.View, At: now.Add(-time.Duration(i+1) * time.Hour)})
			}
		}
		histories = append(histories, h)
	}
	var build model.Builder
	for _, h := range histories {
		build.Add(h)
	}
	embed := fitOrdered(sequences(build.Data(ids, 1).Rows, histories))[0]
	blend := rank.Blend{rank.Person: {"embed": {Weight: 1, SD: 1}}}
	m := recommend.NewModels(1, now, []model.Saver{embed}, text.Untrained(recommend.EncoderDims), blend)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	for theme, first := range map[string]engine.ItemNum{"lamp": 0, "tea": 9} {
		for of := range 3 { // a product, an article, a fix
			n := first + engine.ItemNum(of)
			row := engine.Row{Num: n, Interaction: engine.Interaction{Item: ids.ID(n), Type: engine.View, At: now}}
			answer := ask(t, &recommend.Input{
				World: w, Place: open(t, w, engine.Scenario{Name: "feed", Exclude: []engine.Type{engine.View}}),
				Someone: &recommend.Someone{Subject: engine.OfSession("s"), Rows: []engine.Row{row}},
				Request: &engine.Request{Kinds: kinds, Count: 8},
			})
			seen := map[engine.Kind]int{}
			for _, item := range answer.Items {
				seen[item.Kind]++
				if item.Num/9 != first/9 {
					t.Errorf("after %s of %s: %s at rank %d", ids.ID(n), theme, item.Item, item.Rank)
				}
			}
			if len(seen) != 3 || answer.Basis != engine.BasisSession || answer.Items[0].Source != "embed" {
				t.Errorf("after %s: kinds %v by %s, source %s", ids.ID(n), seen, answer.Basis, answer.Items[0].Source)
			}
		}
	}
}
