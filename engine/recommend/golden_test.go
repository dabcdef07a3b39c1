package recommend_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

var update = flag.Bool("update", false, "rewrite the golden lists in testdata")

// corner is an invented shop of a few shelves: what it sells, who bought what there,
// and three shoppers. The lists they get are in testdata/home for people to read.
var corner = []engine.Item{
	{ID: "lamp-brass", Title: "Brass table lamp", Categories: []string{"home/lighting"}},
	{ID: "lamp-oak", Title: "Oak floor lamp", Categories: []string{"home/lighting"}},
	{ID: "bulb-warm", Title: "Warm white bulb", Categories: []string{"home/lighting"}},
	{ID: "lantern", Title: "Garden lantern", Categories: []string{"garden", "home/lighting"}},
	{ID: "candle-set", Title: "Set of candles", Categories: []string{"home/lighting"}},
	{ID: "teapot", Title: "Blue teapot", Categories: []string{"kitchen/tea"}},
	{ID: "tea-cup", Title: "Blue tea cup", Categories: []string{"kitchen/tea"}, GroupID: "cup"},
	{ID: "tea-cup-red", Title: "Red tea cup", Categories: []string{"kitchen/tea"}, GroupID: "cup"},
	{ID: "tea-green", Title: "Green tea", Categories: []string{"kitchen/tea"}},
	{ID: "kettle", Title: "Copper kettle", Categories: []string{"kitchen"}},
	{ID: "tray", Title: "Serving tray", Categories: []string{"kitchen"}},
	{ID: "trowel", Title: "Steel trowel", Categories: []string{"garden/tools"}},
	{ID: "gloves", Title: "Garden gloves", Categories: []string{"garden/tools"}},
	{ID: "seeds", Title: "Wild flower seeds", Categories: []string{"garden"}},
	{ID: "pot-clay", Title: "Clay plant pot", Categories: []string{"garden"}},
	{ID: "test-strips", Title: "Home test strips", Categories: []string{"health"}, Sensitive: true},
	{ID: "tea-new", Title: "Jasmine tea, first harvest", Categories: []string{"kitchen/tea"}, Published: new(now.Add(-24 * time.Hour))},
}

var baskets = []string{
	"lamp-brass bulb-warm", "lamp-oak bulb-warm", "lamp-brass bulb-warm candle-set", "lamp-oak lamp-brass", "lantern candle-set",
	"teapot tea-cup tea-green", "teapot tea-cup-red", "tea-green kettle tea-cup", "teapot kettle tray tea-green", "tea-cup tray test-strips",
	"trowel gloves seeds", "seeds pot-clay", "trowel gloves pot-clay lantern", "gloves seeds", "kettle tea-green test-strips", "lamp-oak bulb-warm lantern",
	"tea-green tea-green@25 tea-green@51 tea-green@80 kettle", "bulb-warm bulb-warm@200 lamp-oak@200", "tea-green tea-green@40 tea-cup@40", // they came back
}

var shoppers = map[string]string{
	"ann":  "purchase:teapot view:kettle view:tea-cup purchase:test-strips",
	"ben":  "purchase:lamp-brass add_to_cart:lantern dismiss:candle-set",
	"cleo": "",
	"dora": "view:tea-cup view:kettle purchase:tea-green@24 purchase:candle-set@50 purchase:tea-green@55 purchase:tea-green@90 purchase:test-strips@12",
}

// The lists to read: at which place, and whose.
var pages = map[string][]string{"home": {"ann", "ben", "cleo"}, "buy-again": {"dora"}, "visit": {"dora"}}

