package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sbinet/npyio"
)

// TestEverythingComesOutAndInAgain: export, import, export gives the same bytes, by a
// directory and through a server that holds it.
func TestEverythingComesOutAndInAgain(t *testing.T) {
	dir := smallShop(t)
	rapport(t, "import", "--dir", dir, "--as", "customers", write(t, "customers.ndjson", `{"customer_id": "ann, of \"Ü\"", "attributes": {"size": 42, "tags": ["a", "b"]}, "consent": {"train": false}}`)).want(t, exitOK)
	for _, served := range []bool{false, true} {
		if served {
			start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
		}
		for _, format := range []string{"parquet", "ndjson", "csv"} {
			out, again := t.TempDir(), t.TempDir()
			for _, what := range []string{"items", "customers", "events", "tickets"} {
				if format == "csv" && what == "tickets" {
					continue
				}
				file := filepath.Join(out, what+"."+format)
				rapport(t, "export", "--dir", dir, "--as", what, "--out", file).want(t, exitOK, "bytes")
				rapport(t, "import", "--dir", again, "--as", what, file).want(t, exitOK, " 0 refused")
			}
			for _, what := range []string{"items", "customers", "events", "tickets"} {
				if format == "csv" && what == "tickets" {
					continue
				}
				second := filepath.Join(t.TempDir(), what+"."+format)
				rapport(t, "export", "--dir", again, "--as", what, "--out", second).want(t, exitOK)
				sameBytes(t, filepath.Join(out, what+"."+format), second)
			}
		}
	}
}

func sameBytes(t *testing.T, a, b string) {
	t.Helper()
	first, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) == 0 || !bytes.Equal(first, second) {
		t.Errorf("%s has %d bytes and comes again as %d others", filepath.Base(a), len(first), len(second))
	}
}

func TestVectorsForANotebook(t *testing.T) {
	dir := smallShop(t)
	file := filepath.Join(t.TempDir(), "factors.npy")
	rapport(t, "export", "--dir", dir, "--as", "factors", "--out", file).want(t, exitFailed, "not found")
	rapport(t, "train", "--dir", dir).want(t, exitOK)
	rapport(t, "export", "--dir", dir, "--as", "factors", "--out", file).want(t, exitOK, "the rows' items are in "+file+".ids.ndjson")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := npyio.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := os.ReadFile(file + ".ids.ndjson")
	if shape := r.Header.Descr.Shape; err != nil || len(shape) != 2 || shape[1] != 64 || shape[0] != strings.Count(string(ids), "\n") {
		t.Errorf("the vectors have shape %v, their ids %d lines, %v", shape, strings.Count(string(ids), "\n"), err)
	}
}

func TestBackupAndBack(t *testing.T) {
	dir := smallShop(t)
	whole, more := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "more")
	said := rapport(t, "backup", "--dir", dir, "--to", whole).want(t, exitOK, "--since ")
	position := strings.TrimSpace(said.out[strings.LastIndex(said.out, " "):])
	if n, err := strconv.Atoi(position); err != nil || n < 1 {
		t.Fatalf("the position in %q is %q", said.out, position)
	}
	before := lookInto(t, dir)
	rapport(t, "import", "--dir", dir, "--as", "events", write(t, "events.csv", "type,customer_id,item_id,at\nview,newcomer,22423,2024-05-01T00:00:00Z\n")).want(t, exitOK)
	rapport(t, "backup", "--dir", dir, "--to", more, "--since", position).want(t, exitOK)

	first := filepath.Join(t.TempDir(), "first")
	rapport(t, "restore", "--from", whole, "--dir", first).want(t, exitOK, "is as of")
	if got := lookInto(t, first); got != before {
		t.Errorf("restored are %+v, want %+v", got, before)
	}
	rapport(t, "restore", "--from", whole, "--from", more, "--dir", first).want(t, exitFailed, "--replace")
	rapport(t, "restore", "--from", whole, "--from", more, "--dir", first, "--replace").want(t, exitOK, "is kept in")
	if got := lookInto(t, first); got.interactions != before.interactions+1 {
		t.Errorf("with what came later restored are %+v, want one more than %+v", got, before)
	}
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	rapport(t, "restore", "--from", write(t, "short", string(text[:len(text)/2])), "--dir", filepath.Join(t.TempDir(), "x")).want(t, exitFailed, "cut short")
	rapport(t, "upgrade", "--dir", first, "--dry-run").want(t, exitOK, "nothing to do")
}

