package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/triage"
)

func TestClosedOf(t *testing.T) {
	ids := catalogue.NewIDs()
	lamp, _ := ids.Assign("lamp")
	fix, _ := ids.Assign("fix")
	ids.Assign("gone")
	c := catalogue.New(ids).With([]catalogue.Entry{
		{Num: lamp, Item: &engine.Item{ID: "lamp", Categories: []string{"home/lighting"}}},
		{Num: fix, Item: &engine.Item{ID: "fix", Kind: engine.Solution, Categories: []string{"repairs/bulbs", "home"}}},
	})
	opened := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	closed, now := opened.Add(6*time.Hour), opened.Add(48*time.Hour)
	whole := engine.Ticket{
		Subject: "dark", Customer: "ann", Product: "lamp", Channel: "chat", State: "solved", Queue: "lights", Priority: "high", Agent: "bo", OpenedAt: &opened, ClosedAt: &closed,
		Messages:  []engine.Message{{From: "customer", Text: "my lamp is dark"}, {From: "agent", Text: "screw it in"}, {From: "customer", Text: "works"}},
		Solutions: []engine.Tried{{Item: "gone", Outcome: "solved"}, {Item: "fix", Outcome: "solved"}},
	}
	for moment(&whole) != 0 { // it is looked at when it comes
		whole.ID += "t"
	}
	got := ClosedOf(&whole, c, now)
	if got.Queue != "lights" || got.Priority != "high" || got.Agent != "bo" || got.Topic != "repairs/bulbs" || got.Took != (triage.Took{Time: 6 * time.Hour}) {
		t.Errorf("what became of it: %+v", got)
	}
	if got.Text != "dark\nmy lamp is dark" || got.Fields[1].Value != "home" || got.Fields[6].Value != "9" {
		t.Errorf("what was known when it came: %+v", got.Ticket)
	}
	open := whole
	open.State, open.ClosedAt = "pending", nil
	if got := ClosedOf(&open, c, now); got.Queue+got.Priority+got.Agent+got.Topic != "" || got.Took != (triage.Took{Time: 48 * time.Hour, Open: true}) {
		t.Errorf("one that is open: %+v", got)
	}
	silent := whole
	silent.State, silent.ClosedAt = "", nil
	if got := ClosedOf(&silent, c, now); got.Queue != "lights" || got.Took.Time >= 0 {
		t.Errorf("one that does not say whether it is over: %+v", got)
	}
	bare := engine.Ticket{State: "solved", ClosedAt: &closed}
	if got := ClosedOf(&bare, c, now); got.Took.Time >= 0 {
		t.Errorf("one that came at no time took %v", got.Took)
	}
	whole.Solutions = []engine.Tried{{Item: "fix", Outcome: "not_solved"}}
	if got := ClosedOf(&whole, c, now); got.Topic != "" {
		t.Errorf("a fix that failed gives the topic %s", got.Topic)
	}
}

// TestTriageReadsAtSomeMoment holds that tickets teach as they stand each time their customer has
// written, and never what an agent wrote.
func TestTriageReadsAtSomeMoment(t *testing.T) {
	ticket := engine.Ticket{Subject: "lamp", State: "closed", Messages: []engine.Message{
		{From: "agent", Text: "we shipped it"}, {From: "customer", Text: "one"}, {From: "system", Text: "noted"}, {From: "customer", Text: "and"}, {From: "agent", Text: "hello"}, {From: "customer", Text: "two"},
	}}
	if got := ticket.Turns(); got != 2 {
		t.Errorf("%d turns, want 2", got)
	}
	seen := make(map[string]int)
	for i := range 100 {
		ticket.ID = fmt.Sprint(i)
		seen[ClosedOf(&ticket, catalogue.New(catalogue.NewIDs()), time.Time{}).Text]++
	}
	if len(seen) != 2 || seen["lamp\none\nand"] < 30 || seen["lamp\none\nand\ntwo"] < 30 {
		t.Errorf("read as %v", seen)
	}
}
