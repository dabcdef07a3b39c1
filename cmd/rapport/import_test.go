package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/serving"
)

const badEvents = `customer_id,item_id,type,quantity,at
ann,lamp,purchase,2,2024-05-01T12:00:00Z
ann,,purchase,1,2024-05-01T12:00:00Z
bob,lamp,view,many,2024-05-01T12:00:00Z
bob,shade,view,,2024-05-01T12:00:00Z
eve,lamp,view,1,2999-01-01T00:00:00Z
`

func TestImportListsWhatItRefuses(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	dir := filepath.Join(t.TempDir(), "data")
	file := write(t, "events.csv", badEvents)
	rapport(t, "import", "--dir", dir, "--as", "events", file).
		want(t, exitOK, "5 events read: 2 accepted, 0 seen before, 3 refused (listed in events.csv.rejected)", file+", line 3: item_id")

	text, err := os.ReadFile(filepath.Join(work, "events.csv.rejected"))
	if err != nil {
		t.Fatal(err)
	}
	var got []rejection
	for line := range bytes.Lines(text) {
		var r rejection
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if r.Reason == "" || r.File != file {
			t.Errorf("%s: want the file and a reason", line)
		}
		got = append(got, rejection{Line: r.Line, Field: r.Field, Code: r.Code})
	}
	want := []rejection{
		{Line: 3, Field: "item_id", Code: engine.CodeMissingField},
		{Line: 4, Field: "quantity", Code: engine.CodeInvalidField},
		{Line: 6, Field: "at", Code: engine.CodeTimeInFuture},
	}
	if len(got) != len(want) {
		t.Fatalf("refused: %s, want %+v", text, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("refusal %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if n := lookInto(t, dir); n.interactions != 2 {
		t.Errorf("the store holds %d interactions, want the 2 good ones", n.interactions)
	}
}

func TestImportOfNothingGoodFails(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join(t.TempDir(), "data")
	bad := write(t, "bad.ndjson", `{"item_id": 7}`+"\n"+`{"title": "nameless"}`+"\n")
	rejected := filepath.Join(t.TempDir(), "why")
	rapport(t, "import", "--dir", dir, "--as", "items", "--reject", rejected, bad).
		want(t, exitFailed, "2 items read: 0 accepted", "nothing was accepted", rejected)
	rapport(t, "import", "--dir", dir, "--as", "items", write(t, "none.ndjson", "")).want(t, exitOK, "0 items read")
	rapport(t, "import", "--dir", dir, "--as", "items", "missing.ndjson").want(t, exitUsage, "missing.ndjson")
}

func TestDryRunWritesNothing(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	dir := filepath.Join(t.TempDir(), "data")
	rapport(t, "import", "--dir", dir, "--as", "events", "--dry-run", write(t, "events.csv", badEvents)).
		want(t, exitOK, "5 events read: 2 would be accepted (nothing was written), 3 refused", "line 3: item_id")
	if _, err := os.Stat(dir); err == nil {
		t.Error("a dry run made the workspace")
	}
	if left, err := os.ReadDir(work); err != nil || len(left) > 0 {
		t.Errorf("a dry run left %v (%v)", left, err)
	}
}

// A file read again in another form of itself is another file; the same bytes are not.
func TestImportTwiceDoublesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join(t.TempDir(), "data")
	// Two lines say the same: both are kept, since a file may mean it.
	plain := "user,sku\nann,lamp\nann,lamp\nbob,shade\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := write(t, "views.csv.gz", zipped.String())
	for range 3 {
		rapport(t, "import", "--dir", dir, "--as", "events", "--map", "user=customer_id,sku=item_id,type:=view", file).want(t, exitOK, "3 events read")
		if n := lookInto(t, dir); n.interactions != 3 {
			t.Fatalf("the store holds %d interactions, want 3", n.interactions)
		}
	}
}

// halting ends a context half-way through what is read from it.
type halting struct {
	io.Reader
	left int
	halt context.CancelFunc
}

func (h *halting) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if h.left -= n; h.left <= 0 {
		h.halt()
	}
	return n, err
}

func TestInterruptedImportRunAgainDoublesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join(t.TempDir(), "data")
	all := sample(t, "events.csv")
	all = all[strings.IndexByte(all, '\n')+1:]
	header := "id,type,customer_id,session_id,order_id,item_id,at,quantity,price,currency\n"
	file := write(t, "events.csv", header+all)
	var c console
	c.out, c.err = io.Discard, io.Discard

	ctx, halt := context.WithCancel(t.Context())
	err := importInto(ctx, dir, &c, func(w *workspace) error {
		in, err := openInput(file, true)
		if err != nil {
			return err
		}
		defer in.Close()
		in.Reader = &halting{iotest.HalfReader(in.Reader), len(all) / 2, halt}
		job := intake{c: &c, into: intoStore{w.store}, as: "events", refused: &rejects{c: &c}}
		job.options.Mapping.Columns = map[string]string{"id": ""} // so that ids come from the file
		return job.take(ctx, in)
	})
	if exitCode(err) != exitFailed {
		t.Fatalf("the interrupted import ended with %v", err)
	}
	if n := lookInto(t, dir); n.interactions == 0 || n.interactions >= sampleEvents {
		t.Fatalf("interrupted half-way, the store holds %d of %d interactions", n.interactions, sampleEvents)
	}
	rapport(t, "import", "--dir", dir, "--as", "events", "--map", "id=-", file).want(t, exitOK, count(sampleEvents)+" events read")
	if n := lookInto(t, dir); n.interactions != sampleEvents {
		t.Fatalf("after the second run the store holds %d interactions, want %d", n.interactions, sampleEvents)
	}
	// The counters count everything once as well.
	w, err := open(t.Context(), openOptions{dir: dir, log: c.log(0, "text")})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	want, _, err := serving.Count(t.Context(), w.store, w.recommender.Settings())
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.recommender.World().Counters.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if wanted, _ := want.MarshalBinary(); !bytes.Equal(got, wanted) {
		t.Error("the counters after the second run are not those of the log")
	}
}

// importInto opens a workspace, imports into it and closes it.
func importInto(ctx context.Context, dir string, c *console, do func(*workspace) error) error {
	w, err := open(ctx, openOptions{dir: dir, create: true, log: c.log(slog.LevelWarn, "text")})
	if err != nil {
		return err
	}
	return w.importing(ctx, func() error { return do(w) })
}

// TestBrokenFileSaysWhere: a file that breaks off is named with the line, what came before
// stands and what was not read is said, on the terminal and in the list of refusals. From a
// server it is the same but for the list.
func TestBrokenFileSaysWhere(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join(t.TempDir(), "data")
	file := write(t, "items.json", "[{\"item_id\": \"a\"},\n{\"item_id\": \"b\"},\n{\"item_id\"")
	other := write(t, "more.csv", "item_id\nc\n")
	rapport(t, "import", "--dir", dir, "--as", "items", file, other).
		want(t, exitFailed, "2 items read: 2 accepted", file+", line 3: the JSON ends early", "not read: "+other, "(listed in items.json.rejected)")
	listed, err := os.ReadFile("items.json.rejected")
	if err != nil || !strings.Contains(string(listed), `"line":3,"field":"","code":"broken_file","reason":"the JSON ends early`) {
		t.Errorf("listed: %s, %v", listed, err)
	}
	start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	rapport(t, "import", "--dir", dir, "--as", "items", file).want(t, exitFailed, file+": line 3: the JSON ends early")
	rapport(t, "import", "--dir", dir, "--as", "items", "--mode", "replace", write(t, "feed.csv", "item_id,price\na,1\nb,x\n")).
		want(t, exitFailed, "feed.csv: line 3: price: nothing was kept: 1 of 2 records were refused")
}
