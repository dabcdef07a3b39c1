package training

import (
	"reflect"
	"slices"
	"strings"
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

// TestUncut holds that a log that cannot be cut in time says why.
func TestUncut(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name           string
		spread, at, of int // events an hour apart, and from which hour on so many are of that one
		want           string
	}{
		{"spread", 100, 0, 0, ""},
		{"few", 3, 0, 0, "3 events of what is wished for are too few"},
		{"none", 0, 0, 0, "0 events of what is wished for are too few"},
		{"many of one instant near the end", 70, 68, 30, "31 % of the events of what is wished for are of one instant, 2026-01-03T20:00:00Z"},
		{"the oldest of one instant", 10, 0, 90, "91 % of the events of what is wished for are of one instant, 2026-01-01T00:00:00Z"},
		{"many of one instant at the beginning", 70, 0, 30, ""},
	} {
		ids := catalogue.NewIDs()
		num, _ := ids.Assign("a")
		s := NewSnapshot(ids, engine.DefaultSettings())
		rows := make([]engine.Row, c.spread+c.of)
		for i := range rows {
			hour := i
			if i >= c.spread {
				hour = c.at
			}
			rows[i] = engine.Row{Num: num, Interaction: engine.Interaction{Item: "a", Type: engine.Purchase, At: start.Add(time.Duration(hour) * time.Hour)}}
		}
		slices.SortFunc(rows, func(a, b engine.Row) int { return a.At.Compare(b.At) })
		s.Add(engine.OfCustomer("ann"), rows)
		t1, t2, uncut := s.cuts(s.wished())
		if !strings.HasPrefix(uncut, c.want) || (uncut == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, uncut, c.want)
		}
		if uncut == "" && !(start.Before(t1) && t1.Before(t2)) {
			t.Errorf("%s: cut at %v and %v", c.name, t1, t2)
		}
	}
}
