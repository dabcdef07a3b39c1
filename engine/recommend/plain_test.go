package recommend_test

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// asked is a random request with what it means, for the plain way.
type asked struct {
	shop    *shop
	in      *recommend.Input
	filters []said
	boosts  []lifted
}

type lifted struct {
	said
	add float64
}

func drawBoosts(t *rapid.T, s *shop) (boosts []engine.Boost, meant []lifted) {
	for range rapid.IntRange(0, 2).Draw(t, "boosts") {
		l := lifted{drawSaid(t, s, 1, false), pick(t, -3, 0.25, 1, 3)}
		boosts, meant = append(boosts, engine.Boost{Filter: l.text, Add: l.add}), append(meant, l)
	}
	return boosts, meant
}

func drawPins(t *rapid.T, s *shop) []engine.Pin {
	var pins []engine.Pin
	if sometimes(t, 2) {
		for range rapid.IntRange(0, 4).Draw(t, "pins") {
			p := engine.Pin{Item: drawID(t, s), Rank: rapid.IntRange(1, 12).Draw(t, "rank")}
			if !slices.ContainsFunc(pins, func(q engine.Pin) bool { return p.Item == q.Item || p.Rank == q.Rank }) { // else it is refused
				pins = append(pins, p)
			}
		}
	}
	return pins
}

// drawAsked draws whom a list is for, where it stands and what it is to be.
func drawAsked(t *rapid.T, s *shop) *asked {
	a := &asked{shop: s}
	scenario := engine.Scenario{
		Name:     "place",
		Exclude:  rapid.SliceOfNDistinct(rapid.SampledFrom([]engine.Type{engine.Purchase, engine.Dismiss, engine.View}), 0, 3, rapid.ID).Draw(t, "exclude"),
		Audience: pick(t, "", "", engine.AgentOnly),

		OpenTickets: pick(t, "", engine.SteerByTickets, engine.ExcludeByTickets, engine.IgnoreTickets),
	}
	req := &engine.Request{
		Count:   rapid.IntRange(1, 15).Draw(t, "count"),
		Exclude: drawIDs(t, s, 3),
		Explain: pick(t, "", engine.ExplainNone, engine.ExplainSources, engine.ExplainFull),
	}
	if sometimes(t, 3) {
		scenario.Kinds = []engine.Kind{engine.Product, engine.Content}
	}
	if sometimes(t, 5) {
		req.Kinds = []engine.Kind{pick(t, engine.Product, engine.Solution)}
	}
	if sometimes(t, 3) {
		a.filters = append(a.filters, drawSaid(t, s, 1, true))
		scenario.Filter = a.filters[0].text
	}
	if sometimes(t, 2) {
		f := drawSaid(t, s, 2, true)
		a.filters = append(a.filters, f)
		req.Filter = f.text
	}
	if sometimes(t, 6) {
		scenario.Blend = map[string]float64{pick(t, "factor", "content", "newest"): pick(t, 0, 0.5, 3)}
	}
	scenario.Boosts, a.boosts = drawBoosts(t, s)
	more, meant := drawBoosts(t, s)
	req.Boosts, a.boosts = more, append(a.boosts, meant...)
	scenario.Pins, req.Pins = drawPins(t, s), drawPins(t, s)
	if sometimes(t, 3) {
		req.Collapse = new(rapid.Bool().Draw(t, "collapse"))
	}
	if sometimes(t, 6) {
		req.MinRelevance = new(pick(t, -1.0, 0, 0.5, 5))
	}
	switch rapid.IntRange(0, 5).Draw(t, "about") {
	case 0:
		req.Item = drawID(t, s)
	case 1:
		req.Basket = drawIDs(t, s, 3)
	case 2:
		req.Query = pick(t, "red lamp", "running shoes", "the", "nothing of the kind")
	}
	place, err := recommend.NewPlace(scenario, s.world.Catalogue)
	if err != nil {
		t.Fatalf("NewPlace(%+v): %v", scenario, err)
	}
	a.in = &recommend.Input{World: s.world, Place: place, Someone: drawSomeone(t, s), Request: req, Now: now, Offline: sometimes(t, 6)}
	return a
}

func (a *asked) refuses() bool {
	c := a.in.Someone.Customer
	return c != nil && c.Consent[engine.Personalise] == false && c.Consent != nil
}

