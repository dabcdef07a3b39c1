package triage

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// closed is house with everything that can become of a ticket.
func closed(n int) []Closed {
	tickets, queues, took := house(n)
	out := make([]Closed, n)
	for i := range out {
		out[i] = Closed{
			Ticket: tickets[i], Queue: queues[i], Topic: tickets[i].Fields[0].Value, Took: took[i],
			Priority: []string{"low", "high"}[i%2], Agent: "agent of " + queues[i],
		}
	}
	return out
}

func TestLearnAsksForEnough(t *testing.T) {
	all := closed(2_000)
	m := Learn(all, 1)
	if m.Queue == nil || m.Topic == nil || m.Agent == nil || m.Times == nil || m.Tickets != 2_000 {
		t.Fatalf("learnt %+v", m)
	}
	if m.Priority != nil {
		t.Errorf("priorities that nothing speaks for are told, with %+v", m.Priority.Held)
	}
	if h := m.Queue.Held; h.Tickets != 200 || h.Right < 0.95 || h.Gain < 0.3 || h.Commonest > 0.6 {
		t.Errorf("queues of the newest: %+v", h)
	}
	if h := m.Times.Held; h.Tickets != 200 || h.Within < 0.6 || h.Within > 0.95 {
		t.Errorf("times of the newest: %+v", h)
	}
	few := closed(LeastTickets)
	if m := Learn(few, 1); m.Queue == nil || m.Queue.Held.Tickets != 0 {
		t.Errorf("of %d tickets learnt %+v", LeastTickets, m.Queue)
	}
	few[3].Queue = ""
	if m := Learn(few, 1); m.Queue != nil {
		t.Errorf("%d queues were enough", LeastTickets-1)
	}
	rare := closed(200)
	for i := range rare {
		rare[i].Queue = "usual"
		if i%8 == 0 {
			rare[i].Queue = "second"
		}
		if i < LeastOfClass-1 {
			rare[i].Queue = "rare"
		}
	}
	if m := Learn(rare, 1); !reflect.DeepEqual(m.Queue.Names, []string{"second", "usual"}) {
		t.Errorf("told are %v", m.Queue.Names)
	}
	if Learn(nil, 1) != nil || Learn(closed(10), 1) != nil {
		t.Error("something was learnt of nothing")
	}
}

func TestManyClassesAreOfFewSignals(t *testing.T) {
	all := closed(1_000)
	tickets := make([]Ticket, len(all))
	for i := range all {
		tickets[i] = all[i].Ticket
	}
	usual := newSignalTable(tickets, 2)
	room := maxWeights/(len(usual)/2) + 1
	if got := newSignalTable(tickets, room); (len(got)+1)*room > maxWeights || len(got) == 0 {
		t.Errorf("%d signals for %d classes", len(got), room)
	}
}

func TestModelsReadBack(t *testing.T) {
	all := closed(800)
	for name, m := range map[string]*Model{"all": Learn(all, 1), "queues alone": {Queue: Learn(all, 1).Queue, Tickets: 3}, "times alone": {Times: Learn(all, 1).Times}} {
		var saved, again bytes.Buffer
		if err := m.Save(&saved); err != nil {
			t.Fatal(err)
		}
		got, err := Load(bytes.NewReader(saved.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, m) {
			t.Errorf("%s: read back is another model", name)
		}
		if err := got.Save(&again); err != nil || !bytes.Equal(saved.Bytes(), again.Bytes()) {
			t.Errorf("%s: saved again it has other bytes, %v", name, err)
		}
		rapid.Check(t, func(t *rapid.T) {
			bad := bytes.Clone(saved.Bytes())
			if rapid.Bool().Draw(t, "short") {
				bad = bad[:rapid.IntRange(0, len(bad)-1).Draw(t, "bytes")]
			} else {
				bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
			}
			if _, err := Load(bytes.NewReader(bad)); err == nil {
				t.Fatal("damaged bytes were taken")
			}
		})
	}
}

func TestOpening(t *testing.T) {
	lamp := &engine.Item{ID: "lamp", Categories: []string{"home/lighting"}}
	o := Opening{Text: "die Lampe ist nicht hell und der Schalter klemmt", Channel: "chat", Product: "lamp", About: lamp, Known: true, At: time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 7200))}
	got := o.Ticket()
	want := []Field{{"product", "lamp"}, {"category", "home"}, {"channel", "chat"}, {"language", "de"}, {"order", "none"}, {"customer", "named"}, {"hour", "7"}, {"weekday", "Monday"}}
	if !reflect.DeepEqual(got.Fields, want) || got.Language != "de" {
		t.Errorf("got %v in %s, want %v", got.Fields, got.Language, want)
	}
	if o.Language = "en-GB"; fmt.Sprint(o.Ticket().Fields[3]) != "{language en-GB}" {
		t.Errorf("the sender's language is %v", o.Ticket().Fields[3])
	}
	bare := Opening{}
	for _, f := range bare.Ticket().Fields {
		if f.Value != "" && f.Value != "none" && f.Name != "language" {
			t.Errorf("nothing is known, and %v", f)
		}
	}
}

func TestHurry(t *testing.T) {
	for _, c := range []struct{ text, language, want string }{
		{"please answer urgently, my flat is flooded", "", "urgent"},
		{"when you have a moment, could you check my order", "", ""},
		{"there were sparks when I plugged it in", "en-US", "sparks"},
		{"Bitte melden Sie sich umgehend, das Gerät ist undicht", "", "umgehend"},
		{"C'est urgent, il y a une fuite dans la cuisine", "fr", "urgent"},
	} {
		if got := Hurry(c.text, c.language); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
