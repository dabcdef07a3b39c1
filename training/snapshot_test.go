package training

import (
	"reflect"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// TestDeeds holds that events come back as they were added, also where more differ in what was
// done than are told apart; and that what is done again takes no room.
func TestDeeds(t *testing.T) {
	ids := catalogue.NewIDs()
	num, _ := ids.Assign("a")
	s := NewSnapshot(ids, engine.DefaultSettings())
	row := func(i int) engine.Row {
		r := engine.Row{Num: num}
		r.Item, r.Type, r.At = "a", engine.Purchase, time.Unix(int64(i), 0).UTC()
		r.Quantity, r.Value = float64(i%3), float64(i/2)
		if i%5 == 0 {
			r.Type = engine.View
		}
		return r
	}
	const few, many = 1000, 3 * mostDeeds
	add := func(who string, n int) {
		rows := make([]engine.Row, n)
		for i := range rows {
			rows[i] = row(i)
			rows[i].Customer = engine.CustomerID(who)
		}
		s.Add(engine.OfCustomer(engine.CustomerID(who)), rows)
	}
	add("first", few)
	known := len(s.types.deeds)
	add("second", few)
	if got := len(s.types.deeds); got != known || known > few {
		t.Errorf("%d events are of %d deeds, and of %d when they happen again", few, known, got)
	}
	add("third", many)
	for _, p := range s.People {
		for i, got := range s.rows(p.Subject, p.events, nil) {
			want := row(i)
			want.Customer = engine.CustomerID(p.Subject.ID)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("event %d of %s came back as %+v, want %+v", i, p.Subject.ID, got, want)
			}
			if worth, want := s.worth(&p.events[i]), s.Settings.Worth(&want); worth != want {
				t.Fatalf("event %d of %s is worth %v, want %v", i, p.Subject.ID, worth, want)
			}
		}
	}
}

// TestMoments holds that one old row does not make the moments of a large catalogue's log long.
func TestMoments(t *testing.T) {
	ids := catalogue.NewIDs()
	num, _ := ids.Assign("a")
	s := NewSnapshot(ids, engine.DefaultSettings())
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	add := func(who engine.CustomerID, at ...time.Time) {
		rows := make([]engine.Row, len(at))
		for i := range rows {
			rows[i] = engine.Row{Num: num, Interaction: engine.Interaction{Item: "a", Type: engine.View, At: at[i]}}
		}
		s.Add(engine.OfCustomer(who), rows)
	}
	add("ann", start, start.Add(logMoments*time.Hour))
	if got := s.grain(); got != 0 {
		t.Errorf("moments of a small catalogue: %v, want those of serving", got)
	}
	s.Items = largeCatalogue(ids)
	if got := s.grain(); got != time.Hour {
		t.Errorf("moments of %d hours: %v, want an hour", logMoments, got)
	}
	add("ben", time.Unix(0, 0))
	if got := s.grain(); got != longestMoment {
		t.Errorf("moments with a row of 1970: %v, want %v", got, longestMoment)
	}
}

// largeCatalogue has items enough that questions look at some of them.
func largeCatalogue(ids *catalogue.IDs) *catalogue.Snapshot {
	var many []catalogue.Entry
	for n := range engine.ItemNum(lookedAt + 1) {
		many = append(many, catalogue.Entry{Num: n, Item: &engine.Item{ID: "x"}})
	}
	return catalogue.New(ids).With(many)
}
