package solution

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// maxPassages is how many passages of a fix are encoded at most, the first: some 1,300 words.
const maxPassages = 32

// Passages returns the texts whose vectors stand for a fix in Sentences: its passages, each
// under the title, which says what it is about; the title alone where there is no other text.
// Items of other kinds than text.Kinds have none.
func Passages(it *engine.Item) []string {
	if it == nil || !slices.Contains(text.Kinds[:], it.KindOrProduct()) {
		return nil
	}
	plain := text.Plain(it.Text, it.TextFormat)
	parts := text.Passages(plain)
	if len(parts) == 0 {
		return []string{it.Title + "\n"}
	}
	out := make([]string, 0, min(len(parts), maxPassages))
	for _, p := range parts[:min(len(parts), maxPassages)] {
		out = append(out, it.Title+"\n"+plain[p.From:p.To])
	}
	return out
}

// SamePassages reports whether two states of an item have the same passages in the same
// language.
func SamePassages(a, b *engine.Item) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.KindOrProduct() == b.KindOrProduct() && a.Title == b.Title && a.Text == b.Text && a.TextFormat == b.TextFormat && a.Language == b.Language
}
