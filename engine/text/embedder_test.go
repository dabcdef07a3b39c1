package text

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// picky refuses some texts, and fails at one.
type picky struct {
	refuses map[string]bool
	fails   string
	asked   int
}

var errFails = errors.New("no network")

func (*picky) Name() string { return "picky" }
func (*picky) Dims() int    { return 1 }

func (p *picky) Embed(_ context.Context, texts []string) ([][]float32, error) {
	p.asked++
	out := make([][]float32, len(texts))
	for i, s := range texts {
		switch {
		case p.fails != "" && s == p.fails:
			return nil, errFails
		case p.refuses[s]:
			return nil, fmt.Errorf("%w: %s", ErrRefused, s)
		}
		out[i] = []float32{float32(len(s))}
	}
	return out, nil
}

// Those that are refused are left out, whichever they are, and the others have their vectors.
func TestEmbedTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &picky{refuses: make(map[string]bool)}
		texts := make([]string, rapid.IntRange(0, 40).Draw(t, "texts"))
		var want []int
		for i := range texts {
			texts[i] = fmt.Sprint("text ", 1<<i)
			if rapid.IntRange(0, 4).Draw(t, "refused") == 0 {
				p.refuses[texts[i]], want = true, append(want, i)
			}
		}
		got, refused, err := EmbedTaken(t.Context(), p, texts)
		if err != nil {
			t.Fatal(err)
		}
		var are []int
		for _, r := range refused {
			if are = append(are, r.Text); r.Why.Error() != "a text is refused: "+texts[r.Text] {
				t.Errorf("text %d is refused: %v", r.Text, r.Why)
			}
		}
		if !slices.Equal(are, want) {
			t.Errorf("%v are refused, want %v", are, want)
		}
		for i, v := range got {
			if refused := p.refuses[texts[i]]; refused != (v == nil) || !refused && v[0] != float32(len(texts[i])) {
				t.Errorf("%q has %v", texts[i], v)
			}
		}
		if len(want) == 0 && p.asked != 1 || len(want) == 1 && p.asked > 2+2*6 {
			t.Errorf("for %d refused of %d it was asked %d times", len(want), len(texts), p.asked)
		}
	})
}

// A service that refuses all there is, and one that fails, are no fault of the texts.
func TestEmbedTakenFails(t *testing.T) {
	all := &picky{refuses: map[string]bool{"a": true, "b": true, PlainWord: true}}
	if got, refused, err := EmbedTaken(t.Context(), all, []string{"a", "b"}); !errors.Is(err, ErrRefused) || got != nil || refused != nil || all.asked != 2 {
		t.Errorf("all is refused: %v, %v, %v after %d", got, refused, err, all.asked)
	}
	if _, _, err := EmbedTaken(t.Context(), &picky{refuses: map[string]bool{"a": true}, fails: "b"}, []string{"a", "c", "b"}); !errors.Is(err, errFails) {
		t.Errorf("it fails in between: %v", err)
	}
}
