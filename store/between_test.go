package store_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// hooked is a writer that does something once, as soon as text passes.
type hooked struct {
	io.Writer
	text string
	then func()
}

func (h *hooked) Write(p []byte) (int, error) {
	if h.then != nil && bytes.Contains(p, []byte(h.text)) {
		h.then()
		h.then = nil
	}
	return h.Writer.Write(p)
}

// TestNothingFallsBetweenBackups writes while a backup is on its way, after it has read:
// the backup that adds to it holds that.
func TestNothingFallsBetweenBackups(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	s.Start(t.Context(), nil)
	defer s.Close()
	write(t, s, engine.PutItem{Item: engine.Item{ID: "first", Title: "known-at-once"}})
	var whole bytes.Buffer
	out := &hooked{&whole, "known-at-once", func() { write(t, s, engine.PutItem{Item: engine.Item{ID: "second"}}) }}
	b, err := s.Backup(t.Context(), out, 0)
	if err != nil {
		t.Fatal(err)
	}
	if out.then != nil || strings.Contains(whole.String(), "second") {
		t.Fatal("nothing was written between reading and writing")
	}
	added, _ := backup(t, s, b.Position)
	got, _ := restored(t, store.RestoreOptions{}, whole.Bytes(), added)
	if _, err := got.Item(t.Context(), "second"); err != nil {
		t.Errorf("what was written behind the back of a backup: %v", err)
	}
}

// TestViewsOutliveErasures erases somebody whom a view knows.
func TestViewsOutliveErasures(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	s.Start(t.Context(), nil)
	defer s.Close()
	write(t, s, engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann"}}, engine.PutTicket{Ticket: engine.Ticket{ID: "t2", Customer: "ben"}})
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	write(t, s, engine.Erase{Subject: engine.OfCustomer("ann")})
	var left []string
	err = v.Tickets(t.Context(), func(ticket engine.Ticket) error {
		left = append(left, ticket.ID)
		return nil
	})
	if err != nil || !slices.Contains(left, "t2") {
		t.Errorf("tickets after an erasure: %q, %v; want t2, and t1 or not", left, err)
	}
}
