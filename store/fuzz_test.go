package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// tenItems stands for a table of ten items.
type tenItems struct{}

func (tenItems) ID(n engine.ItemNum) engine.ItemID { return engine.ItemID('a' + rune(n)) }
func (tenItems) Len() int                          { return 10 }

// TestRowRoundTrip: what is encoded comes back, whatever it is.
func TestRowRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subject := engine.Subject{
			Kind: rapid.SampledFrom([]engine.SubjectKind{engine.CustomerSubject, engine.SessionSubject}).Draw(t, "kind"),
			ID:   rapid.StringMatching(`[a-c]{1,2}`).Draw(t, "subject"),
		}
		text := func(name string) string { return rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, name) }
		real := func(name string) float64 {
			return rapid.OneOf(rapid.Just(0.), rapid.Float64(), rapid.Just(math.Inf(1)), rapid.Just(3.)).Draw(t, name)
		}
		at := func(name string) time.Time {
			return time.UnixMilli(rapid.Int64Range(firstTime.UnixMilli(), lastTime.UnixMilli()).Draw(t, name)).UTC()
		}
		row := engine.Row{
			Seq: rapid.Uint64().Draw(t, "seq"), Event: engine.HashOf(text("event")), Received: at("received"),
			Interaction: engine.Interaction{
				EventID: text("id"), Line: rapid.Uint16().Draw(t, "line"), At: at("at"),
				Type:     engine.Type(rapid.OneOf(rapid.Just("view"), rapid.Just("csat"), rapid.String()).Draw(t, "type")),
				Customer: engine.CustomerID(rapid.StringMatching(`[a-c]{0,2}`).Draw(t, "customer")),
				Session:  engine.SessionID(rapid.StringMatching(`[a-c]{0,2}`).Draw(t, "session")),
				Quantity: real("quantity"), Price: real("price"), Currency: text("currency"), Value: real("value"),
				Duration: real("duration"), Position: rapid.Int().Draw(t, "position"), Query: text("query"), Channel: text("channel"),
				OrderID: text("order"), TicketID: text("ticket"), RecommendationID: text("recommendation"), Gift: rapid.Bool().Draw(t, "gift"),
			},
		}
		if rapid.Bool().Draw(t, "has item") {
			row.Num = engine.ItemNum(rapid.IntRange(0, 9).Draw(t, "num"))
			row.Item = tenItems{}.ID(row.Num)
		}
		if p := text("property"); p != "" {
			row.Properties = map[string]any{"p": p, "n": 1.5}
		}
		value, err := appendRow(nil, &row, subject)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeRow(eventKey(subject.Hash(), row.Event, row.Line), value, subject, tenItems{})
		if err != nil || !reflect.DeepEqual(got, row) {
			t.Fatalf("decodeRow gives %v\n%+v, want\n%+v", err, got, row)
		}
		for cut := range value {
			if _, err := decodeRow(eventKey(subject.Hash(), row.Event, row.Line), value[:cut], subject, tenItems{}); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("cut at %d of %d bytes: %v, want ErrCorrupt", cut, len(value), err)
			}
		}
	})
}

func FuzzDecodeRow(f *testing.F) {
	subject := engine.OfCustomer("ann")
	key := eventKey(subject.Hash(), engine.HashOf("e1"), 2)
	full := engine.Row{Seq: 300, Received: time.UnixMilli(5).UTC(), Interaction: engine.Interaction{
		EventID: "e1", Type: "own", Customer: "ann", Session: "phone", Item: "c", At: time.UnixMilli(1e12).UTC(), Quantity: 2, Price: 9.99,
		Currency: "EUR", Value: 4, Duration: 1, Position: 3, Query: "q", Channel: "web", OrderID: "o", TicketID: "t", RecommendationID: "r",
		Gift: true, Properties: map[string]any{"a": "b"},
	}}
	for _, row := range []engine.Row{full, {Interaction: engine.Interaction{Type: engine.View, At: firstTime}, Received: lastTime}} {
		value, err := appendRow(nil, &row, subject)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(key, value)
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		row, err := decodeRow(key, value, subject, tenItems{})
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v does not wrap ErrCorrupt", err)
			}
			return
		}
		again, err := appendRow(nil, &row, subject)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		back, err := decodeRow(key, again, subject, tenItems{})
		if err != nil || !sameRow(back, row) {
			t.Errorf("%+v becomes %+v, %v", row, back, err)
		}
	})
}

