package serving_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

// line is what the tests have an answer encoded as.
type line struct {
	Customer engine.CustomerID
	Answer   engine.Answer
}

func appendLine(buf []byte, id engine.CustomerID, a *engine.Answer) ([]byte, error) {
	text, err := json.Marshal(line{id, *a})
	return append(append(buf, text...), '\n'), err
}

// lists returns the lists for many, in the order in which they were written.
func (h *house) lists(req *engine.BulkRequest) (out []line, w serving.Written) {
	h.t.Helper()
	var text bytes.Buffer
	w, err := h.Lists(h.t.Context(), req, appendLine, func(lines []byte) error { text.Write(lines); return nil })
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSpace(text.String()), "\n") {
		var one line
		if err := json.Unmarshal([]byte(l), &one); err != nil {
			h.t.Fatalf("%q: %v", l, err)
		}
		out = append(out, one)
	}
	return out, w
}

// crowd is a shop with 300 customers, of whom every seventh has asked not to be written to.
func crowd(t *testing.T) *house {
	h := open(t, nil)
	shelf(h)
	items := []engine.ItemID{"red-lamp", "mug", "pot", "blue-lamp"}
	for i := range 300 {
		id := engine.CustomerID(fmt.Sprintf("c%03d", i))
		if i%5 > 0 {
			h.write(event(fmt.Sprint("e", i), engine.Purchase, id, "", items[i%4]), event(fmt.Sprint("v", i), engine.View, id, "", items[i%3]))
		}
		if i%5 == 0 || i%7 == 0 {
			h.write(engine.PutCustomer{Customer: engine.Customer{ID: id, Consent: map[engine.Purpose]bool{engine.Outreach: i%7 > 0}}})
		}
	}
	h.write(event("s", engine.View, "", "visit", "lamp"))
	return h
}

// The lists for many are those that each would have got.
func TestListsAreThoseOfEach(t *testing.T) {
	h := crowd(t)
	req := engine.BulkRequest{Request: engine.Request{Count: 3, Explain: engine.ExplainFull}, Consent: engine.AnyConsent}
	everybody, w := h.lists(&req)
	if len(everybody) != 300 || w != (serving.Written{Lists: 300}) {
		t.Fatalf("%d lists, %+v; want 300", len(everybody), w)
	}
	processors := runtime.GOMAXPROCS(1)
	one, _ := h.lists(&req)
	if runtime.GOMAXPROCS(processors); !reflect.DeepEqual(untimed(one), untimed(everybody)) {
		t.Errorf("one processor makes\n%v, %d make\n%v", one, processors, everybody)
	}
	for _, l := range everybody {
		req.Customers = append(req.Customers, l.Customer)
		isTheirs(t, h, l)
	}
	if again, _ := h.lists(&req); !reflect.DeepEqual(ids(again), ids(everybody)) {
		t.Errorf("named customers come as %v, want their order %v", ids(again), ids(everybody))
	}
	req.Consent, req.Customers = "", nil
	if willing, w := h.lists(&req); len(willing) != 300-43 || w.LeftOut != 43 {
		t.Errorf("%d lists, %+v; want 43 left out", len(willing), w)
	}
	req.Customers = []engine.CustomerID{"c014", "nobody", "c001"}
	if few, w := h.lists(&req); !reflect.DeepEqual(ids(few), []engine.CustomerID{"nobody", "c001"}) || w.LeftOut != 1 {
		t.Errorf("lists for %v, %+v; want nobody's and c001's", ids(few), w)
	}
}

