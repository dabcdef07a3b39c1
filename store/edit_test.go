package store_test

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

func changed(subj engine.Subject, id string, value float64) engine.Command {
	return engine.UpdateEvent{Subject: subj, EventID: id, Update: func(l []engine.Interaction) ([]engine.Interaction, error) {
		l[0].Value = value
		return l, nil
	}}
}

func deleted(subj engine.Subject, id string) engine.Command {
	return engine.UpdateEvent{Subject: subj, EventID: id, Update: func([]engine.Interaction) ([]engine.Interaction, error) { return nil, nil }}
}

// forgetful opens a store again that remembers no event ids: its tail was trimmed.
func forgetful(t *testing.T, s *store.Store, dir string) *store.Store {
	t.Helper()
	if err := s.TrimTail(t.Context(), s.Seq()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	return s
}

// What somebody changed or took out stays so, however late its sender sends it again.
func TestChangesOfEventsLast(t *testing.T) {
	dir := t.TempDir()
	ann, ben := engine.OfCustomer("ann"), engine.OfCustomer("ben")
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	write(t, s, seen("e1", "", "phone", noon), seen("e2", "ann", "phone", noon), seen("e3", "ann", "", noon))
	write(t, s, deleted(ann, "e1"), changed(engine.OfSession("phone"), "e3", 7))
	s = forgetful(t, s, dir)
	defer func() { s.Close() }()
	again := []engine.Command{seen("e1", "", "phone", noon), seen("e1", "ann", "phone", noon), seen("e3", "ann", "", noon)}
	for i, r := range write(t, s, again...) {
		if !r.Duplicate {
			t.Errorf("event %d sent again after its change is no duplicate", i)
		}
	}
	if r := write(t, s, seen("e2", "ann", "phone", noon)); r[0].Duplicate {
		t.Error("an event nobody changed is remembered: this test would prove nothing")
	}
	write(t, s, engine.Merge{From: ann, Into: "ben"})
	if r := write(t, s, seen("e3", "ann", "", noon)); !r[0].Duplicate {
		t.Error("sent again after its customer was merged it is no duplicate")
	}
	rows, err := s.History(t.Context(), ben)
	if err != nil || len(rows) != 2 || rows[0].Value+rows[1].Value != 7 {
		t.Errorf("the history is %+v, %v", rows, err)
	}
	write(t, s, engine.Erase{Subject: ben})
	if r := write(t, s, again...); r[0].Duplicate || r[1].Duplicate || r[2].Duplicate {
		t.Errorf("erased, nothing is known of an event: %+v, want news", r)
	}
}