// TestLimitsOfSupportLast: what a shop sets is there after a restart and in a backup.
func TestLimitsOfSupportLast(t *testing.T) {
	t.Setenv("RAPPORT_KEY", "")
	dir := filepath.Join(t.TempDir(), "data")
	asked := func(dir, body string) (limits, answer string) {
		s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0")
		defer s.end(t)
		if body != "" {
			if code, said := s.ask(t, "PUT", "/v1/items/fix", `{"kind": "solution", "title": "Descale the kettle"}`); code != 200 {
				t.Fatal(said)
			}
			if code, said := s.ask(t, "PUT", "/v1/settings/support", body); code != 200 {
				t.Fatal(said)
			}
		}
		_, limits = s.ask(t, "GET", "/v1/settings/support", "")
		_, answer = s.ask(t, "POST", "/v1/solutions/suggest", `{"text": "the kettle is scaled", "record": false}`)
		return limits, answer
	}
	put, answer := asked(dir, `{"answer_from": 0.9, "sensitive_topics": {"en": ["kettle"]}}`)
	if !strings.Contains(put, `"answer_from":0.9`) || !strings.Contains(answer, `"action":"escalate"`) {
		t.Fatalf("put are %s, the answer is %s", put, answer)
	}
	if got, answer := asked(dir, ""); got != put || !strings.Contains(answer, `"action":"escalate"`) {
		t.Errorf("after a restart: %s and %s, want %s", got, answer, put)
	}
	backup, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	rapport(t, "backup", "--dir", dir, "--to", backup).want(t, exitOK)
	rapport(t, "restore", "--from", backup, "--dir", restored).want(t, exitOK)
	if got, answer := asked(restored, ""); got != put || !strings.Contains(answer, `"action":"escalate"`) {
		t.Errorf("of a backup: %s and %s, want %s", got, answer, put)
	}
}

// TestFeedReplacesTheCatalogue: what is absent is hidden, unless it is too much.
func TestFeedReplacesTheCatalogue(t *testing.T) {
	dir := t.TempDir()
	rapport(t, "import", "--dir", dir, "--as", "items", write(t, "items.csv", "item_id,title\na,A\nb,B\nc,C\nd,D\ne,E\nf,F\n")).want(t, exitOK)
	rapport(t, "import", "--dir", dir, "--as", "items", "--mode", "replace", write(t, "feed.csv", "item_id,title\na,A\nb,B\n")).want(t, exitFailed, "--force")
	rapport(t, "import", "--dir", dir, "--as", "items", "--mode", "replace", write(t, "feed.csv", "item_id,title\na,A\nb,B\nc,C\nd,D\ne,E\ng,G\n")).
		want(t, exitOK, "6 items read: 6 accepted", "1 items are hidden")
	out := rapport(t, "export", "--dir", dir, "--as", "items", "--format", "ndjson", "--out", "-").want(t, exitOK).out
	if strings.Count(out, "\n") != 7 || strings.Count(out, `"hidden":true`) != 1 || !strings.Contains(out, `"item_id":"f"`) {
		t.Errorf("after the feed there is\n%s", out)
	}
}

func TestShiftToNow(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "events.csv", "type,customer_id,item_id,at\nview,ann,a,2011-05-01T00:00:00Z\nview,ann,b,2011-05-02T00:00:00Z\n")
	rapport(t, "import", "--dir", dir, "--as", "events", "--shift-to-now", file).want(t, exitOK, "2 events read: 2 accepted")
	out := rapport(t, "export", "--dir", dir, "--as", "events", "--format", "csv", "--out", "-").want(t, exitOK).out
	if strings.Contains(out, "2011-") {
		t.Errorf("the times are not moved:\n%s", out)
	}
	rapport(t, "import", "--dir", dir, "--as", "events", "--shift-to-now", "-").want(t, exitUsage, "standard input")
}

