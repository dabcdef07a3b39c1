package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
)

const aboutBatch = "One record, a list, or one a line. A bad record is refused by its line, and the others are kept with status 200; if all are refused, or one with `atomic=true`, nothing is kept."

func (w *words) events() map[string]described {
	body := asRecords(w.named("NewEvent"))
	body[mediaText] = &huma.Schema{Type: huma.TypeString, Description: "JSON, as navigator.sendBeacon sends it"}
	return map[string]described{
		"POST /v1/events": {
			id: "postEvents", tag: tagEvents, summary: "Tell what people did", browser: true,
			text: aboutBatch + " When the answer arrives, the write is durable and the next list knows it.",
			body: body, answer: asJSON(w.of(Outcome{})),
			examples: []example{
				{about: "a view", path: "/v1/events", body: `{"event_id": "doc-1", "type": "view", "customer_id": "12619", "item_id": "23084"}`},
				{about: "an order of two lines", path: "/v1/events", body: `{"event_id": "doc-2", "type": "purchase", "customer_id": "doc-ann", "order_id": "A-1", "currency": "GBP",
					"items": [{"item_id": "84991", "quantity": 2, "price": 0.55}, {"item_id": "23084", "price": 2.08}]}`},
				{about: "one a line", path: "/v1/events", media: mediaNDJSON, body: `{"event_id": "doc-3", "type": "view", "session_id": "visit-1", "item_id": "84991"}` + "\n" +
					`{"event_id": "doc-4", "type": "add_to_cart", "session_id": "visit-1", "item_id": "84991"}` + "\n"},
				{about: "from a page", path: "/v1/events", media: mediaText, body: `{"event_id": "doc-5", "type": "view", "session_id": "visit-1", "item_id": "23084"}`},
			},
		},
		"PATCH /v1/events/:id": {
			id: "changeEvent", tag: tagEvents, summary: "Change the named fields of an event",
			text: "Events are kept by person: one of `customer_id` and `session_id` is needed. Null clears; an order gets other lines by `items`.",
			body: asJSON(w.named("EventChange")), answer: asJSON(full(map[string]*huma.Schema{"items": list(w.of(engine.Interaction{}))})),
			examples: []example{{about: "it was a purchase of two", path: "/v1/events/doc-1?customer_id=12619", body: `{"type": "purchase", "quantity": 2, "price": 2.08}`}},
		},
		"DELETE /v1/events/:id": {
			id: "dropEvent", tag: tagEvents, summary: "Take an event back, with all its lines", status: 204,
			text:     "Events are kept by person: one of `customer_id` and `session_id` is needed.",
			examples: []example{{about: "a cart that was a mistake", path: "/v1/events/doc-4?session_id=visit-1"}},
		},
		"GET /v1/customers/:id/events": {
			id: "listCustomerEvents", tag: tagEvents, summary: "What a customer did, newest first",
			answer:   asJSON(page("items", w.of(event{}))),
			examples: []example{{about: "the newest five", path: "/v1/customers/12619/events?limit=5"}, {about: "the five before", path: "/v1/customers/12619/events?limit=5&cursor={cursor}"}},
		},
	}
}

