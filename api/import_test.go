package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

var (
	csvBody = http.Header{"Content-Type": {"text/csv"}}
	anyBody = http.Header{"Content-Type": {"application/octet-stream"}}
)

func (g got) outcome() Outcome {
	g.t.Helper()
	var out Outcome
	g.into(&out)
	return out
}

func packedBy(t *testing.T, coding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var z io.WriteCloser = gzip.NewWriter(&b)
	if coding == "zstd" {
		var err error
		if z, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parquetOf(t *testing.T, items ...engine.Item) []byte {
	t.Helper()
	var b bytes.Buffer
	w := record.ItemWriter(&b, record.Parquet)
	for _, i := range items {
		if err := w.Write(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Records come in four forms, each packed or not, by both ways in.
func TestFormatsOfBodies(t *testing.T) {
	h := newHouse(t)
	forms := map[string]struct {
		media string
		body  func(id string) string
	}{
		"json":   {"application/json", func(id string) string { return fmt.Sprintf(`[{"item_id":%q,"title":"a lamp"}]`, id) }},
		"ndjson": {"application/x-ndjson", func(id string) string { return fmt.Sprintf("{\"item_id\":%q,\"title\":\"a lamp\"}\n", id) }},
		"csv":    {"text/csv; charset=utf-8", func(id string) string { return "item_id,title\n" + id + ",a lamp\n" }},
		"parquet": {mediaParquet, func(id string) string {
			return string(parquetOf(t, engine.Item{ID: engine.ItemID(id), Title: "a lamp"}))
		}},
	}
	for form, f := range forms {
		for _, coding := range []string{"", "gzip", "zstd"} {
			for _, path := range []string{"/v1/items", "/v1/import/items"} {
				id := strings.Trim(form+"-"+coding+"-"+strings.ReplaceAll(path, "/", ""), "-")
				header, body := http.Header{"Content-Type": {f.media}}, []byte(f.body(id))
				if coding != "" {
					header.Set("Content-Encoding", coding)
					body = packedBy(t, coding, string(body))
				}
				if out := h.call("POST", path, header, body).want(200).outcome(); out.Accepted != 1 {
					t.Errorf("%s as %s %s: got %+v, want one accepted", path, form, coding, out)
				}
				if got := h.call("GET", "/v1/items/"+id).want(200).object()["title"]; got != "a lamp" {
					t.Errorf("%s: title %q", id, got)
				}
			}
		}
	}
	torn := packedBy(t, "zstd", `{"count": 1}`)
	coded := http.Header{"Content-Encoding": {"zstd"}}
	h.call("POST", "/v1/recommendations", coded, torn).want(200)
	h.call("POST", "/v1/recommendations", coded, torn[:len(torn)-3]).refused(400, "body_unreadable")
	h.call("POST", "/v1/recommendations", coded, "{}").refused(400, "body_unreadable")
	h.call("POST", "/v1/recommendations", coded, packedBy(t, "zstd", `{"query":"`+strings.Repeat("x", 40<<20))).refused(413, "body_too_large")
	whole := parquetOf(t, engine.Item{ID: "x"})
	h.call("POST", "/v1/items", http.Header{"Content-Type": {mediaParquet}}, whole[:len(whole)-5]).refused(400, "invalid_syntax")
}

func events(from, to int) string {
	var b strings.Builder
	b.WriteString("user,sku,what,when\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "c%d,lamp-%d,view,2024-05-01 10:00:%02d\n", i%7, i%6, i%60)
	}
	return b.String()
}

const eventMap = "?map=user=customer_id,sku=item_id,what=type,when=at&zone=Europe/Berlin"

// An import has no end but its own, says what it refused, and doubles nothing when it is
// sent again.
func TestImport(t *testing.T) {
	h := stocked(t)
	const n = 2*importChunk + 345
	text := strings.Replace(events(0, n), "c3,lamp-3,view", "c3,lamp-3,", 1)
	want := Outcome{Accepted: n - 1, Refused: 1}
	for range 2 {
		out := h.call("POST", "/v1/import/events"+eventMap, csvBody, text).want(200).outcome()
		if out.Accepted != want.Accepted || out.Duplicates != want.Duplicates || out.Refused != 1 || len(out.Rejected) != 1 || out.Rejected[0].Line != 5 || out.Rejected[0].Field != "what" {
			t.Errorf("got %+v, want %+v and line 5 refused for its type, as the file calls it", out, want)
		}
		want = Outcome{Duplicates: n - 1, Refused: 1}
	}
	first := h.call("GET", "/v1/customers/c0/events?limit=1000").object()["items"].([]any)
	if at := first[len(first)-1].(fields)["at"]; len(first) != (n+6)/7 || at != "2024-05-01T08:00:00Z" {
		t.Errorf("c0 did %d things, first at %v; want %d, the time in Berlin's summer", len(first), at, (n+6)/7)
	}
	if out := h.call("POST", "/v1/import/orders", `{"order_id":"o-1","customer_id":"o","items":[{"item_id":"lamp-0"},{"item_id":"lamp-1"}]}`).want(200).outcome(); out.Accepted != 1 {
		t.Errorf("an order: got %+v", out)
	}
	if e := h.call("GET", "/v1/customers/o/events").object()["items"].([]any); len(e) != 2 || e[0].(fields)["type"] != "purchase" {
		t.Errorf("an order: got %v, want two lines of a purchase", e)
	}
	for _, what := range []string{"customers", "tickets"} {
		id := strings.TrimSuffix(what, "s") + "_id"
		if out := h.call("POST", "/v1/import/"+what+"?format=ndjson", anyBody, `{"`+id+`":"x"}`+"\n").want(200).outcome(); out.Accepted != 1 {
			t.Errorf("%s: got %+v", what, out)
		}
		h.call("GET", "/v1/"+what+"/x").want(200)
	}
	title := h.call("GET", "/v1/items/lamp-0").object()["title"]
	if out := h.call("POST", "/v1/import/vectors", anyBody, "{\"item_id\":\"lamp-0\",\"vector\":[1,-0.5]}\n{\"item_id\":\"nowhere\",\"vector\":[1,2]}\n").want(200).outcome(); out.Accepted != 1 || out.Refused != 1 || out.Rejected[0].Line != 2 {
		t.Errorf("vectors: got %+v, want one accepted and line 2 refused", out)
	}
	for _, format := range []string{"", "?format=csv", "?format=ndjson"} {
		array := "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n\x00\x00\x80\x3f\x00\x00\x80\x3f"
		if detail, _ := h.call("POST", "/v1/import/vectors"+format, anyBody, array).want(400).object()["detail"].(string); !strings.Contains(detail, "NumPy array") || !strings.Contains(detail, "FILE.npy,IDS") {
			t.Errorf("an array%s: %q, want what to send instead", format, detail)
		}
	}
	if lamp := h.call("GET", "/v1/items/lamp-0").object(); !reflect.DeepEqual(lamp["embedding"], []any{1.0, -0.5}) || lamp["title"] != title {
		t.Errorf("vectors: the item is %v", lamp)
	}
}

// An import that is cut off keeps what it accepted, and goes on when it is sent again
// under the same source.
func TestImportInterrupted(t *testing.T) {
	h := stocked(t)
	lines := make([]string, 3*importChunk)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"type":"view","customer_id":"c%d","item_id":"lamp-0","at":"2024-05-01T10:00:00Z"}`, i)
	}
	text := strings.Join(lines, "\n")
	path := "/v1/import/events?source=shop-2024-05"
	cut := text[:2*len(text)/3] + "\n"
	from, to := io.Pipe()
	go func() {
		_, _ = io.WriteString(to, cut)
		_ = to.CloseWithError(io.ErrUnexpectedEOF)
	}()
	req, err := http.NewRequestWithContext(context.Background(), "POST", h.http.URL+path, from)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer " + testKey}, "Content-Type": {"application/x-ndjson"}}
	if resp, err := h.http.Client().Do(req); err == nil {
		resp.Body.Close()
	}
	kept := uint64(0)
	for range 300 { // the server goes on with what it has
		if kept = h.store.Seq(); kept >= importChunk {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	out := h.call("POST", path, ndjson, text).want(200).outcome()
	if kept < importChunk || out.Duplicates < importChunk || out.Accepted+out.Duplicates != len(lines) || out.Accepted == 0 {
		t.Errorf("cut off after %d writes, then %+v; want the first part seen before, and %d in all", kept, out, len(lines))
	}
}

// What breaks on the way says what is kept.
func TestImportBroken(t *testing.T) {
	h := stocked(t)
	good := strings.Repeat(`{"item_id":"good"},`, importChunk)
	p := h.call("POST", "/v1/import/items", "["+good+"oops]").refused(400, "invalid_syntax")
	if p.Outcome == nil || p.Accepted != importChunk {
		t.Errorf("broken JSON: got %+v, want what was accepted before", p.Outcome)
	}
	h.call("GET", "/v1/items/good").want(200)
	p = h.call("POST", "/v1/import/items", ndjson, strings.Repeat("{}\n", importRejected+7)).refused(422, "missing_field")
	if p.Outcome == nil || len(p.Rejected) != importRejected || p.Refused != importRejected+7 || !strings.Contains(p.Detail, "1007 of 1007") {
		t.Errorf("all refused: %q, %d listed of %d, want the first thousand", p.Detail, len(p.Rejected), p.Refused)
	}
	if out := h.call("POST", "/v1/import/items", ndjson, "").want(200).outcome(); out.Accepted != 0 {
		t.Errorf("of nothing: got %+v", out)
	}
	for path, c := range map[string]struct {
		status      int
		code, field string
	}{
		"/v1/import/users":                             {404, "not_found", ""},
		"/v1/import/items?format=xml":                  {422, "invalid_field", "format"},
		"/v1/import/items?preset=nobody":               {422, "invalid_field", "preset"},
		"/v1/import/items?map=a":                       {422, "invalid_field", "map"},
		"/v1/import/items?map=a=colour":                {422, "unknown_field", "map.colour"},
		"/v1/import/items?zone=Mars":                   {422, "invalid_field", "zone"},
		"/v1/import/events?shift=long":                 {422, "invalid_field", "shift"},
		"/v1/import/events?dated=2999-01-01T00:00:00Z": {422, "invalid_field", "dated"},
		"/v1/import/items?colour=red":                  {422, "unknown_parameter", "colour"},
		"/v1/import/items?mode=merge":                  {422, "invalid_field", "mode"},
		"/v1/import/items?force=true":                  {422, "invalid_field", "force"},
		"/v1/import/events?mode=replace":               {422, "invalid_field", "mode"},
		"/v1/import/events?source=%00":                 {422, "invalid_field", "source"},
		"/v1/import/items?format=csv&force=x":          {422, "invalid_field", "force"},
	} {
		if p := h.call("POST", path, csvBody, "a,b\n1,2\n").refused(c.status, c.code); p.Field != c.field {
			t.Errorf("%s: field %q (%s), want %q", path, p.Field, p.Detail, c.field)
		}
	}
	h.call("POST", "/v1/import/items", ndjson, bomb(100<<20)).refused(422, "limit_exceeded")
	h.call("POST", "/v1/import/items?mode=replace", bomb(100<<20)).refused(400, "invalid_syntax")
	h.call("POST", "/v1/import/items", http.Header{"Content-Type": {"image/png"}}, "x").refused(415, "unsupported_media_type")
	h.call("POST", "/v1/import/items", http.Header{"Content-Encoding": {"br"}}, "x").refused(415, "unsupported_media_type")
	var got []bundleAnswer
	h.call("POST", "/v1/batch", fields{"requests": []fields{{"method": "POST", "path": "/v1/import/items", "body": []fields{}}}}).want(200).into(&got)
	if got[0].Status != 422 {
		t.Errorf("an import within a batch: got %+v, want it refused", got)
	}
}

// A few streams run at once; the next one is told to come again.
func TestStreamsAtOnce(t *testing.T) {
	h := newHouse(t)
	for range streamsAtOnce {
		h.server.streams <- struct{}{}
	}
	if g := h.call("GET", "/v1/export/items"); g.refused(503, "unavailable").Status != 503 || g.header.Get("Retry-After") == "" {
		t.Errorf("one too many: got %v, want Retry-After", g.header)
	}
	h.call("GET", "/v1/items").want(200)
	<-h.server.streams
	h.call("GET", "/v1/export/items").want(200)
}

// A stream that stands still ends; one that moves may take longer than a request.
func TestStreamsMove(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits.Timeout = 300 * time.Millisecond })
	slow, end := io.Pipe()
	go func() {
		for i := range 8 {
			_, _ = fmt.Fprintf(end, `{"item_id":"slow-%d"}`+"\n", i)
			time.Sleep(100 * time.Millisecond)
		}
		_ = end.Close()
	}()
	if out := h.call("POST", "/v1/import/items", ndjson, slow).want(200).outcome(); out.Accepted != 8 {
		t.Errorf("a slow import: got %+v, want all eight", out)
	}
	stuck, never := io.Pipe()
	defer never.Close()
	go func() { _, _ = io.WriteString(never, `{"item_id":"stuck"}`+"\n{") }()
	p := h.call("POST", "/v1/import/items", ndjson, stuck).refused(408, "timeout")
	if p.Outcome == nil || p.Accepted != 1 {
		t.Errorf("a stuck import: got %+v, want the one that came", p.Outcome)
	}
}

func feedBody(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, `{"item_id":%q,"title":"fed"}`+"\n", id)
	}
	return b.String()
}

// A feed that replaces hides what it lacks, of the kinds it holds; what comes back is
// shown again.
func TestReplace(t *testing.T) {
	var all []string
	for i := range 20 {
		all = append(all, fmt.Sprint("p-", i))
	}
	for _, path := range []string{"/v1/items", "/v1/import/items"} {
		h := newHouse(t)
		hidden := func() (out []string) {
			for _, i := range h.call("GET", "/v1/items?limit=100").object()["items"].([]any) {
				if i.(fields)["hidden"] == true {
					out = append(out, i.(fields)["item_id"].(string))
				}
			}
			return out
		}
		replace := path + "?mode=replace"
		h.call("POST", "/v1/items", []fields{{"item_id": "guide", "kind": "content"}, {"item_id": "old", "hidden": true}}).want(200)
		if out := h.call("POST", replace, ndjson, feedBody(all...)).want(200).outcome(); out.Accepted != 20 || out.Hidden == nil || *out.Hidden != 0 {
			t.Errorf("%s: the first feed: got %+v, want 20 put and none hidden", path, out)
		}
		if out := h.call("POST", replace, ndjson, feedBody(all[:16]...)).want(200).outcome(); *out.Hidden != 4 || !slices.Equal(hidden(), append([]string{"old"}, all[16:]...)) {
			t.Errorf("%s: without four: got %+v, hidden %v", path, out, hidden())
		}
		if out := h.call("POST", replace, ndjson, feedBody(all[:18]...)).want(200).outcome(); *out.Hidden != 0 || len(hidden()) != 3 {
			t.Errorf("%s: with two of them back: got %+v, hidden %v", path, out, hidden())
		}
		before := h.store.Seq()
		if p := h.call("POST", replace, ndjson, feedBody(all[:14]...)).refused(409, "conflict"); !strings.Contains(p.Detail, "4 of the 18") || !strings.Contains(p.Detail, "force") {
			t.Errorf("%s: %q does not say what is lost and how to go on", path, p.Detail)
		}
		bad := feedBody(all...) + `{"item_id":"x","price":"cheap"}` + "\n"
		if p := h.call("POST", replace, ndjson, bad).refused(422, "invalid_field"); p.Line != 21 || p.Outcome == nil {
			t.Errorf("%s: a bad line: got %+v, want line 21", path, p)
		}
		h.call("POST", replace, "["+strings.ReplaceAll(feedBody(all...), "\n", ",")+"oops]").refused(400, "invalid_syntax")
		h.call("POST", replace, ndjson, "").refused(422, "missing_field")
		h.call("POST", replace+"&force=maybe", ndjson, feedBody(all...)).refused(422, "invalid_field")
		if h.store.Seq() != before {
			t.Errorf("%s: refused feeds made %d writes, want none", path, h.store.Seq()-before)
		}
		if out := h.call("POST", replace+"&force=true", ndjson, feedBody(all[:2]...)).want(200).outcome(); *out.Hidden != 16 {
			t.Errorf("%s: by force: got %+v, want 16 hidden", path, out)
		}
		if g := h.call("GET", "/v1/items/guide").object(); g["hidden"] != nil {
			t.Errorf("%s: the article is %v, want it left alone", path, g)
		}
	}
	h := newHouse(t)
	h.call("POST", "/v1/items?mode=replace&atomic=true", fields{"item_id": "a"}).refused(422, "invalid_field")
	h.call("POST", "/v1/items?force=true", fields{"item_id": "a"}).refused(422, "invalid_field")
	h.call("POST", "/v1/items?mode=put", fields{"item_id": "a"}).want(200)
}
