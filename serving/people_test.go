package serving

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
)

// histories are a log of histories and tickets alone.
type histories struct {
	Log     // none: nothing else is asked of it
	mu      sync.Mutex
	rows    map[engine.Subject][]engine.Row
	tickets map[string]engine.Ticket
	read    int
}

func (h *histories) TicketsOf(_ context.Context, s engine.Subject) (list []engine.Ticket, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.tickets {
		if engine.OfCustomer(t.Customer) == s {
			list = append(list, t)
		}
	}
	return list, nil
}

// ticket writes a ticket into the log, or drops it, and returns it as it is observed.
func (h *histories) ticket(n int, t engine.Ticket, dropped bool) []engine.Committed {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, found := h.tickets[t.ID]
	c := engine.Committed{Seq: uint64(n + 1), Subject: engine.OfCustomer(t.Customer), Ticket: &t}
	switch {
	case dropped && !found:
		return nil
	case dropped:
		c.Subject, c.Ticket, c.DroppedTicket = engine.OfCustomer(before.Customer), nil, t.ID
		delete(h.tickets, t.ID)
		return []engine.Committed{c}
	case found && before.Customer != t.Customer:
		c.Left = engine.OfCustomer(before.Customer)
	}
	h.tickets[t.ID] = t
	return []engine.Committed{c}
}

