package api

import "strings"

// notes say what fields mean: a line for each, or for several that mean the same.
var notes = map[string]string{
	"Request": `
customer_id: whom the list is for; an unknown one is no error
session_id: the visit the list is for, where no customer is known
item_id: what the list is about; never in the list itself
basket: the items in the basket; none of them is in the list
query: words the list should be like
scenario: the place; default related with an item, basket with a basket, else home
kind: product, content, solution, offer or kinds of your own; replaces those of the scenario
count: how many; default the scenario's, else 10
n, limit: another name of count
filter: an expression; narrows the scenario's filter
boost: adds to the score of what a filter matches, beside the scenario's boosts
exclude_items: items that must not appear
pins: items at fixed ranks, if they are eligible
constraints: at most so many items with one value of an attribute
collapse: one item of a group_id; default true
diversity: how much unlikeness counts beside the score; default 0
min_relevance: leaves out items with a lower score
return_properties: fields and attributes to show with each item, or *
explain: how much of the why; default sources; full names five causes an item, three a source, and sums up the others
record: false leaves no impression and gives no recommendation_id
validate_only: checks the request and counts what is eligible; the list is empty
context: what is known of the moment
after: what was shown on the pages before; callers do not send it`,
	"Boost": `
filter: an expression
add: in units of the blend`,
	"Pin": `
item_id: the item
rank: from 1`,
	"Constraint": `
attribute: the attribute whose values are counted
max: how many items may have the same value
window: in any so many ranks in a row; 0: in the list
depth: of categories: how many parts of the path count; 0: all`,
	"HeededTicket": `
ticket_id: the ticket
item_id: what it is about, where that is one product that may be named
first: what helps with it and stands first for it`,
	"LeftOut": `
item_id: the item
why: the first reason of those there are`,
	"Context": `
page: the page the list is for
locale: a language tag
region: filters read it as context.region
store: the branch
device: the kind of device
at: answer as of then
item_id: like item_id beside the context
basket: like basket beside the context`,
	"Answer":        answerNotes,
	"SuggestAnswer": answerNotes + "\nconfidence: the chance that the first fix solves it; null while nothing was learned from outcomes\ncalibrated: whether confidence is one\nticket_id: the stored ticket that was asked for, if one was\naction: what to do with the ticket: send the first fix, ask on, or give it to a person\nbecause: why, in sentences\nsnippets: what the first fixes say of it, where their texts have words of the ticket" + "\ncustomer: who asks, where the request includes them",
	"TriageRequest": `
ticket_id: a stored ticket, which says what is left out
subject: of the ticket
text: what the customer wrote
customer_id: who wrote it
product_id: what it is about
order_id: which order it is about
language: of the text; default as it seems to be
channel: it came by
agents: say who should take it, too`,
	"TriageAnswer": `
ticket_id: the ticket
language: of the text
sentiment: how an English text sounds, very_negative to positive
mood: the same as a number, from -1 to 1; null in other languages
priority: how urgent it is; high or normal where no tickets say
topic: the first category of the fix that ends such tickets
queue: that ends such tickets
agent: who ends such tickets
time: how long such tickets take
sensitive_topic: a word or phrase of the shop's list that stands in it
model: the version that was asked; 0 where none has learnt from tickets
tickets: how many the model learnt from
degraded: what could not be used
took_ms: the time it took`,
	"Verdict": `
value: what it is taken for
chance: how likely that is; null where it is not known
calibrated: whether chances were held against tickets that were not learnt from
basis: the shop's tickets, words, the text's letters, or who sent it
because: what of the ticket speaks for it, strongest first
others: what is likeliest else`,
	"Sign": `
text: a word or field of the ticket
weight: how much it speaks for it, in log odds against the mean class`,
	"Likely": `
value: what else it may be
chance: how likely that is`,
	"Lasting": `
low_hours: one in ten takes less, since it was opened
likely_hours: half take less
high_hours: nine in ten take less
within: the share of tickets from low to high among those that were not learnt from`,
	"CustomerView": `
customer_id: who asks
refused: purposes they refused; with personalise, owned is what their open tickets name, and events are none
owned: what they bought and did not give back, newest first, twenty at most
events: what else they did last, newest first, ten at most
tickets: those that are open, newest first, without their messages`,
	"Owned": `
item_id: the product
title: its title
at: when it was bought last
quantity: pieces
order_id: the order`,
	"Health":   healthNotes,
	"HealthOf": healthNotes + "\nas_of: the moment the figures are of: now, or where reading the log took longer than 50 ms up to twenty times as long before, an hour at most",
	"Verdicts": `
tickets: with a verdict
ends: the part of them that it ended for good`,
	"Share": `
value: the part
low, high: an interval of 95 %`,
	"KnowledgeGap": `
terms: words that tell it from others, weightiest first
tickets: that no fix ended
escalated: of them, those that a person took over
failed: those on which fixes were tried
without: those that were ended or given up with no fix named
ended: tickets alike that a fix did end
recent: of tickets, those of the last 30 days
before: those of the 30 days before these
first, last: when the first and the last of them came
languages: of those that say it, how many are in each
products: those that are told of most
examples: the most typical tickets
near_miss: the fix that comes nearest to the examples`,
	"GapProduct": `
item_id: the product
title: its title
tickets: how many are about it`,
	"GapExample": `
ticket_id: the ticket
text: what it says, as it is kept, shortened`,
	"NearMiss": `
item_id: the fix
title: its title
score: as of a suggestion, the mean over the examples
confidence: the mean chance that is claimed for it over those examples for which it would be first; left out where it is first for none, or chances are not calibrated`,
	"Snippet": `
item_id: the fix
text: the stretch of its text that says most of what the ticket says
from: its first byte in the text without markup
to: the byte after its last one`,
	"Recommended": `
item_id: the item
kind: its kind
score: on scales fixed at training; comparable within a list, and no chance
rank: from 1
source: the source that added most
reasons: terms that sum to the score
moved: what moved it from the place its score gives: pinned, open_ticket, constraint, diversity
properties: what return_properties asked for and the item has`,
	"Reason": `
type: what kind of term it is
source: the source it came from
item_id: the item behind it
interaction: what the person did with that item
at: when
contribution: its part of the score; those of an item sum to that
text: the same in words`,
	"SuggestRequest": `
ticket_id: a stored ticket; it fills what is left out
subject, text: what the customer writes
customer_id: who asks
product_id: what it is about
order_id: the order it is about
language: a language tag
channel: how it came
filter: an expression; narrows the scenario's filter
scenario: default support-desk, agents' notes included
count: how many; default 10
n, limit: another name of count
return_properties: fields and attributes to show with each fix, or *
explain: how much of the why; default sources
record: false leaves no impression and gives no recommendation_id
include: customer adds what the agent wants to know of who asks`,
	"Impression": `
recommendation_id: the answer's
at: when it was given
request: what was asked
answer: what was answered, to a ticket with the action; without properties`,
	"Item": `
item_id: yours, and unique
kind: product (default), content, solution, offer or a kind of your own
title: what people call it
text: what it is about; content models read it
text_format: default plain
url: its page
image: address of a picture
categories: paths such as home/lighting
attributes: your own properties; filters can ask for them
price: of one piece
currency: by ISO 4217
stock: pieces left; without one it is unlimited
published: not shown before
expires: not shown from then on
hidden: in no list
visibility: agent: shown to agents alone
group_id: variants of one thing; a list shows one of them
sensitive: never named as a reason
language: a language tag; default the shop's
applies_to: the products a fix or an article is about
embedding: a vector of your own`,
	"Customer": `
customer_id: yours, and unique
attributes: your own properties; filters can ask for them
consent: what their data may be used for; what is not mentioned is granted
preferences: what they asked not to see`,
	"Preferences": `
muted_items: items never shown to them
muted_categories: categories never shown to them, with all below`,
	"Ticket":     ticketNotes,
	"TicketView": strings.Replace(ticketNotes, "\ntext: the first message, where there is but one", "", 1) + "\ncustomer: who asks, where the request includes them",
	"Message": `
from: who writes
text: what
at: when`,
	"Tried": `
item_id: the fix
outcome: how it went; nothing while it is not known
at: when`,
	"Event": eventNotes + `
line: its place in an order, from 0
received_at: when we took it`,
	"Interaction": eventNotes + `
line: its place in an order, from 0`,
	"Moment": `
at: when
type: what kind of moment; the field of that name holds it
ticket_id: the ticket it belongs to
event: what the person did
ticket: one that was opened, without its messages
message: what was written
list: a list that was given`,
	"Shown": `
recommendation_id: the whole of it is to be had by this
scenario: the place
basis: what it was made from
items: what was in it`,
	"Portrait": `
customer_id: who
exported_at: when
customer: the record
former_records: records of customers who were merged into this one
subjects: as whom they were met
events: what they did
tickets: what they asked
recommendations: what they were shown, as far as it is kept`,
	"Added": `
ticket_id: the ticket
accepted: messages that were kept
duplicates: messages that were there already
messages: how many the ticket has now`,
	"Previewed": `
preview: the list under the changed scenario
current: the list under the stored one, where one is stored`,
	"BundledAnswer": `
status: as if the request had come alone
body: its answer, where there is one`,
	"NewEvent": eventNotes + `
items: the lines of an order, instead of item_id`,
	"OrderLine": `
item_id: the item
quantity: pieces; default 1
price: of one piece`,
	"Outcome": `
accepted: records that were kept
duplicates: records that were there already
rejected: records that were refused
hidden: items that a feed with mode=replace no longer holds
refused: of an import: how many, where rejected lists the first`,
	"Rejected": `
line: of the body, from 1; in a list the place in it
field: the field that is wrong
code: stable, for programs
detail: what would be right`,
	"Scenario": `
name: lower-case letters, digits, _ and -
description: what it is for
kinds: the kinds that may be shown; none: all
filter: an expression that items must pass
exclude: items the person did this with are left out
boosts: adds to the score of what a filter matches
pins: items at fixed ranks, if they are eligible
constraints: at most so many items with one value of an attribute
collapse: one item of a group_id; default true
diversity: how much unlikeness counts beside the score
min_relevance: leaves out items with a lower score
count: how many, where a request does not say
audience: agent: shows agents' items too
open_tickets: steer (default): what a customer's open tickets are about stays out with its variants and offers, and fixes and spare parts for it come first; exclude: it stays out and nothing comes first for it; ignore
blend: weights of sources that replace the learned ones
built_in: whether every shop has it`,
	"Attribute": `
name: as filters have it
types: those seen
items: how many items have it
distinct: how many different values
more: whether there are more than that
example: one value`,
	"ModelVersion": `
version: rising with each training
created: when
current: whether it serves
bytes: its size
report: sizes, settings, how it compared`,
	"Job": `
job_id: its id
kind: train
state: how far it has come; refused: it ran well, and its result was not good enough
step: what it is doing
progress: 0 to 1
started, ended: when
version: of the model it made
detail: why it was refused or failed`,
	"Erasure": `
receipt: its id; it can be asked for again
at: when
subjects: hashes of the ids that were forgotten, the merged ones included
interactions: rows that were forgotten
impressions: answers that were forgotten
tickets: tickets that were forgotten
records: records that were forgotten
backups: those made before it still hold them, until one is restored`,
	"Backup": `
id: its id
at: when it was made
seq: every write up to this one is in it
since: position of the backup it adds to; none: it is whole
position: what the next one gives as since`,
	"Problem": `
type: about:blank
title: the status in words
status: the HTTP status
detail: what would be right
code: stable, for programs
field: where in the request
offset: where in that field's text, in bytes from 0
line: of the body, from 1
request_id: stands in the server's log too
accepted, duplicates, hidden, refused: of a batch of which nothing was kept
rejected: the records that were refused
job: the one that is in the way`,
	"Readiness": `
status: whether requests may be sent here
serving: the model, or what stands in for one
model_version: 0 while there is none
seq: of the newest write that answers reflect
fixes_unencoded: solutions and articles whose passages have no vectors yet; tickets are answered without those
detail: what is missing`,
}

