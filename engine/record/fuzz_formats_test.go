package record

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// ends reads everything and wants an end that is in words of ours. What is refused has
// a line and says why.
func ends[T any](t *testing.T, records iter.Seq2[Entry[T], error]) (got []Entry[T]) {
	t.Helper()
	got, refused, end := gather(records)
	if end != nil && !errors.As(end, new(*Syntax)) && !errors.As(end, new(*engine.Invalid)) {
		t.Fatalf("ended with %T: %v", end, end)
	}
	for _, r := range refused {
		if r.Line < 1 || r.Code == "" || r.Want == "" {
			t.Fatalf("refused without saying why: %+v", r)
		}
	}
	return got
}

// everyKind reads an input as records of all kinds.
func everyKind(t *testing.T, b []byte, o Options) {
	t.Helper()
	_ = ends(t, Events(bytes.NewReader(b), o))
	_ = ends(t, Orders(bytes.NewReader(b), o))
	_ = ends(t, Items(bytes.NewReader(b), o))
	_ = ends(t, Items(bytes.NewReader(b), Options{Preset: guidePreset}))
	_ = ends(t, Tickets(bytes.NewReader(b), Options{Preset: zendeskPreset, Mapping: Mapping{Columns: map[string]string{"custom_fields.1": "csat"}}}))
	_ = ends(t, Customers(bytes.NewReader(b), o))
	_ = ends(t, Tickets(bytes.NewReader(b), o))
}

// FuzzParquet: no file makes it panic, hang or end without words, whatever it is read
// as; what is taken can be written and read again.
func FuzzParquet(f *testing.F) {
	f.Add(someParquet(f, 3))
	f.Add(written(f, ItemWriter, Parquet, []engine.Item{{ID: "a", Categories: []string{"x", "y"}, Attributes: engine.Attributes{"z": 1.0}, Embedding: []float32{1, 2}}}))
	f.Add(written(f, TicketWriter, Parquet, []engine.Ticket{{ID: "t", Messages: []engine.Message{{From: "agent", Text: "x"}}}}))
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{Format: Parquet, MaxInflated: 1 << 20, MaxRecords: 1000}
		everyKind(t, b, o)
		for _, e := range ends(t, Items(bytes.NewReader(b), o)) {
			again, err := One(Items(bytes.NewReader(written(t, ItemWriter, Parquet, []engine.Item{e.Value})), Options{}))
			if err != nil {
				t.Fatalf("taken, but not again: %v", err)
			}
			if i := e.Value; again.ID != i.ID || again.Title != i.Title || len(again.Attributes) != len(i.Attributes) {
				t.Fatalf("got %+v, again %+v", i, again)
			}
		}
	})
}

// FuzzKinds: any bytes, found out by themselves, as any kind of record.
func FuzzKinds(f *testing.F) {
	for _, s := range []string{
		`{"ticket_id":"t","text":"x","messages":[{"from":"agent","text":"y"}],"csat":1}`, "ticket_id,subject,messages\nt,x,\"[{}]\"\n",
		`[{"customer_id":"c","consent":{"train":false},"preferences":{"muted_items":["a"]}}]`, "customer_id;consent.train;attributes\nc;0;{}\n",
		"order_id,item_id,at,quantity\no,a,1,-2\no,a,1,2\n", `{"order_id":"o","at":1,"lines":[{"item_id":"a","quantity":-1}]}`,
		"\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "PAR1", string(zstded(f, []byte(ev("")))),
	} {
		f.Add([]byte(s))
	}
	for _, name := range []string{"articles.ndjson", "tickets.ndjson"} {
		b, err := os.ReadFile("testdata/zendesk/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		everyKind(t, b, Options{Now: now, Zone: now.Location(), MaxInflated: 1 << 20, MaxRecords: 1000})
	})
}

