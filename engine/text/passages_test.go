package text

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

func TestPassagesHoldEveryWord(t *testing.T) {
	words := []string{"lamp", "is", "broken.", "why?", "3.5", "E-404", "größe", "(see", "below.)", "now"}
	rapid.Check(t, func(t *rapid.T) {
		plain := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 300).Draw(t, "words"), " ")
		passages := Passages(plain)
		var held []string
		for i, p := range passages {
			part := strings.Fields(plain[p.From:p.To])
			if len(part) > passageMost || len(part) == 0 || i < len(passages)-1 && len(part) < passageWords {
				t.Fatalf("passage %d of %d has %d words", i, len(passages), len(part))
			}
			if i < len(passages)-1 && len(part) < passageMost && !ends(part[len(part)-1]) {
				t.Fatalf("passage %q ends within a sentence", part)
			}
			held = append(held, part...)
		}
		if !slices.Equal(held, strings.Fields(plain)) {
			t.Fatalf("the passages hold %q, the text is %q", held, plain)
		}
	})
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("This sentence says nothing of use to anybody at all. ", 12) + "Where the display shows E-404, hold the red button for ten seconds. " + strings.Repeat("More of the same follows here without end. ", 12)
	plain := Plain(long, FormatPlain)
	x := NewIndex().With([]catalogue.Entry{{Num: 0, Item: &engine.Item{Kind: engine.Solution, Text: long}}, {Num: 1, Item: &engine.Item{Kind: engine.Solution, Text: "button display"}}})
	p, ok := x.Snippet(Tokens("my display says e404", ""), plain, "")
	if !ok || !strings.Contains(plain[p.From:p.To], "E-404") || p.To-p.From > len(plain)/2 {
		t.Errorf("the snippet is %q", plain[p.From:p.To])
	}
	if _, ok := x.Snippet(Tokens("zebra", ""), plain, ""); ok {
		t.Error("a text without a word of the ticket has a snippet")
	}
}
