package sentence

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine/vector"
)

func embed(t testing.TB, workers int, texts ...string) [][]float32 {
	t.Helper()
	out, err := New(workers).Embed(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(texts) {
		t.Fatalf("%d vectors of %d texts", len(out), len(texts))
	}
	return out
}

// TestManyAreEachAlone holds that a vector depends on its text alone, bit for bit, for any
// company and any number of workers, called by several at once.
func TestManyAreEachAlone(t *testing.T) {
	var texts []string
	for _, r := range golden(t)[:110] {
		if len(r.IDs) < 12 || len(r.IDs) > MaxTokens && vector.Path() != "plain" {
			texts = append(texts, r.Text)
		}
		if len(texts) == 40 {
			break
		}
	}
	var alone [][]float32
	for _, s := range texts {
		alone = append(alone, embed(t, 1, s)...)
	}
	var callers sync.WaitGroup
	for seed := range uint64(6) {
		callers.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 2))
			pick := rng.Perm(len(texts))[:1+rng.IntN(len(texts)/2)]
			some := make([]string, len(pick))
			for i, p := range pick {
				some[i] = texts[p]
			}
			for i, got := range embed(t, 1+int(seed%3), some...) {
				if want := alone[pick[i]]; !slices.Equal(got, want) {
					t.Errorf("%q has another vector among %d texts", some[i], len(some))
				}
			}
		})
	}
	callers.Wait()
}

func TestWhatHasNoVector(t *testing.T) {
	got := embed(t, 2, "", "words", " \t\n", "\u00a0\u2003")
	for i, v := range got {
		if want := i == 1; (v != nil) != want {
			t.Errorf("text %d: a vector is %v, want %v", i, v != nil, want)
		}
	}
	if len(got[1]) != Dims {
		t.Errorf("%d dimensions, want %d", len(got[1]), Dims)
	}
	embed(t, 1)
}

func TestWhiteSpaceIsOneSpace(t *testing.T) {
	got := embed(t, 1, "my order is late", "\tmy  order\r\n\nis\u00a0late ", "my order\u200bis late")
	if !slices.Equal(got[0], got[1]) {
		t.Error("line breaks change the vector")
	}
	if slices.Equal(got[0], got[2]) {
		t.Error("no space at all is taken for one")
	}
}

// TestLongTextsAreCut holds that what is behind the last token read says nothing, wherever
// the bytes that are looked at end.
func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("every word counts ", 100)
	embed(t, 1, long)
	if m := loaded(t); !slices.Equal(m.pieces.ids(long, MaxTokens), m.pieces.ids(long+"but these", MaxTokens)) {
		t.Error("what stands behind the last token changes the tokens")
	}
	for pad := range utf8.UTFMax {
		cut := strings.Repeat("x", pad) + strings.Repeat("中", maxBytes/3+1)
		if got, want := tidy(cut+"a"), tidy(cut); got != want || len(got) < maxBytes-2 || !utf8.ValidString(got) {
			t.Errorf("padded by %d: %d bytes are read, valid UTF-8: %v", pad, len(got), utf8.ValidString(got))
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New(1).Embed(ctx, []string{"hello"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// TestMeaning holds that each question is nearest to the answer to it, among answers that
// share hardly a word with any.
func TestMeaning(t *testing.T) {
	pairs := [][2]string{
		{"I forgot my login", "How to reset your password"},
		{"When will my parcel get here?", "Delivery times and tracking"},
		{"I was charged twice", "Duplicate charge on your statement"},
		{"The screen stays dark when I press the button", "Device does not turn on"},
		{"I want my money back", "How refunds work"},
		{"The kettle is leaking", "Water comes out of the bottom of the jug"},
	}
	var texts []string
	for _, p := range pairs {
		texts = append(texts, p[0], p[1])
	}
	v := embed(t, 2, texts...)
	for i := range pairs {
		for j := range pairs {
			if own, other := dot(v[2*i], v[2*i+1]), dot(v[2*i], v[2*j+1]); other > own {
				t.Errorf("%q is nearer to %q, %.3f, than to %q, %.3f", pairs[i][0], pairs[j][1], other, pairs[i][1], own)
			}
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		language, text string
		want           bool
	}{
		{"en", "", true},
		{"EN-gb", "", true},
		{"en_US", "Paket 17", true},
		{"en_US", "Wo ist mein Paket?", false},
		{"de", "where is it", true},
		{"de", "Paket 17", false},
		{"eng", "", false},
		{"", "Where is my parcel?", true},
		{"", "Wo ist mein Paket?", false},
		{"", "我的订单在哪里", false},
		{"", "E-17", true},
	} {
		if got := Covers(c.language, c.text); got != c.want {
			t.Errorf("Covers(%q, %q) = %v", c.language, c.text, got)
		}
	}
}

// TestModelIsTheOneMade holds the file against what tools/sentence said of it.
func TestModelIsTheOneMade(t *testing.T) {
	raw, err := os.ReadFile("model/VENDOR.json")
	if err != nil {
		t.Fatal(err)
	}
	var origin struct {
		Licence string
		SHA256  map[string]string
	}
	if err := json.Unmarshal(raw, &origin); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%x", sha256.Sum256([]byte(file))), origin.SHA256["use-lite.bin"]; got != want {
		t.Errorf("use-lite.bin is %s, VENDOR.json says %s", got, want)
	}
	licence, err := os.ReadFile("model/LICENSE")
	if err != nil || !strings.Contains(string(licence), "Apache License") || origin.Licence != "Apache-2.0" {
		t.Errorf("licence %q, %v: want Apache-2.0 and its text", origin.Licence, err)
	}
}

// TestReadRefuses spoils the file, with a checksum that says nothing is wrong, where what
// it says about itself stands.
func TestReadRefuses(t *testing.T) {
	pieces := &reader{rest: file[len(magic):]}
	pieces.pieces()
	table := len(file) - len(pieces.rest) // where the first tensor begins
	head := &reader{rest: pieces.rest}
	head.table(pieceDims)
	second := len(file) - len(head.rest)
	signed := func(s string) string {
		return s + string(binary.LittleEndian.AppendUint32(nil, checksum(s)))
	}
	put := func(at int, bytes string) string {
		body := file[:len(file)-4]
		return signed(body[:at] + bytes + body[at+len(bytes):])
	}
	for name, bad := range map[string]string{
		"empty":                 "",
		"only a start":          magic,
		"another version":       signed("RPS2" + file[4:len(file)-4]),
		"a changed byte":        file[:table+100] + string(file[table+100]+1) + file[table+101:],
		"no pieces":             put(4, "\x00\x00\x00\x00"),
		"too many pieces":       put(4, "\xff\xff\xff\xff"),
		"other columns":         put(table+6, "\xff\x00\x00\x00"),
		"too few rows":          put(table+2, "\x01\x00\x00\x00"),
		"too many rows":         put(table+2, "\xff\xff\xff\xff"),
		"no number":             put(second+10, "\xff\xff\xff\xff"),
		"cut in the pieces":     signed(file[:2000]),
		"cut in a tensor":       signed(file[:second+50]),
		"the last tensor short": signed(file[:len(file)-8]),
		"more behind":           signed(file[:len(file)-4] + "\x00"),
	} {
		if _, err := read(bad); !errors.Is(err, errCorrupt) {
			t.Errorf("%s: error %v, want one of corruption", name, err)
		}
	}
}