// FuzzRoundTrip: events that are taken come back from every format as they are.
func FuzzRoundTrip(f *testing.F) {
	f.Add(ev(`,"query":"\"|,;\r\n[","quantity":1e-9,"price":123456789.125,"x":{"y":[1,null,"z"]},"line":7`))
	f.Add(`{"type":"purchase","session_id":"[\"a\"]","at":1,"items":[{"item_id":"a","quantity":2},{"item_id":"b","price":1e300}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		var want []engine.Interaction
		for _, e := range ends(t, Events(strings.NewReader(s), Options{Format: NDJSON, Unknown: Keep})) {
			for _, l := range e.Value.Lines {
				l.At = micro(l.At)
				want = append(want, l)
			}
		}
		for name, format := range allFormats {
			got := flat(ends(t, Events(bytes.NewReader(written(t, EventWriter, format, want)), Options{})))
			if len(got) != len(want) {
				t.Fatalf("%s: got %d of %d", name, len(got), len(want))
			}
			for i := range got {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("%s: got\n%+v\nwant\n%+v", name, got[i], want[i])
				}
			}
		}
	})
}

// FuzzMapping: a mapping is read or refused, and one that is read is applied without a
// panic.
func FuzzMapping(f *testing.F) {
	for _, s := range []string{"a=item_id,b=-,kind:=content", "1=title", "a==b", ":=", "a=attributes.x:number", "attributes:={}", "a=categories.b/c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMapping(s)
		if err != nil {
			if !errors.As(err, new(*engine.Invalid)) {
				t.Fatalf("refused with %T", err)
			}
			return
		}
		_ = ends(t, Items(strings.NewReader("a,b\n1,2\n"), Options{Mapping: m}))
		_ = ends(t, Events(strings.NewReader(`{"a":"x"}`), Options{Mapping: m}))
	})
}

// FuzzBodies: the bodies of requests are read or refused in words of ours, and what is
// taken obeys the limits.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{
		`{"customer_id":"a","context":{"item_id":"b"},"boost":[{"filter":"x","add":1}]}`, `{"items":["a"],"count":1}`, `{"requests":[{"method":"GET","path":"/","body":[1]}]}`,
		`{"view":{"weight":1,"half_life":"1d"}}`, `{"to":1}`, `{"session_id":"s"}`, `{"from":"agent","text":"x"}`, `{"muted_items":null}`, `{"properties":{"a":null}}`, `{"name":"a","blend":{"x":1}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := func() io.Reader { return bytes.NewReader(b) }
		fine := func(err error) bool {
			if err != nil && !errors.As(err, new(*Syntax)) && !errors.As(err, new(*engine.Invalid)) {
				t.Fatalf("refused with %T: %v", err, err)
			}
			return err == nil
		}
		if r, err := RankRequest(in()); fine(err) && (len(r.Items) == 0 || len(r.Items) > engine.MaxRanked) {
			t.Fatalf("took %d items", len(r.Items))
		}
		if s, err := TypeSettings(in()); fine(err) {
			for name, set := range s {
				if !isWord(string(name)) || set.HalfLife < 0 || set.HalfLife > engine.MaxHalfLife || set.Weight < -engine.MaxTypeWeight || set.Weight > engine.MaxTypeWeight {
					t.Fatalf("took %q: %+v", name, set)
				}
			}
		}
		if s, err := SupportPatch(in(), engine.DefaultSupport()); fine(err) && !(s.EscalateBelow >= 0 && s.EscalateBelow <= s.AnswerFrom && s.AnswerFrom <= 1 && s.MoodBelow >= -1 && s.EscalateAfter >= 0) {
			t.Fatalf("took %+v", s)
		}
		if v, err := Rollback(in()); fine(err) && v < 1 {
			t.Fatalf("took version %d", v)
		}
		if m, err := Merge(in(), "x"); fine(err) && m.From.IsZero() {
			t.Fatal("took a merge of nobody")
		}
		if calls, err := Calls(in()); fine(err) && (len(calls) == 0 || calls[0].Path == "") {
			t.Fatalf("took %+v", calls)
		}
		if patch, err := EventPatch(in(), Options{Now: now}); fine(err) {
			_, err := patch([]engine.Interaction{{EventID: "e", Type: "view", Customer: "c", Item: "i", At: now}})
			fine(err)
		}
		_, err := Request(in())
		fine(err)
		_, err = SuggestRequest(in())
		fine(err)
		if r, err := TriageRequest(in(), ""); fine(err) && r.TicketID+r.Subject+r.Text == "" {
			t.Fatal("took a triage of nothing")
		}
		_, err = Scenario(in(), "")
		fine(err)
		_, err = Message(in(), Options{Now: now})
		fine(err)
		_, err = Preferences(in(), "c")
		fine(err)
	})
}