// eligible says of one item whether it may be in the list, by looking at it.
func (a *asked) eligible(n engine.ItemNum, it *engine.Item) bool {
	in, req, who := a.in, a.in.Request, a.in.Someone
	kinds := in.Place.Scenario.Kinds
	if len(req.Kinds) > 0 {
		kinds = req.Kinds
	}
	kind := it.Kind
	if kind == "" {
		kind = engine.Product
	}
	switch {
	case it.Published != nil && it.Published.After(now), it.Expires != nil && !it.Expires.After(now):
		return false
	case !in.Offline && (it.Hidden || it.Stock != nil && *it.Stock <= 0):
		return false
	case it.Visibility == engine.AgentOnly && in.Place.Scenario.Audience != engine.AgentOnly:
		return false
	case len(kinds) > 0 && !slices.Contains(kinds, kind):
		return false
	case slices.Contains(req.Exclude, it.ID), slices.Contains(req.Basket, it.ID), req.Item == it.ID:
		return false
	}
	for _, t := range in.Place.Scenario.Exclude {
		if slices.ContainsFunc(who.Rows, func(r engine.Row) bool { return r.Item == it.ID && r.Type == t }) ||
			t == engine.Purchase && who.Bought != nil && who.Bought.Contains(uint32(n)) ||
			t == engine.Dismiss && who.Dismissed != nil && who.Dismissed.Contains(uint32(n)) {
			return false
		}
	}
	for _, f := range a.filters {
		if !f.holds(who, n, it) {
			return false
		}
	}
	if !in.Offline && in.Place.Scenario.OpenTickets != engine.IgnoreTickets {
		for i := range who.Tickets {
			if about := a.concerned(&who.Tickets[i]); about[it.ID] || it.Kind == engine.Offer && (namesOne(it.AppliesTo, about) || about[offered(it)]) {
				return false
			}
			if a.alike(who.Tickets[i].Failed)[it.ID] {
				return false
			}
		}
	}
	return in.Offline || who.Customer == nil || !isMuted(&who.Customer.Preferences, it)
}

// concerned are the products a ticket is about, and their variants.
func (a *asked) concerned(t *recommend.OpenTicket) map[engine.ItemID]bool {
	about := []engine.ItemID{t.Product}
	for _, r := range a.in.Someone.Rows {
		if t.Product == "" && t.Order != "" && r.OrderID == t.Order && r.Item != "" {
			about = append(about, r.Item)
		}
	}
	return a.alike(about)
}

// alike are items and their variants.
func (a *asked) alike(ids []engine.ItemID) map[engine.ItemID]bool {
	out := make(map[engine.ItemID]bool)
	for _, id := range ids {
		out[id] = id != ""
	}
	groups := map[string]bool{}
	for n, it := range a.shop.items {
		if it != nil && out[theID(n)] {
			groups[it.GroupID] = true
		}
	}
	for n, it := range a.shop.items {
		if it != nil && it.GroupID != "" && groups[it.GroupID] {
			out[theID(n)] = true
		}
	}
	return out
}

func namesOne(ids []engine.ItemID, of map[engine.ItemID]bool) bool {
	return slices.ContainsFunc(ids, func(id engine.ItemID) bool { return of[id] })
}

func offered(it *engine.Item) engine.ItemID {
	id, _ := it.Attributes["product_id"].(string)
	return engine.ItemID(id)
}

// help are the ranks of what helps with open tickets: the best two by score for each,
// newest ticket first, and six in all, at the ranks that pins of the shop leave.
func (a *asked) help(scored []rank.Scored, pins []engine.Pin) (out []engine.Pin) {
	place, who := a.in.Place.Scenario, a.in.Someone
	if a.in.Offline || a.refuses() || place.OpenTickets != "" && place.OpenTickets != engine.SteerByTickets {
		return nil
	}
	collapse := a.in.Request.Collapse == nil || *a.in.Request.Collapse
	taken, used, groups := map[int]bool{}, map[engine.ItemID]bool{}, map[string]bool{}
	use := func(it *engine.Item) {
		used[it.ID] = true
		groups[it.GroupID] = it.GroupID != "" && collapse
	}
	for _, p := range pins {
		if i := slices.IndexFunc(scored, func(s rank.Scored) bool { return a.shop.items[s.Item].ID == p.Item }); i >= 0 {
			taken[p.Rank] = true
			use(a.shop.items[scored[i].Item])
		}
	}
	at := 1
	for i := range who.Tickets {
		about, count := a.concerned(&who.Tickets[i]), 0
		for _, s := range scored {
			it := a.shop.items[s.Item]
			part := slices.ContainsFunc(it.Categories, func(c string) bool { return c == "home/Spare Parts" || c == "shoes/spare-parts/small" })
			if said, is := it.Attributes["part"].(bool); is {
				part = said
			}
			helps := namesOne(it.AppliesTo, about) && (part || it.Kind == engine.Solution || it.Kind == engine.Content)
			if !helps || count == 2 || len(out) == 6 || used[it.ID] || groups[it.GroupID] {
				continue
			}
			for taken[at] {
				at++
			}
			out = append(out, engine.Pin{Item: it.ID, Rank: at})
			use(it)
			at++
			count++
		}
	}
	return out
}