// TestBackupsOfAChainAreKept: what a backup adds to is not overwritten by it, and on
// standard output a backup is all there is.
func TestBackupsOfAChainAreKept(t *testing.T) {
	dir, file := smallShop(t), filepath.Join(t.TempDir(), "monday.backup")
	said := rapport(t, "backup", "--dir", dir, "--to", file)
	said.want(t, exitOK, "the next one may say --since ")
	_, position, _ := strings.Cut(said.out, "--since ")
	rapport(t, "backup", "--dir", dir, "--to", file, "--since", strings.TrimSpace(position)).want(t, exitUsage, "may be the backup that this one adds to")
	piped := rapport(t, "backup", "--dir", dir, "--to", "-")
	piped.want(t, exitOK, "the next one may say --since ")
	if err := os.WriteFile(file, []byte(piped.out), 0o600); err != nil {
		t.Fatal(err)
	}
	rapport(t, "restore", "--from", file, "--dir", filepath.Join(t.TempDir(), "again")).want(t, exitOK)
}

// TestMailRunHonoursConsent: who refused to be written to is in no mail run.
func TestMailRunHonoursConsent(t *testing.T) {
	dir := smallShop(t)
	rapport(t, "import", "--dir", dir, "--as", "customers", write(t, "customers.ndjson", `{"customer_id": "ann"}
{"customer_id": "ben", "consent": {"outreach": false}}
`)).want(t, exitOK)
	said := rapport(t, "recommend", "--dir", dir, "--customers", "ann,ben", "--count", "2", "--explain", "none", "--return-properties", "title").
		want(t, exitOK, `"customer_id":"ann"`, `"title":`, "left out: 1 who refused")
	if strings.Contains(said.out, `"ben"`) || strings.Contains(said.out, `"reasons"`) {
		t.Errorf("the lists are\n%s", said.out)
	}
	rapport(t, "recommend", "--dir", dir, "--customers", "ann,ben", "--consent", "any").want(t, exitOK, `"customer_id":"ben"`)
}

// TestRecipientsAreNamed: lists for nobody are a mistake, and so is everybody among others;
// who is named twice gets one list.
func TestRecipientsAreNamed(t *testing.T) {
	dir := smallShop(t)
	for _, c := range []struct{ customers, want string }{
		{"", "names nobody; all is everybody"},
		{" , ", "names nobody"},
		{write(t, "nobody.txt", "\n \n"), "names nobody"},
		{"all,ann", "all is everybody, and stands alone"},
		{"ann,all", "all is everybody, and stands alone"},
	} {
		rapport(t, "recommend", "--dir", dir, "--customers", c.customers).want(t, exitUsage, c.want)
	}
	said := rapport(t, "recommend", "--dir", dir, "--customers", "ann,ben,ann,ann,eve,eve", "--count", "1").want(t, exitOK, "named twice: 2,", "3 lists")
	if n := strings.Count(said.out, `"customer_id":"ann"`); n != 1 {
		t.Errorf("ann has %d lists, want one:\n%s", n, said.out)
	}
	rapport(t, "recommend", "--dir", dir, "--customers", write(t, "them.txt", "all\n")).want(t, exitOK, `"customer_id":"all"`)
}

// TestTypesThatWeighNothingAreNamed: a misspelt type says so, one that is meant to weigh
// nothing does not.
func TestTypesThatWeighNothingAreNamed(t *testing.T) {
	file := write(t, "events.csv", "type,customer_id,item_id,at\nveiw,ann,a,2024-05-01T00:00:00Z\nveiw,ann,b,2024-05-01T00:00:00Z\nview,ann,b,2024-05-01T00:00:00Z\nsearch,ann,,2024-05-01T00:00:00Z\n")
	said := rapport(t, "import", "--dir", t.TempDir(), "--as", "events", file).want(t, exitOK, "4 accepted", `2 events are of type "veiw", which weighs nothing`)
	if strings.Contains(said.err, `"search"`) || strings.Contains(said.err, `"view"`) {
		t.Errorf("said\n%s", said.err)
	}
}
