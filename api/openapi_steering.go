package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

func (w *words) attributes() *huma.Schema {
	return full(map[string]*huma.Schema{"attributes": list(w.of(catalogue.Attribute{}))})
}

func (w *words) steering() map[string]described {
	scenario, job := asJSON(w.of(engine.Scenario{})), asJSON(w.of(engine.Job{}))
	sent := w.change("Scenario")
	sent.Properties["name"] = text()
	kinds := dictionary(strict("weight", map[string]*huma.Schema{
		"weight":    {Type: huma.TypeNumber, Description: "strength and sign; 0 ignores the type"},
		"half_life": {AnyOf: []*huma.Schema{text(), number()}, Description: "such as 60d or 36h, or seconds; none never fades"},
		"liked":     {Type: huma.TypeNumber, Description: "the least value that means it was liked; a lower one turns the sign"},
	}))
	privacy := asJSON(full(map[string]*huma.Schema{"redact": {Type: huma.TypeBoolean, Description: "card numbers, mail addresses and phone numbers are replaced before they are kept"}}))
	support := asJSON(strict("", map[string]*huma.Schema{
		"answer_from":      chance("the least chance of the first fix with which it is sent"),
		"escalate_below":   chance("the chance below which a person takes over; at most answer_from"),
		"escalate_after":   {Type: huma.TypeInteger, Minimum: new(0.0), Maximum: new(float64(engine.MaxListValues)), Description: "so many fixes that failed on a ticket a person takes over; 0 for never"},
		"mood_below":       {Type: huma.TypeNumber, Minimum: new(-1.0), Maximum: new(0.0), Description: "how a text sounds, from -1 (furious) to 0 (neither way), below which a person takes over; -1 for never"},
		"sensitive_topics": {Type: huma.TypeObject, AdditionalProperties: list(&huma.Schema{Type: huma.TypeString, MaxLength: new(engine.MaxTopicBytes)}), Description: "words and phrases that go to a person, by language (en, de): in any inflection. Those of * are looked for in every text, as they are written"},
	}))
	sources := asJSON(dictionary(dictionary(&huma.Schema{AnyOf: []*huma.Schema{number(), text()}})))
	models := asJSON(full(map[string]*huma.Schema{"models": list(w.of(engine.ModelVersion{}))}))
	return map[string]described{
		"GET /v1/scenarios": {
			id: "listScenarios", tag: tagSteering, summary: "All places", answer: asJSON(full(map[string]*huma.Schema{"scenarios": list(w.of(engine.Scenario{}))})),
			examples: []example{{about: "the built-in ones", path: "/v1/scenarios"}},
		},
		"GET /v1/scenarios/:name": {
			id: "showScenario", tag: tagSteering, summary: "One place", answer: scenario,
			examples: []example{{about: "the home page", path: "/v1/scenarios/home"}},
		},
		"PUT /v1/scenarios/:name": {
			id: "putScenario", tag: tagSteering, summary: "Set up a place", text: "It is checked against today's catalogue before it is kept.",
			body: asJSON(sent), answer: scenario,
			examples: []example{{about: "cheap lights", path: "/v1/scenarios/doc-lights", body: `{"description": "Lights below 10 pounds", "kinds": ["product"], "filter": "\"home/lighting\" in categories && price < 10", "diversity": 0.2, "count": 8}`}},
		},
		"DELETE /v1/scenarios/:name": {
			id: "dropScenario", tag: tagSteering, summary: "Forget a place", text: "A built-in one returns to its default.", status: 204,
			examples: []example{{about: "the lights", path: "/v1/scenarios/doc-lights"}},
		},
		"POST /v1/scenarios/:name/preview": {
			id: "previewScenario", tag: tagSteering, summary: "Try a changed place, beside what it is now", text: "Neither list leaves an impression.",
			body: asJSON(strict("", map[string]*huma.Schema{
				"scenario": {AllOf: []*huma.Schema{sent}, Description: "default: as it is stored"},
				"request":  {AllOf: []*huma.Schema{w.of(engine.Request{})}, Description: "default: a stranger's"},
			})),
			answer:   asJSON(w.of(previewed{})),
			examples: []example{{about: "only cheap things on the home page", path: "/v1/scenarios/home/preview", body: `{"scenario": {"kinds": ["product"], "filter": "price < 1"}, "request": {"customer_id": "12619", "count": 3}}`}},
		},
		"GET /v1/settings/interaction-types": {
			id: "showInteractionTypes", tag: tagSteering, summary: "What types of interaction mean", answer: asJSON(kinds),
			examples: []example{{about: "all of them", path: "/v1/settings/interaction-types"}},
		},
		"PUT /v1/settings/interaction-types": {
			id: "putInteractionTypes", tag: tagSteering, summary: "Say what all types of interaction mean", status: 202,
			text: "A type that is not named weighs nothing. Histories are read anew at once, live counts in the background, models follow at their next training.",
			body: asJSON(kinds), answer: asJSON(kinds),
			examples: []example{{about: "three types", path: "/v1/settings/interaction-types", body: `{"view": {"weight": 0.2, "half_life": "60d"}, "purchase": {"weight": 1, "half_life": "730d"}, "rating": {"weight": 1, "liked": 3}}`}},
		},
		"PATCH /v1/settings/interaction-types": {
			id: "changeInteractionTypes", tag: tagSteering, summary: "Say what the named types mean", status: 202,
			text: "Each named type is replaced whole: one sent without its half-life never fades.", body: asJSON(kinds), answer: asJSON(kinds),
			examples: []example{{about: "a type of your own", path: "/v1/settings/interaction-types", body: `{"wishlist": {"weight": 0.6, "half_life": "90d"}}`}},
		},
		"GET /v1/settings/sources": {
			id: "showSources", tag: tagSteering, summary: "With which settings sources are trained", answer: sources,
			text:     "Those that are set, as by rapport tune --install. All others are chosen at each training.",
			examples: []example{{about: "all of them", path: "/v1/settings/sources"}},
		},
		"PUT /v1/settings/sources": {
			id: "putSources", tag: tagSteering, summary: "Say with which settings all sources are trained", body: sources, answer: sources,
			text:     "From the next training on. The settings of a source that is not named are chosen again; {} chooses all.",
			examples: []example{{about: "one of them", path: "/v1/settings/sources", body: `{"ease": {"lambda": 180}}`}},
		},
		"PATCH /v1/settings/sources": {
			id: "changeSources", tag: tagSteering, summary: "Say with which settings the named sources are trained", answer: sources,
			text:     "Each named source is replaced whole; null has its settings chosen again.",
			body:     asJSON(dictionary(&huma.Schema{AnyOf: []*huma.Schema{dictionary(&huma.Schema{AnyOf: []*huma.Schema{number(), text()}}), {Type: "null"}}})),
			examples: []example{{about: "chosen again", path: "/v1/settings/sources", body: `{"ease": null}`}},
		},
		"GET /v1/settings/privacy": {
			id: "showPrivacy", tag: tagSteering, summary: "What becomes of the words of tickets", answer: privacy,
			examples: []example{{about: "as it is", path: "/v1/settings/privacy"}},
		},
		"PUT /v1/settings/privacy": {
			id: "putPrivacy", tag: tagSteering, summary: "Say what becomes of the words of tickets", text: "For what is written from now on.", body: privacy, answer: privacy,
			examples: []example{{about: "replace what is private", path: "/v1/settings/privacy", body: `{"redact": true}`}},
		},
		"GET /v1/settings/support": {
			id: "showSupport", tag: tagSteering, summary: "When a person takes a ticket over", answer: support,
			examples: []example{{about: "the limits in force", path: "/v1/settings/support"}},
		},
		"PUT /v1/settings/support": {
			id: "putSupport", tag: tagSteering, summary: "Say when a person takes a ticket over", body: support, answer: support,
			text:     "From the next answer on. What is not given is as by default; {} is all defaults.",
			examples: []example{{about: "a careful shop", path: "/v1/settings/support", body: `{"answer_from": 0.8, "escalate_below": 0.4, "sensitive_topics": {"en": ["lawyer", "injured", "caught fire"], "de": ["Anwalt", "verletzt", "in Brand geraten"]}}`}},
		},
		"PATCH /v1/settings/support": {
			id: "changeSupport", tag: tagSteering, summary: "Change some of the limits", body: support, answer: support,
			text:     "From the next answer on. null sets a limit back to its default; of `sensitive_topics` each language is replaced whole, set back to its default by null, and taken out by [].",
			examples: []example{{about: "after the first failure", path: "/v1/settings/support", body: `{"escalate_after": 1}`}},
		},
		"GET /v1/models": {
			id: "listModels", tag: tagSteering, summary: "The versions that are kept, with their reports", answer: models,
			text:     "`current` is the one that serves; none is, where none can be read.",
			examples: []example{{about: "all of them", path: "/v1/models"}},
		},
		"POST /v1/models/train": {
			id: "train", tag: tagSteering, summary: "Train now", status: 202, answer: job, also: map[int]string{409: "One is running: `job` says which"},
			examples: []example{{about: "on what is new", path: "/v1/models/train"}},
		},
		"POST /v1/models/rollback": {
			id: "rollback", tag: tagSteering, summary: "Make a kept version serve",
			body: asJSON(full(map[string]*huma.Schema{"to": {Type: huma.TypeInteger, Description: "the version"}})), answer: models,
			also:     map[int]string{409: "A training is running, or the version cannot be read"},
			examples: []example{{about: "the first", path: "/v1/models/rollback", body: `{"to": 1}`}},
		},
		"GET /v1/jobs/:id": {
			id: "showJob", tag: tagSteering, summary: "How far a training is", text: "The last 100 are remembered, until the process ends.", answer: job,
			examples: []example{{about: "the training before", path: "/v1/jobs/{job_id}"}},
		},
	}
}