func isMuted(p *engine.Preferences, it *engine.Item) bool {
	return slices.Contains(p.MutedItems, it.ID) || slices.ContainsFunc(p.MutedCategories, func(muted string) bool {
		return slices.ContainsFunc(it.Categories, func(c string) bool { return c == muted || strings.HasPrefix(c, muted+"/") })
	})
}

// query is what the sources are asked, put together by hand.
func (a *asked) query() *model.Query {
	w, req := a.in.World, a.in.Request
	q := &model.Query{Now: now, Catalogue: w.Catalogue, Content: w.Content, Counters: w.Counters}
	if !a.refuses() {
		q.Rows = a.in.Someone.Rows
		q.History = w.Settings.Interests(a.in.Someone.Rows, w.Models.LogTime, engine.MaxHistory)
	}
	about := req.Basket
	if req.Item != "" {
		about = []engine.ItemID{req.Item}
	}
	for _, id := range about {
		n, _ := w.Catalogue.IDs().Num(id)
		if !slices.Contains(q.Anchors, n) {
			q.Anchors = append(q.Anchors, n)
		}
	}
	if req.Query != "" {
		q.Text = w.Models.Encoder.Encode(text.Tokens(req.Query, ""))
	}
	return q
}

type opened struct {
	model.Scorer
	rank.Scale
	name string
}

// sources opens what is asked of one task; tells says that one of them tells more than
// what everybody likes.
func (a *asked) sources(q *model.Query, task rank.Task, blend map[string]rank.Scale) (out []opened, tells bool) {
	m := a.in.World.Models
	for _, s := range m.Sources() {
		o := opened{Scale: blend[s.Name()], name: s.Name()}
		if weight, said := a.in.Place.Scenario.Blend[o.name]; said {
			o.Weight = weight
		} else if o.name == "content" && q.Text != nil {
			o.Weight = 0
			for _, other := range m.Sources() { // twice what all others weigh
				if other.Name() != "content" {
					o.Weight += math.Abs(blend[other.Name()].Weight)
				}
			}
			o.Weight = max(1, 2*o.Weight)
		}
		if o.SD == 0 {
			o.Mean, o.SD = rank.Guess(task, o.name).Mean, rank.Guess(task, o.name).SD
		}
		if o.Scorer = s.Open(q); o.Weight == 0 || o.Empty() {
			continue
		}
		_, coldToo := m.Blend[rank.Cold][o.name]
		tells = tells || !coldToo || o.name == "content" && q.Text != nil
		out = append(out, o)
	}
	return out, tells
}

// allNew says that the query goes by items only that no fitted source has a row for, and
// that none of them speaks.
func (a *asked) allNew(q *model.Query, sources []opened) bool {
	fitted := a.in.World.Models.Fitted
	for _, f := range fitted {
		if slices.ContainsFunc(sources, func(o opened) bool { return o.name == f.Name() }) {
			return false
		}
		for _, c := range q.Causes() {
			if rows, ok := f.(interface{ Rows() *model.Rows }); ok {
				if _, known := rows.Rows().Row(c.Item); known {
					return false
				}
			}
		}
	}
	return len(fitted) > 0 && len(q.Causes()) > 0
}

