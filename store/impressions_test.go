package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// drawImpression draws an impression of which every field may be empty.
func drawImpression(t *rapid.T) engine.Impression {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "home", "ease"}), rapid.String())
	texts := func(name string) (out []string) {
		return rapid.SampledFrom([][]string{nil, {"a"}, {"b", ""}}).Draw(t, name)
	}
	number := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Float64Range(-10, 10), engine.Told), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 1e-9, 1e15, 9e15}))
	ids := func(name string) (out []engine.ItemID) {
		for _, id := range texts(name) {
			out = append(out, engine.ItemID(id))
		}
		return out
	}
	at := time.UnixMilli(rapid.Int64Range(firstTime.UnixMilli(), lastTime.UnixMilli()).Draw(t, "at")).UTC()
	subject := engine.OfCustomer(engine.CustomerID(text.Draw(t, "who") + "x"))
	imp := engine.Impression{
		RecommendationID: engine.NewRecommendationID(subject.Hash(), at, 1), At: at, Subject: subject,
		Request: engine.Request{
			Customer: engine.CustomerID(text.Draw(t, "customer")), Session: engine.SessionID(text.Draw(t, "session")), Item: engine.ItemID(text.Draw(t, "item")),
			Query: text.Draw(t, "query"), Scenario: text.Draw(t, "scenario"), Filter: text.Draw(t, "filter"),
			Explain: engine.Explain(text.Draw(t, "explain")), Count: rapid.Int().Draw(t, "count"),
			Basket: ids("basket"), Exclude: ids("exclude"), After: ids("after"), ReturnProperties: texts("properties"), ValidateOnly: rapid.Bool().Draw(t, "validate"),
		},
		Answer: engine.Answered{Answer: engine.Answer{
			Scenario: text.Draw(t, "place"), Basis: engine.Basis(text.Draw(t, "basis")), Exact: rapid.Bool().Draw(t, "exact"),
			Eligible: rapid.Int().Draw(t, "eligible"), Degraded: texts("degraded"), EmptyReason: text.Draw(t, "empty"),
			Continues: text.Draw(t, "continues"), TookMS: number.Draw(t, "took"), Items: []engine.Recommended{},
		}},
	}
	imp.Answer.RecommendationID = imp.RecommendationID
	if rapid.Bool().Draw(t, "asks more") {
		on := rapid.Bool().Draw(t, "on")
		imp.Request.Record, imp.Request.Collapse = &on, &on
		imp.Request.Context.Locale, imp.Request.Kinds = text.Draw(t, "locale"), []engine.Kind{"own"}
		imp.Request.Boosts = []engine.Boost{{Filter: "true", Add: 1}}
	}
	if rapid.Bool().Draw(t, "models") {
		imp.Answer.Models = rapid.MapOfN(text, rapid.Int(), 0, 3).Draw(t, "by")
	}
	if rapid.Bool().Draw(t, "left out") {
		imp.Answer.LeftOut = []engine.LeftOut{}
		for _, id := range ids("left") {
			imp.Answer.LeftOut = append(imp.Answer.LeftOut, engine.LeftOut{Item: id, Why: text.Draw(t, "why")})
		}
	}
	if rapid.Bool().Draw(t, "a ticket") {
		imp.Answer.Advice = &engine.Advice{Action: engine.Action(text.Draw(t, "action")), Calibrated: rapid.Bool().Draw(t, "calibrated"), TicketID: text.Draw(t, "ticket"), Because: []string{}}
		if because := texts("because"); because != nil {
			imp.Answer.Because = because
		}
		if rapid.Bool().Draw(t, "confident") {
			imp.Answer.Confidence = new(number.Draw(t, "confidence"))
		}
		for _, id := range ids("cited") {
			imp.Answer.Snippets = append(imp.Answer.Snippets, engine.Snippet{Item: id, Text: text.Draw(t, "stretch"), From: rapid.Int().Draw(t, "from"), To: rapid.Int().Draw(t, "to")})
		}
	}
	var told []engine.Reason // that are numbered
	for i := range rapid.IntRange(0, 3).Draw(t, "items") {
		it := engine.Recommended{
			Item: engine.ItemID(text.Draw(t, "shown")), Kind: engine.Kind(text.Draw(t, "kind")), Score: number.Draw(t, "score"),
			Source: text.Draw(t, "source"), Moved: texts("moved"), Rank: i + 1,
		}
		for range rapid.IntRange(0, 4).Draw(t, "reasons") {
			var r engine.Reason
			if again := rapid.IntRange(0, len(told)+1).Draw(t, "cause"); again > 0 && again <= len(told) {
				r = told[again-1]
			} else {
				r = engine.Reason{Type: text.Draw(t, "type"), Item: engine.ItemID(text.Draw(t, "of")), Interaction: engine.Type(text.Draw(t, "did")), Text: text.Draw(t, "text")}
				switch rapid.IntRange(0, 2).Draw(t, "when") {
				case 1:
					r.At = &at
				case 2:
					r.At = new(time.Date(rapid.IntRange(1, 9999).Draw(t, "year"), 2, 3, 4, 5, 6, 7, time.UTC))
				}
				if again > 0 {
					r.Cause = uint32(again)
					told = append(told, r)
				}
			}
			r.Source, r.Contribution = text.Draw(t, "by"), number.Draw(t, "contribution")
			it.Reasons = append(it.Reasons, r)
		}
		imp.Answer.Items = append(imp.Answer.Items, it)
	}
	return imp
}

