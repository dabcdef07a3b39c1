package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// figures returns a scrape as name and labels to value.
func figures(t *testing.T, h *house) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(string(h.call("GET", "/metrics").want(200).body)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			out[name] = value
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0")
	id := h.call("GET", "/v1/customers/ann/recommendations").want(200).answer().RecommendationID
	h.written(id)
	h.call("GET", "/v1/customers/ben").want(404)
	f := figures(t, h)
	const count = "rapport_http_request_duration_seconds_count"
	for name, want := range map[string]string{
		count + `{method="GET",route="/v1/customers/:id/recommendations",status="2xx"}`: "1",
		count + `{method="GET",route="/v1/customers/:id",status="4xx"}`:                 "1",
		"rapport_http_requests_in_flight":                                               "1",
		"rapport_catalogue_items":                                                       "15",
		"rapport_people_in_memory":                                                      "1",
		"rapport_impressions_written_total":                                             "1",
		"rapport_impressions_dropped_total":                                             "0",
		"rapport_model_version":                                                         "0",
		"rapport_models_kept":                                                           "2",
		`rapport_trainings_total{state="succeeded"}`:                                    "2",
		`rapport_trainings_total{state="refused"}`:                                      "1",
		`rapport_trainings_total{state="failed"}`:                                       "0",
		`rapport_trainings_total{state="cancelled"}`:                                    "3",
		"rapport_store_seq":                                                             fmt.Sprint(h.store.Seq()),
		"rapport_serving_seq":                                                           fmt.Sprint(h.store.Seq()),
	} {
		if f[name] != want {
			t.Errorf("%s is %q, want %s", name, f[name], want)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "rapport_people_in_memory_bytes", "rapport_model_created_timestamp_seconds"} {
		if f[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	h.page("GET", "/metrics").refused(401, "unauthorized")

	docs, err := os.ReadFile(filepath.Join("..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile("_(bucket|count|sum)$") // of a histogram
	missing := map[string]bool{}
	for name := range f {
		name, _, _ = strings.Cut(name, "{")
		name = part.ReplaceAllString(name, "")
		missing[name] = strings.HasPrefix(name, "rapport_") && !strings.Contains(string(docs), "`"+name+"`")
	}
	for name, is := range missing {
		if is {
			t.Errorf("%s is not in docs/monitoring.md", name)
		}
	}
}

// Whatever callers send, the number of series is that of the routes.
func TestMetricsAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 30 {
		h.call("GET", fmt.Sprintf("/v1/customers/c%d/recommendations", i)).want(200)
		h.call("GET", fmt.Sprintf("/v1/nothing/%d", i)).want(404)
		h.call(fmt.Sprintf("VERB%d", i), "/v1/items")
	}
	series := 0
	for name := range figures(t, h) {
		if strings.HasPrefix(name, "rapport_http_request_duration_seconds_count") {
			series++
		}
		if strings.Contains(name, "c29") || strings.Contains(name, "nothing") || strings.Contains(name, "VERB") {
			t.Errorf("%s holds what a caller sent", name)
		}
	}
	if series > 3 {
		t.Errorf("there are %d series of requests, want at most 3", series)
	}
}

// A request leaves one line, without what people are called or ask for.
func TestAccessLog(t *testing.T) {
	h := stocked(t, withDoor, func(o *Options) { o.AccessLog = true })
	before := len(h.log.String())
	h.call("GET", "/v1/customers/ann-the-secret/recommendations?query=secret", http.Header{"X-Request-Id": {"mine-1"}}).want(200)
	h.page("GET", "/v1/items/secret/related?key="+publishable).want(200)
	h.call("GET", "/healthz").want(200)
	text := strings.TrimSpace(h.log.String()[before:])
	if strings.Contains(text, "secret") || strings.Contains(text, publishable) {
		t.Errorf("the log holds what should not be in it: %s", text)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 3 {
		t.Fatalf("got %d lines, want one a request: %s", len(lines), text)
	}
	var line struct {
		Level, Msg, Method, Route string
		Status, Bytes             int
		RequestID                 string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	if line.Level != "INFO" || line.Route != "/v1/customers/:id/recommendations" || line.Status != 200 || line.Bytes == 0 || line.RequestID != "mine-1" {
		t.Errorf("got %s, want level, route, status, bytes and the caller's request id", lines[0])
	}
	if !strings.Contains(lines[2], `"DEBUG"`) {
		t.Errorf("a probe: got %s, want a debug line", lines[2])
	}
	quiet := stocked(t)
	quiet.call("GET", "/v1/items").want(200)
	quiet.call("GET", "/v1/items/none").want(404)
	if text := quiet.log.String(); strings.Count(text, `"INFO"`) != 1 {
		t.Errorf("without an access log only failures stand at info: %s", text)
	}
}
