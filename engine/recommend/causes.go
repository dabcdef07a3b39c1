package recommend

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/engine/session"
	"github.com/rapportengine/rapport/engine/vector"
)

// deed is what reasons tell of one cause: of an item of the history the newest interaction
// of the type that weighed most, and when it was bought. Times are in ms.
type deed struct {
	item       engine.ItemNum
	bought     int32
	did        engine.Type
	at         int64 // never where no row tells
	lastBought int64
}

const never = math.MinInt64

// interaction is what there is to say that the person did: nothing where no row tells.
func (d *deed) interaction() engine.Type {
	if d.at == never {
		return ""
	}
	return d.did
}

// deeds returns what is to be told of the causes of an answer.
func (e *explainer) deeds() []deed {
	q := e.voices.query
	if len(q.Anchors) > 0 {
		out := make([]deed, len(q.Anchors))
		for i, n := range q.Anchors {
			out[i] = deed{item: n, at: never, lastBought: never}
		}
		return out
	}
	if !e.in.Someone.personalised() {
		return nil
	}
	return deedsOf(q.Interests(), q.Deeds())
}

// deedsOf finds of each item of a history what to tell of it.
func deedsOf(history []engine.Interest, rows []engine.Row) []deed {
	out := make([]deed, len(history))
	for i := range history {
		h := &history[i]
		out[i] = deed{item: h.Item, bought: int32(h.Bought), did: h.Type, at: never, lastBought: h.LastBought.UnixMilli()}
	}
	var c causes
	c.open(out)
	for i := range rows {
		r := &rows[i]
		if r.Item == "" {
			continue
		}
		if at := c.find(r.Num); at >= 0 && r.Type == out[at].did {
			out[at].at = max(out[at].at, r.At.UnixMilli())
		}
	}
	return out
}

// place returns the place of an item among the causes, -1 where it is none of them. Those that
// were told of lately are known; the history is read for the first that was not.
func (e *explainer) place(n engine.ItemNum) int {
	at := e.causes.find(n)
	if at < 0 && e.few {
		e.few = false
		e.causes.widen(e.deeds())
		at = e.causes.find(n)
	}
	return at
}

// causes are what an answer was made from, the history or what the request is about, each
// told once however many items and sources it speaks for.
type causes struct {
	list   []deed
	places []int32 // by a hash of the item, 1 + its place in list; 0 for none
	shift  int     // of the hash, to a place
	told   []engine.Reason
	as     []int32 // by place in list, 1 + its reason in told; 0 for not told yet

	named []*engine.Item // by place in list, nil for what may not be named; empty before they are looked up
}

// open makes c ready for the causes of one answer.
func (c *causes) open(list []deed) {
	c.list = list
	size := max(bits.Len(uint(2*len(list))), 4) // at most half of the places are taken
	c.shift = 64 - size
	c.places = zeros(c.places, 1<<size)
	c.as = zeros(c.as, len(list))
	c.forget()
	for i := range list {
		at := c.slot(list[i].item)
		for c.places[at] != 0 {
			at = (at + 1) & (len(c.places) - 1)
		}
		c.places[at] = int32(i) + 1
	}
}

// widen makes c ready for more causes, those that it has among them.
func (c *causes) widen(list []deed) {
	was, as := c.list, slices.Clone(c.as)
	c.open(list)
	for i, told := range as {
		if told == 0 {
			continue
		}
		if at := c.find(was[i].item); at >= 0 {
			c.as[at] = told
		}
	}
}

// forget lets go of the items that were looked up.
func (c *causes) forget() {
	clear(c.named)
	c.named = c.named[:0]
}

// close lets go of all that c points to, and keeps the room.
func (c *causes) close() {
	clear(c.told)
	c.forget()
	c.list, c.told = nil, c.told[:0]
}

func zeros(of []int32, n int) []int32 {
	of = slices.Grow(of[:0], n)[:n]
	clear(of)
	return of
}

func (c *causes) slot(n engine.ItemNum) int { return int(uint64(n) * 0x9e3779b97f4a7c15 >> c.shift) }

// find returns the place of an item among the causes, -1 where it is none of them.
func (c *causes) find(n engine.ItemNum) int {
	for at := c.slot(n); ; at = (at + 1) & (len(c.places) - 1) {
		switch place := int(c.places[at]) - 1; {
		case place < 0 || c.list[place].item == n:
			return place
		}
	}
}

// did returns what the person did with an item of the causes, "" where that is not known.
func (e *explainer) did(n engine.ItemNum) engine.Type {
	at := e.place(n)
	if at < 0 {
		return ""
	}
	return e.causes.list[at].interaction()
}

// causeType says what the items are that a source folds in.
func (e *explainer) causeType() string {
	if len(e.voices.query.Anchors) > 0 {
		return engine.ReasonContext
	}
	return engine.ReasonHistory
}

// cause is the reason that n, an item of the history or of what the request is about,
// adds so much to a source's score of an item, and so many more with it of which the same
// is true.
func (e *explainer) cause(source string, of, n engine.ItemNum, contribution float64, more int) engine.Reason {
	at := e.place(n)
	known := e.known(n, at)
	if known.Item == "" {
		more = 0 // what is not named is all of them
	}
	r, own := *known, more > 0 // own: it tells more than that cause does elsewhere
	switch {
	case r.Item == "": // it is not to be named
	case source == session.Name && of != n:
		r.Text, own = "Others chose this in the same visit as "+titleOf(e.in.World.Catalogue.Item(n)), true
	case source == repeat.Name || source == basket.Name:
		own = e.tellBought(&r, at) || own
	}
	r.Text += andMore(more)
	r.Source, r.Contribution = source, engine.Told(contribution)
	if own || at < 0 {
		r.Cause = 0
		return r
	}
	if known.Cause == 0 {
		known.Cause = e.number()
	}
	r.Cause = known.Cause
	return r
}