// blend is what was learned for the kinds and the filter, else for the kinds, else for
// the task.
func (a *asked) blend(task rank.Task) map[string]rank.Scale {
	b, kinds := a.in.World.Models.Blend, a.in.Place.Scenario.Kinds
	if len(a.in.Request.Kinds) > 0 {
		kinds = a.in.Request.Kinds
	}
	key := string(task)
	if len(kinds) == 2 { // the most that is drawn, in alphabetical order
		key += "/content+product"
	} else if len(kinds) == 1 {
		key += "/" + string(kinds[0])
	}
	if scales, learned := b[rank.Task(key+"?"+a.in.Place.Scenario.Filter)]; learned && task != rank.Cold {
		return scales
	}
	if scales, learned := b[rank.Task(key)]; learned && task != rank.Cold {
		return scales
	}
	return b[task]
}

// score is the score of one item, source by source and boost by boost.
func (a *asked) score(sources []opened, n engine.ItemNum, it *engine.Item) float64 {
	sum := 0.0
	var raw [1]float32
	for _, everybodys := range []bool{true, false} { // the order counts in the last bits
		for _, s := range sources {
			if _, is := s.Scorer.(model.Common); is == everybodys {
				s.Score([]engine.ItemNum{n}, raw[:])
				sum += s.Apply(float64(raw[0]))
			}
		}
	}
	who := a.in.Someone
	if a.refuses() {
		who = &recommend.Someone{}
	}
	for _, b := range a.boosts {
		if b.holds(who, n, it) {
			sum += b.add
		}
	}
	return sum
}

// list is the answer the plain way: look at every item, score it, sort, then place.
func (a *asked) list() (list []rank.Scored, eligible int) {
	q := a.query()
	task, place := rank.Repeat, a.in.Place.Scenario
	if slices.Contains(place.Exclude, engine.Purchase) {
		task = rank.Person
	}
	if len(place.Kinds) > 0 && !slices.Contains(place.Kinds, engine.Product) {
		task = rank.Person
	}
	if len(q.Anchors) > 0 {
		task = rank.Anchor
	}
	sources, tells := a.sources(q, task, a.blend(task))
	if tells && a.allNew(q, sources) {
		sources, tells = a.sources(q, task, rank.DefaultBlend()[task])
	}
	if !tells {
		sources, _ = a.sources(q, rank.Cold, a.blend(rank.Cold))
	}
	var scored []rank.Scored
	for n, it := range a.shop.items {
		if it != nil && a.eligible(engine.ItemNum(n), it) {
			scored = append(scored, rank.Scored{Item: engine.ItemNum(n), Score: a.score(sources, engine.ItemNum(n), it)})
		}
	}
	slices.SortFunc(scored, func(x, y rank.Scored) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Item, y.Item))
	})
	return a.place(scored), len(scored)
}

// place puts pins at their ranks and the best others between them, one a group.
func (a *asked) place(scored []rank.Scored) []rank.Scored {
	req := a.in.Request
	groups := map[string]bool{}
	again := func(n engine.ItemNum) bool {
		g := a.shop.items[n].GroupID
		return g != "" && (req.Collapse == nil || *req.Collapse) && groups[g]
	}
	pins := req.Pins
	if pins == nil {
		pins = a.in.Place.Scenario.Pins
	}
	pins = append(slices.Clip(pins), a.help(scored, pins)...)
	at, pinned := map[int]rank.Scored{}, map[engine.ItemNum]bool{}
	for _, p := range pins {
		i := slices.IndexFunc(scored, func(s rank.Scored) bool { return a.shop.items[s.Item].ID == p.Item })
		if _, occupied := at[p.Rank]; i < 0 || occupied || p.Rank > req.Count || pinned[scored[i].Item] || again(scored[i].Item) {
			continue
		}
		at[p.Rank], pinned[scored[i].Item] = scored[i], true
		groups[a.shop.items[scored[i].Item].GroupID] = true
	}
	var list []rank.Scored
	for r := 1; r <= req.Count; r++ {
		if p, ok := at[r]; ok {
			list = append(list, p)
			continue
		}
		i := slices.IndexFunc(scored, func(s rank.Scored) bool {
			return !pinned[s.Item] && !again(s.Item) && (req.MinRelevance == nil || s.Score >= *req.MinRelevance)
		})
		if i < 0 {
			continue // a hole: what is pinned further down moves up
		}
		list = append(list, scored[i])
		groups[a.shop.items[scored[i].Item].GroupID] = true
		scored = slices.Delete(slices.Clone(scored), i, i+1)
	}
	return list
}
