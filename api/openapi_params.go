package api

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// parameter is one that may stand in a URL after ?.
type parameter struct {
	about  string
	schema *huma.Schema
}

// param is the parameter as OpenAPI has it. Lists are written with commas.
func (p parameter) param(name string) *huma.Param {
	out := &huma.Param{Name: name, In: "query", Description: p.about, Schema: p.schema}
	if p.schema.Type == huma.TypeArray {
		out.Style, out.Explode = "form", new(false)
	}
	return out
}

// parameters are all of them, whatever route takes them. One that means something else
// under another path has the path's first word before it.
var parameters = map[string]parameter{
	"count":   {"how many", whole(1, engine.MaxCount)},
	"n":       {"another name of count", whole(1, engine.MaxCount)},
	"limit":   {"another name of count", whole(1, engine.MaxCount)},
	"cursor":  {"the cursor of the page before", text()},
	"include": {"customer adds what an agent wants to know of who asks", among(engine.IncludeCustomer)},
	"atomic":  {"all records or none", truth()},
	"create":  {"make what does not exist yet", truth()},
	"unknown": {
		"what becomes of an event's unknown fields: kept among its properties (default), or refused",
		among("keep", "refuse"),
	},

	"mode":          {"put (default), or replace: the body is the whole catalogue, and what is absent from it is hidden", among("put", "replace")},
	"force":         {"with mode=replace: though more than a fifth of the items would be hidden", truth()},
	"import/format": {"how the file is written; default by its Content-Type, else auto", among("auto", "json", "ndjson", "csv", "parquet")},
	"export/format": {
		"default ndjson, the only one of subjects; csv is not for factors and embeddings, npy for nothing else",
		among(exportNDJSON.name, exportCSV.name, exportParquet.name, exportNPY.name),
	},
	"preset": {"the layout of a known file, see docs/data.md", among(record.Presets()...)},
	"map":    {"what columns mean, such as `sku=item_id,name=title,type:=view`", text()},
	"zone":   {"of times that name none, such as Europe/London", text()},
	"dated":  {"when the file was written, by RFC 3339: events without a time are put in the day before; default now", text()},
	"shift":  {"what is added to every time, such as 8760h, to try old data as if it were fresh", text()},
	"source": {"a name for the file: events without an id of their own get theirs from it and their line", text()},
	"since":  {"the position of an earlier backup, as /v1/backups lists it: only what came after it", &huma.Schema{Type: huma.TypeInteger, Minimum: new(0.0)}},
	"type":   {"some kinds of moments; default all", list(among(momentTypes...))},

	"customer_id":       {"whom it is for, or whose it is", text()},
	"session_id":        {"the visit, where no customer is known", text()},
	"item_id":           {"what the list is about", text()},
	"basket":            {"the items in the basket", list(text())},
	"query":             {"words the list should be like", text()},
	"scenario":          {"the place; default home, or related with an item, or basket with a basket", text()},
	"kind":              {"product, content, solution, offer or kinds of your own", list(text())},
	"filter":            {"an expression, such as `price < 5`; narrows the scenario's filter", text()},
	"exclude_items":     {"items that must not appear", list(text())},
	"return_properties": {"fields and attributes to show with each item, or *", list(text())},
	"explain":           {"how much of the why; default sources; full names five causes an item, three a source, and sums up the others", among(engine.ExplainNone, engine.ExplainSources, engine.ExplainFull)},
	"record":            {"false leaves no impression and gives no recommendation_id", truth()},
	"validate_only":     {"checks the request; the list is empty", truth()},
	"collapse":          {"one item of a group_id; default true", truth()},
	"diversity":         {"how much unlikeness counts beside the score; default 0", between(0, 1)},
	"min_relevance":     {"leaves out items with a lower score", number()},
	"context.page":      {"the page the list is for", text()},
	"context.locale":    {"a language tag", text()},
	"context.region":    {"filters read it as context.region", text()},
	"context.store":     {"the branch", text()},
	"context.device":    {"the kind of device", text()},
	"context.at":        {"answer as of then", &huma.Schema{Type: huma.TypeString, Format: "date-time"}},
	"context.item_id":   {"like item_id", text()},
	"context.basket":    {"like basket", list(text())},

	tokenParam: {"from a browser: the shop's proof of who the customer is", text()},
}

// listParams are those a short-hand takes with GET: the fields of a request that are one
// value or a list of plain values.
var listParams = []string{
	"count", "scenario", "kind", "filter", "return_properties", "exclude_items", "query", "explain", "diversity",
	"min_relevance", "collapse", "record", "validate_only", "customer_id", "session_id", "item_id", "basket",
	"context.page", "context.locale", "context.region", "context.store", "context.device", "context.at",
	"context.item_id", "context.basket", "n", "limit",
}

// aboutID says what the variable part of a path names, by the part before it.
var aboutID = map[string]string{
	"customers":       "the customer's id, percent-encoded",
	"sessions":        "the session's id, percent-encoded",
	"items":           "the item's id, percent-encoded",
	"tickets":         "the ticket's id, percent-encoded",
	"solutions":       "the fix's item_id, percent-encoded",
	"recommendations": "the recommendation_id of an answer",
	"erasures":        "the receipt",
	"scenarios":       "the scenario's name",
	"jobs":            "the job_id",
	"events":          "the event_id, percent-encoded",
	"import":          "what the records are",
	"export":          "what is wanted",
}

// named are the variable parts of paths that are one of a few words, by the part before.
var named = map[string][]string{
	"import": record.Kinds(),
	"export": append(slices.Sorted(maps.Keys(exports)), "subjects", "factors", "embeddings"),
}

// values returns what an example's path says for the variables of a route's path, and
// its parameters with their types.
func (e example) values(pattern string) (inPath map[string]string, inQuery map[string]any) {
	inPath, inQuery = map[string]string{}, map[string]any{}
	path, query, _ := strings.Cut(e.path, "?")
	given := strings.Split(path, "/")
	for i, part := range strings.Split(pattern, "/") {
		if name, variable := strings.CutPrefix(part, ":"); variable && i < len(given) {
			inPath[name], _ = url.PathUnescape(given[i])
		}
	}
	params, _ := url.ParseQuery(query)
	for name, values := range params {
		inQuery[name] = typed(parameters[name].schema, values[0])
	}
	return inPath, inQuery
}

// typed is a parameter's text as a value of its schema.
func typed(s *huma.Schema, value string) any {
	if s == nil {
		return value
	}
	var v any
	switch s.Type {
	case huma.TypeArray:
		return strings.Split(value, ",")
	case huma.TypeInteger, huma.TypeNumber, huma.TypeBoolean:
		if json.Unmarshal([]byte(value), &v) == nil {
			return v
		}
	}
	return value
}