const healthNotes = `
item_id: the fix
title: its title
shown: answers of the last 30 days to tickets that list it, and events solution_shown that name no answer
first: of these answers, those that have it first
used: tickets it was used on
solved: tickets it ended for good
reopened: tickets it ended, and not for good
failed: tickets it did not end
ends: the part of the tickets with a verdict that it ended for good
recent: those whose verdict is of the last 30 days
before: those of all time before
change: by how much that part rose, where both are known
needs: why it needs a look: poor, worse, unused or trial`

const answerNotes = `
recommendation_id: send it with the events that follow
items: the list
scenario: the place it was made for
basis: what it was made from
exact: whether every eligible item was scored
eligible: how many items might have been in it
models: source to version of the model it came from
degraded: what was missing
empty_reason: why there is nothing
continues: the answer this is the next page of
open_tickets: open tickets of the customer that the list heeds: what they are about stays out, what helps comes first
left_out: items of the caller's list that are not in the answer
took_ms: milliseconds`

const ticketNotes = `
ticket_id: yours, and unique
customer_id: who asks
product_id: what it is about
order_id: the order it is about
channel: how it came
subject: its title
text: the first message, where there is but one
messages: the conversation; card numbers, mail addresses and phone numbers are replaced before they are kept
language: a language tag
state: how far it is
priority, queue, agent: your own words
solutions: fixes that were tried, and how it went
csat: the customer's verdict
opened_at: when it came; default the first time that stands in it, else now
closed_at: when it ended
updated_at: when it was last changed; of two records that say so the later one is how it stands`

const eventNotes = `
event_id: yours: the same one twice counts once
type: view, click, add_to_cart, purchase, ... or one of your own
customer_id: who, if known
session_id: the visit
item_id: with what
at: when; default now
quantity: pieces; default 1
price: of one piece
currency: by ISO 4217
value: a rating, a score
duration: seconds
position: its place in the list it came from, from 1
query: what was searched for
channel: how it came
order_id: the order
ticket_id: the ticket
recommendation_id: of the answer it came from
gift: for somebody else
properties: what we have no field for`