func (w *words) items() map[string]described {
	one, change := asJSON(w.of(engine.Item{})), asJSON(w.named("ItemChange"))
	outcome := asJSON(w.of(Outcome{}))
	return map[string]described{
		"POST /v1/items": {
			id: "putItems", tag: tagItems, summary: "Put items", text: aboutBatch + " Each replaces what had its id.",
			body: asRecords(w.of(engine.Item{})), answer: outcome,
			examples: []example{
				{about: "a product", path: "/v1/items", body: `{"item_id": "doc-lamp", "title": "Brass desk lamp", "categories": ["home/lighting"], "price": 24.5, "currency": "GBP", "stock": 3, "attributes": {"brand": "lux", "watt": 7, "colours": ["brass", "black"]}}`},
				{about: "an article and a fix", path: "/v1/items", body: `[{"item_id": "doc-guide", "kind": "content", "title": "How to light a desk", "text": "Place the lamp to your left.", "url": "/guides/desk"},
					{"item_id": "doc-fix", "kind": "solution", "title": "The lamp flickers", "text": "Turn the bulb tight.", "applies_to": ["doc-lamp"]}]`},
				{about: "one a line", path: "/v1/items", media: mediaNDJSON, body: `{"item_id": "doc-a", "title": "A"}` + "\n" + `{"item_id": "doc-b", "title": "B"}` + "\n"},
			},
		},
		"PATCH /v1/items": {
			id: "changeItems", tag: tagItems, summary: "Change the named fields of items", text: aboutBatch + " Null clears; attributes are merged name by name.",
			body: asRecords(w.named("ItemChange")), answer: outcome,
			examples: []example{{about: "prices and stock", path: "/v1/items", body: `[{"item_id": "doc-lamp", "price": 19.5, "stock": 12}, {"item_id": "doc-a", "stock": 0}]`}},
		},
		"GET /v1/items": {
			id: "listItems", tag: tagItems, summary: "All items", answer: asJSON(page("items", w.of(engine.Item{}))),
			examples: []example{{about: "the first three", path: "/v1/items?limit=3"}, {about: "the three after", path: "/v1/items?limit=3&cursor={cursor}"}},
		},
		"GET /v1/items/:id": {
			id: "showItem", tag: tagItems, summary: "One item", answer: one,
			examples: []example{{about: "a night light", path: "/v1/items/23084"}},
		},
		"PUT /v1/items/:id": {
			id: "putItem", tag: tagItems, summary: "Put one item", text: "It replaces what had its id, and the answer is what is kept.", body: change, answer: one,
			examples: []example{{about: "a product", path: "/v1/items/doc-b", body: `{"title": "A second lamp", "price": 12}`}},
		},
		"PATCH /v1/items/:id": {
			id: "changeItem", tag: tagItems, summary: "Change the named fields of one item", body: change, answer: one,
			examples: []example{{about: "sold out", path: "/v1/items/doc-b", body: `{"stock": 0, "price": null}`}},
		},
		"DELETE /v1/items/:id": {
			id: "dropItem", tag: tagItems, summary: "Take an item out", text: "It is in no list any more. What people did with it stays.", status: 204,
			examples: []example{{about: "the second lamp", path: "/v1/items/doc-b"}},
		},
		"GET /v1/attributes": {
			id: "listAttributes", tag: tagItems, summary: "What filters can ask of items", answer: asJSON(w.attributes()),
			examples: []example{{about: "all of them", path: "/v1/attributes"}},
		},
	}
}

const aboutTriage = "Advice, which changes nothing: by the shop's tickets that are done where enough of them are, else by words. What is null nothing is known of."

func (w *words) tickets() map[string]described {
	triage := asJSON(w.of(engine.TriageRequest{}))
	one, change := asJSON(w.of(engine.Ticket{})), asJSON(w.named("TicketChange"))
	outcome := asJSON(w.of(Outcome{}))
	return map[string]described{
		"POST /v1/tickets": {
			id: "putTickets", tag: tagTickets, summary: "Put tickets", text: aboutBatch + " Card numbers, mail addresses and phone numbers in texts are replaced before they are kept.",
			body: asRecords(w.of(engine.Ticket{})), answer: outcome,
			examples: []example{{about: "a new one", path: "/v1/tickets", body: `{"ticket_id": "doc-t1", "customer_id": "15298", "product_id": "23084", "channel": "email", "subject": "My night light stays dark", "text": "It worked for a week. I can be reached at ann@example.com.", "state": "open"}`}},
		},
		"PATCH /v1/tickets": {
			id: "changeTickets", tag: tagTickets, summary: "Change the named fields of tickets", text: aboutBatch,
			body: asRecords(w.named("TicketChange")), answer: outcome,
			examples: []example{{about: "a queue", path: "/v1/tickets", body: `{"ticket_id": "doc-t1", "queue": "lighting", "priority": "high"}`}},
		},
		"GET /v1/tickets": {
			id: "listTickets", tag: tagTickets, summary: "All tickets", answer: asJSON(page("tickets", w.of(engine.Ticket{}))),
			examples: []example{{about: "the first two", path: "/v1/tickets?limit=2"}},
		},
		"GET /v1/tickets/:id": {
			id: "showTicket", tag: tagTickets, summary: "One ticket", answer: asJSON(w.of(ticketView{})),
			examples: []example{{about: "one of the demo's, with who asks", path: "/v1/tickets/demo-1002?include=customer"}},
		},
		"PUT /v1/tickets/:id": {
			id: "putTicket", tag: tagTickets, summary: "Put one ticket", body: change, answer: one,
			examples: []example{{about: "a call", path: "/v1/tickets/doc-t2", body: `{"channel": "phone", "subject": "Where is my order?", "state": "open"}`}},
		},
		"PATCH /v1/tickets/:id": {
			id: "changeTicket", tag: tagTickets, summary: "Change the named fields of one ticket", body: change, answer: one,
			text:     "A text takes the place of what the customer wrote first.",
			examples: []example{{about: "solved by a fix", path: "/v1/tickets/doc-t1", body: `{"state": "solved", "csat": 5, "solutions": [{"item_id": "fix-lamp-broken", "outcome": "solved"}]}`}},
		},
		"POST /v1/tickets/:id/messages": {
			id: "postMessages", tag: tagTickets, summary: "Add messages to a ticket",
			text: "One or a list. A message whose sender, text and time the ticket has already is the same one, sent again.",
			body: asJSON(oneOrSeveral(w.of(engine.Message{}))), answer: asJSON(w.of(added{})),
			examples: []example{
				{about: "the agent answers", path: "/v1/tickets/doc-t1/messages", body: `{"from": "agent", "text": "Please put in new batteries."}`},
				{about: "two at once", path: "/v1/tickets/doc-t1/messages", body: `[{"from": "customer", "text": "Done."}, {"from": "customer", "text": "It lights again!", "at": "2026-01-02T15:04:05Z"}]`},
			},
		},
		"POST /v1/tickets/:id/triage": {
			id: "triageTicket", tag: tagTickets, summary: "What a ticket is, who should have it, how long it will take", text: aboutTriage + " What the body says stands in for what the ticket says.",
			body: triage, optional: true, answer: asJSON(w.of(engine.TriageAnswer{})),
			examples: []example{
				{about: "as it came", path: "/v1/tickets/demo-1002/triage"},
				{about: "under another subject, with who should take it", path: "/v1/tickets/demo-1002/triage", body: `{"subject": "it is urgent", "agents": true}`},
			},
		},
		"POST /v1/triage": {
			id: "triage", tag: tagTickets, summary: "Triage of a text that is no ticket yet", text: aboutTriage,
			body: triage, answer: asJSON(w.of(engine.TriageAnswer{})),
			examples: []example{{about: "an upset customer", path: "/v1/triage", body: `{"subject": "Again!", "text": "The lamp is broken AGAIN, this is unacceptable. I need a new one immediately.", "product_id": "23084", "channel": "email"}`}},
		},
		"DELETE /v1/tickets/:id": {
			id: "dropTicket", tag: tagTickets, summary: "Forget a ticket", status: 204,
			examples: []example{{about: "the call", path: "/v1/tickets/doc-t2"}},
		},
	}
}

