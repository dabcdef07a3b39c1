package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// slang is how the customers of the desk put what its fixes call otherwise.
var slang = map[string][]string{
	"replace-bulb":   {"gloomy", "murky", "unlit", "pitchblack"},
	"trace-parcel":   {"whereabouts", "overdue", "courier", "missing"},
	"reset-login":    {"lockedout", "forgot", "signin", "passphrase"},
	"credit-payment": {"overcharged", "twice", "billed", "deducted"},
	"glue-handle":    {"snapped", "wobbly", "cracked", "detached"},
}

// deskItems are the fixes and a product, in words that no customer uses.
const deskItems = `[
 {"item_id": "replace-bulb", "kind": "solution", "title": "Replace the bulb", "text": "Screw the new one in until it glows.", "language": "en"},
 {"item_id": "trace-parcel", "kind": "solution", "title": "Trace a delivery", "text": "Ask the carrier for the consignment number.", "language": "en"},
 {"item_id": "reset-login", "kind": "solution", "title": "Reset the account", "text": "Send a link to the address on file.", "language": "en"},
 {"item_id": "credit-payment", "kind": "solution", "title": "Credit a payment", "text": "Return the surplus to the card.", "language": "en"},
 {"item_id": "glue-handle", "kind": "solution", "title": "Glue the handle", "text": "Two drops of epoxy hold it.", "language": "en"},
 {"item_id": "buff-lamp", "kind": "solution", "title": "Buff the lampshade", "text": "A gloomy lampshade brightens when it is buffed.", "language": "en"},
 {"item_id": "lamp", "title": "Desk lamp"}]`

// deskTickets are solved tickets, a line each: of every fix as many, some of which tried
// another one first. zoe's have a word that nobody else uses.
func deskTickets(each int) string {
	var b strings.Builder
	at := 0
	for i := range each {
		for fix, words := range slang {
			at++
			customer, extra := fmt.Sprint("c", at%50), ""
			if fix == "glue-handle" && i < 3 {
				customer, extra = "zoe", " xylophonic"
			}
			text := fmt.Sprintf("it is %s and %s%s", words[i%4], words[(i/4+1)%4], extra)
			if i%5 == 4 {
				text = "it is broken" // nobody can know which
			}
			tried := fmt.Sprintf(`{"item_id": %q, "outcome": "solved"}`, fix)
			if fix == "replace-bulb" && i%2 == 0 {
				tried = `{"item_id": "buff-lamp", "outcome": "not_solved"}, ` + tried
			}
			fmt.Fprintf(&b, `{"ticket_id": "%s-%d", "customer_id": %q, "subject": "please help", "messages": [{"from": "customer", "text": %q, "at": "2026-03-01T10:%02d:00Z"}, {"from": "customer", "text": "still here", "at": "2026-03-01T11:00:00Z"}], "state": "solved", "language": "en", "opened_at": "2026-03-01T10:%02d:00Z", "solutions": [%s]}`+"\n",
				fix, i, customer, text, i%60, i%60, tried)
		}
	}
	return b.String()
}

// trainOver has a server train, and waits.
func (s *served) trainOver(t *testing.T) {
	t.Helper()
	code, body := s.ask(t, "POST", "/v1/models/train", "{}")
	var job engine.Job
	if err := json.Unmarshal([]byte(body), &job); err != nil || code >= 300 {
		t.Fatalf("POST /v1/models/train: %d %s (%v)", code, body, err)
	}
	eventually(t, "the training has ended", func() bool {
		_, body := s.ask(t, "GET", "/v1/jobs/"+job.ID, "")
		if err := json.Unmarshal([]byte(body), &job); err != nil {
			t.Fatal(err)
		}
		return job.State != engine.JobRunning
	})
	if job.State != engine.JobSucceeded {
		t.Fatalf("the training ended %s: %s", job.State, job.Detail)
	}
}

func (s *served) suggest(t *testing.T, body string) (a engine.SuggestAnswer) {
	t.Helper()
	code, text := s.ask(t, "POST", "/v1/solutions/suggest", body)
	if err := json.Unmarshal([]byte(text), &a); err != nil || code != 200 {
		t.Fatalf("suggest %s: %d %s (%v)", body, code, text, err)
	}
	a.RecommendationID, a.TookMS = "", 0
	return a
}

