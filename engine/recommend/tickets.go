package recommend

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/rank"
)

// OpenTicket is an open ticket of somebody, as far as answers heed it: it has a product, an
// order or a fix that failed on it.
type OpenTicket struct {
	ID      string
	Product engine.ItemID // what it is about; "" where only the order says it
	Order   string
	At      time.Time // when it was opened; zero where nobody said
	Failed  []engine.ItemID
}

// ByTicketTime orders open tickets newest first, those without a time last, then by id.
func ByTicketTime(a, b OpenTicket) int {
	return cmp.Or(b.At.Compare(a.At), strings.Compare(a.ID, b.ID))
}

// heeded is what the open tickets of somebody say to one list.
type heeded struct {
	out     *roaring.Bitmap // what stays out: what the tickets are about, offers for that, fixes that failed; variants of these
	tickets []heededTicket  // newest first

	put  map[engine.ItemNum]*heededTicket // what helps and stands first for it
	pins []rank.Pinned                    // where
}

// heededTicket is one of them.
type heededTicket struct {
	id      string
	about   []engine.ItemNum // its product, or what its order holds
	product engine.ItemID    // its product where nothing else is known of it: others may name it
	helps   *roaring.Bitmap  // the fixes, articles and spare parts for that
}

// heed looks up what open tickets are about. It is nil where they say nothing to this list.
func (in *Input) heed() *heeded {
	rule := in.Place.Scenario.OpenTickets
	if in.Offline || rule == engine.IgnoreTickets {
		return nil
	}
	h := &heeded{out: roaring.New()}
	lifts := rule != engine.ExcludeByTickets && in.Someone.personalised()
	left := engine.MaxHeeded
	for i := range in.Someone.Tickets {
		open := &in.Someone.Tickets[i]
		t := heededTicket{id: open.ID, about: in.about(open)}
		t.about = t.about[:min(len(t.about), left)]
		left -= len(t.about)
		if left > 0 && len(t.about) == 0 && open.Product != "" {
			t.product = open.Product
			left--
		}
		failed := in.numbers(open.Failed)
		if len(t.about)+len(failed) == 0 && t.product == "" {
			continue
		}
		in.World.concern(&t, h.out, lifts)
		h.out.Or(in.World.variants(failed))
		h.tickets = append(h.tickets, t)
	}
	if len(h.tickets) == 0 {
		return nil
	}
	for i := range h.tickets {
		if helps := h.tickets[i].helps; helps != nil {
			helps.AndNot(h.out) // a part that is complained about itself is no help, nor is what failed
		}
	}
	return h
}

// about returns what a ticket is about: its product, else what its order holds, as far as
// the history tells.
func (in *Input) about(t *OpenTicket) []engine.ItemNum {
	if t.Product != "" || t.Order == "" {
		return in.numbers([]engine.ItemID{t.Product})
	}
	var out []engine.ItemNum
	rows := in.Someone.History()
	for i := range rows {
		if r := &rows[i]; r.OrderID == t.Order && r.Item != "" && !slices.Contains(out, r.Num) {
			out = append(out, r.Num)
		}
	}
	slices.Sort(out)
	return out
}

// variants returns items with all of their groups: what holds of one holds of them. A
// translation of a fix that failed is the same fix.
func (w *World) variants(of []engine.ItemNum) *roaring.Bitmap {
	all := roaring.New()
	for _, n := range of {
		all.Add(uint32(n))
		if item := w.Catalogue.Item(n); item != nil {
			all.Or(w.Catalogue.Group(item.GroupID))
		}
	}
	return all
}

