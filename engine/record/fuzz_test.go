package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// FuzzEvents: whatever comes in, every line that is not empty is a record or a refusal,
// and what is taken obeys the rules.
func FuzzEvents(f *testing.F) {
	for _, s := range []string{
		ev(""), ev(`,"x":{"y":[1,null]}`), ev(`,"items":[]`), `{"type":"search","session_id":"s","at":"1714564800.5"}`, "\xef\xbb\xbf" + ev("") + "\r\n\n" + ev(",}"),
		`{"type":"purchase","customer_id":"u","at":1,"items":[{"item_id":"a","quantity":2}]}`, ev(`,"query":"\ud83d\ude00\u0000"`), strings.Repeat("[", 100), `{"a":"`, "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, refused, end := gather(Events(bytes.NewReader(b), Options{Format: NDJSON, Now: now}))
		if end != nil && !(bytes.HasPrefix(b, []byte("\x1f\x8b")) || bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff"))) {
			t.Fatalf("%q ended with %v", b, end)
		}
		if end == nil && b != nil && !bytes.HasPrefix(b, []byte("\x1f\x8b")) {
			lines := 0
			for line := range bytes.SplitSeq(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), []byte("\n")) {
				if len(bytes.TrimSpace(line)) > 0 {
					lines++
				}
			}
			if len(got)+len(refused) != lines {
				t.Fatalf("%q: %d records and %d refusals of %d lines", b, len(got), len(refused), lines)
			}
		}
		for _, e := range got {
			for _, l := range e.Value.Lines {
				if l.Subject().IsZero() || l.Type == "" || l.Quantity < 0 || l.At.After(now.Add(engine.ClockSkew)) || l.Item != "" && engine.CheckID("item_id", string(l.Item)) != nil {
					t.Fatalf("%q: took %+v", b, l)
				}
			}
		}
		for _, r := range refused {
			if r.Line < 1 || r.Code == "" || r.Want == "" {
				t.Fatalf("%q: refused without saying why: %+v", b, r)
			}
		}
	})
}

// FuzzItems: a document is read or refused, and encoding/json, which is laxer in
// content, agrees about what is JSON.
func FuzzItems(f *testing.F) {
	for _, s := range []string{
		`{"item_id":"a","attributes":{"x":["y"],"z":1e5}}`, `[{"item_id":"a","price":1,"categories":["x/y"]},{}]`, `[]`, `[1,"a",null]`, `{"item_id":"a","embedding":[0.1,-2]}`,
		`[{"item_id":"a"},`, `{"item_id":"a","expires":"x"}`, "[\n{\n}\n]\n", `{"item_id":"\u00`, `{"a":01}`, `{"item_id":"a"}}`, `{"item_id":"a",}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, refused, end := gather(Items(bytes.NewReader(b), Options{Format: JSON}))
		var syntax *Syntax
		if end != nil && !errors.As(end, &syntax) {
			t.Fatalf("%q ended with %v", b, end)
		}
		if bytes.HasPrefix(b, []byte("\x1f\x8b")) || bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
			return
		}
		if valid := json.Valid(b); valid != (end == nil) && len(b) < 9000 { // the twin has a limit of depth
			t.Fatalf("%q: ended with %v; encoding/json finds it valid: %t", b, end, valid)
		}
		for _, e := range got {
			again, err := json.Marshal(e.Value)
			if err != nil {
				t.Fatalf("%q: %+v cannot be written: %v", b, e.Value, err)
			}
			if _, err := One(Items(bytes.NewReader(again), Options{})); err != nil {
				t.Fatalf("%q: taken, but not again as %s: %v", b, again, err)
			}
		}
		_ = refused
		_, _, _ = gather(ItemPatches(bytes.NewReader(b), Options{}))
	})
}

// FuzzCSV: no table makes it panic or loop, and lines only go forward.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"item_id,title\na,\"x\ny\"\n", "item_id;price;attributes.x:number\na;1;2\n", "item_id\r\"a\"\r", "item_id,title\na,\"x\nb,\"\"\"\n\"", "item_id,item_id\n", "\"item_id\na", "item_id\t\na\t\n",
		"x\n" + strings.Repeat("x\",\"\n", 100),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		line := 0
		records := 0
		for entry, err := range Items(bytes.NewReader(b), Options{Format: Table, MaxInflated: 1 << 20}) {
			var r *Rejected
			at := entry.Line
			if errors.As(err, &r) {
				at = r.Line
			} else if err != nil {
				break
			}
			if records++; at <= line || records > len(b)+1 && !bytes.HasPrefix(b, []byte("\x1f\x8b")) {
				t.Fatalf("%q: line %d after %d", b, at, line)
			}
			line = at
		}
		_, _, _ = gather(Events(bytes.NewReader(b), Options{Base: now, Type: engine.View}))
		_, _, _ = gather(Tickets(bytes.NewReader(b), Options{Zone: now.Location()}))
	})
}
