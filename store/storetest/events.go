package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

func eventsComeBackInOrder(t *testing.T, h *house) {
	h.do(view("e3", "ann", "", "lamp"), view("e1", "ann", "", "lamp"), view("e2", "ben", "", "lamp"))
	h.do(view("e2", "ann", "", "bulb")) // the same id, but of another customer
	h.wantHistory(ann, "e1", "e2", "e3")
	h.wantHistory(ben, "e2")
	h.wantHistory(engine.OfCustomer("nobody"))
	h.wantHistory(engine.OfSession("ann")) // a session of that name is somebody else
}

func eventsKeepEveryField(t *testing.T, h *house) {
	full := engine.Interaction{
		EventID: "e1", Line: 3, Type: "shop_own_type", Customer: "ann", Session: "phone", Item: "lamp",
		At: morning.Add(123 * time.Millisecond), Quantity: 2.5, Price: 19.99, Currency: "EUR", Value: -1, Duration: 0.25,
		Position: -7, Query: "läm\x00p", Channel: "web", OrderID: "o1", TicketID: "t1", RecommendationID: "r1", Gift: true,
		Properties: map[string]any{"size": "XL", "n": 1.5, "list": []any{"a", true, nil}},
	}
	bare := engine.Interaction{Type: engine.Search, Session: "tablet", At: morning}
	h.do(engine.RecordEvent{Lines: []engine.Interaction{full}}, engine.RecordEvent{Lines: []engine.Interaction{bare}})
	for _, want := range []engine.Interaction{full, bare} {
		rows, err := h.History(t.Context(), want.Subject())
		if err != nil || len(rows) != 1 {
			t.Fatalf("History(%s): %d rows, %v", want.Subject(), len(rows), err)
		}
		if !reflect.DeepEqual(rows[0].Interaction, want) {
			t.Errorf("History gives\n%+v, want\n%+v", rows[0].Interaction, want)
		}
		if rows[0].Received.IsZero() || rows[0].Seq == 0 {
			t.Errorf("row of %s has Received %v and Seq %d: want both", want.Subject(), rows[0].Received, rows[0].Seq)
		}
		for _, c := range h.all() {
			if c.Seq == rows[0].Seq && !reflect.DeepEqual(c.Rows, rows) {
				t.Errorf("observed\n%+v, stored\n%+v", c.Rows, rows)
			}
		}
	}
}

func order(id string, customer engine.CustomerID, items ...engine.ItemID) engine.RecordEvent {
	var lines []engine.Interaction
	for i, item := range items {
		lines = append(lines, engine.Interaction{
			EventID: id, Line: uint16(i), Type: engine.Purchase, Customer: customer, Item: item, At: morning,
		})
	}
	return engine.RecordEvent{Lines: lines}
}

func ordersKeepTheirLines(t *testing.T, h *house) {
	o := order("o1", "ann", "lamp", "bulb", "lamp")
	for i := range o.Lines {
		o.Lines[i].Line = 0 // as from a caller that numbers nothing
	}
	h.do(o)
	if r := h.do(o); !r[0].Duplicate {
		t.Error("an order sent again is not reported as a duplicate")
	}
	rows, err := h.History(t.Context(), ann)
	if err != nil || len(rows) != 3 {
		t.Fatalf("History: %d rows, %v; want the 3 lines", len(rows), err)
	}
	for i, r := range rows {
		if r.Line != uint16(i) || r.Item != o.Lines[i].Item || r.Event != rows[0].Event || r.Seq != rows[0].Seq {
			t.Errorf("line %d came back as %+v", i, r)
		}
	}
	// Lines sent one by one, numbered, are one event, too.
	for i := range 3 {
		line := order("o2", "ben", "lamp", "bulb", "lamp").Lines[i]
		h.do(engine.RecordEvent{Lines: []engine.Interaction{line}})
	}
	h.wantHistory(ben, "o2", "o2", "o2")
}

func retriesCountOnce(t *testing.T, h *house) {
	r := h.do(view("e1", "ann", "", "lamp"), view("e1", "ann", "", "lamp"))
	if r[0].Duplicate || !r[1].Duplicate || r[0].Seq == 0 || r[1].Seq != 0 {
		t.Errorf("twice in one batch: results %+v, want the second to be a duplicate", r)
	}
	later := view("e1", "ann", "", "lamp")
	later.Lines[0].At = morning.Add(time.Hour) // a retry may carry another time
	if r := h.do(later); !r[0].Duplicate {
		t.Errorf("in the next batch: result %+v, want a duplicate", r[0])
	}
	h.wantHistory(ann, "e1")
	if n := len(h.all()); n != 1 {
		t.Errorf("%d commands were observed, want 1", n)
	}
	anonymous := engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.View, Customer: "ben", Item: "lamp", At: morning}}}
	h.do(anonymous, anonymous)
	h.wantHistory(ben, "", "") // without an id there are no retries, only repeats
}

