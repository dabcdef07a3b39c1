package solution

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// TestSentencesComeBack bit by bit, and not at all where a byte of them is another.
func TestSentencesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := rapid.IntRange(1, 21).Draw(t, "dims")
		changed := make(map[engine.ItemNum][][]float32)
		for range rapid.IntRange(0, 6).Draw(t, "fixes") {
			var list [][]float32
			for range rapid.IntRange(0, 3).Draw(t, "passages") {
				list = append(list, rapid.SliceOfN(rapid.Float32Range(-1, 1), dims, dims).Draw(t, "vector"))
			}
			changed[engine.ItemNum(rapid.IntRange(0, 300).Draw(t, "fix"))] = list
		}
		want := NewSentences(dims).With(changed)
		var b bytes.Buffer
		if err := want.Save(&b); err != nil {
			t.Fatal(err)
		}
		got, err := LoadSentences(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if got.Dims() != dims || got.Len() != want.Len() {
			t.Fatalf("%d passages of %d numbers, want %d of %d", got.Len(), got.Dims(), want.Len(), dims)
		}
		for n := range engine.ItemNum(320) {
			if got.Has(n) != want.Has(n) {
				t.Fatalf("item %d has some: %v", n, got.Has(n))
			}
			if !want.Has(n) {
				continue
			}
			c, d := got.chunks[n/chunkFixes], want.chunks[n/chunkFixes]
			if c.starts != d.starts {
				t.Fatalf("chunk of item %d: %v, want %v", n, c.starts, d.starts)
			}
			gave, steps := c.rows.Raw()
			had, of := d.rows.Raw()
			if !slices.Equal(steps, of) || !bytes.Equal(gave, had) {
				t.Fatalf("chunk of item %d: %v by %v, want %v by %v", n, gave, steps, had, of)
			}
		}
		raw := b.Bytes()
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := LoadSentences(bytes.NewReader(raw)); err == nil {
			t.Error("changed bytes were read")
		}
	})
}
