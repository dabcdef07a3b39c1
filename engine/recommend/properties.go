package recommend

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
)

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