func timesOfAllYears(t *testing.T, h *house) {
	for i, c := range []struct{ at, want time.Time }{
		{time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}, // clamped
		{time.Date(1582, 10, 4, 12, 0, 0, 999_999_999, time.UTC), time.Date(1582, 10, 4, 12, 0, 0, 999_000_000, time.UTC)},
		{time.Date(1969, 12, 31, 23, 59, 59, 999_500_000, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999_000_000, time.UTC)},
		{time.Date(2020, 2, 29, 1, 2, 3, 4_000_000, time.FixedZone("", 7200)), time.Date(2020, 2, 28, 23, 2, 3, 4_000_000, time.UTC)},
	} {
		subj := engine.CustomerID(fmt.Sprint("c", i))
		h.do(engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.View, Customer: subj, At: c.at}}})
		rows, err := h.History(t.Context(), engine.OfCustomer(subj))
		if err != nil || len(rows) != 1 || !rows[0].At.Equal(c.want) {
			t.Errorf("an event at %v came back as %v, %v; want %v", c.at, rows, err, c.want)
		}
	}
	before := time.Now().Add(-time.Second)
	h.do(engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.View, Customer: "now"}}})
	rows, err := h.History(t.Context(), engine.OfCustomer("now"))
	if err != nil || len(rows) != 1 || rows[0].At.Before(before) || rows[0].At.After(time.Now()) {
		t.Errorf("an event without a time came back as %v, %v; want one of now", rows, err)
	}
}

func badEventsAreRefusedAlone(t *testing.T, h *house) {
	future := view("e2", "ann", "", "lamp")
	future.Lines[0].At = time.Now().Add(engine.ClockSkew + time.Minute)
	soon := view("e3", "ann", "", "lamp")
	soon.Lines[0].At = time.Now().Add(engine.ClockSkew - time.Minute)
	nobody := view("e4", "", "", "lamp")
	mixed := order("e5", "ann", "lamp", "bulb")
	mixed.Lines[1].Customer = "ben"
	noJSON := view("e6", "ann", "", "lamp")
	noJSON.Lines[0].Properties = map[string]any{"f": func() {}}
	longID := view("e7", "ann", "", engine.ItemID(strings.Repeat("x", engine.MaxIDBytes+1)))
	tooMany := engine.RecordEvent{Lines: make([]engine.Interaction, engine.MaxLines+1)}
	r := h.try(view("e1", "ann", "", "lamp"), future, soon, nobody, mixed, noJSON, longID, tooMany, engine.RecordEvent{}, view("e8", "ann", "", "lamp"))
	for i, code := range []string{
		"", engine.CodeTimeInFuture, "", engine.CodeMissingField, engine.CodeInvalidField, engine.CodeInvalidField,
		engine.CodeLimitExceeded, engine.CodeLimitExceeded, engine.CodeLimitExceeded, "",
	} {
		var invalid *engine.Invalid
		switch {
		case code == "" && r[i].Err != nil:
			t.Errorf("event %d: %v, want it kept", i, r[i].Err)
		case code != "" && (!errors.As(r[i].Err, &invalid) || invalid.Code != code):
			t.Errorf("event %d: %v, want code %s", i, r[i].Err, code)
		}
	}
	h.wantHistory(ann, "e1", "e8", "e3")
}

func unknownItemsGetNumbers(t *testing.T, h *house) {
	h.do(view("e1", "ann", "", "lamp"), engine.PutItem{Item: engine.Item{ID: "bulb"}}, view("e2", "ann", "", "bulb"), view("e3", "ann", "", "lamp"))
	for i, id := range []engine.ItemID{"lamp", "bulb"} {
		if n, ok := h.IDs().Num(id); !ok || n != engine.ItemNum(i) || h.IDs().ID(n) != id {
			t.Errorf("item %q has number %d, %v; want %d", id, n, ok, i)
		}
	}
	if _, err := h.Item(t.Context(), "lamp"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Item of one only events know of: %v, want not found", err)
	}
	rows, err := h.History(t.Context(), ann)
	if err != nil || len(rows) != 3 || rows[0].Num != 0 || rows[1].Num != 1 || rows[2].Num != 0 {
		t.Errorf("History = %v, %v; want item numbers 0, 1, 0", rows, err)
	}
}