// known returns what is told of the cause at a place, as it was told before if it was.
func (e *explainer) known(n engine.ItemNum, at int) *engine.Reason {
	c := &e.causes
	if at >= 0 && c.as[at] != 0 {
		return &c.told[c.as[at]-1]
	}
	c.told = append(c.told, e.tell(n, at))
	if at >= 0 {
		c.as[at] = int32(len(c.told))
	}
	return &c.told[len(c.told)-1]
}

// lookUp finds the items of all causes, of which most will be told, and asks for what is told of them
// to be at hand: they lie anywhere in memory, and one after another each would be waited for.
func (e *explainer) lookUp() {
	c := &e.causes
	for i := range c.list {
		c.named = append(c.named, e.in.World.Catalogue.Item(c.list[i].item))
	}
	for i, item := range c.named {
		if !e.in.mayName(item) {
			c.named[i] = nil
		}
	}
	for _, item := range c.named {
		if item != nil {
			vector.PrefetchText(string(item.ID))
			vector.PrefetchText(item.Title)
		}
	}
}

// named returns the item of a cause, nil where it is not to be named.
func (e *explainer) named(n engine.ItemNum, at int) *engine.Item {
	if at >= 0 && len(e.causes.named) > 0 {
		return e.causes.named[at]
	}
	if item := e.in.World.Catalogue.Item(n); e.in.mayName(item) {
		return item
	}
	return nil
}

// tell names a cause. It counts, but is not named, where that would tell what is not
// to be told.
func (e *explainer) tell(n engine.ItemNum, at int) engine.Reason {
	r := engine.Reason{Type: e.causeType()}
	item := e.named(n, at)
	switch {
	case item == nil:
		r.Text = unnamed(r.Type)
	case r.Type == engine.ReasonContext:
		r.Item, r.Text = item.ID, e.text("Goes with ", titleOf(item))
	default:
		r.Item = item.ID
		if at >= 0 && e.causes.list[at].at != never {
			did := &e.causes.list[at]
			r.Interaction, r.At = did.did, e.moment(did.at)
		}
		r.Text = e.text(verb(r.Interaction), " ", titleOf(item))
	}
	return r
}

// unnamed is what is said of causes of a type that are not named.
func unnamed(causeType string) string {
	if causeType == engine.ReasonContext {
		return "Goes with what you are looking at"
	}
	return "From your history"
}

// moment returns a time for a reason to point to. The answer keeps it.
func (e *explainer) moment(ms int64) *time.Time {
	if len(e.moments) == 0 {
		e.moments = make([]time.Time, momentsAtOnce)
	}
	at := &e.moments[0]
	e.moments = e.moments[1:]
	*at = time.UnixMilli(ms).UTC()
	return at
}

const momentsAtOnce = 16

// text joins texts for a reason. The answer keeps it, in one piece of memory with others.
func (e *explainer) text(of ...string) string {
	size := 0
	for _, s := range of {
		size += len(s)
	}
	if e.texts.Cap()-e.texts.Len() < size {
		e.texts.Reset()
		e.texts.Grow(max(size, textsAtOnce))
	}
	from := e.texts.Len()
	for _, s := range of {
		e.texts.WriteString(s)
	}
	return e.texts.String()[from:]
}

const textsAtOnce = 512

// tellBought says of an item at a place in the history that it was bought before, how often
// and when, and reports whether it was.
func (e *explainer) tellBought(r *engine.Reason, at int) bool {
	if at < 0 || e.causes.list[at].bought < 1 {
		return false
	}
	of := &e.causes.list[at]
	r.Interaction, r.At = engine.Purchase, e.moment(of.lastBought)
	last := ago(e.in.Now.Sub(*r.At))
	if r.Text = "You bought this " + last; of.bought > 1 {
		r.Text = "You bought this " + strconv.Itoa(int(of.bought)) + " times, last " + last
	}
	return true
}

// mayName reports whether a reason may name an item: not one that is sensitive, that is
// not published yet, that this place does not show to anybody, or that this person asked
// not to see; nor one that has left the catalogue, of which we no longer know whether it
// was sensitive. Who knows the id of a hidden item must not read its title in a reason;
// agents see what a customer has, on sale or not.
func (in *Input) mayName(item *engine.Item) bool {
	if item == nil || item.Sensitive || item.Published != nil && in.Now.Before(*item.Published) {
		return false
	}
	if (item.Hidden || item.Visibility == engine.AgentOnly) && in.Place.Scenario.Audience != engine.AgentOnly {
		return false
	}
	if in.Someone.Customer == nil {
		return true
	}
	muted := &in.Someone.Customer.Preferences
	return !slices.Contains(muted.MutedItems, item.ID) &&
		!slices.ContainsFunc(muted.MutedCategories, func(category string) bool {
			return slices.ContainsFunc(item.Categories, func(path string) bool { return catalogue.Under(path, category) })
		})
}
