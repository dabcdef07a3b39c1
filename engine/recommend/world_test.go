package recommend_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/engine/session"
	"github.com/rapportengine/rapport/engine/text"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// shop is a random shop: its world, and its items kept apart, for the plain way.
type shop struct {
	world *recommend.World
	items []*engine.Item // by number; nil: deleted, or never more than a placeholder
}

func theID(n int) engine.ItemID { return engine.ItemID(fmt.Sprintf("i%03d", n)) }

func pick[T any](t *rapid.T, list ...T) T { return rapid.SampledFrom(list).Draw(t, "pick") }

func sometimes(t *rapid.T, one int) bool { return rapid.IntRange(1, one).Draw(t, "sometimes") == one }

func maybe[T any](t *rapid.T, one int, v func() T) *T {
	if !sometimes(t, one) {
		return nil
	}
	x := v()
	return &x
}

func moment(t *rapid.T) time.Time {
	return now.Add(time.Duration(rapid.IntRange(-1000, 100).Draw(t, "minutes")) * time.Minute)
}

var words = []string{"lamp", "lantern", "light", "shoe", "boot", "running", "garden", "kettle", "tea", "cup", "red", "blue"}

func drawItem(t *rapid.T, n int) *engine.Item {
	it := &engine.Item{
		ID:         theID(n),
		Kind:       pick(t, "", engine.Product, engine.Product, engine.Content, engine.Solution),
		Title:      fmt.Sprintf("T%03d %s %s", n, pick(t, words...), pick(t, words...)),
		Text:       strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(t, "text"), " "),
		Categories: rapid.SliceOfN(rapid.SampledFrom([]string{"home", "home/light", "shoes", "shoes/run"}), 0, 2).Draw(t, "categories"),
		Price:      maybe(t, 2, func() float64 { return pick(t, 1, 9.5, 20, 80) }),
		Stock:      maybe(t, 4, func() int64 { return pick[int64](t, 0, 1, 5) }),
		Published:  maybe(t, 4, func() time.Time { return moment(t) }),
		Expires:    maybe(t, 6, func() time.Time { return moment(t).Add(12 * time.Hour) }),
		Hidden:     sometimes(t, 10),
		Sensitive:  sometimes(t, 4),
		Visibility: pick(t, "", "", engine.Public, engine.AgentOnly),
		GroupID:    pick(t, "", "", "", "g1", "g2"),
		Attributes: engine.Attributes{},
	}
	if sometimes(t, 3) {
		it.AppliesTo = []engine.ItemID{theID(rapid.IntRange(0, 9).Draw(t, "applies to")), theID(rapid.IntRange(0, 30).Draw(t, "applies to"))}
		if sometimes(t, 4) {
			it.AppliesTo = append(it.AppliesTo, "nobody knows it")
		}
		it.Kind = pick(t, it.Kind, engine.Offer)
		it.Categories = append(it.Categories, rapid.SliceOfN(rapid.SampledFrom([]string{"home/Spare Parts", "shoes/spare-parts/small", "apart"}), 0, 1).Draw(t, "part")...)
	}
	if sometimes(t, 12) {
		it.Kind, it.Attributes["product_id"] = pick(t, it.Kind, engine.Offer), string(pick(t, theID(rapid.IntRange(0, 9).Draw(t, "offer for")), "nobody knows it"))
	}
	if sometimes(t, 12) {
		it.Attributes["part"] = rapid.Bool().Draw(t, "is a part")
	}
	if n == 0 || sometimes(t, 2) { // the first item has them all: every filter compiles
		it.Attributes["colour"] = pick(t, "red", "green", "blue")
	}
	if n == 0 || sometimes(t, 2) {
		it.Attributes["size"] = float64(rapid.IntRange(0, 4).Draw(t, "size"))
	}
	if n == 0 || sometimes(t, 2) {
		it.Attributes["organic"] = rapid.Bool().Draw(t, "organic")
	}
	if n == 0 || sometimes(t, 2) {
		it.Attributes["tags"] = append([]string{pick(t, "a", "b")}, rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 2).Draw(t, "tags")...)
	}
	return it
}

var types = []engine.Type{
	engine.View, engine.Click, engine.AddToCart, engine.Purchase, engine.Purchase, engine.Return, engine.Rating,
	engine.Bookmark, engine.Dismiss, engine.Seen, "own",
}