func manyCallersOneOrder(t *testing.T, h *house) {
	const callers, calls = 8, 40
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range calls {
				id := fmt.Sprintf("c%d-%d", c, i)
				r, err := h.Append(t.Context(), []engine.Command{
					view(id, engine.CustomerID(fmt.Sprint("c", c)), "", engine.ItemID(fmt.Sprint("i", i%7))),
					engine.PutItem{Item: engine.Item{ID: engine.ItemID(id)}},
				})
				if err != nil || r[0].Err != nil || r[1].Err != nil {
					t.Errorf("Append: %+v, %v", r, err)
					return
				}
				if rows, err := h.History(t.Context(), engine.OfCustomer(engine.CustomerID(fmt.Sprint("c", c)))); err != nil || len(rows) != i+1 {
					t.Errorf("after its %d. event, caller %d reads %d, %v", i+1, c, len(rows), err)
					return
				}
				if seen := h.all(); seen[len(seen)-1].Seq < r[1].Seq {
					t.Errorf("released before %d was observed", r[1].Seq)
				}
			}
		})
	}
	wg.Wait()
	if got := h.Seq(); got != callers*calls*2 || h.IDs().Len() != callers*calls+7 {
		t.Errorf("Seq is %d, %d items have numbers; want %d and %d", got, h.IDs().Len(), callers*calls*2, callers*calls+7)
	}
}

func largeBatchesAreSplit(t *testing.T, h *house) {
	var cmds []engine.Command
	text := strings.Repeat("0123456789", 10_000)
	for i := range 60 { // 6 MB, three transactions
		cmds = append(cmds, engine.PutItem{Item: engine.Item{ID: engine.ItemID(fmt.Sprint(i)), Text: text}})
	}
	h.do(cmds...)
	if r, err := h.AppendAtomic(t.Context(), cmds); err != nil || r[0].Err == nil || r[59].Err == nil {
		t.Errorf("AppendAtomic of 6 MB: %v, first %v, last %v; want all refused", err, r[0].Err, r[59].Err)
	}
	n := 0
	if err := h.Items(t.Context(), func(engine.ItemNum, engine.Item) error { n++; return nil }); err != nil || n != 60 {
		t.Errorf("%d items, %v; want 60", n, err)
	}
	huge := order("o1", "ann", slices.Repeat([]engine.ItemID{"lamp"}, engine.MaxLines)...)
	for i := range huge.Lines {
		huge.Lines[i].Query = text[:3000] // 3 MB in one event
	}
	r := h.try(view("e1", "ann", "", "lamp"), huge, view("e2", "ann", "", "lamp"))
	var invalid *engine.Invalid
	if !errors.As(r[1].Err, &invalid) || invalid.Code != engine.CodeLimitExceeded || r[0].Err != nil || r[2].Err != nil {
		t.Errorf("one event above a transaction among others: %+v, want it alone refused", r)
	}
	h.wantHistory(ann, "e1", "e2")
}

func atomicIsAllOrNone(t *testing.T, h *house) {
	h.do(view("e0", "ann", "", "lamp"))
	bad := view("e2", "", "", "rug")
	r, err := h.AppendAtomic(t.Context(), []engine.Command{view("e1", "ann", "", "bulb"), bad, engine.PutItem{Item: engine.Item{ID: "vase"}}})
	if err != nil || r[0].Err == nil || r[1].Err == nil || r[2].Err == nil {
		t.Fatalf("AppendAtomic with one bad of three: %+v, %v; want all refused", r, err)
	}
	var invalid *engine.Invalid
	if !errors.As(r[1].Err, &invalid) || errors.As(r[0].Err, &invalid) {
		t.Errorf("errors are %v and %v: want to see which was the bad one", r[0].Err, r[1].Err)
	}
	h.wantHistory(ann, "e0")
	if h.IDs().Len() != 1 || h.Seq() != 1 {
		t.Errorf("%d numbers, seq %d after a refused batch: want 1 and 1", h.IDs().Len(), h.Seq())
	}
	r, err = h.AppendAtomic(t.Context(), []engine.Command{view("e1", "ann", "", "bulb"), view("e2", "ann", "", "rug"), view("e0", "ann", "", "lamp")})
	if err != nil || r[0].Err != nil || r[1].Err != nil || !r[2].Duplicate {
		t.Fatalf("AppendAtomic: %+v, %v; want two kept and a duplicate", r, err)
	}
	h.wantHistory(ann, "e0", "e1", "e2")
	if r, err := h.AppendAtomic(t.Context(), []engine.Command{engine.Erase{Subject: ann}}); err != nil || r[0].Err == nil {
		t.Errorf("an atomic erase: %+v, %v; want it refused", r, err)
	}
}
