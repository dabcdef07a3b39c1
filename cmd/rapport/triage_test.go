package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// queuedTickets are solved tickets, a line each, whose queue and priority hang on their words
// and whose time hangs on the channel.
func queuedTickets(n int) string {
	var b strings.Builder
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range n {
		queue, priority, text, fix := "post", "low", "where is my parcel, it is late", "trace-parcel"
		if i%2 == 0 {
			queue, priority, text, fix = "bills", "urgent", "the invoice was charged to my card", "credit-payment"
		}
		channel, hours := "email", 40
		if i%4 < 2 {
			channel, hours = "chat", 1
		}
		opened := start.Add(time.Duration(i) * 13 * time.Minute)
		fmt.Fprintf(&b, `{"ticket_id": "q%d", "customer_id": "c%d", "subject": %q, "channel": %q, "language": "en", "state": "solved", "queue": %q, "priority": %q, "agent": "of %s", "opened_at": %q, "closed_at": %q, "solutions": [{"item_id": %q, "outcome": "solved"}]}`+"\n",
			i, i%60, text, channel, queue, priority, queue, opened.Format(time.RFC3339), opened.Add(time.Duration(hours)*time.Hour+time.Duration(i%7)*time.Minute).Format(time.RFC3339), fix)
	}
	return b.String()
}

func (s *served) triage(t *testing.T, path, body string) (a engine.TriageAnswer) {
	t.Helper()
	code, text := s.ask(t, "POST", path, body)
	if err := json.Unmarshal([]byte(text), &a); err != nil || code != 200 {
		t.Fatalf("POST %s %s: %d %s (%v)", path, body, code, text, err)
	}
	a.TookMS = 0
	return a
}

// What tickets that are done teach triage serves, with reasons, and a restart says the same.
func TestDoneTicketsTeachTriage(t *testing.T) {
	t.Setenv("RAPPORT_KEY", "")
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	items := strings.NewReplacer(`"title": "Trace a delivery"`, `"title": "Trace a delivery", "categories": ["delivery/late"]`, `"title": "Credit a payment"`, `"title": "Credit a payment", "categories": ["money"]`).Replace(deskItems)
	if code, body := s.ask(t, "POST", "/v1/items", items); code != 200 {
		t.Fatalf("POST /v1/items: %d %s", code, body)
	}
	if code, body := s.ask(t, "POST", "/v1/tickets", queuedTickets(800), "Content-Type", "application/x-ndjson"); code != 200 {
		t.Fatalf("POST /v1/tickets: %d %s", code, body)
	}
	asked := `{"text": "you charged the invoice twice", "channel": "chat", "agents": true}`
	if a := s.triage(t, "/v1/triage", asked); a.Queue != nil || a.Time != nil || a.Model != 0 || a.Priority.By != engine.ByWords {
		t.Errorf("before the training: %+v", a)
	}
	s.trainOver(t)
	a := s.triage(t, "/v1/triage", asked)
	for name, v := range map[string]*engine.Verdict{"bills": a.Queue, "urgent": a.Priority, "money": a.Topic, "of bills": a.Agent} {
		if v == nil || v.Value != name || v.By != engine.ByTickets || !v.Calibrated || v.Chance == nil || *v.Chance < 0.8 || len(v.Because) == 0 || len(v.Others) != 1 {
			t.Errorf("want %s, got %+v", name, v)
		}
	}
	if a.Queue != nil && !strings.Contains(a.Queue.Because[0].Text, "the word") {
		t.Errorf("queue because %+v, want a word of the text", a.Queue.Because)
	}
	if l := a.Time; l == nil || l.Likely > 8 || l.Low > l.Likely || l.High < l.Likely || l.Within == nil {
		t.Errorf("a chat takes %+v, want about an hour", l)
	}
	if a.Model != 1 || a.Tickets != 800 {
		t.Errorf("by model %d of %d tickets", a.Model, a.Tickets)
	}
	if quiet := s.triage(t, "/v1/triage", `{"text": "my parcel is late"}`); quiet.Agent != nil || quiet.Queue.Value != "post" {
		t.Errorf("unasked: %+v, agent %+v", quiet.Queue, quiet.Agent)
	}
	if a := s.triage(t, "/v1/triage", `{"text": "my parcel is late, answer as soon as possible"}`); a.Priority.Value != "urgent" || a.Priority.By != engine.ByWords {
		t.Errorf("haste that is asked for outright: %+v, want urgent, the shop's own word, by words", a.Priority)
	}
	kept := s.triage(t, "/v1/tickets/q3/triage", "")
	if kept.Queue == nil || kept.Queue.Value != "post" || kept.TicketID != "q3" {
		t.Errorf("a stored ticket: %+v", kept)
	}
	s.end(t)
	again := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	// The hour is that of now, as the text is no ticket yet: a stored one says the same.
	if got := again.triage(t, "/v1/tickets/q3/triage", ""); asText(got) != asText(kept) {
		t.Errorf("after a restart it says %s, before %s", asText(got), asText(kept))
	}
}
