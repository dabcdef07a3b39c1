package record

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func TestRequest(t *testing.T) {
	got, err := Request(strings.NewReader(`{"userId":"u","n":5,"kind":"product","boost":[{"filter":"price < 10","add":0.5}],"pins":[{"item_id":"p","rank":1}],
		"context":{"region":"north","item_id":"i","at":"2024-05-01T12:00:00Z"},"record":false,"diversity":0.5,"collapse":false,"exclude_items":["x"]}`))
	want := engine.Request{
		Customer: "u", Count: 5, Kinds: []engine.Kind{"product"}, Item: "i", Exclude: []engine.ItemID{"x"}, Record: ptr(false),
		Boosts: []engine.Boost{{Filter: "price < 10", Add: 0.5}}, Context: engine.Context{Region: "north", At: ptr(now)},
		Arrangement: engine.Arrangement{Pins: []engine.Pin{{Item: "p", Rank: 1}}, Diversity: ptr(0.5), Collapse: ptr(false)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for _, c := range []struct{ in, field, code, want string }{
		{`{"cuont":5}`, "cuont", engine.CodeUnknownField, `"count"`},
		{`{"count":0}`, "count", engine.CodeInvalidField, "1 to 1000"},
		{`{"count":1001}`, "count", engine.CodeLimitExceeded, "1 to 1000"},
		{`{"count":1.5}`, "count", engine.CodeInvalidField, "whole"},
		{`{"count":"5"}`, "count", engine.CodeInvalidField, `got the text "5"`},
		{`{"n":1,"limit":2}`, "limit", engine.CodeInvalidField, "twice"},
		{`{"kind":[1]}`, "kind[0]", engine.CodeInvalidField, "a text"},
		{`{"diversity":2}`, "diversity", engine.CodeInvalidField, "0 to 1"},
		{`{"pins":[{"item_id":"a"}]}`, "pins[0].rank", engine.CodeMissingField, ""},
		{`{"boost":[{"add":1}]}`, "boost[0].filter", engine.CodeMissingField, ""},
		{`{"constraints":[{"attribute":"brand","max":0}]}`, "constraints[0].max", engine.CodeInvalidField, ""},
		{`{"context":{"regoin":"x"}}`, "context.regoin", engine.CodeUnknownField, `"region"`},
		{`{"item_id":"a","context":{"item_id":"b"}}`, "context.item_id", engine.CodeInvalidField, ""},
		{`{"explain":"all"}`, "explain", engine.CodeInvalidField, "none, sources, full"},
		{`{"filter":"` + strings.Repeat("x", engine.MaxFilterBytes+1) + `"}`, "filter", engine.CodeLimitExceeded, ""},
		{`{"basket":[` + strings.Repeat(`"a",`, engine.MaxBasket) + `"a"]}`, "basket", engine.CodeLimitExceeded, ""},
		{`{"basket":"a"}`, "basket", engine.CodeInvalidField, "a list of ids"},
		{`[]`, "", engine.CodeMissingField, "one object"},
	} {
		var invalid *engine.Invalid
		_, err := Request(strings.NewReader(c.in))
		if !errors.As(err, &invalid) || invalid.Field != c.field || invalid.Code != c.code || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("Request(%.80s) gave %v, want %s %s ...%s...", c.in, err, c.field, c.code, c.want)
		}
	}
	var syntax *Syntax
	for _, in := range []string{``, `{`, `{"count":}`, `{} {}`, `count=5`} {
		if _, err := Request(strings.NewReader(in)); !errors.As(err, &syntax) {
			t.Errorf("Request(%s) gave %v, want a *Syntax", in, err)
		}
	}
}

func TestRequestQuery(t *testing.T) {
	params, err := url.ParseQuery("limit=5&kind=product,content&kind=offer&exclude_items=a&context.region=north&record=false&diversity=0.3&explain=full&return_properties=*&query=red+lamp&filter=price<5&min_relevance=0.1&scenario=home")
	if err != nil {
		t.Fatal(err)
	}
	got, err := RequestQuery(params)
	want := engine.Request{
		Count: 5, Kinds: []engine.Kind{"product", "content", "offer"}, Exclude: []engine.ItemID{"a"}, Context: engine.Context{Region: "north"}, Record: ptr(false),
		Explain: engine.ExplainFull, ReturnProperties: []string{"*"}, Query: "red lamp", Filter: "price<5", Scenario: "home",
		Arrangement: engine.Arrangement{Diversity: ptr(0.3), MinRelevance: ptr(0.1)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for query, want := range map[string]string{
		"cuont=5": `unknown_parameter "count"`, "count=5&count=6": "invalid_field 2 times", "count=x": "invalid_field whole", "pins=a": "invalid_field POST",
		"context.regoin=x": `unknown_parameter "region"`, "count=NaN": "invalid_field whole", "n=1&limit=1": "invalid_field twice", "customer_id=": "missing_field id",
		"kind=": "invalid_field lower-case", "exclude_items=a,,b": "missing_field id", "query=%ff": "invalid_field UTF-8", "record=maybe": "invalid_field true or false",
	} {
		params, _ := url.ParseQuery(query)
		_, err := RequestQuery(params)
		var invalid *engine.Invalid
		code, words, _ := strings.Cut(want, " ")
		if !errors.As(err, &invalid) || invalid.Code != code || !strings.Contains(invalid.Want, words) {
			t.Errorf("RequestQuery(%s) gave %#v, want %s", query, err, want)
		}
	}
}

func TestSuggestRequest(t *testing.T) {
	got, err := SuggestRequest(strings.NewReader(`{"text":"it leaks","product_id":"p","count":3,"language":"en-GB","channel":"chat","return_properties":["title"]}`))
	if err != nil || !reflect.DeepEqual(got, engine.SuggestRequest{Text: "it leaks", Product: "p", Count: 3, Language: "en-GB", Channel: "chat", ReturnProperties: []string{"title"}}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, in := range []string{`{}`, `{"text":"x","count":51}`, `{"text":"x","language":"english please"}`, `{"text":"x","chanel":"web"}`} {
		if _, err := SuggestRequest(strings.NewReader(in)); err == nil {
			t.Errorf("SuggestRequest(%s) took it", in)
		}
	}
}

func TestScenario(t *testing.T) {
	got, err := Scenario(strings.NewReader(`{"kinds":["product"],"exclude":["purchase-complete"],"blend":{"factor":2},"built_in":true,"audience":"agent","constraints":[{"attribute":"brand","max":2,"window":5}],"count":8}`), "home")
	want := engine.Scenario{
		Name: "home", Kinds: []engine.Kind{"product"}, Exclude: []engine.Type{engine.Purchase}, Blend: map[string]float64{"factor": 2}, Audience: engine.AgentOnly, Count: 8,
		Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "brand", Max: 2, Window: 5}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for _, in := range []string{`{"name":"other"}`, `{"kinds":["A b"]}`, `{"blend":{"factor":-1}}`, `{"blend":{"factor":null}}`, `{"filters":"x"}`} {
		var invalid *engine.Invalid
		if _, err := Scenario(strings.NewReader(in), "home"); !errors.As(err, &invalid) {
			t.Errorf("Scenario(%s) gave %v, want a refusal", in, err)
		}
	}
	if _, err := Scenario(strings.NewReader(`{}`), ""); err == nil {
		t.Error("a scenario without a name was taken")
	}
}