func drawRows(t *rapid.T, items, most int) []engine.Row {
	rows := make([]engine.Row, rapid.IntRange(0, most).Draw(t, "rows"))
	for i := range rows {
		n := rapid.IntRange(0, items-1).Draw(t, "item")
		rows[i] = engine.Row{Num: engine.ItemNum(n), Seq: uint64(i), Interaction: engine.Interaction{
			Item: theID(n), Type: pick(t, types...), At: moment(t), Quantity: pick(t, 0.0, 1, 3),
		}}
		if sometimes(t, 20) {
			rows[i].Item = "" // a search, say: it is about no item
		}
	}
	return rows
}

// drawShop draws a shop of at most the given number of items, some of them in bitmaps
// and some changed since, with models really fitted on random behaviour.
func drawShop(t *rapid.T, most int) *shop {
	count := rapid.IntRange(1, most).Draw(t, "items")
	ids := catalogue.NewIDs()
	s := &shop{items: make([]*engine.Item, count)}
	var entries, later []catalogue.Entry
	for n := range count {
		ids.Assign(theID(n))
		if n > 0 && sometimes(t, 12) {
			continue // an event named it, nobody described it
		}
		s.items[n] = drawItem(t, n)
		entries = append(entries, catalogue.Entry{Num: engine.ItemNum(n), Item: s.items[n]})
	}
	for n := count; n < count+200; n++ { // enough changes that they go into the bitmaps
		entries = append(entries, catalogue.Entry{Num: engine.ItemNum(n)})
	}
	w := recommend.NewWorld(ids, engine.DefaultSettings()).WithItems(entries)
	var all []engine.Row
	var histories [][]engine.Interest
	for range rapid.IntRange(0, 8).Draw(t, "customers") {
		rows := drawRows(t, count, 12)
		all = append(all, rows...)
		histories = append(histories, w.Settings.Interests(rows, now, 0))
	}
	m := fitModels(w, histories, drawBlend(t), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2)).WithRows(all)
	for n := 1; n < count; n++ {
		if sometimes(t, 8) {
			s.items[n] = nil
			if !sometimes(t, 3) {
				s.items[n] = drawItem(t, n)
			}
			later = append(later, catalogue.Entry{Num: engine.ItemNum(n), Item: s.items[n]})
		}
	}
	s.world = w.WithItems(later)
	return s
}

// fitModels fits all sources on histories.
func fitModels(w *recommend.World, histories [][]engine.Interest, b rank.Blend, workers int) *recommend.Models {
	var build model.Builder
	for _, h := range histories {
		build.Add(h)
	}
	data := build.Data(w.Catalogue.IDs(), 1)
	f, err := factor.Fit(context.Background(), data, factor.Params{Dims: 8, Epochs: 3, Seed: 7, Workers: workers}, nil)
	if err != nil {
		panic(err)
	}
	e, err := neighbour.Fit(context.Background(), data, neighbour.Params{Lambda: 5, MaxItems: 400, Workers: workers})
	if err != nil {
		panic(err)
	}
	items, err := neighbour.FitItems(context.Background(), data, neighbour.ItemParams{Workers: workers})
	if err != nil {
		panic(err)
	}
	fitted := append([]model.Saver{f, e, items}, fitOrdered(sequences(data.Rows, histories))...)
	var docs [][]string
	for _, it := range w.Catalogue.Items() {
		docs = append(docs, text.ItemTerms(it))
	}
	return recommend.NewModels(3, now.Add(-time.Hour), fitted, text.Fit(docs, 16, 7), b)
}

// fitOrdered fits the sources that learn from order and repetition.
func fitOrdered(seqs *model.Sequences) []model.Saver {
	v, err := embed.Fit(context.Background(), seqs, embed.Params{Method: embed.PPMI, Dims: 4, MinCount: 1, Subsample: 1})
	if err != nil {
		panic(err)
	}
	s, err := session.Fit(context.Background(), seqs, session.Params{Quantile: 1})
	if err != nil {
		panic(err)
	}
	r, err := repeat.Fit(context.Background(), seqs, repeat.Params{})
	if err != nil {
		panic(err)
	}
	b, err := basket.Fit(context.Background(), seqs, basket.Params{K: 5})
	if err != nil {
		panic(err)
	}
	return []model.Saver{v, s, r, b}
}

