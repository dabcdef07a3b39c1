package record

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/rapportengine/rapport/engine"
)

var itemSchema = &schema[engine.Item]{
	what: "field of an item",
	id:   "item_id",
	own:  true,
	fields: []field[engine.Item]{
		idField("item_id", func(i *engine.Item) *engine.ItemID { return &i.ID }),
		wordField("kind", func(i *engine.Item) *engine.Kind { return &i.Kind }),
		textField("title", engine.MaxTitleBytes, func(i *engine.Item) *string { return &i.Title }),
		textField("text", engine.MaxTextBytes, func(i *engine.Item) *string { return &i.Text }),
		enumField("text_format", func(i *engine.Item) *string { return &i.TextFormat }, "plain", "html", "markdown"),
		textField("url", engine.MaxTitleBytes, func(i *engine.Item) *string { return &i.URL }),
		textField("image", engine.MaxTitleBytes, func(i *engine.Item) *string { return &i.Image }),
		{name: "categories", set: func(i *engine.Item, v value) (p problem) {
			i.Categories, p = strs[string](v, engine.MaxListValues, "a list of category paths", value.path)
			return p
		}},
		{
			name: "attributes", nested: true,
			set:   func(i *engine.Item, v value) problem { return setAttributes(&i.Attributes, v) },
			merge: func(i *engine.Item, v value) problem { return mergeAttributes(&i.Attributes, v) },
		},
		{name: "price", set: func(i *engine.Item, v value) problem {
			f, p := v.atLeast(0)
			return optional(v, &i.Price, f, p)
		}},
		currencyField(func(i *engine.Item) *string { return &i.Currency }),
		{name: "stock", set: func(i *engine.Item, v value) problem {
			n, p := v.integer(-1<<53, 1<<53) // below 0: sold beyond it
			return optional(v, &i.Stock, n, p)
		}},
		timeField("published", func(i *engine.Item) **time.Time { return &i.Published }),
		timeField("expires", func(i *engine.Item) **time.Time { return &i.Expires }),
		truthField("hidden", func(i *engine.Item) *bool { return &i.Hidden }),
		enumField("visibility", func(i *engine.Item) *engine.Visibility { return &i.Visibility }, string(engine.Public), string(engine.AgentOnly)),
		idField("group_id", func(i *engine.Item) *string { return &i.GroupID }),
		truthField("sensitive", func(i *engine.Item) *bool { return &i.Sensitive }),
		languageField(func(i *engine.Item) *string { return &i.Language }),
		idsField("applies_to", engine.MaxListValues, func(i *engine.Item) *[]engine.ItemID { return &i.AppliesTo }),
		{name: "embedding", set: func(i *engine.Item, v value) (p problem) { i.Embedding, p = v.vector(); return p }},
	},
	aliases: foreignFields,
	inner: map[string]func(*engine.Item, string, value) problem{
		"attributes": func(i *engine.Item, name string, v value) problem { return setColumn(&i.Attributes, name, v) },
		"categories": setCategory,
	},
	says:  func(i *engine.Item) bool { return i.Title != "" },
	ident: func(i *engine.Item) *string { return (*string)(&i.ID) },
	clone: engine.Item.Clone,
	check: func(i *engine.Item) problem {
		if i.Published != nil && i.Expires != nil && !i.Published.Before(*i.Expires) {
			return engine.Invalidf(engine.CodeInvalidField, "expires", "a time after published (%s) is wanted", i.Published.Format(time.RFC3339))
		}
		return nil
	},
}

func timeField[T any](name string, into func(*T) **time.Time) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		at, p := v.time()
		return optional(v, into(t), at, p)
	}}
}

// languageField takes what looks like BCP 47: de, en-GB, zh-Hant-TW.
func languageField[T any](into func(*T) *string) field[T] {
	return field[T]{name: "language", set: func(t *T, v value) problem {
		s, p := v.str(64)
		if p == nil && v.kind != null && !isLanguage(s) {
			p = refuse("a language tag by BCP 47 is wanted, such as de or en-GB, got %q", s)
		}
		*into(t) = s
		return p
	}}
}

// isLanguage reports whether s is a language tag by BCP 47, of languages, scripts and regions
// that there are.
func isLanguage(s string) bool {
	if !isTag(s) {
		return false
	}
	_, err := language.Parse(s)
	return err == nil
}