func cornerShop() *recommend.World {
	ids := catalogue.NewIDs()
	entries := make([]catalogue.Entry, len(corner))
	for i := range corner {
		n, _ := ids.Assign(corner[i].ID)
		entries[i] = catalogue.Entry{Num: n, Item: &corner[i]}
	}
	w := recommend.NewWorld(ids, engine.DefaultSettings()).WithItems(entries)
	var histories [][]engine.Interest
	var all []engine.Row
	for i, basket := range baskets {
		var deeds []string
		for id := range strings.FieldsSeq(basket) {
			deeds = append(deeds, "purchase:"+id)
		}
		rows := happened(ids, strings.Join(deeds, " "), now.AddDate(0, 0, -i))
		all = append(all, rows...)
		histories = append(histories, w.Settings.Interests(rows, now, 0))
	}
	scale := func(weight, mean, sd float64) rank.Scale { return rank.Scale{Weight: weight, Mean: mean, SD: sd} }
	m := fitModels(w, histories, rank.Blend{
		rank.Person: {"factor": scale(0.5, 0.1, 0.2), "ease": scale(1, 0.05, 0.1), "content": scale(0.4, 0.1, 0.3), "popular": scale(0.2, 1, 0.5)},
		rank.Repeat: {"buy_again": scale(1, 0.01, 0.1), "session": scale(0.5, 0.5, 1), "itemknn": scale(0.5, 0.1, 0.2), "embed": scale(0.5, 0.1, 0.3)},
		rank.Cold:   {"popular": scale(1, 1, 0.5), "newest": scale(0.5, 0, 1)},
	}, 1)
	return w.WithModels(m, m.Encode(w.Catalogue, 2)).WithRows(all)
}

// happened reads "purchase:teapot view:kettle@24", newest first and an hour apart, but
// where days are said.
func happened(ids *catalogue.IDs, deeds string, at time.Time) []engine.Row {
	var rows []engine.Row
	for deed := range strings.FieldsSeq(deeds) {
		at = at.Add(-time.Hour)
		did, id, _ := strings.Cut(deed, ":")
		then := at
		if name, days, said := strings.Cut(id, "@"); said {
			n, err := strconv.Atoi(days)
			if err != nil {
				panic(err)
			}
			id, then = name, now.AddDate(0, 0, -n)
		}
		n, known := ids.Num(engine.ItemID(id))
		if !known {
			panic("the corner shop has no " + id)
		}
		rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{Item: engine.ItemID(id), Type: engine.Type(did), At: then}})
	}
	return rows
}

func TestGoldenLists(t *testing.T) {
	w := cornerShop()
	places := map[string]*recommend.Place{"visit": open(t, w, engine.Scenario{Name: "visit"})}
	for _, s := range engine.DefaultScenarios() {
		places[s.Name] = open(t, w, s)
	}
	for place, names := range pages {
		for _, name := range names {
			golden(t, w, places[place], name)
		}
	}
}

// golden holds one list against the one in testdata.
func golden(t *testing.T, w *recommend.World, place *recommend.Place, name string) {
	t.Helper()
	who := &recommend.Someone{Subject: engine.OfCustomer(engine.CustomerID(name)), Rows: happened(w.Catalogue.IDs(), shoppers[name], now), Bought: roaring.New()}
	for _, row := range who.Rows {
		if row.Type == engine.Purchase {
			who.Bought.Add(uint32(row.Num))
		}
	}
	answer := ask(t, &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Count: 6, Explain: engine.ExplainFull}, Now: now})
	file := filepath.Join("testdata", place.Scenario.Name, name+".txt")
	got := page(name, who, answer, w)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s's list at %s has changed; go test -update rewrites it. It is now\n%s", name, place.Scenario.Name, got)
	}
}

// page writes an answer for a reader: scores to three places, so that it is the same
// on every kind of machine.
func page(name string, who *recommend.Someone, answer engine.Answer, w *recommend.World) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nhistory\n", name)
	for _, row := range who.Rows {
		fmt.Fprintf(&b, "  %-12s %s\n", row.Type, w.Catalogue.Item(row.Num).Title)
	}
	fmt.Fprintf(&b, "\nlist (%s, %d eligible)\n", answer.Basis, answer.Eligible)
	for _, item := range answer.Items {
		fmt.Fprintf(&b, "  %d. %-28s %8.3f  most by %s\n", item.Rank, w.Catalogue.Item(item.Num).Title, item.Score, item.Source)
		for _, r := range item.Reasons {
			fmt.Fprintf(&b, "       %+8.3f  %-8s %-8s %s\n", r.Contribution, r.Type, r.Source, r.Text)
		}
	}
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}
