package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/sentence"
)

// customers are who bought and who asks.
const customers = 2_000

func customer(c int) engine.CustomerID { return engine.CustomerID("c" + strconv.Itoa(c)) }

// past is what happened at the desk before anybody is measured.
type past struct {
	bought []engine.Interaction
	solved []engine.Ticket
}

// past invents purchases, and tickets that a solution of their topic ended, one in five
// after another one had failed.
func (d *desk) past(tickets int, fits func([]string) bool) past {
	var p past
	now := time.Now().UTC().Truncate(time.Hour)
	for c := range customers {
		for i := range owned {
			p.bought = append(p.bought, engine.Interaction{
				EventID: fmt.Sprintf("e%d-%d", c, i), Type: engine.Purchase, Customer: customer(c), Quantity: 1,
				Item: d.products[d.rng.IntN(len(d.products))].ID, At: now.AddDate(0, 0, -30-d.rng.IntN(600)),
			})
		}
	}
	for i := range tickets {
		about := d.topical()
		at := now.Add(-time.Duration(1+d.rng.IntN(24*29)) * time.Hour)
		closed := at.Add(time.Hour)
		c := d.rng.IntN(customers)
		t := engine.Ticket{
			ID: "t" + strconv.Itoa(i), Customer: customer(c), Product: p.bought[c*owned+d.rng.IntN(owned)].Item, Channel: "email", Language: "en", State: "solved",
			Messages: []engine.Message{{From: "customer", Text: d.ask(about, fits), At: at}}, OpenedAt: &at, ClosedAt: &closed,
		}
		of := d.ofTopic[about]
		u := d.rng.Float64()
		if right := of[int(u*u*u*float64(len(of)))]; d.rng.IntN(5) == 0 { // few of them help mostly
			t.Solutions = append(t.Solutions, engine.Tried{Item: d.fixes[of[0]].ID, Outcome: string(engine.NotSolved)})
			t.Solutions = append(t.Solutions, engine.Tried{Item: d.fixes[right].ID, Outcome: string(engine.Solved)})
		} else {
			t.Solutions = []engine.Tried{{Item: d.fixes[right].ID, Outcome: string(engine.Solved)}}
		}
		p.solved = append(p.solved, t)
	}
	return p
}

// topical draws a topic that has solutions: a tenth of them is asked about nearly as often as all
// others.
func (d *desk) topical() int {
	for {
		u := d.rng.Float64()
		if about := int(u * u * u * float64(len(d.topics))); len(d.ofTopic[about]) > 0 {
			return about
		}
	}
}

// questions are the solved tickets as a desk in this process learns from them.
func (p *past) questions() []record.Question {
	out := make([]record.Question, len(p.solved))
	for i := range p.solved {
		t := &p.solved[i]
		last := t.Solutions[len(t.Solutions)-1]
		out[i] = record.Question{
			Text: t.Messages[0].Text, Language: t.Language, Customer: t.Customer, Product: t.Product, Channel: t.Channel, At: *t.OpenedAt,
			Relevant: []engine.ItemID{last.Item}, Tried: t.Solutions,
		}
	}
	return out
}

// made returns what a workspace of the desk is made of.
func (d *desk) made(p past, fill func(context.Context, string) error) *prepare.Made {
	m := &prepare.Made{Customers: customers, Items: len(d.fixes) + len(d.products), Events: len(p.bought), Fill: fill}
	for c := range customers {
		m.People = append(m.People, string(customer(c)))
	}
	m.Files = []prepare.MadeFile{
		{As: "items", Write: func(to io.Writer) error { return lines(to, slices.Concat(d.products, d.fixes)) }},
		{As: "events", Write: func(to io.Writer) error { return lines(to, p.bought) }},
		{As: "tickets", Write: func(to io.Writer) error { return lines(to, p.solved) }},
	}
	return m
}

func lines[T any](to io.Writer, all []T) error {
	w := bufio.NewWriterSize(to, 1<<20)
	enc := json.NewEncoder(w)
	for i := range all {
		if err := enc.Encode(&all[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}

// suggestPath is where tickets are asked.
const suggestPath = "/v1/solutions/suggest"

// request is one ticket, as it is asked over HTTP.
func request(r *engine.SuggestRequest) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, "POST "+suggestPath+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body)), body...), nil
}

// asked invents tickets of customers, half of which say what they are about.
func (d *desk) asked(tickets, count int, p past, fits func([]string) bool) []engine.SuggestRequest {
	out := make([]engine.SuggestRequest, tickets)
	for i := range out {
		c := d.rng.IntN(customers)
		out[i] = engine.SuggestRequest{Text: d.ask(d.topical(), fits), Customer: customer(c), Channel: "email", Language: "en", Count: count}
		if d.rng.IntN(2) == 0 {
			out[i].Product = p.bought[c*owned+d.rng.IntN(owned)].Item
		}
	}
	return out
}

// within returns whether words make at most so many tokens of the sentence encoder.
func within(tokens int) func(words []string) bool {
	e := sentence.New(1)
	return func(words []string) bool {
		n, err := e.Tokens(join(words))
		return err == nil && n <= tokens
	}
}
