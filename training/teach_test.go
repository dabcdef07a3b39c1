package training_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/desk"
)

// helpdesk is a store with fixes, and tickets in words that no fix has; wrong is the share
// that a random fix ended.
func helpdesk(t *testing.T, tickets int, wrong float64) *store.Store {
	t.Helper()
	s := shop(t, 3)
	support(t, s, tickets, wrong)
	return s
}

// support gives a shop what helpdesk has.
func support(t *testing.T, s *store.Store, tickets int, wrong float64) {
	t.Helper()
	words := []string{"gloomy unlit dim", "whereabouts overdue late", "lockedout forgot signin", "overcharged twice billed"}
	var cmds []engine.Command
	for i := range words {
		cmds = append(cmds, engine.PutItem{Item: engine.Item{ID: fixID(i), Kind: engine.Solution, Title: "Remedy " + string(rune('A'+i)), Language: "en"}})
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range tickets {
		theme := rng.IntN(len(words))
		own, ends := strings.Fields(words[theme]), theme
		if rng.Float64() < wrong {
			ends = rng.IntN(len(words))
		}
		cmds = append(cmds, engine.PutTicket{Ticket: asked(fmt.Sprint("t", i), "c0", start.Add(time.Duration(i)*time.Hour), own[rng.IntN(3)]+" "+own[rng.IntN(3)], engine.Tried{Item: fixID(ends), Outcome: "solved"})})
	}
	write(t, s, cmds...)
}

func fixID(i int) engine.ItemID { return engine.ItemID(fmt.Sprint("fix-", i)) }

func asked(id string, who engine.CustomerID, at time.Time, text string, tried ...engine.Tried) engine.Ticket {
	return engine.Ticket{ID: id, Customer: who, Subject: "help", State: "solved", OpenedAt: &at, Solutions: tried, Messages: []engine.Message{{From: "customer", Text: text}}}
}

// learnt trains and returns the report and the saved models.
func learnt(t *testing.T, s *store.Store, workers int) (*training.Report, *recommend.Models, []byte) {
	t.Helper()
	var got *recommend.Models
	tr := training.New(s, func(m *recommend.Models) { got = m }, training.Options{Search: small(), Seed: 1, Workers: workers})
	report, err := tr.Now(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if got.Desk != nil {
		if err := got.Desk.Save(&b); err != nil {
			t.Fatal(err)
		}
	}
	return report, got, b.Bytes()
}

// TestTicketsTeach: a training learns what ends tickets, says what that is worth on the newest,
// and makes the same of them with any number of workers.
func TestTicketsTeach(t *testing.T) {
	s := helpdesk(t, 400, 0.15)
	report, models, one := learnt(t, s, 1)
	d := report.Desk
	if models.Desk == nil || d == nil || d.Tickets != 400 || d.Outcomes != 400 || d.Fixes != 4 || !d.Calibrated || d.Proof == nil {
		t.Fatalf("taught %+v, want 400 tickets and chances", d)
	}
	if p := d.Proof; p.HeldOut != 80 || p.HR.Value < 0.75 || p.Plain.Value > 0.5 || p.Gain.Low <= 0 || !p.Calibrated || p.ECE.Value > 0.2 {
		t.Errorf("on the newest %+v, want most right, and few without", p)
	}
	var said bytes.Buffer
	if err := report.Write(&said); err != nil || !strings.Contains(said.String(), "desk: 400 tickets and 400 outcomes of tries, 4 fixes ended some; on the newest 80: hr@1 ") {
		t.Errorf("the report says %s (%v)", said.String(), err)
	}
	if _, _, three := learnt(t, s, 3); !bytes.Equal(one, three) {
		t.Error("three workers learnt something else than one")
	}
}

// themes is an embedder that knows what helpdesk's words are about, and refuses one text.
type themes struct {
	refuses string
	fails   error
}

func (*themes) Name() string { return "themes" }
func (*themes) Dims() int    { return 4 }

func (e *themes) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, s := range texts {
		switch {
		case e.fails != nil:
			return nil, e.fails
		case e.refuses != "" && strings.Contains(s, e.refuses):
			return nil, fmt.Errorf("%w: 512 tokens", text.ErrRefused)
		}
		out[i] = make([]float32, 4)
		at := 3
		for m, words := range []string{"gloomy unlit dim", "whereabouts overdue late", "lockedout forgot signin"} {
			if slices.ContainsFunc(strings.Fields(words), func(w string) bool { return strings.Contains(s, w) }) {
				at = m
			}
		}
		out[i][at] = 1
	}
	return out, nil
}

// TestATicketThatIsRefusedTeachesByItsWords: the others have their vectors, and it is said how
// many have none; where the embedder fails, none has, and that is said.
func TestATicketThatIsRefusedTeachesByItsWords(t *testing.T) {
	s := helpdesk(t, 60, 0)
	write(t, s, engine.PutTicket{Ticket: asked("long", "c0", start.AddDate(0, 2, 0), "qwertzuiop", engine.Tried{Item: fixID(0), Outcome: "solved"})})
	for _, c := range []struct {
		e             *themes
		encoder, says string
	}{
		{&themes{}, "themes", ""},
		{&themes{refuses: "qwertzuiop"}, "themes", "tickets=1"},
		{&themes{fails: errors.New("no network")}, "", "no network"},
	} {
		var said bytes.Buffer
		tr := training.New(s, func(*recommend.Models) {}, training.Options{
			Search: small(), Seed: 1, Workers: 1, Embedder: c.e, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn})),
			SentencesNow: func(context.Context) *solution.Sentences { return nil },
		})
		report, err := tr.Now(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := report.Desk; d == nil || d.Tickets != 61 || d.Encoder != c.encoder {
			t.Errorf("%+v taught %+v, want 61 tickets with vectors of %q", c.e, d, c.encoder)
		}
		if (said.Len() > 0) != (c.says != "") || !strings.Contains(said.String(), c.says) {
			t.Errorf("%+v: said %q, want %q", c.e, said.String(), c.says)
		}
	}
}

