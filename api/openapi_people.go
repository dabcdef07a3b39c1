package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
)

func (w *words) customers() map[string]described {
	one, change := asJSON(w.of(engine.Customer{})), asJSON(w.named("CustomerChange"))
	outcome := asJSON(w.of(Outcome{}))
	preferences := full(map[string]*huma.Schema{"muted_items": list(text()), "muted_categories": list(text())})
	from := strict("", map[string]*huma.Schema{
		"session_id":  {Type: huma.TypeString, Description: "the visit whose past is joined; this or customer_id"},
		"customer_id": {Type: huma.TypeString, Description: "the customer whose past is joined"},
	})
	return map[string]described{
		"POST /v1/customers": {
			id: "putCustomers", tag: tagCustomers, summary: "Put customers", text: aboutBatch + " Customers need not be put before they do something.",
			body: asRecords(w.of(engine.Customer{})), answer: outcome,
			examples: []example{{about: "one who wants no mail", path: "/v1/customers", body: `{"customer_id": "doc-ann", "attributes": {"size": "M"}, "consent": {"outreach": false}}`}},
		},
		"PATCH /v1/customers": {
			id: "changeCustomers", tag: tagCustomers, summary: "Change the named fields of customers", text: aboutBatch + " Null clears; attributes, consent and preferences are merged name by name.",
			body: asRecords(w.named("CustomerChange")), answer: outcome,
			examples: []example{{about: "a new size", path: "/v1/customers", body: `[{"customer_id": "doc-ann", "attributes": {"size": "L"}}]`}},
		},
		"GET /v1/customers": {
			id: "listCustomers", tag: tagCustomers, summary: "All customers of whom there is a record", answer: asJSON(page("customers", w.of(engine.Customer{}))),
			examples: []example{{about: "the first two", path: "/v1/customers?limit=2"}},
		},
		"GET /v1/customers/:id": {
			id: "showCustomer", tag: tagCustomers, summary: "One customer", answer: one,
			examples: []example{{about: "one with a record", path: "/v1/customers/doc-ann"}},
		},
		"PUT /v1/customers/:id": {
			id: "putCustomer", tag: tagCustomers, summary: "Put one customer", body: change, answer: one,
			examples: []example{{about: "with attributes", path: "/v1/customers/doc-ben", body: `{"attributes": {"tier": "gold", "age": 41}}`}},
		},
		"PATCH /v1/customers/:id": {
			id: "changeCustomer", tag: tagCustomers, summary: "Change the named fields of one customer", body: change, answer: one,
			examples: []example{{about: "no longer gold", path: "/v1/customers/doc-ben", body: `{"attributes": {"tier": null}}`}},
		},
		"GET /v1/customers/:id/preferences": {
			id: "showPreferences", tag: tagCustomers, summary: "What a customer asked not to see", answer: asJSON(preferences),
			examples: []example{{about: "nothing yet", path: "/v1/customers/doc-ann/preferences"}},
		},
		"PATCH /v1/customers/:id/preferences": {
			id: "changePreferences", tag: tagCustomers, summary: "Mute items or categories for a customer", text: "A list that is given replaces the one before.",
			body: asJSON(w.of(engine.Preferences{})), answer: asJSON(preferences),
			examples: []example{{about: "no more pens", path: "/v1/customers/doc-ann/preferences", body: `{"muted_categories": ["stationery/pens and pencils"], "muted_items": ["10120"]}`}},
		},
		"POST /v1/customers/:id/merge": {
			id: "mergeInto", tag: tagCustomers, summary: "Join the past of a visit or of another customer",
			body: asJSON(from), answer: asJSON(full(map[string]*huma.Schema{"customer_id": text(), "merged": from})),
			examples: []example{{about: "a visitor who logged in", path: "/v1/customers/doc-ann/merge", body: `{"session_id": "visit-1"}`}},
		},
		"DELETE /v1/customers/:id": {
			id: "eraseCustomer", tag: tagCustomers, summary: "Forget a customer", text: "All that was known of them is gone, and what they were joined from. The receipt proves it without naming them.",
			answer:   asJSON(w.of(engine.Erasure{})),
			examples: []example{{about: "one who asked for it", path: "/v1/customers/doc-ann"}},
		},
		"GET /v1/customers/:id/timeline": {
			id: "showTimeline", tag: tagCustomers, summary: "All that happened with a customer, newest first",
			text:   "Events, tickets with their messages and outcomes, and lists that were given, whatever the channel.",
			answer: asJSON(page("items", w.of(moment{}))),
			examples: []example{
				{about: "tickets and what was written in them", path: "/v1/customers/12619/timeline?type=ticket,message&limit=4"},
				{about: "everything", path: "/v1/customers/15298/timeline"},
			},
		},
		"GET /v1/customers/:id/export": {
			id: "exportCustomer", tag: tagCustomers, summary: "Everything that is kept about a customer, for the customer",
			text: "One document, to be saved. Of somebody nobody heard of it is an empty one.", answer: asJSON(w.of(portrait{})),
			examples: []example{{about: "one with tickets", path: "/v1/customers/15298/export"}},
		},
		"GET /v1/erasures/:receipt": {
			id: "showErasure", tag: tagCustomers, summary: "The receipt of an erasure again", answer: asJSON(w.of(engine.Erasure{})),
			examples: []example{{about: "the one before", path: "/v1/erasures/{receipt}"}},
		},
	}
}
