package record

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func TestItemPatch(t *testing.T) {
	price := 9.5
	current := engine.Item{ID: "a", Title: "Lamp", Price: &price, Hidden: true, Attributes: engine.Attributes{"colour": "red", "size": 38.0}, Categories: []string{"x"}}
	before := current.Clone()
	p, err := One(ItemPatches(strings.NewReader(`{"price":null,"hidden":null,"attributes":{"colour":null,"new":["n"]},"categories":["y/z"]}`), Options{ID: "a"}))
	if err != nil || p.ID != "a" {
		t.Fatal(p.ID, err)
	}
	for range 2 { // it may be called again
		got, err := p.Update(current, true)
		want := engine.Item{ID: "a", Title: "Lamp", Attributes: engine.Attributes{"size": 38.0, "new": []string{"n"}}, Categories: []string{"y/z"}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
	if !reflect.DeepEqual(current, before) {
		t.Errorf("Update changed its argument: %+v", current)
	}
	if _, err := p.Update(engine.Item{}, false); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("got %v for what is not there, want ErrNotFound", err)
	}
	p, _ = One(ItemPatches(strings.NewReader(`{"item_id":"b","title":"New"}`), Options{Create: true}))
	if got, err := p.Update(engine.Item{}, false); err != nil || got.ID != "b" || got.Title != "New" {
		t.Errorf("created %+v, %v", got, err)
	}
}

func TestPatchChecksTheWhole(t *testing.T) {
	p, err := One(ItemPatches(strings.NewReader(`{"item_id":"a","expires":"2020-01-01T00:00:00Z"}`), Options{}))
	if err != nil {
		t.Fatal(err)
	}
	published := now
	var invalid *engine.Invalid
	if _, err := p.Update(engine.Item{ID: "a", Published: &published}, true); !errors.As(err, &invalid) || invalid.Field != "expires" {
		t.Errorf("got %v, want expires refused", err)
	}
	full := engine.Attributes{}
	for i := range engine.MaxAttributes {
		full[strings.Repeat("x", i+1)] = true
	}
	p, _ = One(ItemPatches(strings.NewReader(`{"item_id":"a","attributes":{"one more":1}}`), Options{}))
	if _, err := p.Update(engine.Item{Attributes: full}, true); !errors.As(err, &invalid) || invalid.Code != engine.CodeLimitExceeded || invalid.Field != "attributes.one more" {
		t.Errorf("got %v, want the limit of attributes", err)
	}
}

func TestPatchesOfManyAreApart(t *testing.T) {
	got, refused, end := gather(ItemPatches(strings.NewReader("item_id,stock,attributes.colour\na,1,red\nb,,blue\n,1,\nc,x,\n"), Options{}))
	if len(got) != 2 || len(refused) != 2 || end != nil {
		t.Fatalf("got %v, %v, %v", got, refused, end)
	}
	stock := int64(7)
	for i, want := range []engine.Item{
		{ID: "a", Stock: ptr(int64(1)), Attributes: engine.Attributes{"colour": "red"}},
		{ID: "b", Stock: &stock, Attributes: engine.Attributes{"colour": "blue"}},
	} {
		it, err := got[i].Value.Update(engine.Item{Stock: &stock}, true)
		if err != nil || !reflect.DeepEqual(it, want) {
			t.Errorf("%d: got %+v, %v: want %+v", i, it, err, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestCustomerPatch(t *testing.T) {
	p, err := One(CustomerPatches(strings.NewReader(`{"customer_id":"c","consent":{"train":null,"outreach":false},"preferences":{"muted_items":["x"]}}`), Options{}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Update(engine.Customer{Consent: map[engine.Purpose]bool{engine.Train: false, engine.Personalise: false}, Preferences: engine.Preferences{MutedCategories: []string{"y"}}}, true)
	want := engine.Customer{
		ID: "c", Consent: map[engine.Purpose]bool{engine.Outreach: false, engine.Personalise: false},
		Preferences: engine.Preferences{MutedItems: []engine.ItemID{"x"}, MutedCategories: []string{"y"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v: want %+v", got, err, want)
	}
	var invalid *engine.Invalid
	if _, err := One(CustomerPatches(strings.NewReader(`{"customer_id":"c","consent":{"trian":true}}`), Options{})); !errors.As(err, &invalid) || invalid.Field != "consent.trian" || !strings.Contains(invalid.Want, `"train"`) {
		t.Errorf("got %v, want the purpose refused", err)
	}
}

func TestTickets(t *testing.T) {
	in := `{"ticket_id":"t","userId":"c","productId":"85123A","subject":"call +49 30 1234567","messages":[{"from":"agent","text":"ok","at":"2024-05-01T12:00:00Z"}],
		"text":"mail me: a@b.example","state":"open","solutions":[{"item_id":"s","outcome":"solved"}],"csat":4}`
	got, err := One(Tickets(strings.NewReader(in), Options{}))
	want := engine.Ticket{
		ID: "t", Customer: "c", Product: "85123A", Subject: "call [phone]", State: "open", CSAT: ptr(4.0),
		Messages:  []engine.Message{{From: "customer", Text: "mail me: [mail]"}, {From: "agent", Text: "ok", At: now}},
		Solutions: []engine.Tried{{Item: "s", Outcome: "solved"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if kept, err := One(Tickets(strings.NewReader(in), Options{KeepPrivate: true})); err != nil || kept.Subject != "call +49 30 1234567" {
		t.Errorf("KeepPrivate: got %q, %v", kept.Subject, err)
	}
	p, err := One(TicketPatches(strings.NewReader(`{"state":"solved","subject":null}`), Options{ID: "t"}))
	if err != nil {
		t.Fatal(err)
	}
	if after, err := p.Update(want, true); err != nil || after.State != "solved" || after.Subject != "" || len(after.Messages) != 2 {
		t.Errorf("patched to %+v, %v", after, err)
	}
	for in, tried := range map[string][]engine.Tried{
		`{"state":"pending"}`: {{Item: "s", Outcome: "solved"}},
		`{"solutions":[{"item_id":"u","outcome":"not_solved"}]}`:                 {{Item: "s", Outcome: "solved"}, {Item: "u", Outcome: "not_solved"}},
		`{"solutions":[{"item_id":"u"},{"item_id":"s","outcome":"not_solved"}]}`: {{Item: "s", Outcome: "not_solved"}, {Item: "u"}},
		`{"solutions":[]}`:   {},
		`{"solutions":null}`: nil,
	} {
		p, err := One(TicketPatches(strings.NewReader(in), Options{ID: "t"}))
		if err != nil {
			t.Fatal(err)
		}
		if after, err := p.Update(want, true); err != nil || len(after.Solutions) != len(tried) || !slices.Equal(after.Solutions, tried) {
			t.Errorf("%s makes it %+v, %v; want tries %+v", in, after.Solutions, err, tried)
		}
	}
	opening := engine.Message{From: "customer", Text: "one", At: now}
	answer := engine.Message{From: "agent", Text: "ok"}
	two := engine.Message{From: "customer", Text: "two"}
	for _, c := range []struct {
		in        string
		was, want []engine.Message
	}{
		{`{"text":"two"}`, []engine.Message{opening, answer}, []engine.Message{{From: "customer", Text: "two", At: now}, answer}},
		{`{"text":"two"}`, nil, []engine.Message{two}},
		{`{"text":"two"}`, []engine.Message{answer}, []engine.Message{two, answer}},
		{`{"text":"two","messages":[{"from":"customer","text":"three"}]}`, []engine.Message{opening}, []engine.Message{two, {From: "customer", Text: "three"}}},
		{`{"text":""}`, []engine.Message{opening}, []engine.Message{opening}},
	} {
		p, err := One(TicketPatches(strings.NewReader(c.in), Options{ID: "t"}))
		if err != nil {
			t.Fatal(c.in, err)
		}
		after := engine.Ticket{Messages: slices.Clone(c.was)}
		for range 2 { // sent again it changes nothing more
			before := slices.Clone(after.Messages)
			next, err := p.Update(after, true)
			if err != nil || !slices.Equal(next.Messages, c.want) || !slices.Equal(after.Messages, before) {
				t.Errorf("%s makes %+v of %+v, %v; want %+v", c.in, next.Messages, c.was, err, c.want)
			}
			after = next
		}
	}
	var refused *engine.Invalid
	if _, err := One(TicketPatches(strings.NewReader(`{"text":null}`), Options{ID: "t"})); !errors.As(err, &refused) || refused.Field != "text" {
		t.Errorf("a text that is null gave %v, want it refused", err)
	}
	var many []string
	for n := range engine.MaxListValues {
		many = append(many, fmt.Sprintf(`{"item_id":"f%d"}`, n))
	}
	p, err = One(TicketPatches(strings.NewReader(`{"solutions":[`+strings.Join(many, ",")+`]}`), Options{ID: "t"}))
	if err != nil {
		t.Fatal(err)
	}
	var invalid *engine.Invalid
	if _, err := p.Update(want, true); !errors.As(err, &invalid) || invalid.Field != "solutions" {
		t.Errorf("a try too many gave %v, want solutions refused", err)
	}
	for field, bad := range map[string]string{
		"messages[0].from": `{"ticket_id":"t","messages":[{"text":"x"}]}`,
		"state":            `{"ticket_id":"t","state":"done"}`,
		"closed_at":        `{"ticket_id":"t","opened_at":10,"closed_at":9}`,
		"ticket_id":        `{"subject":"x"}`,
	} {
		var invalid *engine.Invalid
		if _, err := One(Tickets(strings.NewReader(bad), Options{})); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s gave %v, want %s refused", bad, err, field)
		}
	}
}
