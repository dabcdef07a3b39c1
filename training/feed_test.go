package training

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// scrap is a log of things that are drawn.
type scrap struct {
	ids       *catalogue.IDs
	items     []engine.Item
	customers map[engine.CustomerID]engine.Customer
	tickets   []engine.Ticket
	people    []engine.Subject
	rows      [][]engine.Row
}

func (s *scrap) IDs() *catalogue.IDs { return s.ids }
func (s *scrap) Seq() uint64         { return 1 << 40 }

func (s *scrap) ErasedSince(_ context.Context, seq uint64) (bool, error) { return seq < 5, nil }

func (s *scrap) Items(_ context.Context, fn func(engine.ItemNum, engine.Item) error) error {
	for _, it := range s.items {
		n, _ := s.ids.Num(it.ID)
		if err := fn(n, it.Clone()); err != nil {
			return err
		}
	}
	return nil
}

func (s *scrap) Customer(_ context.Context, id engine.CustomerID) (engine.Customer, error) {
	if c, known := s.customers[id]; known {
		return c, nil
	}
	return engine.Customer{}, engine.ErrNotFound
}

func (s *scrap) ScanTickets(_ context.Context, fn func(engine.Ticket) error) error {
	for _, t := range s.tickets {
		if err := fn(t); err != nil {
			return err
		}
	}
	return nil
}

// Scan gives the same memory to every history, as the store does, and numbers an item meanwhile.
func (s *scrap) Scan(_ context.Context, fn func(engine.Subject, []engine.Row) error) error {
	var rows []engine.Row
	for i, who := range s.people {
		rows = append(rows[:0], s.rows[i]...)
		for k := range rows {
			if r := &rows[k]; r.Item != "" {
				r.Num, _ = s.ids.Assign(r.Item)
			}
		}
		if err := fn(who, rows); err != nil {
			return err
		}
		clear(rows)
	}
	return nil
}

