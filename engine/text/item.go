package text

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// titleWeight is how often a title's words are said beside the text's. By vectors
// alone, the reciprocal rank of the right fix for the questions of engine/solution and
// the sample shop's tickets was 0.605 and 0.550 at weight 1, 0.655 and 0.651 at 3, 0.673
// and 0.622 at 5.
const titleWeight = 3

// maxTagBytes is the longest attribute value that makes a tag; longer ones are prose.
const maxTagBytes = 64

// ItemTerms returns the terms an item is encoded by: the words of its title (three
// times), text, categories and attributes, and a tag for every category with those
// above it ("cat:home/lighting", "cat:home") and every attribute ("attr:colour=red").
// A tag is no word: it meets the same tag only, while the words of a product, an
// article and a fix are one. Numbers are no terms; nor are price, stock and dates.
func ItemTerms(it *engine.Item) []string { return readItem(it).terms() }

// fields are the terms of an item by where they stand: what vectors and the index are both made
// of, so that its texts are read once.
type fields struct{ title, body, facets []string }

func readItem(it *engine.Item) fields {
	return fields{
		title:  Tokens(it.Title, it.Language),
		body:   Tokens(Plain(it.Text, it.TextFormat), it.Language),
		facets: appendAttributes(appendCategories(nil, it), it),
	}
}

// terms are ItemTerms.
func (f fields) terms() []string {
	out := make([]string, 0, titleWeight*len(f.title)+len(f.body)+len(f.facets))
	for range titleWeight {
		out = append(out, f.title...)
	}
	return append(append(out, f.body...), f.facets...)
}

// appendCategories adds tags and words of the category paths, each once.
func appendCategories(out []string, it *engine.Item) []string {
	seen := make(map[string]bool)
	for _, path := range it.Categories {
		var above string
		for segment := range strings.SplitSeq(path, "/") {
			if above != "" {
				above += "/"
			}
			above += tag(segment)
			if seen[above] {
				continue
			}
			seen[above] = true
			out = append(out, "cat:"+above)
			out = append(out, Tokens(segment, it.Language)...)
		}
	}
	return out
}

// appendAttributes adds tags and words of the attributes, in the order of their names.
func appendAttributes(out []string, it *engine.Item) []string {
	for _, name := range slices.Sorted(maps.Keys(it.Attributes)) {
		switch value := it.Attributes[name].(type) {
		case string:
			out = appendAttribute(out, name, value, it.Language)
		case []string:
			for _, v := range value {
				out = appendAttribute(out, name, v, it.Language)
			}
		case bool:
			if value {
				out = append(out, "attr:"+tag(name))
				out = append(out, Tokens(name, it.Language)...)
			}
		}
	}
	return out
}

func appendAttribute(out []string, name, value, language string) []string {
	if t := tag(value); t != "" && len(t) <= maxTagBytes {
		out = append(out, "attr:"+tag(name)+"="+t)
	}
	return append(out, Tokens(value, language)...)
}

// tag writes a name alike however it was capitalised, accented and spaced.
func tag(s string) string {
	return fold(strings.Join(strings.Fields(strings.ToLower(strings.ToValidUTF8(s, " "))), " "))
}

// isTag reports whether a term of ItemTerms is a tag. No word holds a colon.
func isTag(term string) bool { return strings.Contains(term, ":") }
