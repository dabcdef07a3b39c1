package record

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

// several are the parameters that may be repeated, or hold several values with commas
// between them.
var several = map[string]bool{"kind": true, "exclude_items": true, "basket": true, "return_properties": true}

// queryDecoder is the room in which requests are decoded, one after another.
type queryDecoder struct {
	*decoder[engine.Request]
	r     engine.Request
	names []string
}

var queryDecoders = sync.Pool{New: func() any { return &queryDecoder{decoder: requestSchema.decoder()} }}

// release lets another request be decoded in d, unless d knows names of this one alone.
func (d *queryDecoder) release() {
	clear(d.names)
	d.r = engine.Request{}
	if len(d.fields) == len(requestSchema.fields) && d.round < math.MaxUint32 {
		queryDecoders.Put(d)
	}
}

// RequestQuery decodes a recommendation request from the parameters of a URL: those of
// the body that are one value or a list of plain values, and context.region and its kin.
// Ids with a comma in them need the body.
func RequestQuery(params url.Values) (engine.Request, error) {
	d := queryDecoders.Get().(*queryDecoder)
	defer d.release()
	d.round++
	if err := d.query(params); err != nil {
		return engine.Request{}, err
	}
	return d.r, nil
}

func (d *queryDecoder) query(params url.Values) error {
	e := env{sep: ",", own: true}
	d.names = slices.AppendSeq(d.names[:0], maps.Keys(params))
	slices.Sort(d.names)
	for _, name := range d.names {
		i, p := d.column(name)
		if p == nil && d.fields[i].nested {
			return engine.Invalidf(engine.CodeInvalidField, shorten(name), "the parameter is not one value; send the request with POST, as JSON")
		}
		if p != nil {
			p.Code = engine.CodeUnknownParam
			return p
		}
		given := params[name]
		v := value{kind: cell, env: &e}
		switch {
		case several[d.fields[i].name]:
			v.kind, v.parts = list, split(given, &e)
		case len(given) != 1:
			return engine.Invalidf(engine.CodeInvalidField, shorten(name), "the parameter is given %d times; once is wanted", len(given))
		default:
			v.raw = given[0]
		}
		if p := d.set(&d.r, i, v); p != nil {
			return at(shorten(name), p)
		}
	}
	return nil
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