// isTheirs holds a list, three items with all reasons, to that which its customer is shown alone.
func isTheirs(t *testing.T, h *house, l line) {
	t.Helper()
	alone, err := h.Recommend(t.Context(), &engine.Request{Customer: l.Customer, Count: 3, Explain: engine.ExplainFull, Record: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	l.Answer.TookMS, alone.TookMS = 0, 0
	a, _ := json.Marshal(l.Answer)
	b, _ := json.Marshal(alone)
	if !bytes.Equal(a, b) {
		t.Errorf("the list of %s is\n%s, alone\n%s", l.Customer, a, b)
	}
}

// Who refused takes no room from those whose lists are on their way.
func TestListsBesideThoseWhoRefused(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	items := []engine.ItemID{"red-lamp", "mug", "pot", "blue-lamp"}
	const people = 6_000
	var some []engine.Command
	for i := range people {
		id := engine.CustomerID(fmt.Sprintf("c%05d", i))
		some = append(some, event(fmt.Sprint("e", i), engine.Purchase, id, "", items[i%4]), event(fmt.Sprint("v", i), engine.View, id, "", items[i%3]))
		if i%8 > 0 {
			some = append(some, engine.PutCustomer{Customer: engine.Customer{ID: id, Consent: map[engine.Purpose]bool{engine.Outreach: false}}})
		}
		if len(some) > 1000 {
			h.write(some...)
			some = some[:0]
		}
	}
	h.write(some...)
	req := engine.BulkRequest{Request: engine.Request{Count: 3, Explain: engine.ExplainFull}}
	lists, w := h.lists(&req)
	if w != (serving.Written{Lists: people / 8, LeftOut: people - people/8}) {
		t.Fatalf("%+v", w)
	}
	for _, l := range lists {
		if isTheirs(t, h, l); t.Failed() {
			break // hundreds are not
		}
	}
}

// untimed returns lines without the time that each took.
func untimed(lines []line) []line {
	out := slices.Clone(lines)
	for i := range out {
		out[i].Answer.TookMS = 0
	}
	return out
}

func ids(lines []line) (out []engine.CustomerID) {
	for _, l := range lines {
		out = append(out, l.Customer)
	}
	return out
}

func TestListsEndAtAnError(t *testing.T) {
	h := crowd(t)
	full := errors.New("the disk is full")
	written := 0
	_, err := h.Lists(t.Context(), &engine.BulkRequest{}, appendLine, func([]byte) error {
		if written++; written == 3 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || written != 3 {
		t.Errorf("after %d writes: %v, want the third one's error", written, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if _, err := h.Lists(ctx, &engine.BulkRequest{}, appendLine, func([]byte) error { stop(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	bad := engine.BulkRequest{Request: engine.Request{Filter: "price <"}}
	never := func([]byte) error { t.Error("something was written"); return nil }
	if _, err := h.Lists(t.Context(), &bad, appendLine, never); err == nil {
		t.Error("a filter that is none is taken")
	}
	if w, err := h.Lists(t.Context(), &engine.BulkRequest{Request: engine.Request{ValidateOnly: true}}, appendLine, never); err != nil || w != (serving.Written{}) {
		t.Errorf("a request that is only checked: %+v, %v", w, err)
	}
}

// Lists for many take no memory from those who ask live, and need not read them.
func TestListsLeaveStatesInMemory(t *testing.T) {
	log := &slow{before: func() {}, after: func() {}}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	h.ask(engine.Request{Customer: "ann"})
	req := engine.BulkRequest{Customers: []engine.CustomerID{"ann"}}
	for i := range 5000 { // some 4 MB of states beside 1 MiB
		req.Customers = append(req.Customers, engine.CustomerID(fmt.Sprint("c", i)))
	}
	if _, w := h.lists(&req); w.Lists != len(req.Customers) {
		t.Fatalf("%+v, want %d lists", w, len(req.Customers))
	}
	log.before = func() { t.Error("the state of who asked live was read again") }
	h.ask(engine.Request{Customer: "ann"})
}

// Who cannot be read may have refused to be written to.
func TestListsOfWhoCannotBeReadAreNotWritten(t *testing.T) {
	log := &slow{before: func() {}, after: func() {}}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	h.write(engine.PutCustomer{Customer: engine.Customer{ID: "ann", Consent: map[engine.Purpose]bool{engine.Outreach: false}}})
	log.fail.Store(true)
	written := ""
	w, err := h.Lists(t.Context(), &engine.BulkRequest{Customers: []engine.CustomerID{"ann"}}, appendLine, func(lines []byte) error {
		written += string(lines)
		return nil
	})
	if err == nil || written != "" || w != (serving.Written{}) {
		t.Errorf("%+v, %v: %s; want an error and no list", w, err, written)
	}
}

// TestListsPanicWhereTheyAreAskedFor: of several goroutines that make lists, none may end the program.
func TestListsPanicWhereTheyAreAskedFor(t *testing.T) {
	h := crowd(t)
	broken := func([]byte, engine.CustomerID, *engine.Answer) ([]byte, error) { panic("a fault in here") }
	var said any
	func() {
		defer func() { said = recover() }()
		_, _ = h.Lists(t.Context(), &engine.BulkRequest{Request: engine.Request{Count: 3}}, broken, func([]byte) error { return nil })
	}()
	if text, _ := said.(string); !strings.Contains(text, "a fault in here") || !strings.Contains(text, "lists_test.go") {
		t.Fatalf("what it panics with: %v; want the fault and where it is", said)
	}
	if out, _ := h.lists(&engine.BulkRequest{Request: engine.Request{Count: 3}, Consent: engine.AnyConsent}); len(out) != 300 {
		t.Errorf("%d lists after it, want 300", len(out))
	}
}
