package training_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// queued are tickets of a desk whose queue hangs on a word, and whose time hangs on the
// product. refuser's, who does not consent to training, all end in a queue of their own.
func queued(n int) (cmds []engine.Command) {
	cmds = append(cmds, engine.PutCustomer{Customer: engine.Customer{ID: "refuser", Consent: map[engine.Purpose]bool{engine.Train: false}}})
	for i := range n {
		at := start.Add(time.Duration(i) * 17 * time.Minute)
		t := engine.Ticket{
			ID: fmt.Sprint("t", i), Customer: engine.CustomerID(fmt.Sprint("c", i%40)), Subject: "hello", Product: item(i % 2), Language: "en",
			State: "solved", Queue: "post", Agent: "bo", OpenedAt: &at, Messages: []engine.Message{{From: "customer", Text: "my parcel is late", At: at}},
		}
		if i%3 == 0 {
			t.Queue, t.Agent, t.Messages[0].Text = "bills", "al", "the invoice is wrong"
		}
		if i%20 == 19 {
			t.Customer, t.Queue = "refuser", "secret"
		}
		closed := at.Add(time.Duration(1+i%2*30) * time.Hour)
		t.ClosedAt = &closed
		cmds = append(cmds, engine.PutTicket{Ticket: t})
	}
	return cmds
}

func trained(t *testing.T, s *store.Store, workers int) (*training.Report, *recommend.Models) {
	t.Helper()
	var got *recommend.Models
	tr := training.New(s, func(m *recommend.Models) { got = m }, training.Options{Search: small(), Seed: 1, Workers: workers})
	report, err := tr.Now(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return report, got
}

func TestTicketsTeachTriage(t *testing.T) {
	s := shop(t, 20)
	if report, models := trained(t, s, 1); models.Triage != nil || report.Triage != nil {
		t.Error("without tickets something was learnt of them")
	}
	write(t, s, queued(800)...)
	report, models := trained(t, s, 1)
	if models.Triage == nil || report.Triage == nil {
		t.Fatal("nothing was learnt")
	}
	if names := models.Triage.Queue.Names; len(names) != 2 || names[0] != "bills" || names[1] != "post" {
		t.Errorf("queues are %v: the one of who does not consent must not be among them", names)
	}
	if r := report.Triage; r.Tickets != 760 || r.Queue.Right < 0.99 || r.Queue.Tickets != 76 || r.Times.Tickets == 0 || r.Priority != nil || r.Topic != nil {
		t.Errorf("reported are %+v of queues %+v", r, r.Queue)
	}
	var out bytes.Buffer
	if err := report.Write(&out); err != nil || !strings.Contains(out.String(), "triage: 760 tickets; topic: too little is known; queue: 1.000 of 76 held out right, 0.6") {
		t.Errorf("report for people (%v):\n%s", err, &out)
	}
	_, again := trained(t, s, 3)
	var a, b bytes.Buffer
	if err := models.Triage.Save(&a); err != nil {
		t.Fatal(err)
	}
	if err := again.Triage.Save(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("on other workers another model was learnt (%v)", err)
	}
}
