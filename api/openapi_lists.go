package api

import (
	"maps"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/solution"
)

// descriptions are all of them, by "METHOD path".
func (w *words) descriptions() map[string]described {
	all := map[string]described{}
	for _, chapter := range []map[string]described{
		w.lists(), w.events(), w.items(), w.customers(), w.tickets(), w.steering(), w.files(), w.operation(),
	} {
		maps.Copy(all, chapter)
	}
	return all
}

func (w *words) lists() map[string]described {
	request, answer := asJSON(w.of(engine.Request{})), asJSON(w.of(engine.Answer{}))
	return map[string]described{
		"POST /v1/recommendations": {
			id: "recommend", tag: tagLists, summary: "Ask for a list",
			text: "The canonical form: everything stands in the body. The short-hands below answer the same.",
			body: request, answer: answer,
			examples: []example{
				{about: "products for a customer", path: "/v1/recommendations", body: `{"customer_id": "12619", "count": 5, "return_properties": ["title", "price"]}`},
				{about: "lights first, a lamp on the second place, two of a category", path: "/v1/recommendations", body: `{"customer_id": "12619", "count": 6,
					"boost": [{"filter": "\"home/lighting\" in categories", "add": 20}],
					"pins": [{"item_id": "23084", "rank": 2}], "constraints": [{"attribute": "categories", "max": 2}]}`},
				{about: "what goes into a basket", path: "/v1/recommendations", body: `{"basket": ["84991", "21977"], "filter": "price < 5", "explain": "full"}`},
				{about: "words, and nobody in particular", path: "/v1/recommendations", body: `{"query": "birthday party", "kind": ["product", "content"], "record": false}`},
			},
		},
		"POST /v1/recommendations/bulk": {
			id: "recommendForMany", tag: tagLists, summary: "Lists for many customers, one a line",
			text: "For a mail run or a notebook: a request without a customer, who is put in its place one by one. A line is an answer that begins with its `customer_id`; named customers come in their order, everybody in that of a hash of the id, which says nothing and is the same every time. With `validate_only` there is one line, the answer for somebody unknown without items, and no trailers. It leaves no impressions. The trailers `X-Rapport-Lists` and `X-Rapport-Left-Out` say how many lists there are and how many customers refused. A connection that is cut is a run that failed.",
			body: asJSON(w.named("BulkRequest")), answer: content{mediaNDJSON: text()},
			examples: []example{
				{about: "two customers", path: "/v1/recommendations/bulk", body: `{"customers": ["12619", "15298"], "count": 3, "return_properties": ["title"]}`},
				{about: "everybody, articles", path: "/v1/recommendations/bulk", body: `{"scenario": "articles", "count": 2, "explain": "none"}`},
			},
		},
		"GET /v1/recommendations/:id": {
			id: "replayRecommendation", tag: tagLists, summary: "What was answered, and why",
			text:   "An answer is kept for 30 days, its reasons, and what an answer to a ticket says why and cites, for 24 hours; properties are not kept.",
			answer: asJSON(w.of(engine.Impression{})),
			also:   map[int]string{404: "It was dropped, has expired, or is none of ours"},
			examples: []example{
				{about: "the answer before", path: "/v1/recommendations/{recommendation_id}"},
			},
		},
		"POST /v1/recommendations/:id/next": {
			id: "continueRecommendation", tag: tagLists, summary: "The next page of a list",
			text:   "The same request again, without what was shown. It leaves an answer of its own, which can be continued in turn.",
			answer: answer,
			examples: []example{
				{about: "three more", path: "/v1/recommendations/{recommendation_id}/next?count=3"},
			},
		},
		"POST /v1/rank": {
			id: "rank", tag: tagLists, summary: "Put a list of your own in order",
			text: "`left_out` names the items that are not in the answer, and why.",
			body: asJSON(w.named("RankRequest")), answer: answer,
			examples: []example{{about: "three items and one that is unknown", path: "/v1/rank", body: `{"customer_id": "12619", "items": ["23084", "84991", "21977", "no-such-item"]}`}},
		},
		"GET /v1/customers/:id/recommendations": {
			id: "recommendForCustomer", tag: tagLists, summary: "A list for a customer", browser: true,
			params: listParams, answer: answer,
			text: browserCustomer,
			examples: []example{
				{about: "products", path: "/v1/customers/12619/recommendations?count=5&return_properties=title,price"},
				{about: "articles", path: "/v1/customers/12619/recommendations?scenario=articles&count=3"},
				{about: "lights below 5 pounds", path: "/v1/customers/12619/recommendations?filter=price%20%3C%205%20%26%26%20%22home%2Flighting%22%20in%20categories"},
			},
		},
		"POST /v1/customers/:id/recommendations": {
			id: "recommendForCustomerInBody", tag: tagLists, summary: "A list for a customer, the rest in the body",
			body: request, optional: true, answer: answer,
			examples: []example{{about: "with a boost", path: "/v1/customers/12619/recommendations", body: `{"boost": [{"filter": "price < 2", "add": 1}]}`}},
		},
		"GET /v1/sessions/:id/recommendations": {
			id: "recommendForSession", tag: tagLists, summary: "A list for a visit", browser: true,
			params: listParams, answer: answer,
			examples: []example{{about: "a visit that has just begun", path: "/v1/sessions/visit-1/recommendations?count=4"}},
		},
		"POST /v1/sessions/:id/recommendations": {
			id: "recommendForSessionInBody", tag: tagLists, summary: "A list for a visit, the rest in the body",
			body: request, optional: true, answer: answer,
			examples: []example{{about: "on a page", path: "/v1/sessions/visit-1/recommendations", body: `{"context": {"page": "home", "device": "phone"}}`}},
		},
		"GET /v1/items/:id/related": {
			id: "relatedItems", tag: tagLists, summary: "What goes with an item", browser: true,
			params: listParams, answer: answer,
			examples: []example{{about: "beside a night light", path: "/v1/items/23084/related?count=4&return_properties=title"}},
		},
		"POST /v1/items/:id/related": {
			id: "relatedItemsInBody", tag: tagLists, summary: "What goes with an item, the rest in the body",
			body: request, optional: true, answer: answer,
			examples: []example{{about: "for somebody", path: "/v1/items/23084/related", body: `{"customer_id": "15298", "count": 4}`}},
		},
		"POST /v1/solutions/suggest": {
			id: "suggestSolutions", tag: tagLists, summary: "Fixes for a ticket or a text",
			text: "One of `ticket_id`, `subject` and `text` is needed. Where nothing fits, the list is empty.",
			body: asJSON(w.of(engine.SuggestRequest{})), answer: asJSON(w.of(engine.SuggestAnswer{})),
			examples: []example{
				{about: "a complaint about a lamp", path: "/v1/solutions/suggest", body: `{"text": "my lamp arrived broken", "customer_id": "15298", "count": 3}`},
				{about: "a ticket that is stored", path: "/v1/solutions/suggest", body: `{"ticket_id": "demo-1002", "return_properties": ["title"]}`},
				{about: "with what the agent wants to know of who asks", path: "/v1/solutions/suggest", body: `{"ticket_id": "demo-1001", "count": 2, "include": ["customer"]}`},
			},
		},
		"GET /v1/solutions/health": {
			id: "listSolutionHealth", tag: tagLists, summary: "How every fix does, those that need a look first",
			text:     aboutHealth,
			answer:   asJSON(asOf(page("items", w.of(solution.Health{})), nil)),
			examples: []example{{about: "the five that need a look most", path: "/v1/solutions/health?limit=5"}, {about: "the five after", path: "/v1/solutions/health?limit=5&cursor={cursor}"}},
		},
		"GET /v1/solutions/:id/health": {
			id: "showSolutionHealth", tag: tagLists, summary: "How one fix does", text: aboutHealth, answer: asJSON(w.of(healthOf{})),
			also:     map[int]string{404: "It is no solution, and was tried on no ticket"},
			examples: []example{{about: "one of the demo's", path: "/v1/solutions/fix-broken-on-arrival/health"}},
		},
		"GET /v1/solutions/gaps": {
			id: "listKnowledgeGaps", tag: tagLists, summary: "What the desk has no fix for, the largest gaps first",
			text:     "Clusters of tickets that say the same and that no fix ended, of the newest 20,000: see docs/support.md. Texts are shown as they are kept; tickets of customers who refused training are not looked at, and those of erased customers are gone.",
			answer:   asJSON(asOf(page("items", w.of(engine.KnowledgeGap{})), map[string]*huma.Schema{"tickets": number()})),
			examples: []example{{about: "the largest three", path: "/v1/solutions/gaps?limit=3"}},
		},
	}
}

const aboutHealth = "Each ticket that a fix was tried on counts once, with what is known last. Shares are Wilson's, with intervals of 95 %. Where reading the log takes longer than 50 ms, the figures may be up to twenty times as old as that takes, an hour at most; what was erased is never in them: `as_of` says of when."

// asOf adds the moment that a page is of, and what else stands beside its items.
func asOf(page *huma.Schema, more map[string]*huma.Schema) *huma.Schema {
	page.Properties["as_of"] = &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	page.Required = append(page.Required, "as_of")
	for name, s := range more {
		page.Properties[name] = s
		page.Required = append(page.Required, name)
	}
	return page
}

const browserCustomer = "With the publishable key it needs a `customer_token`, which the shop's server makes; with the API key it needs none."
