package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
)

// question is one request worth trying on the sample shop.
type question struct {
	about  string
	path   string
	params []param // of a GET
	body   string  // JSON; a POST if there is one
}

type param struct{ name, value string }

// questions are what the demo proposes to ask.
var questions = []question{
	{
		about:  "products for a customer who bakes",
		path:   "/v1/customers/" + sampleshop.Customer + "/recommendations",
		params: []param{{"count", "5"}, {"return_properties", "title,price"}},
	},
	{
		about:  "articles for the same customer",
		path:   "/v1/customers/" + sampleshop.Customer + "/recommendations",
		params: []param{{"scenario", "articles"}, {"count", "3"}, {"return_properties", "title"}},
	},
	{
		about: "fixes for a customer who bought a lamp",
		path:  "/v1/solutions/suggest",
		body:  `{"text": "my lamp arrived broken", "customer_id": "` + sampleshop.LampCustomer + `", "count": 3}`,
	},
	{
		about:  "the same products, but lights below 5 pounds only",
		path:   "/v1/customers/" + sampleshop.Customer + "/recommendations",
		params: []param{{"count", "5"}, {"return_properties", "title,price"}, {"filter", `price < 5 && "home/lighting" in categories`}},
	},
}

// url returns the address of the question.
func (q question) url(base string) string {
	values := url.Values{}
	for _, p := range q.params {
		values.Set(p.name, p.value)
	}
	if len(values) == 0 {
		return base + q.path
	}
	return base + q.path + "?" + values.Encode()
}

// curl returns the line that asks the question. None of it holds a single quote.
func (q question) curl(base string, keyed bool) string {
	var b strings.Builder
	b.WriteString("curl -s")
	if keyed {
		b.WriteString(` -H "Authorization: Bearer $RAPPORT_KEY"`)
	}
	if q.body != "" {
		fmt.Fprintf(&b, " -H 'Content-Type: application/json' %s%s -d '%s'", base, q.path, q.body)
		return b.String()
	}
	fmt.Fprintf(&b, " -G %s%s", base, q.path)
	for _, p := range q.params {
		fmt.Fprintf(&b, " --data-urlencode '%s=%s'", p.name, p.value)
	}
	return b.String()
}
