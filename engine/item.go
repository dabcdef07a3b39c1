package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Visibility says who may see an item.
type Visibility string

// The visibilities. Empty means Public.
const (
	Public    Visibility = "public"
	AgentOnly Visibility = "agent"
)

// Item is one thing that can be recommended: a product, an article, a fix.
type Item struct {
	ID         ItemID     `json:"item_id"`
	Kind       Kind       `json:"kind,omitempty"` // empty means Product
	Title      string     `json:"title,omitempty"`
	Text       string     `json:"text,omitempty"`
	TextFormat string     `json:"text_format,omitempty"` // plain (default), html or markdown
	URL        string     `json:"url,omitempty"`
	Image      string     `json:"image,omitempty"`
	Categories []string   `json:"categories,omitempty"` // paths: "home/lighting"
	Attributes Attributes `json:"attributes,omitempty"`
	Price      *float64   `json:"price,omitempty"`
	Currency   string     `json:"currency,omitempty"`
	Stock      *int64     `json:"stock,omitempty"`     // nil is unlimited
	Published  *time.Time `json:"published,omitempty"` // not shown before
	Expires    *time.Time `json:"expires,omitempty"`   // not shown from then on
	Hidden     bool       `json:"hidden,omitempty"`
	Visibility Visibility `json:"visibility,omitempty"`
	GroupID    string     `json:"group_id,omitempty"`   // variants: a list shows one of a group
	Sensitive  bool       `json:"sensitive,omitempty"`  // never named as a reason
	Language   string     `json:"language,omitempty"`   // BCP 47, empty is the shop's
	AppliesTo  []ItemID   `json:"applies_to,omitempty"` // the products a fix or article is about
	Embedding  []float32  `json:"embedding,omitempty"`
}

// Attributes are an item's or a customer's own properties. A value is a string, a
// float64, a bool or a []string; package record refuses anything else.
type Attributes map[string]any

// Clone returns a copy that shares nothing with i.
func (i Item) Clone() Item {
	i.Categories = slices.Clone(i.Categories)
	i.Attributes = i.Attributes.Clone()
	i.Price, i.Stock = clone(i.Price), clone(i.Stock)
	i.Published, i.Expires = clone(i.Published), clone(i.Expires)
	i.AppliesTo = slices.Clone(i.AppliesTo)
	i.Embedding = slices.Clone(i.Embedding)
	return i
}

// Typed gives values that were read from JSON the types they had: JSON makes a list of anything
// out of a list of strings. The error names an attribute that cannot have been one of ours.
func (a Attributes) Typed() error {
	for name, value := range a {
		list, ok := value.([]any)
		if !ok {
			continue
		}
		texts := make([]string, len(list))
		for i, v := range list {
			if texts[i], ok = v.(string); !ok {
				return fmt.Errorf("attribute %q holds a list of %T", name, v)
			}
		}
		a[name] = texts
	}
	return nil
}

// Clone returns a copy that shares nothing with a.
func (a Attributes) Clone() Attributes {
	out := maps.Clone(a)
	for k, v := range out {
		if list, ok := v.([]string); ok {
			out[k] = slices.Clone(list)
		}
	}
	return out
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// KindOrProduct returns the item's kind, Product where none is given.
func (i *Item) KindOrProduct() Kind {
	if i.Kind == "" {
		return Product
	}
	return i.Kind
}

// partWords are what categories of spare parts are called, in small letters and without
// what is between their words. A shop that calls them otherwise sets the attribute part.
var partWords = []string{"part", "parts", "spare", "spares", "sparepart", "spareparts", "replacementpart", "replacementparts"}

// IsPart reports whether an item is a spare part: by a step of one of its categories, or by
// the attribute part.
func (i *Item) IsPart() bool {
	if is, said := i.Attributes["part"].(bool); said {
		return is
	}
	joined := strings.NewReplacer(" ", "", "-", "", "_", "")
	return slices.ContainsFunc(i.Categories, func(path string) bool {
		for step := range strings.SplitSeq(path, "/") {
			if slices.Contains(partWords, joined.Replace(strings.ToLower(step))) {
				return true
			}
		}
		return false
	})
}

// CanFix reports whether an item can be what was tried on a ticket: a fix, an article or
// anything else but an offer or a product, unless that is a spare part.
func (i *Item) CanFix() bool {
	switch i.KindOrProduct() {
	case Product:
		return i.IsPart()
	case Offer:
		return false
	}
	return true
}

// ShownAt reports whether the item's own dates allow it to be shown at t.
func (i *Item) ShownAt(t time.Time) bool {
	return (i.Published == nil || !t.Before(*i.Published)) && (i.Expires == nil || t.Before(*i.Expires))
}

// InStock reports whether there is any of it; unlimited stock counts.
func (i *Item) InStock() bool { return i.Stock == nil || *i.Stock > 0 }
