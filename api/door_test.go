package api

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

const (
	publishable = "pk-of-the-tests"
	tokenSecret = "a-secret-that-the-shop-holds-0123"
	shopOrigin  = "https://shop.example"
)

func withDoor(o *Options) {
	o.PublishableKey, o.TokenSecret, o.Origins = publishable, tokenSecret, []string{shopOrigin}
}

// page is a browser on one of the shop's pages: without the API key.
func (h *house) page(method, path string, with ...any) got {
	h.t.Helper()
	return h.call(method, path, append(with, http.Header{"Authorization": nil})...)
}

// token is what the shop's server makes.
func token(customer string, until time.Time) string {
	expiry := fmt.Sprint(until.Unix())
	return expiry + "." + hex.EncodeToString(signed([]byte(tokenSecret), expiry, customer))
}

// The publishable key opens four routes and no other, whatever routes there are.
func TestPublishableKeyOpensLittle(t *testing.T) {
	h := stocked(t, withDoor)
	opened := 0
	for _, r := range h.server.allRoutes() {
		path := strings.NewReplacer(":id", "ann", ":name", "home", ":receipt", "r", ":what", "items", ":file", "x").Replace(r.path)
		for _, asHeader := range []bool{false, true} {
			var g got
			if asHeader {
				g = h.call(r.method, path, http.Header{"Authorization": {"Bearer " + publishable}}, "{}")
			} else {
				g = h.page(r.method, path+"?key="+publishable, "{}")
			}
			switch {
			case openToAll[r.path]:
			case visitable(r.method, r.path):
				opened++
				if g.status == 403 {
					t.Errorf("%s %s: got %d %s, want it open", r.method, path, g.status, g.body)
				}
			default:
				g.refused(403, "forbidden")
			}
		}
	}
	if opened != 2*len(openToVisitors) {
		t.Errorf("%d routes were open, want %d", opened/2, len(openToVisitors))
	}
	h.page("GET", "/v1/items/lamp-0/related?key=wrong").refused(401, "unauthorized")
	h.page("GET", "/v1/items/lamp-0/related?key="+testKey).refused(401, "unauthorized")
	h.page("GET", "/v1/items/lamp-0/related?key=").refused(401, "unauthorized")
	h.page("GET", "/v1/items/lamp-0/related").refused(401, "unauthorized")
	h.page("GET", "/v1/nothing?key="+publishable).refused(403, "forbidden")
	h.page("HEAD", "/v1/items/lamp-0/related?key="+publishable).want(200)
	none := stocked(t)
	none.page("GET", "/v1/items/lamp-0/related?key=").refused(401, "unauthorized")
}

// A page posts what its visitor does as a beacon, and reads the visit's list.
func TestVisit(t *testing.T) {
	h := stocked(t, withDoor)
	key := "?key=" + publishable
	beacon := http.Header{"Content-Type": {"text/plain;charset=UTF-8"}, "Origin": {shopOrigin}}
	h.page("POST", "/v1/events"+key, `{"type": "view", "session_id": "s-1", "item_id": "lamp-0"}`, beacon).want(200)
	a := h.page("GET", "/v1/sessions/s-1/recommendations"+key+"&count=3").want(200).answer()
	if len(a.Items) != 3 || a.Basis != engine.BasisSession {
		t.Errorf("got %v by %s, want three items for the session", ids(a), a.Basis)
	}
	h.page("GET", "/v1/items/lamp-0/related"+key+"&count=2&session_id=s-1").want(200)
	h.page("GET", "/v1/items/lamp-0/related"+key+"&nonsense=1").refused(422, "unknown_parameter")
	h.page("GET", "/v1/items/lamp-0/related"+key+"&count=%zz").want(401)

	h.page("POST", "/v1/events"+key, strings.Repeat(" ", visitorBytes+1)+"{}", beacon).refused(413, "body_too_large")
	h.page("POST", "/v1/events"+key, "{}", http.Header{"Content-Encoding": {"gzip"}}).refused(415, "unsupported_media_type")
	h.page("POST", "/v1/recommendations"+key, "{}", beacon).refused(403, "forbidden")
	h.call("POST", "/v1/items", `{"item_id": "x"}`, beacon).refused(415, "unsupported_media_type")
}

// What becomes of a ticket no page says, whoever's it is, and whatever else is in the body.
func TestVisitorsLeaveTicketsAlone(t *testing.T) {
	h := stocked(t, withDoor)
	h.call("PUT", "/v1/tickets/t-1", fields{"subject": "dark", "customer_id": "ann", "state": "open"}).want(200)
	for _, kind := range []string{"solved", "reopened", "escalated", "csat", "solution_used", "view"} {
		body := `[{"type":"view","session_id":"s-9","item_id":"lamp-0"},{"type":"` + kind + `","session_id":"s-9","item_id":"lamp-0","ticket_id":"t-1","value":5}]`
		h.page("POST", "/v1/events?key="+publishable, body, http.Header{"Content-Type": {"text/plain"}}).refused(403, "forbidden")
	}
	if got := h.call("GET", "/v1/tickets/t-1", nil).want(200); !strings.Contains(string(got.body), `"open"`) {
		t.Errorf("the ticket is %s, want it open", got.body)
	}
}

