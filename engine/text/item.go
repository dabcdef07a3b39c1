package text

import (
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

func readItem(it *engine.Item) fields { return new(itemReader).item(it) }

// itemReader reads one item after another. What many items say alike, categories and short attributes,
// it takes apart once. It belongs to one goroutine.
type itemReader struct {
	paths  map[said][]step   // by path
	values map[said][]string // what a value adds, by name and value
}

// said is what is remembered of it, in a language.
type said struct{ name, what, language string }

// remembered bounds each of an itemReader's tables, which begin anew then.
const remembered = 1 << 12

// step is one segment of a category path.
type step struct {
	tag   string // with those above it
	terms []string
}

func (r *itemReader) item(it *engine.Item) fields {
	return fields{
		title:  Tokens(it.Title, it.Language),
		body:   Tokens(Plain(it.Text, it.TextFormat), it.Language),
		facets: r.appendAttributes(r.appendCategories(nil, it), it),
	}
}

// recall returns what make makes of a key, from known where it was made lately.
func recall[T any](known *map[said][]T, key said, make func() []T) []T {
	if made, is := (*known)[key]; is {
		return made
	}
	if len(*known) >= remembered || *known == nil {
		*known = map[said][]T{}
	}
	made := make()
	(*known)[key] = made
	return made
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
func (r *itemReader) appendCategories(out []string, it *engine.Item) []string {
	var room [16]string
	tags := room[:0]
	for _, path := range it.Categories {
		for _, step := range recall(&r.paths, said{what: path, language: it.Language}, func() []step { return steps(path, it.Language) }) {
			if !slices.Contains(tags, step.tag) {
				tags = append(tags, step.tag)
				out = append(append(out, step.tag), step.terms...)
			}
		}
	}
	return out
}

// steps takes a category path apart.
func steps(path, language string) (out []step) {
	var above string
	for segment := range strings.SplitSeq(path, "/") {
		if above != "" {
			above += "/"
		}
		above += tag(segment)
		out = append(out, step{"cat:" + above, Tokens(segment, language)})
	}
	return out
}

// appendAttributes adds tags and words of the attributes, in the order of their names.
func (r *itemReader) appendAttributes(out []string, it *engine.Item) []string {
	var room [16]string
	names := room[:0]
	for name := range it.Attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch value := it.Attributes[name].(type) {
		case string:
			out = r.appendAttribute(out, name, value, it.Language)
		case []string:
			for _, v := range value {
				out = r.appendAttribute(out, name, v, it.Language)
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

func (r *itemReader) appendAttribute(out []string, name, value, language string) []string {
	read := func() (terms []string) {
		if t := tag(value); t != "" && len(t) <= maxTagBytes {
			terms = append(terms, "attr:"+tag(name)+"="+t)
		}
		return append(terms, Tokens(value, language)...)
	}
	if len(value) > maxTagBytes {
		return append(out, read()...)
	}
	return append(out, recall(&r.values, said{name, value, language}, read)...)
}

// tag writes a name alike however it was capitalised, accented and spaced.
func tag(s string) string {
	return fold(strings.Join(strings.Fields(strings.ToLower(strings.ToValidUTF8(s, " "))), " "))
}

// isTag reports whether a term of ItemTerms is a tag. No word holds a colon.
func isTag(term string) bool { return strings.Contains(term, ":") }
