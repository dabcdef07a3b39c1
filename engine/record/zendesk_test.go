package record

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

func fixture(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/zendesk/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestZendeskArticles(t *testing.T) {
	got, err := taking(Items)(fixture(t, "articles.ndjson"), "zendesk-guide")
	made, later := time.Date(2024, 4, 17, 17, 18, 10, 0, time.UTC), time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	want := []engine.Item{
		{
			ID: "28523513715859", Kind: engine.Solution, Title: "Descale the kettle", Text: "<h1>Descale</h1><p>Fill it with <b>vinegar</b>.</p>", TextFormat: "html",
			URL: "https://acme.zendesk.com/hc/en-us/articles/28523513715859-Descale", Categories: []string{"Kitchen/Kettles - care"},
			Attributes: engine.Attributes{"labels": []string{"kettle", "limescale"}}, Language: "en-US", GroupID: "28523513715859", Published: &made,
		},
		{
			ID: "28523513715859-de", Kind: engine.Solution, Title: "Wasserkocher entkalken", Text: "<p>Mit Essig füllen.</p>", TextFormat: "html",
			URL: "https://acme.zendesk.com/hc/de/articles/28523513715859-Entkalken", Categories: []string{"28523491991699"}, Language: "de", GroupID: "28523513715859", Published: &made,
		},
		{
			ID: "28523513719999", Kind: engine.Solution, Title: "Refund without a receipt", URL: "https://acme.zendesk.com/hc/en-us/articles/28523513719999",
			Categories: []string{"28523491991699"}, Language: "en-US", GroupID: "28523513719999", Published: &later, Hidden: true, Visibility: engine.AgentOnly,
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	mapped, err := ParseMapping("promoted=attributes.promoted,permission_group_id=-,kind:=content")
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range Items(strings.NewReader(fixture(t, "articles.ndjson")), Options{Preset: "zendesk-guide", Mapping: mapped}) {
		if err != nil || e.Value.Kind != engine.Content || e.Line == 1 && e.Value.Attributes["promoted"] != true {
			t.Errorf("with a mapping: %+v, %v", e.Value, err)
		}
	}
}

func TestZendeskTickets(t *testing.T) {
	at := func(s string) *time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return &at
	}
	best, worst := 5.0, 1.0
	want := []engine.Ticket{
		{
			ID: "35436", Customer: "20978392", Product: "K-200", Order: "4711", Channel: "email", Subject: "Kettle makes noise", State: "closed", Priority: "high", Queue: "98738", Agent: "235323",
			Solutions: []engine.Tried{{Item: "28523513715859", At: *at("2024-07-21T07:59:00Z")}, {Item: "17", At: *at("2024-07-21T07:59:00Z")}},
			CSAT:      &best, OpenedAt: at("2024-07-20T22:55:29Z"), ClosedAt: at("2024-07-21T08:00:00Z"), UpdatedAt: at("2024-07-25T10:38:52Z"), Messages: []engine.Message{
				{From: "customer", Text: "It roars. Call me on [phone].", At: *at("2024-07-20T22:55:29Z")},
				{From: "agent", Text: "Please descale it: https://acme.zendesk.com/hc/en-us/articles/28523513715859-Descale", At: *at("2024-07-21T07:59:00Z")},
			},
		},
		{
			ID: "35437", Customer: "shop-77", Channel: "chat", Subject: "Conversation with Ben", State: "pending", Queue: "Parcels", Agent: "235324", OpenedAt: at("2024-07-22T09:00:00Z"), UpdatedAt: at("2024-07-22T09:05:00Z"),
			Messages: []engine.Message{{From: "customer", Text: "where is my parcel", At: *at("2024-07-22T09:00:00Z")}},
		},
		{
			ID: "35439", Customer: "20978392", Subject: "bill", State: "solved", CSAT: &worst, OpenedAt: at("2024-07-23T09:00:00Z"), ClosedAt: at("2024-07-24T09:00:00Z"), UpdatedAt: at("2024-07-24T09:00:00Z"),
			Messages: []engine.Message{{From: "customer", Text: "charged twice", At: *at("2024-07-23T09:00:00Z")}},
		},
	}
	mapped, err := ParseMapping("custom_fields.27642=product_id,custom_fields.27648=order_id,custom_fields.27650=language")
	if err != nil {
		t.Fatal(err)
	}
	var got []engine.Ticket
	for e, err := range Tickets(strings.NewReader(fixture(t, "tickets.ndjson")), Options{Preset: "zendesk", Mapping: mapped}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Value)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	list := "[" + strings.Join(strings.Split(strings.TrimSpace(fixture(t, "tickets.ndjson")), "\n"), ",") + "]"
	if got, err := taking(Tickets)(list, "zendesk"); err != nil || len(got.([]engine.Ticket)) != 3 || got.([]engine.Ticket)[0].Product != "" {
		t.Errorf("as one array, without a mapping: %+v, %v", got, err)
	}
}

// Each preset refuses every record of the other's files, and says what reads them; of what has
// keys of both, or is mapped, it takes what it knows.
func TestZendeskMixedUp(t *testing.T) {
	for _, c := range []struct {
		read         func(in string, m Mapping) (int, error)
		file, wanted string
	}{
		{func(in string, m Mapping) (n int, err error) {
			for _, failed := range Items(strings.NewReader(in), Options{Preset: guidePreset, Mapping: m}) {
				if err = failed; err == nil {
					n++
				}
			}
			return n, err
		}, "tickets.ndjson", "--as tickets --preset zendesk"},
		{func(in string, m Mapping) (n int, err error) {
			for _, failed := range Tickets(strings.NewReader(in), Options{Preset: zendeskPreset, Mapping: m}) {
				if err = failed; err == nil {
					n++
				}
			}
			return n, err
		}, "articles.ndjson", "--as items --preset zendesk-guide"},
	} {
		var rejected *Rejected
		if n, err := c.read(fixture(t, c.file), Mapping{}); n > 0 || !errors.As(err, &rejected) || !strings.HasSuffix(rejected.Want, c.wanted) {
			t.Errorf("of %s %d are taken, %v; want %q", c.file, n, err, c.wanted)
		}
		for _, in := range []string{`{"id": 1}`, `{"id": 1, "subject": "x", "title": "x"}`, `{"id": 1, "description": "it hums", "created_at": "2026-01-01T00:00:00Z"}`} {
			if n, err := c.read(in, Mapping{}); n != 1 || err != nil {
				t.Errorf("%s: %v, want it taken", in, err)
			}
		}
	}
	mapped := Mapping{Columns: map[string]string{"locale": "language"}}
	if got, err := One(Tickets(strings.NewReader(`{"id": 1, "locale": "de", "description": "er brummt"}`), Options{Preset: zendeskPreset, Mapping: mapped})); err != nil || got.Language != "de" {
		t.Errorf("a key that is mapped: %+v, %v", got, err)
	}
}

// TestZendeskRefused: what cannot be read is refused by name, and says what would be right.
func TestZendeskRefused(t *testing.T) {
	for _, c := range []struct{ as, mapping, in, field, want string }{
		{"items", "", `{"count": 1, "articles": [], "next_page": null}`, "articles", "jq -c '.articles[]'"},
		{"tickets", "", `{"tickets": [{"id": 1}]}`, "tickets", "jq -c '.tickets[]'"},
		{"items", "", `{"title": "x"}`, "id", "an id"},
		{"tickets", "", `{"subject": "x"}`, "id", "an id"},
		{"items", "", `{"id": 1, "locale": "english!"}`, "locale", "such as en-us"},
		{"tickets", "", `{"id": 1, "status": "lost"}`, "status", "one of new, open"},
		{"tickets", "", `{"id": 1, "comments": [{"body": 3}]}`, "comments[0].body", "a text"},
		{"tickets", "custom_fields.7=channel", `{"id": 1, "custom_fields": [{"id": 7, "value": "pigeon"}]}`, "custom_fields[0].7", "one of web"},
	} {
		mapped, err := ParseMapping(c.mapping)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Mapping: mapped}
		if c.as == "items" {
			o.Preset = "zendesk-guide"
			_, err = One(Items(strings.NewReader(c.in), o))
		} else {
			o.Preset = "zendesk"
			_, err = One(Tickets(strings.NewReader(c.in), o))
		}
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) || invalid.Field != c.field || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("%s: got %v, want %s: ...%s...", c.in, err, c.field, c.want)
		}
	}
	if _, err := One(Items(strings.NewReader(`{"id": 1}`), Options{Preset: "zendesk-guide", Mapping: Mapping{Columns: map[string]string{"body": "txt"}}})); err == nil || !strings.Contains(err.Error(), `"text"`) {
		t.Errorf("a mapping onto no field: %v", err)
	}
	if _, err := taking(Items)("id,title\n1,x\n", "zendesk-guide"); err == nil || !strings.Contains(err.Error(), "map its columns by hand") {
		t.Errorf("a table: %v", err)
	}
	if _, err := taking(Events)(`{"id": 1}`, "zendesk"); err == nil || !strings.Contains(err.Error(), "knows no JSON of this kind") {
		t.Errorf("events: %v", err)
	}
}