// sequences tells histories, newest first, as what was done in order; of what was bought
// again, as often as it was, in even steps.
func sequences(rows *model.Rows, histories [][]engine.Interest) *model.Sequences {
	seqs := &model.Sequences{Rows: rows}
	for _, h := range histories {
		var steps []model.Step
		for _, in := range slices.Backward(h) {
			row, ok := rows.Row(in.Item)
			if !ok || in.Weight <= 0 {
				continue
			}
			step := model.Step{Row: uint32(row), Type: in.Type, At: in.At, Weight: float32(in.Weight)}
			for i := range in.Bought - 1 {
				before := step
				before.At = in.FirstBought.Add(in.LastBought.Sub(in.FirstBought) * time.Duration(i) / time.Duration(in.Bought-1))
				steps = append(steps, before)
			}
			steps = append(steps, step)
			if in.At.After(seqs.Newest) {
				seqs.Newest = in.At
			}
		}
		slices.SortStableFunc(steps, func(a, b model.Step) int { return a.At.Compare(b.At) })
		if len(steps) > 0 {
			seqs.Add(steps)
		}
	}
	return seqs
}

func drawBlend(t *rapid.T) rank.Blend {
	b := rank.Blend{}
	tasks := slices.Clone(rank.Tasks)
	for _, task := range []rank.Task{"person/solution", "repeat/content+product", "anchor/product", "repeat?price < 20"} {
		if sometimes(t, 2) {
			tasks = append(tasks, task)
		}
	}
	for _, task := range tasks {
		b[task] = make(map[string]rank.Scale)
		for _, name := range []string{"factor", "ease", "itemknn", "embed", "session", "buy_again", "tifu", "content", "popular", "popular_month", "popular_days", "trending", "click_through", "newest"} {
			if personal := !slices.Contains([]string{"content", "popular", "popular_month", "popular_days", "trending", "click_through", "newest"}, name); task == rank.Cold && personal || sometimes(t, 4) {
				continue
			}
			b[task][name] = rank.Scale{Weight: pick(t, 0, 0.1, 0.7, 1, 2), Mean: pick(t, 0, 0.03, 0.5), SD: pick(t, 0.07, 0.3, 1)}
		}
	}
	return b
}

func drawSomeone(t *rapid.T, s *shop) *recommend.Someone {
	if sometimes(t, 8) {
		return &recommend.Someone{}
	}
	who := &recommend.Someone{
		Subject: pick(t, engine.OfCustomer("ann"), engine.OfSession("77")),
		Rows:    drawRows(t, len(s.items), 15), Bought: roaring.New(), Dismissed: roaring.New(),
	}
	for _, r := range who.Rows {
		if r.Item != "" && r.Type == engine.Purchase {
			who.Bought.Add(uint32(r.Num))
		}
		if r.Item != "" && r.Type == engine.Dismiss {
			who.Dismissed.Add(uint32(r.Num))
		}
	}
	who.Bought.Add(uint32(rapid.IntRange(0, len(s.items)-1).Draw(t, "bought long ago")))
	if sometimes(t, 2) {
		who.Tickets = drawTickets(t, s, who.Rows)
	}
	if who.Subject.Kind == engine.CustomerSubject && sometimes(t, 2) {
		who.Customer = &engine.Customer{ID: "ann", Attributes: engine.Attributes{"size": 2.0}}
		if sometimes(t, 3) {
			who.Customer.Consent = map[engine.Purpose]bool{engine.Personalise: false}
		}
		if sometimes(t, 2) {
			who.Customer.Preferences = engine.Preferences{
				MutedItems:      []engine.ItemID{drawID(t, s), "nobody knows it"},
				MutedCategories: []string{pick(t, "home", "home/light", "shoes/run")},
			}
		}
	}
	return who
}

