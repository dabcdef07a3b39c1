package record

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/sbinet/npyio/npy"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

var allFormats = map[string]Format{"json": JSON, "ndjson": NDJSON, "csv": Table, "parquet": Parquet}

func written[T any](t testing.TB, open func(io.Writer, Format) Writer[T], f Format, records []T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := open(&b, f)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// comesBack writes records in every format and wants them back equal, and the same
// bytes when what came back is written again.
func comesBack[T, R any](t *rapid.T, tb testing.TB, want []T, open func(io.Writer, Format) Writer[T], read func(io.Reader, Options) iter.Seq2[Entry[R], error], of func(R) []T) {
	for name, f := range allFormats {
		b := written(tb, open, f, want)
		got, refused, end := gather(read(bytes.NewReader(b), Options{KeepPrivate: true}))
		if end != nil || refused != nil {
			t.Fatalf("%s: refused %v, ended with %v\n%.2000s", name, refused, end, b)
		}
		var all []T
		for _, e := range got {
			all = append(all, of(e.Value)...)
		}
		if len(all) != len(want) {
			t.Fatalf("%s: got %d of %d", name, len(all), len(want))
		}
		for i := range all {
			if !reflect.DeepEqual(all[i], want[i]) {
				t.Fatalf("%s: got\n%+v\nwant\n%+v", name, all[i], want[i])
			}
		}
		if again := written(tb, open, f, all); !bytes.Equal(again, b) {
			t.Fatalf("%s: written again, the bytes differ", name)
		}
	}
}

func only[T any](v T) []T { return []T{v} }

func micro(at time.Time) time.Time { return at.Truncate(time.Microsecond) }

func TestWrittenEventsComeBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var want []engine.Interaction
		for range rapid.IntRange(0, 4).Draw(r, "events") {
			e := someEvent(r)
			e.At, e.Line = micro(e.At), uint16(rapid.IntRange(0, math.MaxUint16).Draw(r, "line"))
			want = append(want, e)
		}
		comesBack(r, t, want, EventWriter, Events, func(e engine.RecordEvent) []engine.Interaction { return e.Lines })
	})
}

func TestWrittenItemsComeBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var want []engine.Item
		for range rapid.IntRange(0, 3).Draw(r, "items") {
			i := someItem(r)
			for _, at := range []*time.Time{i.Published, i.Expires} {
				if at != nil {
					*at = micro(*at)
				}
			}
			want = append(want, i)
		}
		comesBack(r, t, want, ItemWriter, Items, only)
	})
}

func TestWrittenPeopleComeBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var customers []engine.Customer
		var tickets []engine.Ticket
		for range rapid.IntRange(0, 3).Draw(r, "people") {
			c := engine.Customer{ID: engine.CustomerID(someID(r, "id")), Attributes: someAttributes(r)}
			if rapid.Bool().Draw(r, "consent") {
				c.Consent = map[engine.Purpose]bool{engine.Train: rapid.Bool().Draw(r, "train")}
				c.Preferences.MutedCategories = []string{"a/b", "c|d"}
			}
			customers = append(customers, c)
			k := engine.Ticket{ID: someID(r, "ticket"), Customer: c.ID, Subject: rapid.String().Filter(func(s string) bool { return !isBlank(s) }).Draw(r, "subject"), State: "open", Language: "de"}
			k.CSAT = some(r, "csat", func() float64 { return rapid.Float64Range(1, 5).Draw(r, "csat") })
			k.OpenedAt = some(r, "opened", func() time.Time { return micro(someTime(r, "opened")) })
			if rapid.Bool().Draw(r, "talk") {
				k.Messages = []engine.Message{{From: "agent", Text: "x" + rapid.String().Draw(r, "text"), At: someTime(r, "said")}, {From: "customer", Text: "y"}}
				k.Solutions = []engine.Tried{{Item: engine.ItemID(someID(r, "fix")), Outcome: "solved"}}
			}
			tickets = append(tickets, k)
		}
		comesBack(r, t, customers, CustomerWriter, Customers, only)
		comesBack(r, t, tickets, TicketWriter, Tickets, only)
	})
}