// files are the routes that take and give everything of a kind.
func (w *words) files() map[string]described {
	file := &huma.Schema{Type: huma.TypeString, Description: "a file, as it is or compressed by gzip or zstd"}
	taken := content{mediaCSV: file, mediaNDJSON: file, mediaParquet: {}, "application/octet-stream": {}}
	given := content{mediaCSV: text(), mediaNDJSON: text(), mediaParquet: {}, "application/octet-stream": {}}
	return map[string]described{
		"POST /v1/import/:what": {
			id: "importRecords", tag: tagOperation, summary: "Take a file of any size", text: "A thousand records to a commit: what was accepted before an error is kept, and the same file again doubles nothing.",
			body: taken, answer: asJSON(w.of(Outcome{})),
			examples: []example{
				{about: "customers as a table", path: "/v1/import/customers", media: mediaCSV, body: "customer_id,attributes.city\ndoc-cleo,Ulm\ndoc-dan,Bern\n"},
				{about: "orders, one a line", path: "/v1/import/orders", media: mediaNDJSON, body: `{"order_id": "doc-o1", "customer_id": "doc-cleo", "item_id": "84991", "quantity": 6, "at": "2026-01-02T15:04:05Z"}` + "\n"},
			},
		},
		"GET /v1/export/:what": {
			id: "exportRecords", tag: tagOperation, summary: "Everything of a kind, as of one moment",
			text: "`X-Rapport-Seq` says as of which write. A connection that is cut is an export that failed.", answer: given,
			examples: []example{
				{about: "tickets", path: "/v1/export/tickets"},
				{about: "items as a table", path: "/v1/export/items?format=csv"},
				{about: "customers as Parquet", path: "/v1/export/customers?format=parquet"},
			},
		},
		"GET /v1/backup": {
			id: "backup", tag: tagOperation, summary: "A backup of everything, while the server goes on",
			text:     "For `rapport restore`. The trailer `X-Rapport-Position` is what the next backup gives as `since`. It ends with a checksum, so that one cut short is seen to be.",
			answer:   content{"application/octet-stream": {}},
			examples: []example{{about: "a whole one", path: "/v1/backup"}},
		},
		"GET /v1/backups": {
			id: "listBackups", tag: tagOperation, summary: "The backups that were made, oldest first", text: "The newest 200.",
			answer:   asJSON(full(map[string]*huma.Schema{"backups": list(w.of(engine.Backup{}))})),
			examples: []example{{about: "the one before", path: "/v1/backups"}},
		},
	}
}