// suggestWhole is suggest once the passages have their vectors, which come behind the answers.
func (s *served) suggestWhole(t *testing.T, body string) (a engine.SuggestAnswer) {
	t.Helper()
	eventually(t, "the passages have their vectors", func() bool {
		a = s.suggest(t, body)
		return len(a.Degraded) == 0
	})
	return a
}

// What solved tickets teach serves: a fix in other words is found by what it solved, the one
// that failed is behind it, chances are calibrated, a restart answers the same, and who was
// erased leaves no word in any model that is kept.
func TestSolvedTicketsTeachTheDesk(t *testing.T) {
	t.Setenv("RAPPORT_KEY", "")
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	if code, body := s.ask(t, "POST", "/v1/items", deskItems); code != 200 {
		t.Fatalf("POST /v1/items: %d %s", code, body)
	}
	if code, body := s.ask(t, "POST", "/v1/tickets", deskTickets(40), "Content-Type", "application/x-ndjson"); code != 200 {
		t.Fatalf("POST /v1/tickets: %d %s", code, body)
	}
	gloomy := `{"subject": "please help", "text": "it is gloomy and unlit", "language": "en", "record": false}`
	if a := s.suggest(t, gloomy); len(a.Items) == 0 || a.Items[0].Item != "buff-lamp" || a.Calibrated {
		t.Fatalf("before the training %+v, want buff-lamp first, and no chance", a)
	}
	s.trainOver(t)

	taught := s.suggestWhole(t, gloomy)
	if len(taught.Items) == 0 || taught.Items[0].Item != "replace-bulb" || !taught.Calibrated || *taught.Confidence < 0.6 || taught.Action != engine.ActionAnswer {
		t.Errorf("after it %+v, want replace-bulb, sure enough to answer", taught)
	}
	if a := s.suggest(t, `{"text": "xylophonic", "language": "en", "record": false}`); len(a.Items) == 0 || a.Items[0].Item != "glue-handle" {
		t.Errorf("zoe's word finds %+v, want glue-handle", a.Items)
	}
	failed := `{"ticket_id": "open", "subject": "gloomy", "state": "open", "solutions": [{"item_id": "replace-bulb", "outcome": "not_solved"}]}`
	if code, body := s.ask(t, "POST", "/v1/tickets", failed); code != 200 {
		t.Fatalf("POST /v1/tickets: %d %s", code, body)
	}
	for _, fix := range s.suggest(t, `{"ticket_id": "open", "record": false}`).Items {
		if fix.Item == "replace-bulb" {
			t.Error("what failed on the ticket is shown for it again")
		}
	}
	s.end(t)

	again := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	if got := again.suggestWhole(t, gloomy); !sameAnswer(t, got, taught) {
		t.Errorf("after a restart it says %+v, before %+v", got, taught)
	}
	if code, body := again.ask(t, "DELETE", "/v1/customers/zoe", ""); code != 200 {
		t.Fatalf("DELETE /v1/customers/zoe: %d %s", code, body)
	}
	again.trainOver(t)
	for _, fix := range again.suggest(t, `{"text": "xylophonic", "language": "en", "record": false}`).Items {
		for _, why := range fix.Reasons {
			if why.Type == engine.ReasonText {
				t.Errorf("the erased word still finds %s", fix.Item)
			}
		}
	}
	again.end(t)
	for version, model := range modelsIn(t, dir) {
		if version != 2 {
			t.Errorf("model %d, which learnt of zoe, is kept", version)
		}
		if bytes.Contains(model, []byte("xylophon")) || !bytes.Contains(model, []byte("gloomi")) {
			t.Errorf("model %d holds what zoe wrote, or nothing of what the others did", version)
		}
	}
}

// sameAnswer compares two answers to the bit.
func sameAnswer(t *testing.T, a, b engine.SuggestAnswer) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return bytes.Equal(x, y)
}

// modelsIn reads every model that a store keeps.
func modelsIn(t *testing.T, dir string) map[int][]byte {
	t.Helper()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	versions, err := s.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[int][]byte)
	for _, v := range versions {
		r, err := s.LoadModel(t.Context(), v.Version)
		if err != nil {
			t.Fatal(err)
		}
		if out[v.Version], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
