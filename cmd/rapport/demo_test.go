package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// The shop is imported once, whatever ends the first try, and ends now.
func TestDemoImportsTheShopOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("imports 180,000 events")
	}
	dir := filepath.Join(t.TempDir(), "data")
	c := newConsole(io.Discard, io.Discard)
	var first time.Time
	for range 2 {
		err := importInto(t.Context(), dir, c, func(w *workspace) error { return importShop(t.Context(), c, w) })
		if err != nil {
			t.Fatal(err)
		}
		w, err := open(t.Context(), openOptions{dir: dir, log: c.log(0, "text")})
		if err != nil {
			t.Fatal(err)
		}
		var (
			lines  int
			newest time.Time
		)
		err = w.store.Scan(t.Context(), func(_ engine.Subject, rows []engine.Row) error {
			for i := range rows {
				if rows[i].TicketID == "" {
					lines++
				}
				if rows[i].At.After(newest) {
					newest = rows[i].At
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if lines != 181_647 || time.Since(newest) > time.Hour || newest.After(time.Now()) {
			t.Errorf("%d events, the newest %s: want 181,647 that end now", lines, newest)
		}
		if !first.IsZero() && !newest.Equal(first) {
			t.Errorf("the second run moved the shop from %s to %s", first, newest)
		}
		first = newest
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDemoLeavesOtherWorkspacesAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join(t.TempDir(), "data")
	rapport(t, "import", "--dir", dir, "--as", "items", write(t, "items.csv", "item_id,title\nlamp,Desk lamp\n")).want(t, exitOK)
	rapport(t, "demo", "--dir", dir, "--addr", "127.0.0.1:0").want(t, exitUsage, "not the demo's")
	if n := lookInto(t, dir); n.items != 1 || n.interactions != 0 {
		t.Errorf("the demo left %+v, want the one item", n)
	}
}

// What the demo proposes to ask is answered, asked by us and asked by curl.
func TestQuestionsAreAnswered(t *testing.T) {
	dir := smallShop(t)
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	for _, q := range questions {
		method := "GET"
		if q.body != "" {
			method = "POST"
		}
		code, body := s.ask(t, method, strings.TrimPrefix(q.url(s.base), s.base), q.body)
		answers := map[string]string{"asked by us": body}
		if curl, err := exec.LookPath("sh"); err == nil && hasCurl() {
			text, err := exec.CommandContext(t.Context(), curl, "-c", q.curl(s.base, false)).Output()
			if err != nil {
				t.Errorf("%s: %v", q.curl(s.base, false), err)
			}
			answers["asked by curl"] = string(text)
		}
		for who, text := range answers {
			var a engine.Answer
			if err := json.Unmarshal([]byte(text), &a); code != 200 || err != nil || len(a.Items) == 0 {
				t.Errorf("%s, %s: %d %s (%v)", q.about, who, code, text, err)
			}
		}
	}
}

func hasCurl() bool {
	_, err := exec.LookPath("curl")
	return err == nil
}
