package api

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// What somebody did a moment ago shapes their next list, without a training between.
func TestAnswerFollowsEvents(t *testing.T) {
	h := stocked(t)
	path := "/v1/customers/ann/recommendations?count=4"
	before := h.call("GET", path).want(200).answer()
	if before.Basis != engine.BasisPopular {
		t.Errorf("the list of a stranger: basis %q, want popular", before.Basis)
	}
	h.saw("ann", "shoe-0")
	after := h.call("GET", path).want(200).answer()
	if after.Basis != engine.BasisPersonal || !strings.HasPrefix(string(after.Items[0].Item), "shoe") {
		t.Errorf("after a look at a shoe: %q %v, want personal, a shoe first", after.Basis, ids(after))
	}
	h.call("POST", "/v1/events", fields{"type": "purchase", "customer_id": "ann", "item_id": after.Items[0].Item}).want(200)
	if bought := h.call("GET", path).want(200).answer(); slices.Contains(ids(bought), after.Items[0].Item) {
		t.Errorf("after buying %s: got %v, want it gone", after.Items[0].Item, ids(bought))
	}
}

// A new item is found by what it says, before any training and any event.
func TestNewItemAppears(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0", "lamp-1")
	h.call("PUT", "/v1/items/new", fields{"title": "Brass desk lamp with a warm light, new model", "categories": []string{"home/lighting"}}).want(200)
	a := h.call("GET", "/v1/customers/ann/recommendations?count=7").want(200).answer()
	if !slices.Contains(ids(a), "new") {
		t.Errorf("got %v, want all seven lamps, the new one among them", ids(a))
	}
	h.call("PATCH", "/v1/items/new", fields{"stock": 0}).want(200)
	if a := h.call("GET", "/v1/customers/ann/recommendations?count=50").want(200).answer(); slices.Contains(ids(a), "new") {
		t.Errorf("sold out: got %v, want it gone", ids(a))
	}
}

// What was answered can be shown again, as it was.
func TestReplay(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0")
	first := h.call("POST", "/v1/recommendations", fields{"customer_id": "ann", "count": 5, "explain": "full"}).want(200)
	shown := first.answer()
	var again struct {
		engine.Impression
		Answer engine.Answer `json:"answer"`
	}
	h.call("GET", "/v1/recommendations/"+shown.RecommendationID).want(200).into(&again)
	if !equalJSON(t, again.Answer, shown) {
		t.Errorf("replay: got %+v, want %+v", again.Answer, shown)
	}
	if kept := h.written(shown.RecommendationID); !equalJSON(t, kept.Answer, shown) {
		t.Errorf("replay from the store: got %+v, want %+v", kept.Answer, shown)
	}
	if again.Request.Customer != "ann" || again.Request.Count != 5 {
		t.Errorf("replay: the request is %+v, want ann's for five", again.Request)
	}
	unrecorded := h.call("POST", "/v1/recommendations", fields{"customer_id": "ann", "record": false}).want(200).answer()
	if unrecorded.RecommendationID != "" {
		t.Errorf("record=false: got id %q, want none", unrecorded.RecommendationID)
	}
	h.call("GET", "/v1/recommendations/"+strings.Repeat("A", 43)).refused(404, "not_found")
	h.call("GET", "/v1/recommendations/nonsense").refused(404, "not_found")
}

// After an erasure nothing is known, nothing can be replayed, and the receipt names
// nobody.
func TestErase(t *testing.T) {
	h := stocked(t)
	h.call("PUT", "/v1/customers/ann-7341", fields{"attributes": fields{"city": "Ulm"}}).want(200)
	h.saw("ann-7341", "lamp-0", "lamp-1")
	h.call("POST", "/v1/events", fields{"type": "view", "customer_id": "ann-7341", "session_id": "visit-99", "item_id": "lamp-2"}).want(200)
	h.call("PUT", "/v1/tickets/t1", fields{"customer_id": "ann-7341", "subject": "it flickers"}).want(200)
	shown := h.call("GET", "/v1/customers/ann-7341/recommendations").want(200).answer()
	fixes := h.call("POST", "/v1/solutions/suggest", fields{"ticket_id": "t1"}).want(200).answer()
	if shown.Basis != engine.BasisPersonal {
		t.Fatalf("before: basis %q, want personal", shown.Basis)
	}

	erased := h.call("DELETE", "/v1/customers/ann-7341").want(200)
	var e engine.Erasure
	h.call("GET", erased.header.Get("Location")).want(200).into(&e)
	receipt := h.call("GET", "/v1/erasures/"+e.Receipt).want(200)
	if e.Interactions != 3 || e.Tickets != 1 || !bytes.Equal(receipt.body, erased.body) {
		t.Errorf("receipt: got %s (answered %s), want 3 interactions, 1 ticket, and the same twice", receipt.body, erased.body)
	}
	for _, name := range []string{"ann", "7341", "visit"} {
		if bytes.Contains(receipt.body, []byte(name)) {
			t.Errorf("the receipt %s names %q", receipt.body, name)
		}
	}
	for _, path := range []string{
		"/v1/recommendations/" + shown.RecommendationID, "/v1/recommendations/" + fixes.RecommendationID,
		"/v1/customers/ann-7341", "/v1/tickets/t1",
	} {
		h.call("GET", path).refused(404, "not_found")
	}
	for _, path := range []string{"/v1/customers/ann-7341/recommendations", "/v1/sessions/visit-99/recommendations"} {
		if a := h.call("GET", path).want(200).answer(); a.Basis != engine.BasisPopular && a.Basis != engine.BasisEditorial {
			t.Errorf("%s after the erasure: basis %q, want a stranger's", path, a.Basis)
		}
	}
	if n := len(h.call("GET", "/v1/customers/ann-7341/events").want(200).object()["items"].([]any)); n != 0 {
		t.Errorf("events after the erasure: %d, want none", n)
	}
	h.call("GET", "/v1/erasures/nothing").refused(404, "not_found")
}

// The access log says what was asked and how it went, and of whom nothing.
func TestLogNamesNobody(t *testing.T) {
	h := stocked(t)
	h.call("PUT", "/v1/customers/secret-person", fields{}).want(200)
	h.call("GET", "/v1/customers/secret-person/recommendations?filter=x%20%3D%3D").want(422)
	text := h.log.String()
	if strings.Contains(text, "secret-person") || !strings.Contains(text, `"route":"/v1/customers/:id/recommendations"`) {
		t.Errorf("the log is %s, want routes and no ids", text)
	}
}

// Readers and writers of every kind at once; -race looks on.
func TestMixedLoad(t *testing.T) {
	h := stocked(t)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 12 {
				customer := fmt.Sprintf("c%d", (w+i)%5)
				switch (w + i) % 6 {
				case 0:
					h.call("POST", "/v1/events", fields{"type": "view", "customer_id": customer, "item_id": fmt.Sprintf("lamp-%d", i%6)}).want(200)
				case 1:
					h.call("GET", "/v1/customers/"+customer+"/recommendations").want(200)
				case 2:
					h.call("PATCH", fmt.Sprintf("/v1/items/shoe-%d", i%6), fields{"price": 50 + i}).want(200)
				case 3:
					h.call("POST", "/v1/recommendations", fields{"customer_id": customer, "filter": "price > 55", "explain": "full"}).want(200)
				case 4:
					h.call("PUT", fmt.Sprintf("/v1/scenarios/place-%d", w), fields{"filter": "price < 70"}).want(200)
				case 5:
					h.call("DELETE", "/v1/customers/"+customer).want(200)
				}
			}
		})
	}
	wg.Wait()
}