// TestImpressionsReadBack: both rows say all that was answered, whatever was encoded before.
func TestImpressionsReadBack(t *testing.T) {
	var e impressionEncoder
	rapid.Check(t, func(t *rapid.T) {
		want := drawImpression(t)
		shown, reasons, _, err := e.encode([]byte("before"), &want, catalogue.NewIDs())
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeImpression(shown, tenItems{})
		if err != nil {
			t.Fatal(err)
		}
		got.RecommendationID, got.Answer.RecommendationID = want.RecommendationID, want.RecommendationID
		if reasons != nil {
			if err := addReasons(&got, reasons); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%+v\nwant\n%+v", got, want)
		}
	})
}

// TestEveryFieldOfARequestIsKept: also one that is added later, in whichever of its forms.
func TestEveryFieldOfARequestIsKept(t *testing.T) {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Struct:
			fill(v.Field(0))
		case reflect.String:
			v.SetString("x")
		case reflect.Int:
			v.SetInt(3)
		case reflect.Bool:
			v.SetBool(true)
		default:
			t.Fatalf("a field of kind %s", v.Kind())
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[engine.Request]()) {
		if field.Anonymous {
			continue
		}
		var want engine.Request
		fill(reflect.ValueOf(&want).Elem().FieldByIndex(field.Index))
		buf, err := appendRequest(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		in := reader{text: string(buf)}
		var got engine.Request
		if in.request(&got); in.err != nil || in.text != "" || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", field.Name, got, in.err, want)
		}
	}
	if n := reflect.TypeFor[engine.Answer]().NumField(); n != 13 {
		t.Errorf("an answer has %d fields, appendRest and impressionEncoder know 12, and that open_tickets are not kept", n)
	}
	if n := reflect.TypeFor[engine.Reason]().NumField(); n != 8 {
		t.Errorf("a reason has %d fields, appendCause and reasonEncoder know 8", n)
	}
}

// TestReasonsOfOldForms: rows of JSON, packed or not, are still read, damaged ones refused.
func TestReasonsOfOldForms(t *testing.T) {
	imp := engine.Impression{RecommendationID: "x", Answer: engine.Answered{Answer: engine.Answer{Items: []engine.Recommended{{Item: "a"}}}}}
	why := []byte(`[[{"type":"history","contribution":1}]]`)
	now, err := new(reasonEncoder).append(nil, []engine.Recommended{{Reasons: []engine.Reason{{Type: engine.ReasonHistory, Contribution: 1, At: &imp.At, Cause: 1}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string][]byte{
		"plain":  append([]byte{plainReasonsVersion}, why...),
		"packed": append([]byte{packedReasonsVersion}, s2.Encode(nil, why)...),
		"now":    now,
	} {
		got := imp
		got.Answer.Items = slices.Clone(imp.Answer.Items)
		if err := addReasons(&got, row); err != nil || len(got.Answer.Items[0].Reasons) != 1 || got.Answer.Items[0].Reasons[0].Contribution != 1 {
			t.Errorf("%s: %+v, %v", name, got.Answer.Items, err)
		}
		for i := range row {
			bad := slices.Clone(row)
			bad[i] ^= 0xff
			if err := addReasons(&got, bad); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s with byte %d changed: %v", name, i, err)
			}
			if err := addReasons(&got, row[:i]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s cut at %d: %v, want ErrCorrupt", name, i, err)
			}
		}
	}
	long, row := strings.Repeat("x", 1<<19), []engine.Reason{}
	for range 1000 {
		row = append(row, engine.Reason{Text: long})
	}
	grown, err := new(reasonEncoder).append(nil, []engine.Recommended{{Reasons: row}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := addReasons(&imp, grown); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a row of %d bytes that unfolds to 500 MB: %v", len(grown), err)
	}
	huge := binary.AppendUvarint([]byte{packedReasonsVersion}, 1<<40)
	if err := addReasons(&imp, huge); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a row that claims 1 TB: %v", err)
	}
}

// TestImpressionsOfTheFirstFormAreRead: what version 1 wrote is answered alike.
func TestImpressionsOfTheFirstFormAreRead(t *testing.T) {
	want := engine.Impression{
		At: firstTime, Subject: engine.OfCustomer("ann"),
		Request: engine.Request{Customer: "ann", Count: 2, Exclude: []engine.ItemID{"b"}},
		Answer:  engine.Answered{Answer: engine.Answer{Scenario: "home", Basis: engine.BasisPersonal, Exact: true, Models: map[string]int{"ease": 3}, TookMS: .5, Items: []engine.Recommended{{Item: "a", Rank: 1, Score: 2}}}},
	}
	buf := binary.AppendVarint([]byte{oldImpressionVersion}, want.At.UnixMilli())
	buf = appendText(append(buf, byte(want.Subject.Kind)), want.Subject.ID)
	rest := want.Answer.Answer
	rest.Items = nil
	for _, part := range []any{want.Request, rest} {
		body, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		buf = appendText(buf, string(body))
	}
	buf = appendText(append(buf, 1, 1), "a")
	buf = append(appendReal(append(buf, 0), 2), 0, 0)
	if got, err := decodeImpression(buf, tenItems{}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\n%+v, want\n%+v", err, got, want)
	}
}
