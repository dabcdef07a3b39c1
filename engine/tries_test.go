package engine

import (
	"slices"
	"testing"
	"time"
)

// What a ticket's tries came to, as far as it tells.
func TestTries(t *testing.T) {
	closed := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		ticket Ticket
		want   []string // outcomes of a, b, c
		failed []ItemID
	}{
		{"the only one on a ticket that is over", Ticket{State: "closed", Solutions: []Tried{{Item: "a"}}}, []string{"solved"}, nil},
		{"the same by its time alone", Ticket{ClosedAt: &closed, Solutions: []Tried{{Item: "a"}}}, []string{"solved"}, nil},
		{"the one left of two", Ticket{State: "solved", Solutions: []Tried{{Item: "a", Outcome: "not_solved"}, {Item: "b"}}}, []string{"not_solved", "solved"}, []ItemID{"a"}},
		{"two that are left", Ticket{State: "solved", Solutions: []Tried{{Item: "a"}, {Item: "b"}}}, []string{"", ""}, nil},
		{"another ended it", Ticket{State: "solved", Solutions: []Tried{{Item: "a"}, {Item: "b", Outcome: "solved"}}}, []string{"", "solved"}, nil},
		{"while it is open", Ticket{State: "open", Solutions: []Tried{{Item: "a"}}}, []string{""}, nil},
		{"said and taken back", Ticket{State: "reopened", Solutions: []Tried{{Item: "a", Outcome: "solved"}, {Item: "b"}, {Item: "c", Outcome: "reopened"}}}, []string{"reopened", "", "reopened"}, []ItemID{"a", "c"}},
	} {
		before := slices.Clone(c.ticket.Solutions)
		var got []string
		for _, tried := range c.ticket.Tries() {
			got = append(got, tried.Outcome)
		}
		if failed := c.ticket.Failed(); !slices.Equal(got, c.want) || !slices.Equal(failed, c.failed) {
			t.Errorf("%s: %q, failed %q; want %q, %q", c.name, got, failed, c.want, c.failed)
		}
		if !slices.Equal(before, c.ticket.Solutions) {
			t.Errorf("%s: the ticket itself is changed", c.name)
		}
	}
}
