package record

import (
	"net/url"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// several are the parameters that may be repeated, or hold several values with commas
// between them.
var several = map[string]bool{"kind": true, "exclude_items": true, "basket": true, "return_properties": true}

// RequestQuery decodes a recommendation request from the parameters of a URL: those of
// the body that are one value or a list of plain values, and context.region and its kin.
// Ids with a comma in them need the body.
func RequestQuery(params url.Values) (engine.Request, error) {
	var r engine.Request
	d := requestSchema.decoder()
	d.round++
	e := env{sep: ",", own: true}
	for _, name := range sortedKeys(params) {
		i, p := d.column(name)
		if p == nil && d.fields[i].nested {
			return engine.Request{}, engine.Invalidf(engine.CodeInvalidField, shorten(name), "the parameter is not one value; send the request with POST, as JSON")
		}
		if p != nil {
			p.Code = engine.CodeUnknownParam
			return engine.Request{}, p
		}
		given := params[name]
		v := value{kind: cell, env: &e}
		switch {
		case several[d.fields[i].name]:
			v.kind, v.parts = list, split(given, &e)
		case len(given) != 1:
			return engine.Request{}, engine.Invalidf(engine.CodeInvalidField, shorten(name), "the parameter is given %d times; once is wanted", len(given))
		default:
			v.raw = given[0]
		}
		if p := d.set(&r, i, v); p != nil {
			return engine.Request{}, at(shorten(name), p)
		}
	}
	return r, nil
}

// split returns the values of a parameter that is given several times, or with commas.
func split(given []string, e *env) []member {
	var out []member
	for _, one := range given {
		for s := range strings.SplitSeq(one, e.sep) {
			out = append(out, member{value: value{kind: cell, raw: strings.TrimSpace(s), env: e}})
		}
	}
	return out
}