// drawTickets draws open tickets, some about an order, which some rows then belong to.
func drawTickets(t *rapid.T, s *shop, rows []engine.Row) (list []recommend.OpenTicket) {
	for i := range rapid.IntRange(0, 4).Draw(t, "tickets") {
		open := recommend.OpenTicket{ID: fmt.Sprint("t", i), At: moment(t)}
		if rapid.Bool().Draw(t, "by product") {
			open.Product = pick(t, drawID(t, s), drawID(t, s), "nobody knows it")
		} else {
			open.Order = fmt.Sprint("o", i)
			for r := range rows {
				if rows[r].OrderID == "" && sometimes(t, 3) {
					rows[r].OrderID = open.Order
				}
			}
		}
		if sometimes(t, 2) {
			open.Failed = append(drawIDs(t, s, 3), "nobody knows it")
		}
		list = append(list, open)
	}
	slices.SortFunc(list, recommend.ByTicketTime)
	return list
}

func drawID(t *rapid.T, s *shop) engine.ItemID {
	return theID(rapid.IntRange(0, len(s.items)-1).Draw(t, "id"))
}

func drawIDs(t *rapid.T, s *shop, most int) []engine.ItemID {
	var out []engine.ItemID
	for range rapid.IntRange(0, most).Draw(t, "ids") {
		out = append(out, drawID(t, s))
	}
	return out
}

// said is an expression with its meaning, told without the package that evaluates it.
type said struct {
	text  string
	holds func(who *recommend.Someone, n engine.ItemNum, it *engine.Item) bool
}

// drawSaid draws an expression: from one that holds of every item to one that holds of
// one alone.
func drawSaid(t *rapid.T, s *shop, depth int, naming bool) said {
	most := 9
	if depth == 0 {
		most = 7
	}
	switch rapid.IntRange(0, most).Draw(t, "expression") {
	case 0:
		return said{"true", func(*recommend.Someone, engine.ItemNum, *engine.Item) bool { return true }}
	case 1:
		if !naming {
			return said{"organic", func(_ *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool {
				return it.Attributes["organic"] == true
			}}
		}
		id := drawID(t, s)
		return said{"item_id == " + strconv.Quote(string(id)), func(_ *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool { return it.ID == id }}
	case 2:
		colour := pick(t, "red", "green", "blue")
		return said{"colour == " + strconv.Quote(colour), func(_ *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool {
			return it.Attributes["colour"] == colour
		}}
	case 3:
		size := rapid.IntRange(0, 4).Draw(t, "size")
		return said{fmt.Sprintf("size <= %d", size), func(_ *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool {
			v, ok := it.Attributes["size"].(float64)
			return ok && v <= float64(size)
		}}
	case 4:
		tag := pick(t, "a", "b", "c")
		return said{strconv.Quote(tag) + " in tags", func(_ *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool {
			v, ok := it.Attributes["tags"].([]string)
			return ok && slices.Contains(v, tag)
		}}
	case 5:
		return said{`"home" in categories`, func(_ *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool {
			return slices.ContainsFunc(it.Categories, func(c string) bool { return c == "home" || strings.HasPrefix(c, "home/") })
		}}
	case 6:
		return said{"viewed(300m)", func(who *recommend.Someone, n engine.ItemNum, _ *engine.Item) bool {
			return slices.ContainsFunc(who.Rows, func(r engine.Row) bool {
				return r.Item != "" && r.Num == n && (r.Type == engine.View || r.Type == engine.Click) && now.Sub(r.At) <= 300*time.Minute
			})
		}}
	case 7:
		return said{"size == customer.size", func(who *recommend.Someone, _ engine.ItemNum, it *engine.Item) bool {
			return who.Customer != nil && it.Attributes["size"] == who.Customer.Attributes["size"]
		}}
	case 8:
		part := drawSaid(t, s, depth-1, naming)
		return said{"!(" + part.text + ")", func(who *recommend.Someone, n engine.ItemNum, it *engine.Item) bool { return !part.holds(who, n, it) }}
	}
	a, b := drawSaid(t, s, depth-1, naming), drawSaid(t, s, depth-1, naming)
	if rapid.Bool().Draw(t, "and") {
		return said{"(" + a.text + ") && (" + b.text + ")", func(who *recommend.Someone, n engine.ItemNum, it *engine.Item) bool {
			return a.holds(who, n, it) && b.holds(who, n, it)
		}}
	}
	return said{"(" + a.text + ") || (" + b.text + ")", func(who *recommend.Someone, n engine.ItemNum, it *engine.Item) bool {
		return a.holds(who, n, it) || b.holds(who, n, it)
	}}
}