func drawScrap(t *rapid.T) *scrap {
	id := func(label string, n int) string { return fmt.Sprint(label, rapid.IntRange(0, n).Draw(t, label)) }
	some := func(of string) string { return rapid.SampledFrom([]string{"", of}).Draw(t, of) }
	at := func() time.Time {
		return time.Unix(rapid.Int64Range(-1<<31, 1<<33).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	}
	s := &scrap{ids: catalogue.NewIDs(), customers: make(map[engine.CustomerID]engine.Customer)}
	for i := range rapid.IntRange(0, 4).Draw(t, "items") {
		it := engine.Item{ID: engine.ItemID(fmt.Sprint("i", i)), Title: some("Lamp"), Hidden: rapid.Bool().Draw(t, "hidden")}
		if rapid.Bool().Draw(t, "attributes") {
			it.Attributes = engine.Attributes{"n": rapid.Float64Range(-1e9, 1e9).Draw(t, "n"), "l": []string{"a", some("b")}, "b": true, "t": some("x")}
			it.Embedding = []float32{rapid.Float32Range(-1, 1).Draw(t, "e")}
		}
		s.items = append(s.items, it)
		s.ids.Assign(it.ID)
	}
	for i := range 4 {
		if c := engine.CustomerID(fmt.Sprint("c", i)); rapid.Bool().Draw(t, "record") {
			s.customers[c] = engine.Customer{ID: engine.CustomerID(id("c", 3)), Consent: map[engine.Purpose]bool{engine.Train: rapid.Bool().Draw(t, "consent")}, Attributes: engine.Attributes{"age": 3.5, "l": []string{"a"}}}
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "tickets") {
		opened := at()
		s.tickets = append(s.tickets, engine.Ticket{
			ID: fmt.Sprint("t", i), Customer: engine.CustomerID(rapid.SampledFrom([]string{"", "c0", "c1", "c2"}).Draw(t, "whose")), Order: some("o1"), Channel: some("chat"),
			OpenedAt: &opened, Messages: []engine.Message{{From: "customer", Text: some("help")}}, Solutions: []engine.Tried{{Item: "i0", Outcome: "solved", At: at()}},
		})
	}
	types := []engine.Type{engine.Purchase, engine.View, engine.Solved, engine.NotSolved, engine.Reopened, "waved at", ""}
	for i := range rapid.IntRange(0, 5).Draw(t, "people") {
		who := engine.OfCustomer(engine.CustomerID(fmt.Sprint("c", i)))
		if i > 3 {
			who = engine.OfSession("s0")
		}
		var rows []engine.Row
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			r := engine.Row{Seq: rapid.Uint64Range(0, 1<<50).Draw(t, "seq")}
			r.Type, r.At = rapid.SampledFrom(types).Draw(t, "type"), at()
			r.Customer, r.Session = engine.CustomerID(some("c0")), engine.SessionID(some("s0"))
			r.Item = engine.ItemID(rapid.SampledFrom([]string{"", "i0", "i1", "i9", "later"}).Draw(t, "item"))
			r.Quantity, r.Value = rapid.Float64Range(0, 9).Draw(t, "quantity"), rapid.Float64Range(-9, 9).Draw(t, "value")
			r.OrderID, r.TicketID, r.Channel = some("o1"), some("t9"), some("mail")
			rows = append(rows, r)
		}
		s.people, s.rows = append(s.people, who), append(s.rows, rows)
	}
	return s
}

// TestFedIsTheLog holds that what is fed gives the snapshot the log itself gives.
func TestFedIsTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScrap(t)
		job := &Job{Version: 3, Settings: engine.DefaultSettings(), Seed: 9, Workers: 2, Warm: rapid.Bool().Draw(t, "warm")}
		if rapid.Bool().Draw(t, "profile") {
			job.Settings.Sources = map[string]map[string]any{"profile": {"attributes": "age"}}
		}
		ctx := context.Background()
		var through bytes.Buffer
		if err := feed(ctx, newSender(&through), s, job, &Means{}); err != nil {
			t.Fatal(err)
		}
		f, err := hearJob(newReceiver(&through))
		if err != nil {
			t.Fatal(err)
		}
		f.ended = func() {}
		got, err := Read(ctx, f, f.Settings, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.rest(); err != nil || f.erased != job.Warm {
			t.Fatalf("erased %v, %v; want it asked of who is warm alone", f.erased, err)
		}
		want, err := Read(ctx, s, job.Settings, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.IDs.Len() != want.IDs.Len() {
			t.Fatalf("%d ids, want %d", got.IDs.Len(), want.IDs.Len())
		}
		if fed, read := maps.Collect(got.Items.Items()), maps.Collect(want.Items.Items()); !reflect.DeepEqual(fed, read) {
			t.Errorf("fed the items\n%v, want\n%v", fed, read)
		}
		got.IDs, got.Items = want.IDs, want.Items
		for _, of := range []*Snapshot{got, want} { // of maps they come in no order
			slices.SortFunc(of.strays, func(a, b stray) int { return int(int64(a.mark - b.mark)) })
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("fed\n%+v, want\n%+v", got, want)
		}
	})
}

// FuzzFed holds that no bytes make a helper panic, or take memory they only claim.
func FuzzFed(f *testing.F) {
	var through bytes.Buffer
	s := &scrap{ids: catalogue.NewIDs(), people: []engine.Subject{engine.OfCustomer("c")}, rows: [][]engine.Row{{{Interaction: engine.Interaction{Item: "i", Type: engine.View}}}}}
	if err := feed(f.Context(), newSender(&through), s, &Job{Settings: engine.DefaultSettings()}, &Means{}); err != nil {
		f.Fatal(err)
	}
	f.Add(through.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		log, err := hearJob(newReceiver(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		log.ended = func() {}
		if _, err := Read(t.Context(), log, log.Settings, nil); err == nil {
			_, _, _ = log.rest()
		}
	})
}
