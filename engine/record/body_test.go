package record

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// TestSmallBodies: every small body is read as it is meant.
func TestSmallBodies(t *testing.T) {
	for _, c := range []struct {
		name string
		read func(io.Reader) (any, error)
		body string
		want any
	}{
		{"merge a session", reading1(func(r io.Reader) (engine.Merge, error) { return Merge(r, "ann") }), `{"session_id":"s"}`, engine.Merge{From: engine.OfSession("s"), Into: "ann"}},
		{"merge a customer", reading1(func(r io.Reader) (engine.Merge, error) { return Merge(r, "ann") }), `{"userId":"bo"}`, engine.Merge{From: engine.OfCustomer("bo"), Into: "ann"}},
		{"rollback", reading1(Rollback), `{"to": 3}`, 3},
		{"message", reading1(message), `{"from":"customer","text":"mail ann@mail.example"}`, engine.Message{From: "customer", Text: "mail [mail]", At: now}},
		{
			"types", reading1(TypeSettings), `{"view":{"weight":0.2,"half_life":"60d"},"add-to-cart":{"weight":1,"half_life":3600},"rating":{"weight":1,"liked":3,"half_life":"36h"},"x":{"weight":0}}`,
			map[engine.Type]engine.TypeSetting{"view": {Weight: 0.2, HalfLife: 60 * day}, "add_to_cart": {Weight: 1, HalfLife: time.Hour}, "rating": {Weight: 1, HalfLife: 36 * time.Hour, Liked: 3}, "x": {}},
		},
		{"rank", reading1(RankRequest), `{"customer_id":"ann","items":["a","b"],"context":{"item_id":"c","basket":["d"]}}`, engine.RankRequest{
			Request: engine.Request{Customer: "ann", Item: "c", Basket: []engine.ItemID{"d"}}, Items: []engine.ItemID{"a", "b"},
		}},
		{"calls", reading1(Calls), `{"requests":[{"method":"GET","path":"/v1/items?limit=1"},{"method":"POST","path":"/v1/events","body":[{"a": 1}]}]}`, []Call{
			{"GET", "/v1/items?limit=1", ""}, {"POST", "/v1/events", `[{"a": 1}]`},
		}},
	} {
		got, err := c.read(strings.NewReader(c.body))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", c.name, got, err, c.want)
		}
	}
}

func reading1[T any](f func(io.Reader) (T, error)) func(io.Reader) (any, error) {
	return func(r io.Reader) (any, error) { return f(r) }
}

func message(r io.Reader) (engine.Message, error) { return Message(r, Options{Now: now}) }

// TestSmallBodiesRefuse: what is wrong is named.
func TestSmallBodiesRefuse(t *testing.T) {
	for _, c := range []struct {
		read        func(io.Reader) (any, error)
		body        string
		code, field string
	}{
		{reading1(Rollback), `{}`, engine.CodeMissingField, "to"},
		{reading1(Rollback), `{"to":"one"}`, engine.CodeInvalidField, "to"},
		{reading1(Rollback), `{"too":1}`, engine.CodeUnknownField, "too"},
		{reading1(message), `{"from":"robot","text":"x"}`, engine.CodeInvalidField, "from"},
		{reading1(message), `{"from":"agent"}`, engine.CodeMissingField, "text"},
		{reading1(message), `{"from":"agent","text":"x","at":"2999-01-01T00:00:00Z"}`, engine.CodeTimeInFuture, "at"},
		{reading1(TypeSettings), `{"View":{"weight":1}}`, engine.CodeInvalidField, "View"},
		{reading1(TypeSettings), `{"view":{"half_life":"60d"}}`, engine.CodeMissingField, "view.weight"},
		{reading1(TypeSettings), `{"view":null}`, engine.CodeMissingField, "view.weight"},
		{reading1(TypeSettings), `{"view":{"weight":1e9}}`, engine.CodeLimitExceeded, "view.weight"},
		{reading1(TypeSettings), `{"view":{"weight":1,"half_life":"-60d"}}`, engine.CodeInvalidField, "view.half_life"},
		{reading1(TypeSettings), `{"view":{"weight":1,"half_life":"9999999d"}}`, engine.CodeInvalidField, "view.half_life"},
		{reading1(TypeSettings), `{"view":{"weight":1,"half_life":"two months"}}`, engine.CodeInvalidField, "view.half_life"},
		{reading1(TypeSettings), `{"view":{"weight":1},"detail-page-view":{"weight":1}}`, engine.CodeInvalidField, "detail-page-view"},
		{reading1(TypeSettings), `{"view":{"weight":1,"halflife":1}}`, engine.CodeUnknownField, "view.halflife"},
		{reading1(RankRequest), `{"customer_id":"ann"}`, engine.CodeMissingField, "items"},
		{reading1(RankRequest), `{"items":["a"],"cout":3}`, engine.CodeUnknownField, "cout"},
		{reading1(Calls), `{"requests":[]}`, engine.CodeMissingField, "requests"},
		{reading1(Calls), `{"requests":[{"path":"/v1/items"}]}`, engine.CodeMissingField, "requests[0].method"},
		{reading1(Calls), `{"requests":[{"method":"GET","path":"v1"}]}`, engine.CodeMissingField, "requests[0].path"},
	} {
		_, err := c.read(strings.NewReader(c.body))
		invalid, ok := errors.AsType[*engine.Invalid](err)
		if !ok || invalid.Code != c.code || invalid.Field != c.field {
			t.Errorf("%s: got %v, want %s of %s", c.body, err, c.code, c.field)
		}
	}
	for _, body := range []string{"", `{"to": }`, `{"to": 1} {}`} {
		if _, err := Rollback(strings.NewReader(body)); !errors.As(err, new(*Syntax)) {
			t.Errorf("%q: got %v, want a Syntax", body, err)
		}
	}
}