// failedBefore returns what a ticket is not answered with: the fixes that failed on it, and
// those that failed on open tickets of its customer that may be of the same trouble, which
// is all but those that are known to be about other products. It is nil for none.
func (in *Input) failedBefore(req *engine.SuggestRequest, tried []engine.ItemID) *heeded {
	failed := in.numbers(tried)
	about := in.World.variants(in.about(&OpenTicket{Product: req.Product, Order: req.OrderID}))
	for i := range in.Someone.Tickets {
		t := &in.Someone.Tickets[i]
		if t.ID == req.TicketID || len(t.Failed) == 0 {
			continue
		}
		other := in.World.variants(in.about(t))
		if about.IsEmpty() || other.IsEmpty() || about.Intersects(other) {
			failed = append(failed, in.numbers(t.Failed)...)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &heeded{out: in.World.variants(failed)}
}

// offerProduct is the attribute by which an offer may name its products, beside applies_to.
var offerProduct = catalogue.Field{Name: "product_id", Attribute: true}

// concern adds to out what a ticket is about, its variants and the offers for them, and
// gathers what helps where that is wanted.
func (w *World) concern(t *heededTicket, out *roaring.Bitmap, lifts bool) {
	all := w.variants(t.about)
	if lifts {
		t.helps = roaring.New()
	}
	var ids []string
	if t.product != "" {
		ids = append(ids, string(t.product))
	}
	for it := all.Iterator(); it.HasNext(); {
		ids = append(ids, string(w.Catalogue.IDs().ID(engine.ItemNum(it.Next()))))
	}
	for _, id := range ids {
		for naming := w.Catalogue.Naming(catalogue.FieldAppliesTo, id).Iterator(); naming.HasNext(); {
			n := naming.Next()
			switch item := w.Catalogue.Item(engine.ItemNum(n)); {
			case item.Kind == engine.Offer:
				out.Add(n)
			case lifts && helps(item):
				t.helps.Add(n)
			}
		}
		for naming := w.Catalogue.Naming(offerProduct, id).Iterator(); naming.HasNext(); {
			if n := naming.Next(); w.Catalogue.Item(engine.ItemNum(n)).Kind == engine.Offer {
				out.Add(n)
			}
		}
	}
	out.Or(all)
}

// helps reports whether an item that applies to a product helps who has trouble with it: a
// fix, an article or a spare part. Accessories are no help.
func helps(item *engine.Item) bool {
	return item.Kind == engine.Solution || item.Kind == engine.Content || item.IsPart()
}

// helpsOfTicket and helpsMost are how many items a ticket puts first, and all of them: a
// list of ten stays a list of its place.
const (
	helpsOfTicket = 2
	helpsMost     = 6
)

// putHelp puts the best of what helps with each ticket, by the scores it has here, at the
// first ranks that no pin of the shop holds. What the pages before have shown of it counts.
func (in *Input) putHelp(s *story, eligible *choice) {
	h, may := s.orders.heeded, eligible.bitmap()
	shown := in.numbers(in.Request.After)
	p := helpPlaces{heeded: h, rank: len(in.Request.After), taken: make(map[int]bool)}
	if s.orders.collapse {
		p.groups = make(map[string]bool)
	}
	before := roaring.New()
	for _, n := range shown {
		before.Add(uint32(n))
		p.hold(in.World.Catalogue.Item(n))
	}
	for _, pin := range s.orders.arrange.Pins {
		n, ok := in.World.Catalogue.IDs().Num(pin.Item)
		switch {
		case ok && before.Contains(uint32(n)):
			p.pinned = append(p.pinned, n)
		case ok && may.Contains(uint32(n)):
			p.taken[pin.Rank], p.pinned = true, append(p.pinned, n)
			p.hold(in.World.Catalogue.Item(n))
		}
	}
	h.put = make(map[engine.ItemNum]*heededTicket)
	most := helpsMost
	for i := range h.tickets {
		t := &h.tickets[i]
		if t.helps == nil {
			return
		}
		left := helpsOfTicket
		// What the pages before put first is put again, without a rank, so that it counts for the
		// ticket that it counted for there.
		helps := roaring.And(t.helps, roaring.Or(may, before))
		if helps.IsEmpty() {
			continue
		}
		scored := s.asked.score(choiceOf(helps), new(scratch))
		s.lifts.add(scored)
		slices.SortFunc(scored, func(a, b rank.Scored) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Item, b.Item))
		})
		for _, c := range scored {
			if left == 0 || most == 0 {
				break
			}
			placed := before.Contains(uint32(c.Item)) && p.again(c.Item, t)
			if placed || p.put(c.Item, in.World.Catalogue.Item(c.Item), t) {
				left, most = left-1, most-1
			}
		}
	}
}

// helpPlaces are the ranks that what helps is put at.
type helpPlaces struct {
	*heeded
	rank   int          // that was taken last
	taken  map[int]bool // by pins of the shop
	pinned []engine.ItemNum
	groups map[string]bool // that stand in the list; nil where it may show several of one
}

// hold notes the group of an item that stands in the list, which may be gone.
func (p *helpPlaces) hold(item *engine.Item) {
	if item != nil && item.GroupID != "" && p.groups != nil {
		p.groups[item.GroupID] = true
	}
}

// again notes an item that a page before has put, unless that was for another ticket or by a pin.
func (p *helpPlaces) again(n engine.ItemNum, t *heededTicket) bool {
	if p.heeded.put[n] != nil || slices.Contains(p.pinned, n) {
		return false
	}
	p.heeded.put[n] = t
	return true
}

// put puts an item at the next rank, unless it has one or one of its group has.
func (p *helpPlaces) put(n engine.ItemNum, item *engine.Item, t *heededTicket) bool {
	if p.heeded.put[n] != nil || p.groups[item.GroupID] || slices.Contains(p.pinned, n) {
		return false
	}
	p.hold(item)
	for p.rank++; p.taken[p.rank]; p.rank++ {
	}
	p.heeded.put[n] = t
	p.pins = append(p.pins, rank.Pinned{Item: n, Rank: p.rank, Why: movedByTicket})
	return true
}

// movedByTicket is what arranging says of what an open ticket put where it is.
const movedByTicket = engine.ReasonOpenTicket

// named returns what a ticket is about where it is one thing and may be named.
func (in *Input) named(t *heededTicket) *engine.Item {
	if len(t.about) != 1 {
		return nil
	}
	if item := in.World.Catalogue.Item(t.about[0]); in.mayName(item) {
		return item
	}
	return nil
}

// tell lists the tickets that a list heeds, where reasons are told, with what of the list they
// put first.
func (in *Input) tell(o *orders, list []rank.Placed) []engine.HeededTicket {
	h := o.heeded
	if h == nil || o.explain == engine.ExplainNone {
		return nil
	}
	out := make([]engine.HeededTicket, len(h.tickets))
	for i := range h.tickets {
		out[i].Ticket = h.tickets[i].id
		if item := in.named(&h.tickets[i]); item != nil {
			out[i].Item = item.ID
		}
		for _, pin := range h.pins {
			stands := slices.ContainsFunc(list, func(p rank.Placed) bool { return p.Item == pin.Item })
			if stands && h.put[pin.Item] == &h.tickets[i] {
				out[i].First = append(out[i].First, in.World.Catalogue.IDs().ID(pin.Item))
			}
		}
	}
	return out
}

// ticketReason says that an item helps with a ticket. It adds nothing to the score: ranks
// move, scores do not.
func (in *Input) ticketReason(t *heededTicket) engine.Reason {
	r := engine.Reason{Type: engine.ReasonOpenTicket, Text: "Helps with your open ticket " + t.id}
	if item := in.named(t); item != nil {
		r.Item, r.Text = item.ID, r.Text+" about "+titleOf(item)
	}
	return r
}