// open are a customer's open tickets that say what they are about, newest first.
func (h *histories) open(s engine.Subject) (list []recommend.OpenTicket) {
	for _, t := range h.tickets {
		if engine.OfCustomer(t.Customer) == s && t.State != "solved" && t.State != "closed" && t.Product+engine.ItemID(t.Order) != "" {
			list = append(list, recommend.OpenTicket{ID: t.ID, Product: t.Product, Order: t.Order, At: *t.OpenedAt})
		}
	}
	slices.SortFunc(list, func(a, b recommend.OpenTicket) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func (h *histories) History(_ context.Context, s engine.Subject) ([]engine.Row, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read++
	return append([]engine.Row(nil), h.rows[s]...), nil
}

func (h *histories) Customer(context.Context, engine.CustomerID) (engine.Customer, error) {
	return engine.Customer{}, engine.ErrNotFound
}

// happen writes an event into the log and returns it as it is observed.
func (h *histories) happen(s engine.Subject, n int, item engine.ItemID, num engine.ItemNum) []engine.Committed {
	at := time.Date(2026, 3, 1, 9, n, 0, 0, time.UTC)
	r := engine.Row{Seq: uint64(n + 1), Event: engine.HashOf(fmt.Sprint(n)), Num: num, Received: at}
	r.EventID, r.Type, r.Customer, r.Item, r.At = fmt.Sprint("e", n), engine.Purchase, engine.CustomerID(s.ID), item, at
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rows[s] = append(h.rows[s], r)
	return []engine.Committed{{Seq: r.Seq, At: at, Subject: s, Rows: []engine.Row{r}}}
}

// lamps returns the log of somebody who bought so many.
func lamps(n int) (*histories, *catalogue.IDs, engine.Subject) {
	log, ids := &histories{rows: map[engine.Subject][]engine.Row{}}, catalogue.NewIDs()
	num, _ := ids.Assign("lamp")
	ann := engine.OfCustomer("ann")
	for i := range n {
		log.happen(ann, i, "lamp", num)
	}
	return log, ids, ann
}

// TestPeopleFollowTheLog asks for random people between random events, with room for
// all, for some folded, and for hardly any: the state always is what the log says.
func TestPeopleFollowTheLog(t *testing.T) {
	for room, folds := range map[int]bool{1 << 30: false, 60_000: true, 20_000: true, 1: false} {
		rng := rand.New(rand.NewPCG(uint64(room), 1))
		log, ids := &histories{rows: map[engine.Subject][]engine.Row{}, tickets: map[string]engine.Ticket{}}, catalogue.NewIDs()
		p := newPeople(log, ids, room)
		folded := false
		for n := range 4000 {
			s := engine.OfCustomer(engine.CustomerID(fmt.Sprint("customer-", rng.IntN(20))))
			if rng.IntN(8) == 0 {
				item := engine.ItemID(fmt.Sprint("item-", rng.IntN(50)))
				num, _ := ids.Assign(item)
				p.observe(log.happen(s, n, item, num))
			}
			if rng.IntN(40) == 0 { // a ticket is opened, changed, given to another or dropped
				p.observe(log.ticket(n, engine.Ticket{
					ID: fmt.Sprint("t", rng.IntN(30)), Customer: engine.CustomerID(fmt.Sprint("customer-", rng.IntN(20))),
					Product: []engine.ItemID{"", "lamp", "mug"}[rng.IntN(3)], Order: []string{"", "o1"}[rng.IntN(2)],
					State: []string{"open", "pending", "solved", "reopened", "escalated", "closed"}[rng.IntN(6)], OpenedAt: new(time.Unix(int64(rng.IntN(5)), 0)),
				}, rng.IntN(6) == 0))
			}
			if rng.IntN(200) == 0 {
				p.observe([]engine.Committed{{Erased: &engine.Erasure{Subjects: []string{s.Hash().String()}}}})
			}
			who, err := p.get(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			want := &recommend.Someone{Subject: s, Bought: roaring.New(), Dismissed: roaring.New()}
			remember(want, log.rows[s])
			if rows := who.History(); len(rows) != len(log.rows[s]) || len(rows) > 0 && !reflect.DeepEqual(rows, log.rows[s]) || !who.Bought.Equals(want.Bought) {
				t.Fatalf("room for %d, step %d: %s is %+v, want the rows %+v", room, n, s, who, log.rows[s])
			}
			if open := log.open(s); !reflect.DeepEqual(who.Tickets, open) {
				t.Fatalf("room for %d, step %d: %s has the open tickets %+v, want %+v", room, n, s, who.Tickets, open)
			}
			folded = folded || p.open.Len() < len(p.known)
			bytes, open := 0, 0
			for _, e := range p.known {
				if bytes += e.bytes; e.open != nil {
					open += e.bytes
				}
			}
			if bytes != p.bytes || open != p.openBytes || p.used.Len() != len(p.known) {
				t.Fatalf("room for %d, step %d: %d bytes, %d of them open, in a list of %d; want %d, %d and %d", room, n, p.bytes, p.openBytes, p.used.Len(), bytes, open, len(p.known))
			}
			if len(p.known) > 1 && bytes > room || p.open.Len() > 1 && open > room/openShare {
				t.Fatalf("room for %d, step %d: %d bytes are taken, %d of them open", room, n, bytes, open)
			}
		}
		if folded != folds {
			t.Errorf("room for %d: states were folded: %t, want %t", room, folded, folds)
		}
		if most := 20; room == 1<<30 && log.read > most+30 { // once each, and after an erasure
			t.Errorf("with room for all the log was read %d times", log.read)
		}
	}
}

// TestPeopleAtOnce has many ask and one write, for the race detector, and looks that
// nobody is told less than was written when they asked.
func TestPeopleAtOnce(t *testing.T) {
	log, ids := &histories{rows: map[engine.Subject][]engine.Row{}}, catalogue.NewIDs()
	num, _ := ids.Assign("lamp")
	p := newPeople(log, ids, 30_000)
	customer := func(n int) engine.Subject { return engine.OfCustomer(engine.CustomerID(fmt.Sprint("customer-", n%10))) }
	var written [10]int
	var mu sync.Mutex // guards written
	var all sync.WaitGroup
	done := make(chan struct{})
	for g := range 4 {
		all.Go(func() {
			for n := g; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				least := written[n%10]
				mu.Unlock()
				who, err := p.get(context.Background(), customer(n))
				if err != nil || len(who.History()) < least {
					t.Errorf("%s has %d rows, %v; want at least %d", customer(n), len(who.History()), err, least)
					return
				}
			}
		})
	}
	for n := range 2000 {
		s := customer(n * 7)
		p.observe(log.happen(s, n, "lamp", num))
		mu.Lock()
		written[n*7%10]++
		mu.Unlock()
	}
	close(done)
	all.Wait()
}

// stuck is a log that answers when it is let go, and panics where it is told to.
type stuck struct {
	histories
	asked chan struct{} // one for each reading that began
	goOn  chan struct{} // closed to let all end
	fault bool
}

func newStuck() *stuck {
	return &stuck{histories: histories{rows: map[engine.Subject][]engine.Row{}}, asked: make(chan struct{}, 2*readsAtOnce), goOn: make(chan struct{})}
}

func (l *stuck) History(ctx context.Context, s engine.Subject) ([]engine.Row, error) {
	l.asked <- struct{}{}
	<-l.goOn
	if l.fault {
		panic("a fault in here")
	}
	return l.histories.History(ctx, s)
}

// Whoever asks first waits no longer than their context lets them, and the reading goes on: for who
// asks beside them, and for the next.
func TestTheFirstAskerMayLeave(t *testing.T) {
	for _, fault := range []bool{false, true} {
		log, ids := newStuck(), catalogue.NewIDs()
		num, _ := ids.Assign("lamp")
		ann := engine.OfCustomer("ann")
		log.happen(ann, 1, "lamp", num)
		log.fault = fault
		p := newPeople(log, ids, 1<<20)
		told := new(bytes.Buffer)
		p.say = slog.New(slog.NewTextHandler(told, nil))
		ctx, leave := context.WithCancel(t.Context())
		firstLeft := make(chan error)
		go func() {
			_, err := p.get(ctx, ann)
			firstLeft <- err
		}()
		<-log.asked
		p.mu.Lock()
		waited := p.known[ann] // what others wait for
		p.mu.Unlock()
		second := make(chan *recommend.Someone, 1)
		if !fault {
			go func() {
				who, err := p.get(t.Context(), ann)
				if err != nil {
					t.Error(err)
				}
				second <- who
			}()
		}
		leave()
		if err := <-firstLeft; !errors.Is(err, context.Canceled) { // the log is still stuck
			t.Fatalf("who left was told %v", err)
		}
		p.observe(log.happen(ann, 2, "lamp", num))
		close(log.goOn)
		if <-waited.ready; fault != errors.Is(waited.err, errUnread) {
			t.Errorf("fault %t: who waits is told %v", fault, waited.err)
		}
		if !fault {
			if who := <-second; len(who.History()) != 2 || log.read != 1 {
				t.Errorf("who waits gets %+v after %d readings, want both purchases after one", who, log.read)
			}
		}
		for range readsAtOnce { // all of them are over
			p.reads <- struct{}{}
		}
		if said := told.String(); fault != strings.Contains(said, "a fault in here") || fault != strings.Contains(said, "people_test.go") {
			t.Errorf("fault %t: the log says %q", fault, said)
		}
	}
}

// Where a disk answers no more, who asks and gives up leaves only so many readings behind.
func TestReadingsAreBounded(t *testing.T) {
	log := newStuck()
	p := newPeople(log, catalogue.NewIDs(), 1<<20)
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range 2 * readsAtOnce {
		all.Go(func() {
			if _, err := p.get(ctx, engine.OfCustomer(engine.CustomerID(fmt.Sprint("c", n)))); !errors.Is(err, context.Canceled) {
				t.Errorf("who left was told %v", err)
			}
		})
	}
	for range readsAtOnce {
		<-log.asked
	}
	leave()
	all.Wait()
	if n := len(log.asked); n > 0 || len(p.known) != readsAtOnce {
		t.Errorf("%d more readings than %d, %d entries", n, readsAtOnce, len(p.known))
	}
	close(log.goOn)
	if _, err := p.get(t.Context(), engine.OfCustomer("ann")); err != nil {
		t.Error(err)
	}
}

// A state that is not in memory, from a log that takes no time: what it costs to have it read.
func BenchmarkPeopleMiss(b *testing.B) {
	log, ids, ann := lamps(100)
	p := newPeople(log, ids, 1<<20)
	for b.Loop() {
		if _, err := p.get(b.Context(), ann); err != nil {
			b.Fatal(err)
		}
		p.mu.Lock()
		p.drop(ann)
		p.mu.Unlock()
	}
}

// What an answer keeps of a state that is folded while it is made is counted, too.
func TestPeopleCountWhatAnswersKeep(t *testing.T) {
	log, ids, ann := lamps(20)
	num, _ := ids.Num("lamp")
	p := newPeople(log, ids, 20_000)
	who, err := p.get(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		other := engine.OfCustomer(engine.CustomerID(fmt.Sprint("other-", n)))
		log.happen(other, 0, "lamp", num)
		if _, err := p.get(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	folded, err := p.get(t.Context(), ann)
	if err != nil || folded.Packed == nil {
		t.Fatalf("the state is not folded (%v)", err)
	}
	w, place, now := lampShop(t, ids, num)
	for range 2 { // nothing is kept of the first answer
		if _, err := recommend.Recommend(&recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Customer: "ann", Count: 3}, Now: now}); err != nil {
			t.Fatal(err)
		}
	}
	p.grew(who)
	kept := folded.Kept()
	if e := p.known[ann]; kept == 0 || e.bytes != sizeOf(folded)+kept || e.keeps == nil {
		t.Errorf("a state of %d bytes of which %d are kept counts %d", sizeOf(folded), kept, e.bytes)
	}
}

// lampShop is a world of one item and no models, with a place, and a moment to ask at.
func lampShop(t *testing.T, ids *catalogue.IDs, num engine.ItemNum) (*recommend.World, *recommend.Place, time.Time) {
	t.Helper()
	w := recommend.NewWorld(ids, engine.DefaultSettings()).WithItems([]catalogue.Entry{{Num: num, Item: &engine.Item{ID: "lamp", Title: "Lamp"}}})
	plain := recommend.Unfitted()
	m := recommend.NewModels(1, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), nil, plain.Encoder, plain.Blend)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	place, err := recommend.NewPlace(engine.Scenario{Name: "home"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w, place, m.LogTime
}

// What explanations keep of states goes before what all answers keep of them: a place that
// explains must not make others slow.
func TestPeopleForgetExplanationsFirst(t *testing.T) {
	log, ids := &histories{rows: map[engine.Subject][]engine.Row{}}, catalogue.NewIDs()
	num, _ := ids.Assign("lamp")
	w, place, now := lampShop(t, ids, num)
	p := newPeople(log, ids, 1<<20)
	ask := func(name string, explain engine.Explain) *recommend.Someone {
		t.Helper()
		who, err := p.get(t.Context(), engine.OfCustomer(engine.CustomerID(name)))
		for n := 0; n < 2 && err == nil; n++ { // nothing is kept of the first answer
			_, err = recommend.Recommend(&recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Explain: explain}, Now: now})
		}
		if err != nil {
			t.Fatal(err)
		}
		p.grew(who)
		return who
	}
	names := []string{"ann", "bob", "cid"}
	for _, name := range names {
		for n := range 5 {
			log.happen(engine.OfCustomer(engine.CustomerID(name)), n, "lamp", num)
		}
		ask(name, engine.ExplainNone)
	}
	before := p.bytes
	for _, name := range names {
		if who := ask(name, engine.ExplainFull); who.Explained() == 0 {
			t.Fatal("explanations keep nothing")
		}
	}
	if p.bytes <= before || p.explained.Len() != 3 {
		t.Fatalf("%d bytes before explanations, %d after, of %d states", before, p.bytes, p.explained.Len())
	}
	ask("ann", engine.ExplainNone) // bob is whoever asked longest ago
	p.maxBytes = p.bytes
	p.evict() // folds what is too much for rows
	p.maxBytes = p.bytes - 1
	p.evict()
	bare := p.bytes
	for _, name := range names {
		e := p.known[engine.OfCustomer(engine.CustomerID(name))]
		if e.keeps == nil || (e.tells == nil) != (name == "bob") || (e.state.Explained() == 0) != (name == "bob") || e.bytes != sizeOf(e.state)+e.state.Kept() {
			t.Errorf("%s: kept %v, explained %v, %d bytes counted of %d", name, e.keeps != nil, e.tells != nil, e.bytes, sizeOf(e.state)+e.state.Kept())
		}
		bare -= e.state.Explained()
	}
	p.maxBytes = bare
	if p.evict(); p.keeping.Len() != 3 {
		t.Errorf("of 3 states %d are kept ready in the room they took before they were explained", p.keeping.Len())
	}
}
