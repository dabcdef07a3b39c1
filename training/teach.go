package training

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/head"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/training/desk"
)

// Taught says what solved tickets taught the service desk.
type Taught struct {
	Tickets    int         `json:"tickets"`  // whose text taught
	Outcomes   int         `json:"outcomes"` // of tries on tickets, that count
	Fixes      int         `json:"fixes"`    // that ended a ticket
	Calibrated bool        `json:"calibrated"`
	Proof      *desk.Proof `json:"proof,omitempty"`   // nil where too few tickets can be held out
	Refused    string      `json:"refused,omitempty"` // why none of it serves
	// OutcomesAlone says that too few tickets say what ended them for their words to teach: what
	// fixes came to when they were tried serves by itself.
	OutcomesAlone bool `json:"outcomes_alone,omitempty"`
	// Encoder made the vectors of tickets, empty where they had none, and Passages is how many
	// vectors of fixes' passages there were.
	Encoder  string  `json:"encoder,omitempty"`
	Passages int     `json:"passages,omitempty"`
	Seconds  float64 `json:"seconds"`
}

// sensing is where a training gets vectors from.
type sensing struct {
	embedder  text.Embedder                             // nil for none
	sentences func(context.Context) *solution.Sentences // of the fixes
	serves    *solution.Knowledge                       // whose tickets have vectors; nil for none
	log       *slog.Logger
}

// tickets returns questions as tickets of the shop, with vectors where an encoder has them. One
// that fails leaves them all without; of texts that it refuses, those alone.
func (s *sensing) tickets(ctx context.Context, shop *desk.Shop, questions []record.Question) ([]desk.Ticket, error) {
	if s.embedder == nil {
		return shop.Tickets(ctx, questions)
	}
	sensed := *shop
	sensed.Embedder = s.embedder
	if s.serves != nil && s.serves.Encoder == s.embedder.Name() {
		sensed.Known = s.serves.Vectors()
	}
	if s.sentences != nil {
		sensed.Sentences = s.sentences(ctx)
	}
	out, err := sensed.Tickets(ctx, questions)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		s.log.Warn("the embedder fails; tickets teach without vectors", "tickets", len(questions), "why", err)
		return shop.Tickets(ctx, questions)
	}
	refused := 0
	for i := range out {
		if out[i].Vector == nil && text.Covers(s.embedder, out[i].Language, out[i].Text) {
			refused++
		}
	}
	if refused > 0 {
		s.log.Warn("the embedder has no vectors of some tickets; they teach by their words", "tickets", refused)
	}
	*shop = sensed
	return out, nil
}

// teachLeast is from how many tickets on a desk learns from what they say: of a handful each new
// ticket looks most like one of them, whatever it says, and would be answered with what ended that.
const teachLeast = 20

// teach returns what the tickets teach a desk with this world; nil where they say nothing, or
// where what they say makes it worse.
func (r *run) teach(ctx context.Context, w *recommend.World) (*solution.Knowledge, error) {
	shop := &desk.Shop{Catalogue: w.Catalogue, Content: w.Content, Lexicon: w.Lexicon, Fixes: roaring.New(), History: r.snap.history}
	for n, item := range w.Catalogue.Items() {
		if item.KindOrProduct() == engine.Solution {
			shop.Fixes.Add(uint32(n))
		}
	}
	var whole, older []record.Question
	for i := range r.snap.Tickets {
		if q, ok := desk.QuestionOf(&r.snap.Tickets[i]); ok && q.Text != "" {
			whole = append(whole, q)
		} else if ok {
			older = append(older, q)
		}
	}
	older = append(older, r.snap.told...)
	if shop.Fixes.IsEmpty() || len(whole)+len(older) == 0 {
		return nil, nil
	}
	start := time.Now()
	r.Fitter.begins("learning from tickets")
	all, err := r.sensing.tickets(ctx, shop, whole)
	if err != nil {
		return nil, err
	}
	taught := &Taught{Passages: shop.Sentences.Len()}
	if shop.Embedder != nil {
		taught.Encoder = shop.Embedder.Name()
	}
	o := desk.Options{Seed: r.Fitter.Seed, Workers: r.Fitter.Workers, Head: head.DefaultOptions()}
	o.Head.MaxQuestions = desk.MaxQuestions
	tickets := all[:0]
	for i := range all {
		if all[i].Teaches() {
			tickets = append(tickets, all[i])
			taught.Outcomes += len(all[i].Solved.Trials)
		}
	}
	for i := range older {
		if solved := shop.Solved(&older[i]); len(solved.Trials) > 0 {
			o.Older = append(o.Older, solved)
			taught.Outcomes += len(solved.Trials)
		}
	}
	if taught.Tickets = len(tickets); taught.Outcomes == 0 {
		return nil, nil
	}
	r.report.Desk = taught
	defer func() { taught.Seconds = time.Since(start).Seconds() }()
	if taught.Tickets < teachLeast {
		// What fixes came to says the same of any ticket, and is believed by how much of it there is.
		for i := range tickets {
			o.Older = append(o.Older, tickets[i].Solved)
		}
		tickets, taught.OutcomesAlone = nil, true
	}
	if taught.Proof, err = shop.Prove(ctx, tickets, o); err != nil {
		return nil, fmt.Errorf("measure what tickets teach: %w", err)
	}
	if p := taught.Proof; p != nil && p.Gain.High < 0 {
		taught.Refused = fmt.Sprintf("hr@1 %+.3f [%+.3f, %+.3f] on %d held-out tickets against a desk that has learnt nothing", p.Gain.Difference, p.Gain.Low, p.Gain.High, p.HeldOut)
		return nil, nil
	}
	learnt, err := shop.Learn(ctx, tickets, o)
	if err != nil {
		return nil, fmt.Errorf("learn from tickets: %w", err)
	}
	taught.Fixes, taught.Calibrated = len(learnt.Knowledge.Fixes), learnt.Knowledge.Sure != nil
	return learnt.Knowledge, nil
}
