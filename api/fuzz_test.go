package api

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever is sent, the fault is the sender's: no body gives a 5xx.
func FuzzRecommendations(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `[{},{}]`, `{"count":3}`, `{"count":-1}`, `{"count":1e400}`, `{"customer_id":"ann","explain":"full"}`,
		`{"customer_id":"\ud800"}`, `{"item_id":"lamp-0","basket":["lamp-1","none"]}`, `{"filter":"price < 30 && \"home\" in categories"}`,
		`{"filter":"!bought(90d) || size has \"42\""}`, `{"filter":"((((price"}`, `{"boost":[{"filter":"watt > 6","add":1e308},{"filter":"watt > 6","add":1e308}]}`,
		`{"pins":[{"item_id":"shoe-1","rank":3}],"constraints":[{"attribute":"brand","max":1,"window":2}],"diversity":1}`,
		`{"min_relevance":-5,"collapse":false,"return_properties":["*"]}`, `{"query":"warm light","context":{"locale":"de","at":"0001-01-01T00:00:00Z"}}`,
		`{"context":{"at":"9999-12-31T23:59:59Z"}}`, `{"kind":["product","solution"],"scenario":"support-desk"}`, "{\"a\":\xff}", `{"count":3`,
	} {
		f.Add([]byte(body))
	}
	h := stocked(f)
	h.saw("ann", "lamp-0", "shoe-3")
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/v1/recommendations", strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer "+testKey)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.server.Handler().ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("POST %q: got %d %s, want below 500", body, w.Code, w.Body)
		}
	})
}