// TestWhoseTicketsTeach: those of who refuses do not, nor of who was erased; outcomes that only
// events name count once, and those of a ticket not a second time.
func TestWhoseTicketsTeach(t *testing.T) {
	s := helpdesk(t, 20, 0)
	at := start.AddDate(0, 2, 0)
	tried := func(outcome string) engine.Tried { return engine.Tried{Item: fixID(0), Outcome: outcome, At: at} }
	told := func(id, ticket string, kind engine.Type, when time.Time) engine.Command {
		return engine.RecordEvent{Lines: []engine.Interaction{{EventID: id, Type: kind, Customer: "c1", Item: fixID(1), TicketID: ticket, At: when}}}
	}
	write(t, s,
		engine.PutCustomer{Customer: engine.Customer{ID: "refuses", Consent: map[engine.Purpose]bool{engine.Train: false}}},
		engine.PutTicket{Ticket: asked("r", "refuses", at, "qwertzuiop", tried("solved"))},
		engine.PutTicket{Ticket: asked("e", "erased", at, "asdfghjkl", tried("solved"))},
		engine.PutTicket{Ticket: asked("known", "c1", at, "yxcvbnm", tried("not_solved"))},
		told("1", "known", engine.Solved, at.Add(time.Hour)),
		told("2", "elsewhere", engine.SolutionUsed, at), told("3", "elsewhere", engine.Solved, at.Add(time.Hour)), told("4", "elsewhere", engine.Reopened, at.Add(2*time.Hour)),
		engine.Erase{Subject: engine.OfCustomer("erased")},
	)
	report, models, saved := learnt(t, s, 2)
	// 20, the known one with what failed and what then did not, and the one that events name.
	if d := report.Desk; d == nil || d.Tickets != 21 || d.Outcomes != 23 {
		t.Fatalf("taught %+v, want 21 tickets and 23 outcomes", d)
	}
	for word, want := range map[string]bool{"qwertzuiop": false, "asdfghjkl": false, "yxcvbnm": true} {
		if bytes.Contains(saved, []byte(word)) != want {
			t.Errorf("%q is in the model: %v, want %v", word, !want, want)
		}
	}
	n, _ := s.IDs().Num(fixID(1))
	if of := models.Desk.Asked[n]; of.Holding["yxcvbnm"] != 1 {
		t.Errorf("fix-1 was asked %+v, want the known ticket among it", of)
	}
}