// sameRow compares through JSON where a NaN, unequal to itself, stands in the way.
func sameRow(a, b engine.Row) bool {
	for _, f := range [][2]*float64{{&a.Quantity, &b.Quantity}, {&a.Price, &b.Price}, {&a.Value, &b.Value}, {&a.Duration, &b.Duration}} {
		if math.Float64bits(*f[0]) != math.Float64bits(*f[1]) {
			// Minus zero is written as nothing, and comes back as zero.
			if *f[0] != 0 || *f[1] != 0 {
				return false
			}
		}
		*f[0], *f[1] = 0, 0
	}
	// An empty list of properties is written as none.
	if len(a.Properties) == 0 && len(b.Properties) == 0 {
		a.Properties, b.Properties = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func FuzzDecodeBefore(f *testing.F) {
	subject := engine.OfCustomer("ann")
	key := beforeKey(subject.Hash(), engine.HashOf("e1"), 9)
	rows := []engine.Row{
		{Seq: 3, Event: engine.HashOf("e1"), Received: firstTime, Interaction: engine.Interaction{Type: engine.View, At: lastTime, Item: "c"}},
		{Seq: 3, Event: engine.HashOf("e1"), Received: firstTime, Interaction: engine.Interaction{Type: engine.CSAT, At: lastTime, Line: 4, Value: 2}},
	}
	value, err := encodeBefore(rows, subject)
	if err != nil {
		f.Fatal(err)
	}
	rows[0].Num = 2
	if back, err := decodeBefore(key, value, subject, tenItems{}); err != nil || len(back) != 2 || !sameRow(back[1], rows[1]) {
		f.Fatalf("%+v becomes %+v, %v", rows, back, err)
	}
	f.Add(key, value)
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if _, err := decodeBefore(key, value, subject, tenItems{}); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v does not wrap ErrCorrupt", err)
		}
	})
}

func FuzzDecodeTail(f *testing.F) {
	h := engine.HashOf("x")
	all := []change{
		{kind: tailEvent, a: h, b: h, first: 3, lines: 2},
		{kind: tailChanged, a: h, b: h},
		{kind: tailSettings},
		{kind: tailItem, num: 7},
		{kind: tailItemDeleted, num: 8},
		{kind: tailCustomer, a: h},
		{kind: tailTicket, a: h},
		{kind: tailTicketDropped, a: h},
		{kind: tailScenario, text: "home"},
		{kind: tailScenarioDropped, text: "home"},
		{kind: tailMerge, a: h, b: h},
		{kind: tailErased, text: "receipt"},
	}
	f.Add(numberedKey(tailLetter, 12), appendTail(nil, lastTime, all))
	f.Add(numberedKey(tailLetter, 1), []byte{tailVersion, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		changes, err := decodeTail(key, value)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v does not wrap ErrCorrupt", err)
			}
			return
		}
		if len(changes) == 0 {
			return
		}
		back, err := decodeTail(key, appendTail(nil, changes[0].at, changes))
		if err != nil || !reflect.DeepEqual(back, changes) {
			t.Errorf("%+v becomes %+v, %v", changes, back, err)
		}
	})
}

func FuzzDecodeImpression(f *testing.F) {
	f.Add([]byte{oldImpressionVersion, 0, 'c', 1, 'a', 2, '{', '}', 2, '{', '}', 1, 0, 3, 1, 'k', 5, 1, 's', 1, 1, 'm'})
	f.Add([]byte{oldImpressionVersion, 0, 'c', 1, 'a', 2, '{', '}', 2, '{', '}', 1, 1, 1, 'x', 0, 0, 0, 255, 255, 3})
	imp := engine.Impression{At: firstTime, Request: engine.Request{Count: 3, Basket: []engine.ItemID{"a"}}, Answer: engine.Answered{Answer: engine.Answer{
		Models: map[string]int{"ease": 1}, LeftOut: []engine.LeftOut{{Item: "b", Why: "hidden"}},
		Items: []engine.Recommended{{Item: "c", Moved: []string{"pinned"}, Reasons: []engine.Reason{{Type: "base", Cause: 1}, {Type: "base", Source: "ease", Cause: 1}, {At: &firstTime, Contribution: .1}}}},
	}}}
	shown, reasons, _, err := new(impressionEncoder).encode(nil, &imp, catalogue.NewIDs())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shown)
	f.Add(reasons)
	f.Fuzz(func(t *testing.T, value []byte) {
		imp := engine.Impression{Answer: engine.Answered{Answer: engine.Answer{Items: make([]engine.Recommended, 1)}}}
		if err := addReasons(&imp, value); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v of reasons does not wrap ErrCorrupt", err)
		}
		imp, err := decodeImpression(value, tenItems{})
		if err == nil {
			_ = addReasons(&imp, value)
		} else if !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v does not wrap ErrCorrupt", err)
		}
	})
}

func FuzzDecodeRecords(f *testing.F) {
	for _, record := range []any{engine.Item{ID: "a", Attributes: engine.Attributes{"t": []string{"x"}}}, engine.Customer{ID: "a"}, engine.Ticket{ID: "t"}, erasure{Subjects: hashes{{1}}}} {
		body, err := json.Marshal(record)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte{recordVersion, 7}, body...))
	}
	f.Add(link{}.encode())
	f.Add(encodeNumber(300))
	f.Add(encodeName(engine.OfCustomer("ann")))
	f.Fuzz(func(t *testing.T, value []byte) {
		key := bytes.Repeat([]byte{forwardLetter}, hashKeyBytes)
		for _, decode := range []func() error{
			func() error { _, _, err := decodeItem(value); return err },
			func() error { _, _, err := decodeCustomer(value); return err },
			func() error { _, _, err := decodeTicket(value); return err },
			func() error { _, _, err := decodeScenario(value); return err },
			func() error { _, _, err := decodeRecord[erasure]("erasure", value); return err },
			func() error { _, err := decodeNumber(value); return err },
			func() error { _, err := decodeName(value); return err },
			func() error { _, err := decodeHome(value); return err },
			func() error { _, err := decodeLink(key, value); return err },
			func() error { _, err := chunkBytes(value); return err },
		} {
			if err := decode(); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v does not wrap ErrCorrupt", err)
			}
		}
	})
}