// What agents alone may see, what is hidden and what is not published yet, no page is shown.
func TestVisitorsSeeThePublic(t *testing.T) {
	h := stocked(t, withDoor)
	key := "?count=100&key=" + publishable
	h.call("POST", "/v1/items", []fields{
		{"item_id": "note", "kind": "solution", "title": "The lamp flickers: offer a refund", "visibility": "agent"},
		{"item_id": "gone", "title": "Brass lamp that was withdrawn", "hidden": true},
		{"item_id": "soon", "title": "Brass desk lamp of next year", "published": time.Now().Add(240 * time.Hour)},
	}).want(200)
	h.call("PUT", "/v1/scenarios/desk-2", fields{"kinds": []string{"solution"}, "audience": "agent"}).want(200)
	for _, path := range []string{"/v1/sessions/s-1/recommendations", "/v1/items/lamp-0/related"} {
		for _, more := range []string{"", "&kind=solution,product,content", "&scenario=help", "&filter=stock%20%3E%200", "&return_properties=*&explain=full"} {
			list := ids(h.page("GET", path+key+more).want(200).answer())
			if slices.Contains(list, "note") || slices.Contains(list, "soon") || slices.Contains(list, "gone") {
				t.Errorf("%s%s: got %v, want nothing that is not public", path, more, list)
			}
		}
		about := h.page("GET", path+key+"&explain=full&basket=note,soon,gone").want(200)
		if text := string(about.body); strings.Contains(text, "refund") || strings.Contains(text, "withdrawn") || strings.Contains(text, "next year") {
			t.Errorf("%s about what is not public: got %s, want it unnamed", path, text)
		}
		h.page("GET", path+key+"&scenario=support-desk").refused(403, "forbidden")
		h.page("GET", path+key+"&scenario=desk-2").refused(403, "forbidden")
		h.page("GET", path+key+"&context.at="+url.QueryEscape(time.Now().Add(300*time.Hour).Format(time.RFC3339))).refused(403, "forbidden")
	}
	h.call("PUT", "/v1/scenarios/home", fields{"audience": "agent"}).want(200)
	h.page("GET", "/v1/sessions/s-1/recommendations"+key).refused(403, "forbidden")
}

// What concerns a customer needs the shop's word.
func TestCustomerToken(t *testing.T) {
	h := stocked(t, withDoor)
	h.saw("ann", "lamp-0")
	key := "?key=" + publishable
	good := token("ann", time.Now().Add(time.Hour))
	forged := good[:len(good)-1] + map[bool]string{true: "0", false: "1"}[good[len(good)-1] != '0']
	for _, c := range []struct {
		token string
		code  string
	}{
		{good, ""},
		{"", codeTokenMissing},
		{forged, codeTokenInvalid},
		{"never.00", codeTokenInvalid},
		{good[:len(good)-2], codeTokenInvalid},
		{token("ben", time.Now().Add(time.Hour)), codeTokenInvalid},
		{token("ann", time.Now().Add(-time.Second)), codeTokenExpired},
		{token("ann", time.UnixMilli(time.Now().Add(time.Hour).UnixMilli()*1000)), codeTokenInvalid},
		{strings.Replace(token("ann", time.Now().Add(-time.Second)), ".", "9.", 1), codeTokenInvalid},
	} {
		with := key + "&customer_token=" + url.QueryEscape(c.token)
		gots := []got{
			h.page("GET", "/v1/customers/ann/recommendations"+with+"&count=2"),
			h.page("GET", "/v1/sessions/s-1/recommendations"+with+"&customer_id=ann"),
			h.page("GET", "/v1/items/lamp-0/related"+with+"&customer_id=ann"),
			h.page("POST", "/v1/events"+with, fields{"type": "view", "customer_id": "ann", "item_id": "lamp-1"}),
		}
		for _, g := range gots {
			if c.code == "" {
				g.want(200)
			} else {
				g.refused(401, c.code)
			}
		}
	}
	if n := len(h.call("GET", "/v1/customers/ann/events").want(200).object()["items"].([]any)); n != 2 {
		t.Errorf("ann has %d events, want the one she had and the one with a token", n)
	}
	h.page("POST", "/v1/events"+key+"&customer_token="+good, []fields{
		{"type": "view", "customer_id": "ann", "item_id": "lamp-1"}, {"type": "view", "customer_id": "ben", "item_id": "lamp-1"},
	}).refused(401, codeTokenInvalid)

	bare := stocked(t, withDoor, func(o *Options) { o.TokenSecret = "" })
	bare.page("GET", "/v1/customers/ann/recommendations"+key+"&customer_token="+good).refused(403, "forbidden")
}

