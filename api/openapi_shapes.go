package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/solution"
)

// shapes are the fields of which the Go type says too little.
var shapes = map[string]*huma.Schema{
	"Request.kind":      oneOrSeveral(text()),
	"Request.count":     whole(1, engine.MaxCount),
	"Request.explain":   among(engine.ExplainNone, engine.ExplainSources, engine.ExplainFull),
	"Request.diversity": between(0, 1),
	"Request.after":     {Type: huma.TypeArray, Items: text(), ReadOnly: true},
	"LeftOut.why": among(engine.LeftRepeated, engine.LeftUnknown, engine.LeftHidden, engine.LeftOutOfStock, engine.LeftAgentsOnly,
		engine.LeftNotPublished, engine.LeftExpired, engine.LeftKind, engine.LeftExcluded, engine.LeftMuted, engine.LeftHistory, engine.LeftTicket,
		engine.LeftFilter, engine.LeftRelevance, engine.LeftGroup, engine.LeftCount, engine.LeftConstraint),
	"TriageAnswer.language":      orNothing("Verdict"),
	"TriageAnswer.sentiment":     orNothing("Verdict"),
	"TriageAnswer.topic":         orNothing("Verdict"),
	"TriageAnswer.queue":         orNothing("Verdict"),
	"TriageAnswer.time":          orNothing("Lasting"),
	"TriageRequest.channel":      among(channels...),
	"Verdict.basis":              among(engine.ByTickets, engine.ByWords, engine.ByText, engine.BySender),
	"SuggestRequest.count":       whole(1, engine.MaxSuggestedFixes),
	"SuggestRequest.explain":     among(engine.ExplainNone, engine.ExplainSources, engine.ExplainFull),
	"SuggestRequest.channel":     among(channels...),
	"Answer.basis":               among(bases...),
	"SuggestAnswer.basis":        among(bases...),
	"SuggestAnswer.action":       among(engine.ActionAnswer, engine.ActionAsk, engine.ActionEscalate),
	"SuggestRequest.include":     list(among(engine.IncludeCustomer)),
	"Health.needs":               list(among(solution.NeedsPoor, solution.NeedsWorse, solution.NeedsUnused, solution.NeedsTrial)),
	"HealthOf.needs":             list(among(solution.NeedsPoor, solution.NeedsWorse, solution.NeedsUnused, solution.NeedsTrial)),
	"Answer.empty_reason":        among(emptyReasons...),
	"SuggestAnswer.empty_reason": among(emptyReasons...),
	"Reason.type": among(engine.ReasonHistory, engine.ReasonContext, engine.ReasonSource, engine.ReasonBase,
		engine.ReasonRule, engine.ReasonText, engine.ReasonOwned, engine.ReasonOpenTicket),
	"Boost.add":             between(-engine.MaxBoost, engine.MaxBoost),
	"Pin.rank":              whole(1, engine.MaxCount),
	"Constraint.max":        whole(1, engine.MaxCount),
	"Constraint.window":     whole(0, engine.MaxCount),
	"Item.text_format":      among("plain", "html", "markdown"),
	"Item.visibility":       among(engine.Public, engine.AgentOnly),
	"Item.price":            {Type: huma.TypeNumber, Minimum: new(0.0)},
	"Item.currency":         {Type: huma.TypeString, Pattern: "^[A-Z]{3}$"},
	"Item.attributes":       dictionary(attributeValue),
	"Customer.attributes":   dictionary(attributeValue),
	"Customer.consent":      strict("", map[string]*huma.Schema{string(engine.Personalise): truth(), string(engine.Train): truth(), string(engine.Outreach): truth()}),
	"Ticket.channel":        among(channels...),
	"Ticket.state":          among("open", "pending", "solved", "reopened", "escalated", "closed"),
	"Message.from":          among("customer", "agent", "system"),
	"Tried.outcome":         among("solved", "not_solved", "reopened"),
	"Moment.type":           among(momentTypes...),
	"Shown.basis":           among(bases...),
	"NewEvent.quantity":     between(0, engine.MaxQuantity),
	"NewEvent.price":        {Type: huma.TypeNumber, Minimum: new(0.0)},
	"NewEvent.currency":     {Type: huma.TypeString, Pattern: "^[A-Z]{3}$"},
	"NewEvent.channel":      among(channels...),
	"Scenario.diversity":    between(0, 1),
	"Scenario.count":        whole(1, engine.MaxCount),
	"Scenario.open_tickets": among(engine.SteerByTickets, engine.ExcludeByTickets, engine.IgnoreTickets),
	"Scenario.audience":     among(engine.Public, engine.AgentOnly),
	"Job.state":             among(engine.JobRunning, engine.JobSucceeded, engine.JobRefused, engine.JobFailed, engine.JobCancelled),
	"Job.progress":          between(0, 1),
	"Attribute.example":     attributeValue,
	"Readiness.status":      among("ready", "unready"),
}

// orNothing is a schema of ours by its name, or null.
func orNothing(name string) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Ref: schemaPrefix + name}, {Type: "null"}}}
}

var attributeValue = &huma.Schema{AnyOf: []*huma.Schema{text(), number(), truth(), list(text())}}

var (
	channels     = []string{"web", "app", "email", "chat", "phone", "store"}
	bases        = []engine.Basis{engine.BasisPersonal, engine.BasisSession, engine.BasisContext, engine.BasisTicket, engine.BasisPopular, engine.BasisEditorial}
	emptyReasons = []string{engine.EmptyCatalogue, engine.EmptyFilter, engine.EmptyRelevance, engine.EmptyEnd, engine.EmptyTicket}
)
