package recommend

import (
	"fmt"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// fieldProperties are the properties of an item that are no attributes.
var fieldProperties = []string{
	"title", "text", "url", "image", "categories", "price", "currency", "stock", "group_id", "language", "applies_to", "published", "expires",
}

// checkProperties refuses names that no item has, with those near them: a misspelt one
// would silently be missing from every answer. Id and kind stand beside the properties.
func checkProperties(names []string, c *catalogue.Snapshot) error {
	const every = catalogue.Text | catalogue.Number | catalogue.Flag | catalogue.List
	for i, name := range names {
		if name == "*" || name == "item_id" || name == "kind" || slices.Contains(fieldProperties, name) || c.Holds(catalogue.Field{Name: name, Attribute: true}, every) {
			continue
		}
		return engine.Invalidf(engine.CodeUnknownAttr, fmt.Sprintf("return_properties[%d]", i), "there is no property %.64q to return; %s",
			name, engine.NearNames(name, append(c.AttributeNames(), fieldProperties...)))
	}
	return nil
}

// properties returns the named properties of an item, "*" for all, nil for none.
func properties(item *engine.Item, names []string) map[string]any {
	if len(names) == 0 {
		return nil
	}
	all := allProperties(item)
	if slices.Contains(names, "*") {
		return all
	}
	out := make(map[string]any, len(names))
	for _, name := range names {
		if v, ok := all[name]; ok {
			out[name] = v
		}
	}
	return out
}

// allProperties is the item as a caller may show it: its own attributes beside the
// built-in fields, which win where names meet.
func allProperties(item *engine.Item) map[string]any {
	out := make(map[string]any, len(item.Attributes)+12)
	for name, v := range item.Attributes {
		out[name] = v
	}
	set := func(name string, v any, given bool) {
		if given {
			out[name] = v
		}
	}
	set("title", item.Title, item.Title != "")
	set("text", item.Text, item.Text != "")
	set("url", item.URL, item.URL != "")
	set("image", item.Image, item.Image != "")
	set("categories", item.Categories, len(item.Categories) > 0)
	set("price", item.Price, item.Price != nil)
	set("currency", item.Currency, item.Currency != "")
	set("stock", item.Stock, item.Stock != nil)
	set("group_id", item.GroupID, item.GroupID != "")
	set("language", item.Language, item.Language != "")
	set("applies_to", item.AppliesTo, len(item.AppliesTo) > 0)
	set("published", item.Published, item.Published != nil)
	set("expires", item.Expires, item.Expires != nil)
	return out
}