// A token is what the documentation says it is.
func TestTokenFormat(t *testing.T) {
	d := door{secret: []byte("shop-secret")}
	const written = "1893456000.0527d1d5c5397391bb8808ca46af1d500351f9a5b922ca4c4685ffcf666f0b4d"
	now := time.Date(2029, 12, 1, 0, 0, 0, 0, time.UTC)
	if err := d.proves(written, "ann", now); err != nil {
		t.Errorf("%s: %v; want %s", written, err, "1893456000."+hex.EncodeToString(signed(d.secret, "1893456000", "ann")))
	}
}

func TestCORS(t *testing.T) {
	h := stocked(t, withDoor)
	from := func(origin string) http.Header { return http.Header{"Origin": {origin}} }
	ask := func(origin, method string) http.Header {
		return http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"content-type"}}
	}
	related, key := "/v1/items/a%2Fb/related", "?key="+publishable
	g := h.page("GET", related+key, from(shopOrigin)).want(200)
	if g.header.Get("Access-Control-Allow-Origin") != shopOrigin || g.header.Get("Access-Control-Allow-Credentials") != "" || !slices.Contains(g.header.Values("Vary"), "Origin") {
		t.Errorf("an allowed page: got %v, want its origin named, Vary, and no credentials", g.header)
	}
	g = h.page("OPTIONS", related+key, ask(shopOrigin, "GET")).want(204)
	if g.header.Get("Access-Control-Allow-Origin") != shopOrigin || !strings.Contains(g.header.Get("Access-Control-Allow-Methods"), "POST") ||
		!strings.Contains(g.header.Get("Access-Control-Allow-Headers"), "Content-Type") || g.header.Get("Access-Control-Max-Age") == "" {
		t.Errorf("a preflight: got %v", g.header)
	}
	for name, g := range map[string]got{
		"a foreign page":               h.page("GET", related+key, from("https://evil.example")),
		"a preflight of one":           h.page("OPTIONS", related+key, ask("https://evil.example", "GET")),
		"null":                         h.page("GET", related+key, from("null")),
		"a prefix":                     h.page("GET", related+key, from(shopOrigin+".evil.example")),
		"another scheme":               h.page("GET", related+key, from("http://shop.example")),
		"a preflight for other data":   h.page("OPTIONS", "/v1/customers/ann", ask(shopOrigin, "GET")),
		"a preflight to erase":         h.page("OPTIONS", "/v1/customers/ann/recommendations", ask(shopOrigin, "DELETE")),
		"a preflight with an empty id": h.page("OPTIONS", "/v1/items//related", ask(shopOrigin, "GET")),
	} {
		if allowed := g.header.Get("Access-Control-Allow-Origin"); allowed != "" || g.status < 400 {
			t.Errorf("%s: got %d and %q, want a refusal and no origin", name, g.status, allowed)
		}
	}
	h.page("POST", "/v1/events"+key, from("https://evil.example"), `{"type":"view","session_id":"s","item_id":"lamp-0"}`).refused(403, codeOrigin)
	h.page("GET", related+key, from(h.http.URL)).want(200)
	if vary := stocked(t).call("GET", "/v1/items").header.Get("Vary"); vary != "" {
		t.Errorf("a server without origins: Vary is %q, want none", vary)
	}
}

func TestCheckOrigin(t *testing.T) {
	for origin, good := range map[string]bool{
		"https://shop.example": true, "http://localhost:3000": true, "https://shop.example:8443": true,
		"*": false, "https://*.example": false, "shop.example": false, "https://shop.example/": false, "https://shop.example/path": false,
		"ftp://shop.example": false, "https://Shop.example": false, "null": false, "": false, "https://a.example,https://b.example": false,
		"https://user@shop.example": false,
	} {
		if err := CheckOrigin(origin); (err == nil) != good {
			t.Errorf("CheckOrigin(%q): got %v, want it taken: %v", origin, err, good)
		}
	}
}

// A server on a loopback address without a key lets pages that are allowed in as
// visitors, and no other page.
func TestVisitorsOfALoopback(t *testing.T) {
	h := stocked(t, func(o *Options) {
		withDoor(o)
		o.Key, o.Loopback = "", true
	})
	event := `{"type": "view", "session_id": "s-1", "item_id": "lamp-0"}`
	h.page("POST", "/v1/events?key="+publishable, event, http.Header{"Origin": {shopOrigin}, "Content-Type": {"text/plain"}}).want(200)
	h.page("POST", "/v1/events", event, http.Header{"Origin": {shopOrigin}, "Content-Type": {"text/plain"}}).refused(403, "forbidden")
	h.page("GET", "/v1/items").want(200)
	h.page("GET", "/v1/customers/ann/recommendations", http.Header{"Origin": {shopOrigin}}).refused(403, "forbidden")
	h.page("GET", "/v1/items?key="+publishable).refused(403, "forbidden")
}
