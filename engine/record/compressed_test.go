package record

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/rapportengine/rapport/engine"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, o...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestEveryFormatIsTheSame: the same events, however they are written and compressed.
func TestEveryFormatIsTheSame(t *testing.T) {
	want := []engine.Interaction{
		{EventID: "1", Type: "purchase", Customer: "ann", Item: "lamp", At: now, Quantity: 2, Price: 9.95, Currency: "EUR", Properties: map[string]any{"note": "a\n\"b\""}},
		{EventID: "2", Type: "search", Session: "s", At: now, Query: "lamp, desk"},
	}
	for name, f := range allFormats {
		plain := written(t, EventWriter, f, want)
		for by, b := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain), "zstd": zstded(t, plain)} {
			got, refused, end := gather(Events(bytes.NewReader(b), Options{}))
			if end != nil || refused != nil || len(got) != 2 {
				t.Fatalf("%s, %s: got %+v, %v, %v", name, by, got, refused, end)
			}
			again := written(t, EventWriter, NDJSON, []engine.Interaction{got[0].Value.Lines[0], got[1].Value.Lines[0]})
			if !bytes.Equal(again, written(t, EventWriter, NDJSON, want)) {
				t.Errorf("%s, %s: got %s", name, by, again)
			}
		}
	}
}

func TestZstdRefused(t *testing.T) {
	text := []byte(strings.Repeat(ev("")+"\n", 1000))
	good := zstded(t, text)
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 0xff
	cases := []struct {
		name string
		in   []byte
		max  int64
		want string
	}{
		{"cut off", good[:len(good)-5], 0, "ends early"},
		{"damaged", damaged, 0, "damaged"},
		{"a bomb", zstded(t, bytes.Repeat([]byte(" "), 4<<20)), 1 << 20, "grows beyond 1048576 bytes"},
		{"a wide window", zstded(t, bytes.Repeat([]byte("x y z "), 8<<20), zstd.WithWindowSize(64<<20)), 0, "window of more than 32 MiB"},
	}
	for _, c := range cases {
		_, _, end := gather(Events(bytes.NewReader(c.in), Options{MaxInflated: c.max}))
		if end == nil || !strings.Contains(end.Error(), c.want) {
			t.Errorf("%s: ended with %v, want ...%s...", c.name, end, c.want)
		}
		if !errors.As(end, new(*Syntax)) && !errors.As(end, new(*engine.Invalid)) {
			t.Errorf("%s: ended with %T", c.name, end)
		}
	}
}
