package engine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// A customer and a session of one id are two subjects, everywhere.
func TestSubjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if engine.OfCustomer(engine.CustomerID(a)).Hash() == engine.OfSession(engine.SessionID(b)).Hash() {
			t.Fatalf("customer %q and session %q have one hash", a, b)
		}
		if same := engine.OfCustomer(engine.CustomerID(a)).Hash() == engine.OfCustomer(engine.CustomerID(b)).Hash(); same != (a == b) {
			t.Fatalf("customers %q and %q: one hash %v", a, b, same)
		}
	})
	for _, c := range []struct {
		customer engine.CustomerID
		session  engine.SessionID
		want     engine.Subject
		text     string
	}{
		{"ann", "77", engine.OfCustomer("ann"), "customer ann"},
		{"", "77", engine.OfSession("77"), "session 77"},
		{"", "", engine.Subject{}, "customer "},
	} {
		got := engine.SubjectOf(c.customer, c.session)
		row := engine.Interaction{Customer: c.customer, Session: c.session}
		req := engine.Request{Customer: c.customer, Session: c.session}
		if got != c.want || row.Subject() != c.want || req.Subject() != c.want || got.String() != c.text || got.IsZero() != (c.customer == "" && c.session == "") {
			t.Errorf("SubjectOf(%q, %q) = %v (%q)", c.customer, c.session, got, got.String())
		}
	}
	if h := engine.HashOf("ann").String(); len(h) != 32 || strings.ToLower(h) != h {
		t.Errorf("a hash is written as %q", h)
	}
}

func TestCheckID(t *testing.T) {
	for id, code := range map[string]string{
		"a": "", "a/b": "", "%": "", "ü": "", "batch": "", "...": "", " ": "", strings.Repeat("x", engine.MaxIDBytes): "",
		"": engine.CodeMissingField, ".": engine.CodeInvalidField, "..": engine.CodeInvalidField,
		"a\nb": engine.CodeInvalidField, "a\x00": engine.CodeInvalidField, "\xff": engine.CodeInvalidField, "\u0085": engine.CodeInvalidField,
		strings.Repeat("x", engine.MaxIDBytes+1): engine.CodeLimitExceeded, strings.Repeat("ü", 129): engine.CodeLimitExceeded,
	} {
		err := engine.CheckID("item_id", id)
		var invalid *engine.Invalid
		switch {
		case code == "" && err != nil:
			t.Errorf("CheckID(%.20q): %v", id, err)
		case code != "" && (!errors.As(err, &invalid) || invalid.Code != code || invalid.Field != "item_id" || invalid.Offset != -1):
			t.Errorf("CheckID(%.20q) = %#v, want code %s", id, err, code)
		}
	}
}

func TestInvalidSaysFieldAndWant(t *testing.T) {
	if got := engine.Invalidf(engine.CodeInvalidField, "at", "a time, not %d", 7).Error(); got != "at: a time, not 7" {
		t.Errorf("Error() = %q", got)
	}
	if got := (&engine.Invalid{Want: "an object"}).Error(); got != "an object" {
		t.Errorf("without a field: %q", got)
	}
}

// A clone shares nothing: what is written to it is not seen in the item.
func TestItemClone(t *testing.T) {
	price, stock, at := 2.5, int64(3), noon
	item := engine.Item{
		ID: "a", Categories: []string{"home"}, Price: &price, Stock: &stock, Published: &at, Expires: &at,
		Attributes: engine.Attributes{"tags": []string{"x"}, "size": 1.0}, AppliesTo: []engine.ItemID{"b"}, Embedding: []float32{1},
	}
	before, err := json.Marshal(item)
	if err != nil {
		t.Fatal(err)
	}
	c := item.Clone()
	if same, _ := json.Marshal(c); string(same) != string(before) {
		t.Errorf("the clone is %s, want %s", same, before)
	}
	c.Categories[0], c.AppliesTo[0], c.Embedding[0] = "y", "y", 9
	*c.Price, *c.Stock, *c.Published, *c.Expires = 9, 9, at.AddDate(1, 0, 0), at.AddDate(2, 0, 0)
	c.Attributes["tags"].([]string)[0] = "y"
	c.Attributes["more"] = true
	if after, _ := json.Marshal(item); string(after) != string(before) {
		t.Errorf("writing to the clone changed the item: %s, before %s", after, before)
	}
	if c := (engine.Item{}).Clone(); c.Attributes != nil || c.Categories != nil || c.Price != nil {
		t.Errorf("the clone of nothing is %+v", c)
	}
}

func TestItemIsShown(t *testing.T) {
	item := engine.Item{Published: new(noon), Expires: new(noon.Add(time.Hour))}
	for after, want := range map[time.Duration]bool{-1: false, 0: true, time.Hour - 1: true, time.Hour: false} {
		if got := item.ShownAt(noon.Add(after)); got != want {
			t.Errorf("shown %v after its publishing: %v", after, got)
		}
	}
	if undated := (&engine.Item{}); !undated.ShownAt(noon) || !undated.InStock() || undated.KindOrProduct() != engine.Product {
		t.Error("an item that says nothing is a product, shown, and in stock without limit")
	}
	if (&engine.Item{Stock: new(int64(0))}).InStock() || !(&engine.Item{Stock: new(int64(1))}).InStock() {
		t.Error("stock 0 is sold out, stock 1 is not")
	}
}

// Consent that was not mentioned is given; what was said holds.
func TestCustomerAllows(t *testing.T) {
	c := engine.Customer{Consent: map[engine.Purpose]bool{engine.Personalise: false, engine.Train: true}}
	if c.Allows(engine.Personalise) || !c.Allows(engine.Train) || !c.Allows(engine.Outreach) {
		t.Errorf("consent %v is read as personalise %v, train %v, outreach %v", c.Consent, c.Allows(engine.Personalise), c.Allows(engine.Train), c.Allows(engine.Outreach))
	}
}

// A job that runs has no end and no version to show.
func TestJobJSON(t *testing.T) {
	running, err := json.Marshal(engine.Job{ID: "j1", Kind: "train", State: engine.JobRunning, Started: noon})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"job_id":"j1","kind":"train","state":"running","progress":0,"started":"2026-05-01T12:00:00Z"}`; string(running) != want {
		t.Errorf("got  %s\nwant %s", running, want)
	}
}

func TestDefaultScenarios(t *testing.T) {
	names := map[string]bool{}
	for _, s := range engine.DefaultScenarios() {
		if names[s.Name] || !s.BuiltIn || s.Description == "" || (len(s.Kinds) == 0) != (s.Name == "rank") || engine.CheckID("name", s.Name) != nil {
			t.Errorf("scenario %+v", s)
		}
		names[s.Name] = true
	}
	for _, name := range []string{"home", "related", "basket", "rank", "buy-again", "articles", "help", "support-desk"} {
		if !names[name] {
			t.Errorf("there is no scenario %s", name)
		}
	}
	if r := (engine.Request{Record: new(false)}); r.Recorded() || !(&engine.Request{}).Recorded() {
		t.Error("an answer leaves an impression unless the request says record: false")
	}
}