// TestRowGroups: a file of several row groups is read to its end, with the rows
// numbered through, and is the same each time.
func TestRowGroups(t *testing.T) {
	var events []engine.Interaction
	for i := range groupRows + 10 {
		events = append(events, engine.Interaction{EventID: fmt.Sprint("e", i), Type: "view", Customer: "c", Item: engine.ItemID(fmt.Sprint("i", i%100)), At: now.Add(time.Duration(i) * time.Second)})
	}
	b := written(t, EventWriter, Parquet, events)
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(f.RowGroups()) != 2 {
		t.Fatalf("%d row groups, %v: want 2", len(f.RowGroups()), err)
	}
	last := 0
	for e, err := range Events(bytes.NewReader(b), Options{}) {
		if last++; err != nil || e.Line != last || !reflect.DeepEqual(e.Value.Lines[0], events[last-1]) {
			t.Fatalf("row %d: got %+v, %v", last, e, err)
		}
	}
	if last != len(events) || !bytes.Equal(b, written(t, EventWriter, Parquet, events)) {
		t.Errorf("read %d rows of %d, or other bytes the second time", last, len(events))
	}
}

func TestImpressionsAreWritten(t *testing.T) {
	i := engine.Impression{
		RecommendationID: "R1", At: now, Subject: engine.OfSession("s"), Request: engine.Request{Count: 2},
		Answer: engine.Answered{Answer: engine.Answer{Scenario: "home", Basis: engine.BasisPopular, Items: []engine.Recommended{{Item: "a"}, {Item: "b|c"}}}},
	}
	csv := string(written(t, ImpressionWriter, Table, []engine.Impression{i}))
	if want := `home,popular,"[""a"",""b|c""]"`; !bytes.Contains([]byte(csv), []byte(want)) {
		t.Errorf("got %s: want %s in it", csv, want)
	}
	if js := written(t, ImpressionWriter, NDJSON, []engine.Impression{i}); !bytes.Contains(js, []byte(`"session_id":"s"`)) {
		t.Errorf("got %s", js)
	}
	b := written(t, ImpressionWriter, Parquet, []engine.Impression{i})
	if f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b))); err != nil || f.NumRows() != 1 {
		t.Errorf("Parquet: %v", err)
	}
}

// TestVectorsForNotebooks: NumPy's reader finds the shape and the numbers.
func TestVectorsForNotebooks(t *testing.T) {
	var array, ids bytes.Buffer
	w := NumPyWriter(&array, &ids, 2, 3)
	for i, item := range []engine.ItemID{"a", "b"} {
		if err := w.Write(Vector{item, []float32{float32(i), 0.5, -1}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	head, err := npy.NewReader(bytes.NewReader(array.Bytes()))
	if err != nil || !reflect.DeepEqual(head.Header.Descr.Shape, []int{2, 3}) || head.Header.Descr.Type != "<f4" {
		t.Fatalf("header %+v, %v", head, err)
	}
	var flat []float32
	if err := head.Read(&flat); err != nil || !reflect.DeepEqual(flat, []float32{0, 0.5, -1, 1, 0.5, -1}) {
		t.Errorf("got %v, %v", flat, err)
	}
	if ids.String() != "a\nb\n" {
		t.Errorf("ids %q", ids.String())
	}
	short := NumPyWriter(io.Discard, io.Discard, 1, 3)
	if short.Write(Vector{"a", []float32{1}}) == nil || short.Close() == nil {
		t.Error("a vector of another width, and an end before all rows, were taken")
	}
	b := written(t, VectorWriter, Parquet, []Vector{{"a", []float32{1, 2}}})
	items, _, end := gather(Items(bytes.NewReader(b), Options{Mapping: mapping("vector=embedding")}))
	if end != nil || len(items) != 1 || !reflect.DeepEqual(items[0].Value.Embedding, []float32{1, 2}) {
		t.Errorf("Parquet: got %+v, %v", items, end)
	}
}
