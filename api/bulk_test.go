package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// bulk asks for the lists of many, and leaves their reading, with the trailers after them,
// to the test.
func (h *house) bulk(body string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), "POST", h.http.URL+bulkPath, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = got.Body.Close() })
	return got
}

func TestBulkIsEachAlone(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0", "lamp-1")
	h.saw("bob", "shoe-0")
	h.call("POST", "/v1/customers", fields{"customer_id": "eve", "consent": fields{"outreach": false}}).want(200)
	body, _ := json.Marshal(fields{"customers": []string{"bob", "eve", "ann"}, "count": 3, "kind": "product", "return_properties": []string{"title"}})
	got := h.bulk(string(body))
	if kind := got.Header.Get("Content-Type"); got.StatusCode != http.StatusOK || kind != mediaNDJSON {
		t.Fatalf("got %s, %s", got.Status, kind)
	}
	want := []string{"bob", "ann"}
	lines := bufio.NewScanner(got.Body)
	for ; lines.Scan() && len(want) > 0; want = want[1:] {
		var one struct {
			Customer string `json:"customer_id"`
			engine.Answer
		}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil || one.Customer != want[0] {
			t.Fatalf("%s: %v, want the list of %s", lines.Bytes(), err, want[0])
		}
		alone := h.call("POST", "/v1/recommendations", fields{"customer_id": want[0], "count": 3, "kind": "product", "record": false}).want(200).answer()
		if len(alone.Items) != 3 || !slices.Equal(ids(one.Answer), ids(alone)) || one.Items[0].Properties["title"] == nil {
			t.Errorf("%s got %v, alone %v", want[0], ids(one.Answer), ids(alone))
		}
	}
	if len(want) > 0 || lines.Scan() {
		t.Errorf("the lists of %v are missing, or there are more", want)
	}
	if a, b := got.Trailer.Get(listsTrailer), got.Trailer.Get(leftOutTrailer); a != "2" || b != "1" {
		t.Errorf("the trailers say %q lists and %q left out, want 2 and 1", a, b)
	}
}

// Where nobody has a list the counts are trailers all the same, and only these.
func TestBulkOfNobody(t *testing.T) {
	h := stocked(t)
	h.call("POST", "/v1/customers", fields{"customer_id": "eve", "consent": fields{"outreach": false}}).want(200)
	got := h.bulk(`{"customers":["eve"]}`)
	if body, err := io.ReadAll(got.Body); err != nil || len(body) > 0 || got.StatusCode != http.StatusOK {
		t.Errorf("got %s, %q, %v; want nothing", got.Status, body, err)
	}
	if a, b := got.Trailer.Get(listsTrailer), got.Trailer.Get(leftOutTrailer); a != "0" || b != "1" || got.Header.Get(listsTrailer) != "" {
		t.Errorf("the trailers say %q lists and %q left out, and the header %q; want 0, 1 and nothing", a, b, got.Header.Get(listsTrailer))
	}
}

// A request that is only checked is answered as it is for one customer.
func TestBulkIsOnlyChecked(t *testing.T) {
	h := stocked(t)
	body := fields{"validate_only": true, "kind": "product"}
	one, many := h.call("POST", "/v1/recommendations", body).want(200), h.call("POST", bulkPath, body).want(200)
	if many.header.Get("Trailer") != "" || many.header.Get(listsTrailer) != "" || !bytes.HasSuffix(many.body, []byte("}\n")) {
		t.Errorf("got %v, %q; want one line without trailers", many.header, many.body)
	}
	if a, b := one.answer(), many.answer(); b.Eligible == 0 || a.Eligible != b.Eligible || len(b.Items) > 0 || b.RecommendationID != "" {
		t.Errorf("got %+v, for one %+v", b, a)
	}
	h.call("POST", bulkPath, fields{"validate_only": true, "filter": "price <"}).refused(422, "invalid_filter")
}

func TestBulkTakesPostOnly(t *testing.T) {
	h := stocked(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
		if g := h.call(method, bulkPath).want(405); g.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow is %q, want POST", method, g.header.Get("Allow"))
		}
	}
}

func TestBulkRefuses(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0")
	const path = "/v1/recommendations/bulk"
	for field, body := range map[string]fields{
		"customer_id": {"customer_id": "ann"},
		"session_id":  {"session_id": "visit"},
		"record":      {"record": true},
		"consent":     {"consent": "maybe"},
		"scenario":    {"scenario": "nowhere"},
	} {
		if p := h.call("POST", path, body).refused(422, "invalid_field"); p.Field != field {
			t.Errorf("%v: the field is %q, want %s", body, p.Field, field)
		}
	}
	if p := h.call("POST", path, fields{"customers": []string{}}).refused(422, "missing_field"); p.Field != "customers" {
		t.Errorf("nobody is named: the field is %q, want customers", p.Field)
	}
	h.call("POST", path, fields{"customers": []string{"a/b", ".."}}).refused(422, "invalid_field")
	h.call("POST", path, fields{"colour": "red"}).refused(422, "unknown_field")
	h.call("POST", path, ndjson, "{}").refused(415, "unsupported_media_type")
	h.call("POST", path, bytes.NewReader(make([]byte, engine.MaxBodyBytes+1))).refused(413, "body_too_large")
	h.call("POST", "/v1/batch", fields{"requests": []fields{{"method": "POST", "path": path, "body": fields{}}}}).want(200)
}