// TestSpanComesBack: what Span writes is read as it was.
func TestSpanComesBack(t *testing.T) {
	for _, d := range []time.Duration{0, day, 60 * day, 36 * time.Hour, 90 * time.Second, time.Millisecond} {
		got, err := TypeSettings(strings.NewReader(`{"view":{"weight":1,"half_life":"` + Span(d) + `"}}`))
		if err != nil || got["view"].HalfLife != d {
			t.Errorf("%v: got %v, %v", d, got, err)
		}
	}
}

func TestPreferencesReplaceWhatIsGiven(t *testing.T) {
	before := engine.Customer{ID: "ann", Preferences: engine.Preferences{MutedItems: []engine.ItemID{"a"}, MutedCategories: []string{"x"}}}
	for body, want := range map[string]engine.Preferences{
		`{}`:                    before.Preferences,
		`{"muted_items":["b"]}`: {MutedItems: []engine.ItemID{"b"}, MutedCategories: []string{"x"}},
		`{"muted_items":null,"muted_categories":["y"]}`: {MutedCategories: []string{"y"}},
	} {
		c, err := Preferences(strings.NewReader(body), "ann")
		if err != nil || c.ID != "ann" {
			t.Fatalf("%s: %+v, %v", body, c, err)
		}
		got, err := c.Update(before, true)
		if err != nil || got.ID != "ann" || !reflect.DeepEqual(got.Preferences, want) {
			t.Errorf("%s: got %+v, %v, want %+v", body, got, err, want)
		}
	}
	_, err := Preferences(strings.NewReader(`{"muted":[]}`), "ann")
	if invalid, ok := errors.AsType[*engine.Invalid](err); !ok || invalid.Field != "muted" {
		t.Errorf("got %v", err)
	}
}

// TestEventPatch: given fields change in every line, and what tells the event stays.
func TestEventPatch(t *testing.T) {
	order := []engine.Interaction{
		{EventID: "o", Type: "purchase", Customer: "ann", Item: "a", At: now, Quantity: 1, Properties: map[string]any{"x": 1.0, "y": 2.0}},
		{EventID: "o", Line: 1, Type: "purchase", Customer: "ann", Item: "b", At: now, Quantity: 2},
	}
	patched := func(lines []engine.Interaction, body string) ([]engine.Interaction, error) {
		f, err := EventPatch(strings.NewReader(body), Options{Now: now})
		if err != nil {
			return nil, err
		}
		return f(lines)
	}
	got, err := patched(order, `{"channel":"app","properties":{"x":null,"z":"new"}}`)
	if err != nil || len(got) != 2 || got[1].Channel != "app" || got[0].Channel != "app" || got[1].Line != 1 ||
		!reflect.DeepEqual(got[0].Properties, map[string]any{"y": 2.0, "z": "new"}) || len(order[0].Properties) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = patched(order, `{"items":[{"item_id":"c","quantity":5}]}`)
	if err != nil || len(got) != 1 || got[0].Item != "c" || got[0].Quantity != 5 || got[0].EventID != "o" {
		t.Errorf("other lines: got %+v, %v", got, err)
	}
	got, err = patched(order[:1], `{"item_id":"c","quantity":null,"event_id":"o"}`)
	if err != nil || len(got) != 1 || got[0].Item != "c" || got[0].Quantity != 0 {
		t.Errorf("one line: got %+v, %v", got, err)
	}
	for body, field := range map[string]string{
		`{"quantity":3}`: "quantity", `{"customer_id":"bo"}`: "", `{"at":null}`: "at", `{"type":null}`: "type", `{"quantity":-1}`: "quantity",
		`{"at":"2999-01-01T00:00:00Z"}`: "at", `{"colour":"red"}`: "colour", `{"items":[]}`: "items",
	} {
		_, err := patched(order, body)
		if invalid, ok := errors.AsType[*engine.Invalid](err); !ok || invalid.Field != field {
			t.Errorf("%s: got %v, want a refusal of %q", body, err, field)
		}
	}
	if _, err := patched(nil, `{}`); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no lines: got %v", err)
	}
}
