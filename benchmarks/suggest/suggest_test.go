package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/sentence"
)

// The same seed makes the same desk; its tickets are as long as they are said to be.
func TestDeskIsOfItsSeed(t *testing.T) {
	one, err := invent(200, 7)
	if err != nil {
		t.Fatal(err)
	}
	same, err := invent(200, 7)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one.fixes, same.fixes) || !reflect.DeepEqual(one.products, same.products) {
		t.Error("two desks of one seed differ")
	}
	fits, e := within(64), sentence.New(1)
	for range 20 {
		text := one.ask(one.topical(), fits)
		if n, err := e.Tokens(text); err != nil || n < 48 || n > 64 {
			t.Errorf("a ticket has %d tokens (%v): %s", n, err, text)
		}
	}
}

// TestEngineAnswers holds that what is measured is an answer: most tickets get a fix of their
// topic, as none would by chance.
func TestEngineAnswers(t *testing.T) {
	d, err := invent(250, 7)
	if err != nil {
		t.Fatal(err)
	}
	fits := within(48)
	p := d.past(20, fits)
	a, err := newAnswering(t.Context(), d, p, 7, sentence.New(1))
	if err != nil {
		t.Fatal(err)
	}
	right, asked := 0, 20
	for i := range asked {
		about := d.topical()
		said, err := a.answer(t.Context(), &engine.SuggestRequest{Text: d.ask(about, fits), Customer: customer(1), Language: "en", Count: 3}, i%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(said.Fixes, func(r engine.Recommended) bool {
			return slices.ContainsFunc(d.ofTopic[about], func(i int) bool { return d.fixes[i].ID == r.Item })
		}) {
			right++
		}
	}
	if right < asked*3/4 {
		t.Errorf("%d of %d tickets got a fix of their topic among three", right, asked)
	}
}
