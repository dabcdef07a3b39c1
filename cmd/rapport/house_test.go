package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == helperName || os.Args[1] == encoderName) { // a server of these tests has work done
		main()
	}
	goleak.VerifyTestMain(m) // whatever a command starts ends with it
}

// text is a buffer that can be looked at while it is written.
type text struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *text) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *text) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// spoken is what a command said, and how it ended.
type spoken struct {
	code     int
	out, err string
}

// rapport runs a command line as main does.
func rapport(t *testing.T, args ...string) spoken {
	t.Helper()
	return rapportIn(t, t.Context(), args...)
}

func rapportIn(t *testing.T, ctx context.Context, args ...string) spoken {
	t.Helper()
	var out, errs text
	code := report(&errs, run(ctx, args, &out, &errs))
	return spoken{code, out.String(), errs.String()}
}

// want checks the exit code and that both outputs together hold what is given.
func (s spoken) want(t *testing.T, code int, holds ...string) spoken {
	t.Helper()
	if s.code != code {
		t.Fatalf("exit code %d, want %d\nstdout: %s\nstderr: %s", s.code, code, s.out, s.err)
	}
	for _, h := range holds {
		if !strings.Contains(s.out+s.err, h) {
			t.Errorf("no %q in\nstdout: %s\nstderr: %s", h, s.out, s.err)
		}
	}
	return s
}

// write writes a file into a folder of its own and returns its name.
func write(t *testing.T, name string, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sample returns a file of the sample shop: of the products every tenth, of the events
// theirs by some of the customers, over all the months.
func sample(t *testing.T, name string) string {
	t.Helper()
	r, err := sampleshop.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var some strings.Builder
	for line := range strings.Lines(string(all)) {
		take := true
		switch name {
		case "items.ndjson":
			take = strings.Contains(line, `4","kind"`)
		case "events.csv":
			cells := strings.Split(line, ",")
			customer, item := cells[2], cells[5]
			take = item == "item_id" || strings.HasSuffix(item, "4") && (strings.HasSuffix(customer, "7") || strings.HasSuffix(customer, "8"))
		}
		if take {
			some.WriteString(line)
		}
	}
	return some.String()
}

// What smallShop holds.
const (
	sampleEvents    = 2389
	sampleOutcomes  = 336 // of the tickets, as events
	sampleCustomers = 552 // 126 of them have a ticket and bought nothing
	sampleItems     = 225 + 64
)

// smallShop imports a part of the sample shop and returns its directory.
func smallShop(t *testing.T) string {
	t.Helper()
	t.Chdir(t.TempDir()) // where refused records would be listed
	dir := filepath.Join(t.TempDir(), "data")
	for _, f := range sampleshop.Files {
		rapport(t, "import", "--dir", dir, "--as", f.As, "--format", f.Format, write(t, f.Name, sample(t, f.Name))).want(t, exitOK, " 0 refused")
	}
	return dir
}

// counted is what a store holds.
type counted struct{ interactions, items int }

// lookInto counts what a store holds by reading all of it.
func lookInto(t *testing.T, dir string) (n counted) {
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
	err = s.Scan(t.Context(), func(_ engine.Subject, rows []engine.Row) error {
		n.interactions += len(rows)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Items(t.Context(), func(engine.ItemNum, engine.Item) error { n.items++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// patience is long, since what runs where nobody else wants the processor may wait on a busy machine.
const patience = 4 * time.Minute

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}