// isTag reports whether s has the form of one.
func isTag(s string) bool {
	for i, part := range strings.Split(s, "-") {
		if len(part) < 1 || len(part) > 8 || i == 0 && len(part) < 2 {
			return false
		}
		for _, c := range []byte(part) {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
			if !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// path decodes a category: parts joined by slashes, none of them empty.
func (v value) path() (string, problem) {
	s, p := v.str(engine.MaxTitleBytes)
	if p != nil {
		return "", p
	}
	for part := range strings.SplitSeq(s, "/") {
		if strings.TrimSpace(part) == "" {
			return "", refuse("a path such as home/lighting is wanted, without empty parts, got %q", shorten(s))
		}
	}
	return s, nil
}

// setCategory decodes the cell of a column "categories.home/lighting": whether the item
// is in it.
func setCategory(i *engine.Item, path string, v value) problem {
	in, p := v.truth()
	if p != nil || !in {
		return p
	}
	if path, p = (value{kind: cell, raw: path, env: v.env}).path(); p != nil {
		return p
	}
	if len(i.Categories) >= engine.MaxListValues {
		return tooMuch("an item has at most %d categories", engine.MaxListValues)
	}
	i.Categories = append(i.Categories, path)
	return nil
}

// vector decodes an embedding.
func (v value) vector() ([]float32, problem) {
	var out []float32
	p := v.each(engine.MaxEmbedding, "a list of numbers", func(_ int, e value) problem {
		f, p := e.num()
		switch {
		case p != nil:
			return p
		case e.kind == null:
			return e.wrong("a number")
		case math.Abs(f) > math.MaxFloat32:
			return refuse("the number %g is too large for an embedding", f)
		}
		out = append(out, float32(f))
		return nil
	})
	return out, p
}

// setAttributes decodes a whole set of attributes. A null says nothing.
func setAttributes(into *engine.Attributes, v value) problem {
	*into = nil
	return mergeAttributes(into, v)
}

// mergeAttributes decodes attributes one by one into those that are there: a null
// deletes one, and null for all of them clears them.
func mergeAttributes(into *engine.Attributes, v value) problem {
	if v.kind == null {
		*into = nil
		return nil
	}
	return v.members(func(name string, v value) problem {
		x, p := v.attribute()
		if p != nil {
			return p
		}
		return putAttribute(into, name, x)
	})
}

func putAttribute(into *engine.Attributes, name string, x any) problem {
	if x == nil {
		delete(*into, name)
		return nil
	}
	if name == "" || len(name) > engine.MaxIDBytes || !utf8.ValidString(name) {
		return refuse("a name of 1 to %d bytes is wanted for an attribute", engine.MaxIDBytes)
	}
	if _, there := (*into)[name]; !there && len(*into) >= engine.MaxAttributes {
		return tooMuch("there are at most %d attributes", engine.MaxAttributes)
	}
	if *into == nil {
		*into = make(engine.Attributes)
	}
	(*into)[strings.Clone(name)] = x
	return nil
}

// attribute decodes a text, number, truth value or list of texts; nil for null.
func (v value) attribute() (any, problem) {
	switch v.plain() {
	case null:
		return nil, nil
	case number:
		f, p := v.num()
		return f, p
	case boolean:
		return v.raw == "true", nil
	case list:
		out, p := strs[string](v, engine.MaxListValues, "", func(e value) (string, problem) {
			if e.plain() != text {
				return "", refuse("a list attribute holds texts, got %s; numbers are one attribute each, or written as texts", e.describe())
			}
			return e.str(engine.MaxTitleBytes)
		})
		if out == nil {
			out = []string{}
		}
		return out, p
	case text, cell:
		return v.str(engine.MaxTextBytes)
	}
	return nil, v.wrong("a text, a number, true, false or a list of texts")
}

// setColumn decodes the cell of a column "attributes.name". It is a text, or what the
// column's name says after a colon: attributes.size:number, :bool or :list (parts
// separated by |).
func setColumn(into *engine.Attributes, name string, v value) problem {
	plain, as, _ := cutLast(name, ":")
	if as != "number" && as != "bool" && as != "list" {
		plain, as = name, ""
	}
	if v.kind != cell {
		as = ""
	}
	var x any
	var p problem
	switch as {
	case "number":
		x, p = v.num()
	case "bool":
		x, p = v.truth()
	case "list":
		x, p = strs[string](v, engine.MaxListValues, "", func(e value) (string, problem) { return e.str(engine.MaxTitleBytes) })
	default:
		x, p = v.attribute()
	}
	if p != nil {
		return p
	}
	return putAttribute(into, plain, x)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
