package recommend

import (
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

// Someone is whom a list is for: what is known of them at the moment of the request.
// The zero value is a stranger.
type Someone struct {
	Subject   engine.Subject
	Customer  *engine.Customer // nil where there is no record
	Rows      []engine.Row     // the newest part of their history, any order
	Packed    Packed           // where not nil, the same in little memory, and Rows is nil
	Bought    *roaring.Bitmap  // every item they ever bought, those in Rows too; may be nil
	Dismissed *roaring.Bitmap  // every item they ever dismissed, those in Rows too; may be nil
	Tickets   []OpenTicket     // newest first; nil for none

	kept *kept // see Keep
}

// Packed is the newest part of a history in a form that takes time to read. It is
// immutable.
type Packed interface{ Rows() []engine.Row }

// History returns the newest part of their history, any order, not to be changed.
func (s *Someone) History() []engine.Row {
	if s.Packed != nil {
		return s.Packed.Rows()
	}
	return s.Rows
}

// personalised reports whether their history may shape the list.
func (s *Someone) personalised() bool {
	return s.Customer == nil || s.Customer.Allows(engine.Personalise)
}

// Input is a request with all it is answered from.
type Input struct {
	World   *World
	Place   *Place
	Someone *Someone
	Request *engine.Request
	Now     time.Time
	// Offline ignores stock, hidden, mutes and open tickets: those are of today, not of the
	// held-out event's time.
	Offline bool
	// Only, where not nil, are the items looked at: an evaluation's cold ones.
	Only *roaring.Bitmap
	// Room, where not nil, is where the answer lies: it is made larger where that is needed.
	Room *engine.Room

	// Many, where not nil, is the run for many that this is an answer of.
	Many *Many

	room  *scratch // of this answer; nil outside of one
	first bool     // the person's state is asked for the first time: nothing is kept with it

	roughFrom  int // instead of roughFrom, for tests; below 0 nothing is told roughly
	gistItems  int // instead of gistItems, of any catalogue, and every source is kept in brief, for tests; below 0 there is no gist
	exactLimit int // instead of engine.ExactLimit, for the tests of what lies above it
}

// Recommend answers one request from what it is given; it reads no clock or disk, and waits for
// nobody but who makes what the place shows to anybody. Its errors are *engine.Invalid: what is wrong with the request.
func Recommend(in *Input) (engine.Answer, error) { return Begin(in).End() }

// Begun is a request of which the sources were asked, and nothing was scored yet. What it was made
// from stays as it is until End.
type Begun struct {
	in       *Input
	eligible *choice
	story    story
	err      error
}

// Begin begins to answer one request, which End ends. It belongs to one goroutine.
func Begin(in *Input) *Begun {
	in = in.within()
	b := &in.room.begun
	*b = Begun{in: in}
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err == nil {
		b.eligible, err = in.eligible(orders)
	}
	if err == nil {
		b.story, err = in.begin(orders, b.eligible)
	}
	b.err = err
	return b
}

// End returns the answer. Nothing may be asked of b after it.
func (b *Begun) End() (engine.Answer, error) {
	defer b.in.room.release()
	if b.err != nil {
		return engine.Answer{}, b.err
	}
	b.err = b.in.end(&b.story, b.eligible)
	return b.story.answer, b.err
}

// story is a request on its way to the answer.
type story struct {
	orders *orders
	asked  *voices
	lifts  liftList
	answer engine.Answer
}

// story scores, arranges and explains the eligible.
func (in *Input) story(orders *orders, eligible *choice) (s story, err error) {
	if s, err = in.begin(orders, eligible); err != nil {
		return story{}, err
	}
	return s, in.end(&s, eligible)
}

// begin asks the sources.
func (in *Input) begin(orders *orders, eligible *choice) (s story, err error) {
	s.orders = orders
	s.answer = engine.Answer{
		Items:    []engine.Recommended{},
		Scenario: in.Place.Scenario.Name,
		Eligible: eligible.count,
	}
	query, degraded := in.query()
	in.first = in.lasts(query) && in.Someone.first()
	s.answer.Degraded = degraded
	s.asked = in.open(query, orders)
	s.answer.Basis, s.answer.Models = s.asked.basis(in.Someone), s.asked.versions(in.World.Models)
	if eligible.count == 0 {
		return s, nil
	}
	s.lifts, err = in.lifts(orders.boosts)
	return s, err
}

// end scores, arranges and explains.
func (in *Input) end(s *story, eligible *choice) (err error) {
	orders := s.orders
	if eligible.count == 0 {
		s.answer.Exact, s.answer.OpenTickets = true, in.tell(orders, nil)
		s.answer.EmptyReason, err = in.emptyReason(orders)
		return err
	}
	if orders.heeded != nil {
		in.putHelp(s, eligible)
	}
	list, exact := in.list(eligible, s.asked, s.lifts, orders)
	s.answer.OpenTickets = in.tell(orders, list)
	switch {
	case len(list) > 0:
	case len(in.Request.After) > 0:
		s.answer.EmptyReason = engine.EmptyEnd
	default:
		s.answer.EmptyReason = engine.EmptyRelevance
	}
	s.answer.Exact, s.answer.Items = exact, in.explain(list, s)
	return nil
}

// env is what filters may look at.
func (in *Input) env() *filter.Env {
	env := &in.scratch().env
	*env = filter.Env{
		Catalogue: in.World.Catalogue,
		History:   in.Someone.Rows,
		Bought:    in.Someone.Bought,
		Dismissed: in.Someone.Dismissed,
		Customer:  in.Someone.Customer,
		Context:   in.Request.Context,
		Item:      in.Request.Item,
		Basket:    in.Request.Basket,
		Now:       in.Now,
	}
	if in.Someone.Packed != nil {
		env.Packed = &past{in: in}
	}
	if k := in.Someone.keeping(); k != nil {
		env.Pasts = &k.pasts
	}
	return env
}

// rules say what may be shown at all. What the list is about is never in it.
func (in *Input) rules(o *orders) *filter.Rules {
	s := in.scratch()
	r := &s.rules
	*r = filter.Rules{
		Kinds:      o.kinds,
		Filters:    o.filters,
		Exclude:    in.Place.Scenario.Exclude,
		Audience:   in.Place.Scenario.Audience,
		IgnoreLive: in.Offline,
	}
	if in.Someone.Customer != nil && !in.Offline {
		r.Preferences = in.Someone.Customer.Preferences
	}
	if in.Someone.Tickets != nil {
		if o.heeded = in.heed(); o.heeded != nil {
			r.OpenTickets = o.heeded.out
		}
	}
	s.excluded = s.excluded[:0]
	for _, ids := range [...][]engine.ItemID{in.Request.Exclude, in.Request.After, in.Request.Basket, {in.Request.Item}} {
		s.excluded = in.appendNumbers(s.excluded, ids)
	}
	r.ExcludeItems = s.excluded
	return r
}

// numbers returns the numbers of those ids that have one.
func (in *Input) numbers(ids []engine.ItemID) []engine.ItemNum { return in.appendNumbers(nil, ids) }

func (in *Input) appendNumbers(out []engine.ItemNum, ids []engine.ItemID) []engine.ItemNum {
	for _, id := range ids {
		if n, ok := in.World.Catalogue.IDs().Num(id); ok && id != "" {
			out = append(out, n)
		}
	}
	return out
}

// query is what sources may look at, and what of the request could not be used.
func (in *Input) query() (*model.Query, []string) {
	w := in.World
	one := &struct { // in one piece; scorers may keep it
		query  model.Query
		shared model.Shared
		past   past
	}{query: model.Query{Now: in.Now, Catalogue: w.Catalogue, Content: w.Content, Counters: w.Counters}}
	q := &one.query
	q.Shared = &one.shared
	var degraded []string
	if in.Someone.personalised() {
		one.past.in = in
		q.Customer, q.Past = in.Someone.Customer, &one.past
	}
	about := in.Request.Basket
	if in.Request.Item != "" {
		about = append([]engine.ItemID{in.Request.Item}, about...)
	}
	q.Anchors = in.numbers(about)
	if len(q.Anchors) < len(about) {
		degraded = append(degraded, "unknown_item")
	}
	q.Anchors = distinct(q.Anchors)
	if in.Request.Query != "" {
		q.Text = w.Content.Encoder().Encode(queryTerms(in.Request))
	}
	if w.Models.Version == 0 {
		degraded = append(degraded, "no_model")
	}
	return q, degraded
}

func (in *Input) emptyReason(o *orders) (string, error) {
	switch {
	case in.World.Catalogue.Known().IsEmpty():
		return engine.EmptyCatalogue, nil
	case len(in.Request.After) > 0:
		return engine.EmptyEnd, nil
	case o.heeded != nil:
		alone := *in
		alone.room = nil // the rules of the answer stay as they are
		rules := alone.rules(o)
		rules.OpenTickets = nil
		if other, err := filter.Eligible(alone.env(), rules); err != nil || !other.IsEmpty() {
			return engine.EmptyTicket, err
		}
	}
	return engine.EmptyFilter, nil
}

// distinct returns the items without repeats, in the order of their first appearance:
// an item that is in the basket twice is one cause.
func distinct(items []engine.ItemNum) []engine.ItemNum {
	if len(items) < 2 {
		return items
	}
	seen := make(map[engine.ItemNum]bool, len(items))
	out := items[:0]
	for _, n := range items {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// queryTerms are the words of the request, in its language.
func queryTerms(req *engine.Request) []string {
	return text.Tokens(req.Query, req.Context.Locale)
}