// TestAnErasureMakesATrainingDue: what serves may hold words of the erased, whether they went
// before or while it was made.
func TestAnErasureMakesATrainingDue(t *testing.T) {
	s := helpdesk(t, 30, 0)
	tr := training.New(s, func(*recommend.Models) {}, training.Options{Search: small(), Seed: 1, Workers: 1})
	train := func() {
		t.Helper()
		if _, err := tr.Now(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if train(); tr.Due(t.Context()) {
		t.Fatal("a training is due at once: this test would prove nothing")
	}
	write(t, s, engine.Erase{Subject: engine.OfCustomer("c1")})
	if !tr.Due(t.Context()) {
		t.Error("after an erasure no training is due")
	}
	if train(); tr.Due(t.Context()) {
		t.Error("the training after it left one due")
	}
}

// TestTheGateRefusesABadDesk: where words find every fix, and what ended earlier tickets has
// nothing to do with what ends the newest, the desk goes on without.
func TestTheGateRefusesABadDesk(t *testing.T) {
	s := shop(t, 3)
	var cmds []engine.Command
	names := []string{"lamp", "parcel", "password", "payment"}
	for i, name := range names {
		cmds = append(cmds, engine.PutItem{Item: engine.Item{ID: fixID(i), Kind: engine.Solution, Title: name, Language: "en"}})
	}
	for i := range 400 {
		about, ends := i%4, (i+1)%4 // the fix of another trouble: what is learnt is wrong
		if i >= 320 {
			ends = about
		}
		cmds = append(cmds, engine.PutTicket{Ticket: asked(fmt.Sprint("t", i), "c0", start.Add(time.Duration(i)*time.Hour), "my "+names[about], engine.Tried{Item: fixID(ends), Outcome: "solved"})})
	}
	write(t, s, cmds...)
	report, models, _ := learnt(t, s, 2)
	if models.Desk != nil || report.Desk == nil || !strings.Contains(report.Desk.Refused, "on 80 held-out tickets") {
		t.Errorf("taught %+v, want it refused", report.Desk)
	}
}

// TestQuestionsOfTickets: what each kind of ticket says.
func TestQuestionsOfTickets(t *testing.T) {
	tried := func(list ...string) (out []engine.Tried) {
		for i, outcome := range list {
			out = append(out, engine.Tried{Item: fixID(i), Outcome: outcome})
		}
		return out
	}
	for _, c := range []struct {
		state string
		tried []engine.Tried
		right string // ids of what ended it
		known int    // tries whose outcome is known
		ok    bool
	}{
		{"solved", tried("solved"), "[fix-0]", 1, true},
		{"solved", tried("not_solved", ""), "[fix-1]", 2, true},
		{"closed", tried(""), "[fix-0]", 1, true},
		{"solved", tried("", ""), "[]", 0, false},
		{"solved", tried("solved", ""), "[fix-0]", 1, true},
		{"reopened", tried("reopened"), "[]", 1, true},
		{"open", tried(""), "[]", 0, false},
		{"solved", nil, "[]", 0, false},
		{"escalated", nil, "[]", 0, true},
		{"escalated", tried(""), "[]", 0, false},
	} {
		q, ok := desk.QuestionOf(&engine.Ticket{State: c.state, Solutions: c.tried, Subject: "s"})
		if fmt.Sprint(q.Relevant) != c.right || len(q.Tried) != c.known || ok != c.ok {
			t.Errorf("%s after %v says %v ended it, %d tries, %v; want %s, %d, %v", c.state, c.tried, q.Relevant, len(q.Tried), ok, c.right, c.known, c.ok)
		}
	}
	later := engine.Ticket{Subject: "dark", Messages: []engine.Message{{From: "customer", Text: "it is dark"}, {From: "agent", Text: "screw it in"}, {From: "customer", Text: "screwing helped"}}}
	if q, _ := desk.QuestionOf(&later); strings.Contains(q.Text, "screw") || !strings.Contains(q.Text, "it is dark") {
		t.Errorf("the question is %q, want what was known when it came", q.Text)
	}
}

// TestFewTicketsTeachTheirOutcomes: under twenty tickets what fixes came to serves by itself, and
// is there again after a save.
func TestFewTicketsTeachTheirOutcomes(t *testing.T) {
	s := helpdesk(t, 0, 0)
	for i := range 5 {
		ticket := asked(fmt.Sprint("t", i), "c0", start.Add(time.Duration(i)*time.Hour), "gloomy unlit", engine.Tried{Item: fixID(0), Outcome: "not_solved"})
		ticket.State = "closed"
		write(t, s, engine.PutTicket{Ticket: ticket})
	}
	report, models, saved := learnt(t, s, 1)
	var said strings.Builder
	if err := report.Write(&said); err != nil || !report.Desk.OutcomesAlone || report.Desk.Refused != "" || !strings.Contains(said.String(), "what fixes came to serves") {
		t.Errorf("the report says %s (%v)", said.String(), err)
	}
	if models.Desk == nil || models.Desk.Head.Questions() != 0 || len(saved) == 0 {
		t.Fatalf("of five tickets there is %+v", models.Desk)
	}
	number := func(i int) engine.ItemNum {
		n, _ := s.IDs().Num(fixID(i))
		return n
	}
	if failed, other := models.Desk.Outcomes.Chance(number(0)), models.Desk.Outcomes.Chance(number(1)); failed >= other/2 {
		t.Errorf("failed five of five: %.2f, never tried: %.2f", failed, other)
	}
}