// chance is a chance, explained.
func chance(about string) *huma.Schema {
	s := between(0, 1)
	s.Description = about
	return s
}

func (w *words) operation() map[string]described {
	ready := asJSON(w.of(readiness{}))
	return map[string]described{
		"POST /v1/batch": {
			id: "batch", tag: tagOperation, summary: "Several requests in one",
			text: "Each is done as if it had come alone, one after another; one that fails does not stop the next.",
			body: asJSON(full(map[string]*huma.Schema{"requests": list(strict("method path", map[string]*huma.Schema{
				"method": among("GET", "POST", "PUT", "PATCH", "DELETE"), "path": text(), "body": {},
			}))})),
			answer: asJSON(list(w.of(bundledAnswer{}))),
			examples: []example{{about: "an event and a list", path: "/v1/batch", body: `{"requests": [
				{"method": "POST", "path": "/v1/events", "body": {"event_id": "doc-6", "type": "view", "customer_id": "12619", "item_id": "84991"}},
				{"method": "GET", "path": "/v1/customers/12619/recommendations?count=2"}]}`}},
		},
		"GET /healthz": {
			id: "health", tag: tagOperation, summary: "Does the process answer?", open: true,
			answer: asJSON(full(map[string]*huma.Schema{"status": among("ok")})), examples: []example{{about: "yes", path: "/healthz"}},
		},
		"GET /readyz": {
			id: "ready", tag: tagOperation, summary: "May requests be sent here?", text: "503 while writes are not taken. Where models could not be read at the start, `detail` says which, and what to do.", open: true,
			answer: ready, examples: []example{{about: "yes", path: "/readyz"}},
		},
		"GET /v1/version": {
			id: "version", tag: tagOperation, summary: "Which program answers",
			answer:   asJSON(full(map[string]*huma.Schema{"name": text(), "version": text(), "api": text()})),
			examples: []example{{about: "this one", path: "/v1/version"}},
		},
		"GET /v1/whoami": {
			id: "whoami", tag: tagOperation, summary: "As whom you came in",
			answer:   asJSON(full(map[string]*huma.Schema{"workspace": text(), "keyed": truth(), "key": {Type: huma.TypeString, Description: "the key's fingerprint"}})),
			examples: []example{{about: "you", path: "/v1/whoami"}},
		},
		"GET /v1/openapi.json": {
			id: "openapi", tag: tagOperation, summary: "This document", open: true, answer: asJSON(&huma.Schema{Type: huma.TypeObject}),
			examples: []example{{about: "in JSON", path: "/v1/openapi.json"}},
		},
		"GET /v1/openapi.yaml": {
			id: "openapiYAML", tag: tagOperation, summary: "This document in YAML", open: true, answer: content{"application/yaml": {Type: huma.TypeObject}},
			examples: []example{{about: "in YAML", path: "/v1/openapi.yaml"}},
		},
		"GET /metrics": {
			id: "metrics", tag: tagOperation, summary: "Figures for Prometheus", answer: content{mediaText: text()},
			examples: []example{{about: "all of them", path: "/metrics"}},
		},
	}
}
