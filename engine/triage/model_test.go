package triage

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
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
	m, proof := Learn(all, 1)
	if m.Queue == nil || m.Topic == nil || m.Agent == nil || m.Times == nil || m.Tickets != 2_000 {
		t.Fatalf("learnt %+v", m)
	}
	if m.Priority != nil {
		t.Errorf("priorities that nothing speaks for are told, with %+v", m.Priority.Held)
	}
	if h := proof.Priority; h == nil || h.Tickets != 200 || h.Proven() || proof.Queue == nil || *proof.Queue != m.Queue.Held {
		t.Errorf("proven are priorities by %+v, queues by %+v", h, proof.Queue)
	}
	if h := m.Queue.Held; h.Tickets != 200 || h.Right < 0.95 || h.Gain < 0.3 || h.Commonest > 0.6 {
		t.Errorf("queues of the newest: %+v", h)
	}
	if h := m.Times.Held; h.Tickets != 400 || h.Within < 0.74 || h.Within > 0.86 || !h.Proven() {
		t.Errorf("times of the newest: %+v", h)
	}
	few := closed(LeastTickets)
	if _, p := Learn(few, 1); p.Queue == nil || p.Queue.Tickets != LeastTickets || p.Times.Tickets != LeastTickets {
		t.Errorf("of %d tickets proven %+v", LeastTickets, p.Queue)
	}
	few[3].Queue = ""
	if _, p := Learn(few, 1); p.Queue != nil {
		t.Errorf("%d queues were enough", LeastTickets-1)
	}
	rare := closed(200)
	names := make([]string, len(rare))
	for i := range names {
		names[i] = "usual"
		if i%8 == 0 {
			names[i] = "second"
		}
		if i < LeastOfClass-1 {
			names[i] = "rare"
		}
	}
	if enough := common(names); !enough || slices.Contains(names, "rare") || !slices.Contains(names, "second") {
		t.Errorf("enough %v, left are %v", enough, names)
	}
	if m, _ := Learn(nil, 1); m != nil {
		t.Error("something was learnt of nothing")
	}
	if m, p := Learn(closed(10), 1); m != nil || p != (Proof{}) {
		t.Error("something was learnt of ten")
	}
}

// Few tickets serve where they say something, and not where they do not.
func TestFewTicketsServeWhatTheyProve(t *testing.T) {
	noise := 0
	for seed := range uint64(20) {
		all := closed(150)
		rng := rand.New(rand.NewPCG(seed, 1))
		for i := range all {
			all[i].Priority = []string{"low", "high"}[rng.IntN(2)]
			all[i].Queue = all[i].Fields[0].Value
			all[i].Topic, all[i].Agent = "", ""
		}
		m, p := Learn(all, seed)
		if m.Queue == nil || m.Queue.Held.Right < 0.95 || m.Queue.Held.Tickets != 150 {
			t.Fatalf("queues that hang on the product are not told: %+v", p.Queue)
		}
		if m.Priority != nil {
			noise++
		}
		for i := range all { // times that hang on nothing
			all[i].Took.Time = time.Duration(float64(time.Hour) * math.Exp(rng.NormFloat64()))
		}
		m, p = Learn(all, seed)
		if p.Times.Proven() {
			noise++
			continue
		}
		if a, b := m.Times.Of(&all[0].Ticket), m.Times.Of(&Ticket{}); a != b || p.Times.Within < 0.6 {
			t.Errorf("times are not proven, and %+v is said of one ticket, %+v of another, within %v", a, b, p.Times.Within)
		}
	}
	if noise > 8 {
		t.Errorf("what hangs on nothing was proven %d times of 40", noise)
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
	whole, _ := Learn(all, 1)
	for name, m := range map[string]*Model{"all": whole, "queues alone": {Queue: whole.Queue, Tickets: 3}, "times alone": {Times: whole.Times}} {
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
	if o.Language = "en-GB"; fmt.Sprint(o.Ticket().Fields[3]) != "{language de}" {
		t.Errorf("a German letter is taken for %v", o.Ticket().Fields[3])
	}
	if o.Text = "Lampe"; fmt.Sprint(o.Ticket().Fields[3]) != "{language en-GB}" {
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
	for _, c := range []struct {
		text, language, want string
		outright             bool
	}{
		{"please answer urgently, my flat is flooded", "", "urgent", true},
		{"I need this ASAP", "", "asap", true},
		{"send it as soon as possible", "", "as soon as possible", true},
		{"when you have a moment, could you check my order", "", "", false},
		{"it is not urgent, no hurry", "", "", false},
		{"I ordered it today", "", "today", false},
		{"I shall wait for the next one", "", "", false},
		{"this cannot wait", "", "cannot wait", true},
		{"E12 rook", "", "rook", false},
		{"E12 rook", "en", "rook", false},
		{"there were sparks when I plugged it in", "en-US", "sparks", false},
		{"Bitte melden Sie sich umgehend, das Gerät ist undicht", "", "umgehend", true},
		{"Das ist nicht dringend, wir haben noch Zeit dafür", "de", "", false},
		{"C'est urgent, il y a une fuite dans la cuisine", "fr", "urgent", true},
		{"Ho bisogno di una risposta il prima possibile per favore", "it", "il prima possibile", true},
		{"Er is spoed bij, de ketel lekt en het water staat in de keuken", "nl", "spoed", true},
	} {
		if got, outright := Hurry(c.text, c.language); got != c.want || outright != c.outright {
			t.Errorf("%q: %q, outright %v; want %q, %v", c.text, got, outright, c.want, c.outright)
		}
	}
}
