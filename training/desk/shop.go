// Package desk teaches the service desk: what solved tickets say about which fix ends the
// next one, and how well that is known. An evaluation learns and asks through the code
// that serves (engine/solution).
//
// It reads no file and no clock; the same data and seed give the same knowledge for any
// number of workers.
package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
)

// Shop is what a desk knows before it learns: fixes, and who bought what.
type Shop struct {
	Catalogue *catalogue.Snapshot
	Content   *text.Vectors
	Lexicon   *text.Index
	Fixes     *roaring.Bitmap

	Embedder  text.Embedder       // nil for none
	Sentences *solution.Sentences // of the fixes, by Embedder; nil for none
	// Known are vectors that Embedder has made of tickets before, by the hash of their texts.
	Known map[engine.Hash16][]float32
	// History returns what a customer did, ascending by time; purchases are enough. nil
	// knows nobody.
	History func(engine.CustomerID) []engine.Row
}

// contentSeed starts the fit of the content vectors.
const contentSeed = 1

// NewShop returns the shop of these solutions; embedder may be nil. It fails as the
// embedder does.
func NewShop(ctx context.Context, solutions []engine.Item, events []engine.Interaction, embedder text.Embedder) (*Shop, error) {
	ids := catalogue.NewIDs()
	history := make(map[engine.CustomerID][]engine.Row)
	s := &Shop{Fixes: roaring.New(), Embedder: embedder, History: func(id engine.CustomerID) []engine.Row { return history[id] }}
	entries := make([]catalogue.Entry, 0, len(solutions))
	docs := make([][]string, 0, len(solutions))
	for i := range solutions {
		it := &solutions[i]
		it.Kind = engine.Solution
		n, _ := ids.Assign(it.ID)
		entries = append(entries, catalogue.Entry{Num: n, Item: it})
		docs = append(docs, text.ItemTerms(it))
		s.Fixes.Add(uint32(n))
	}
	for i := range events {
		e := &events[i]
		if e.Item == "" || e.Customer == "" {
			continue
		}
		n, _ := ids.Assign(e.Item)
		history[e.Customer] = append(history[e.Customer], engine.Row{Interaction: *e, Num: n})
	}
	for i := range solutions {
		for _, product := range solutions[i].AppliesTo {
			ids.Assign(product)
		}
	}
	for _, list := range history {
		slices.SortStableFunc(list, func(a, b engine.Row) int { return a.At.Compare(b.At) })
	}
	s.Catalogue = catalogue.New(ids).With(entries)
	s.Content = text.NewVectors(text.Fit(docs, 0, contentSeed)).With(entries)
	s.Lexicon = text.NewIndex().With(entries)
	if embedder == nil {
		return s, nil
	}
	var texts, languages []string
	var of []engine.ItemNum
	for _, e := range entries {
		for _, passage := range solution.Passages(e.Item) {
			texts, languages, of = append(texts, passage), append(languages, e.Item.Language), append(of, e.Num)
		}
	}
	vectors, err := s.embed(ctx, texts, languages)
	if err != nil {
		return nil, fmt.Errorf("make vectors of the solutions: %w", err)
	}
	found := make(map[engine.ItemNum][][]float32, len(entries))
	for i, v := range vectors {
		if v != nil {
			found[of[i]] = append(found[of[i]], v)
		}
	}
	s.Sentences = solution.NewSentences(embedder.Dims()).With(found)
	return s, nil
}

// embedded is how many texts are encoded at once: between two looks at ctx.
const embedded = 256

// embed returns the vectors of texts, nil for those the model was not made for or refuses.
func (s *Shop) embed(ctx context.Context, texts, languages []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	var asked []string
	var at []int
	for i, t := range texts {
		if !text.Covers(s.Embedder, languages[i], t) {
			continue
		}
		if out[i] = s.Known[engine.HashOf(t)]; out[i] == nil {
			asked, at = append(asked, t), append(at, i)
		}
	}
	for len(asked) > 0 {
		n := min(len(asked), embedded)
		got, _, err := text.EmbedTaken(ctx, s.Embedder, asked[:n])
		if err != nil {
			return nil, err
		}
		for i, v := range got {
			out[at[i]] = v
		}
		asked, at = asked[n:], at[n:]
	}
	return out, nil
}

// Ticket is a question as the engine is asked it, and what became of it.
type Ticket struct {
	solution.Input                  // without what is learnt
	Right          []engine.ItemNum // what ends it, of the shop's fixes
	Unknown        []engine.ItemID  // what ends it and is no fix of the shop: it cannot be found
	Solved         solution.Solved
	Partly         bool // what was tried is known, not what else would have ended it
}

// Nothing reports whether nothing ends the ticket. Where fixes failed and no more is known, that is
// as little known as what ends it: see Open.
func (t *Ticket) Nothing() bool { return len(t.Right)+len(t.Unknown)+len(t.Solved.Trials) == 0 }

// Open reports whether nobody knows what ends the ticket, as all that was tried failed.
func (t *Ticket) Open() bool { return len(t.Right)+len(t.Unknown) == 0 && len(t.Solved.Trials) > 0 }

// Teaches reports whether the ticket can be learnt from: one that only an unknown fix ended
// says neither what fits nor that nothing does.
func (t *Ticket) Teaches() bool { return len(t.Right) > 0 || len(t.Unknown) == 0 }

// Tickets returns questions as they stood when they were asked; see ticket.
func (s *Shop) Tickets(ctx context.Context, questions []record.Question) ([]Ticket, error) {
	out := make([]Ticket, len(questions))
	texts, languages := make([]string, len(questions)), make([]string, len(questions))
	for i := range questions {
		out[i] = s.ticket(&questions[i])
		texts[i], languages[i] = out[i].Text, questions[i].Language
	}
	if s.Embedder == nil {
		return out, nil
	}
	vectors, err := s.embed(ctx, texts, languages)
	if err != nil {
		return nil, fmt.Errorf("make vectors of the questions: %w", err)
	}
	for i := range out {
		out[i].Sentences, out[i].Vector, out[i].Encoder = s.Sentences, vectors[i], s.Embedder.Name()
	}
	return out, nil
}

// ticket returns the question as it stood when it was asked: with what its customer had
// bought by then. Fixes that nobody knows cannot be found; those that failed on it before
// are not to be shown again.
func (s *Shop) ticket(q *record.Question) Ticket {
	t := Ticket{Input: solution.Input{
		Catalogue: s.Catalogue, Content: s.Content, Lexicon: s.Lexicon, Eligible: s.Fixes,
		Text: text.Letter(q.Text), Language: q.Language, Channel: q.Channel, Now: q.At,
	}}
	ids := s.Catalogue.IDs()
	if n, known := ids.Num(q.Product); known && q.Product != "" {
		t.Products = []engine.ItemNum{n}
	}
	if q.Customer != "" && s.History != nil {
		t.Rows = before(s.History(q.Customer), q.At)
		t.Bought = roaring.New()
		for i := range t.Rows {
			if t.Rows[i].Type == engine.Purchase {
				t.Bought.Add(uint32(t.Rows[i].Num))
			}
			if r := &t.Rows[i]; q.Order != "" && r.OrderID == q.Order && r.Item != "" {
				t.Products = append(t.Products, r.Num)
			}
		}
	}
	for _, id := range q.Relevant {
		if n, known := ids.Num(id); known && s.Fixes.Contains(uint32(n)) {
			t.Right = append(t.Right, n)
		} else {
			t.Unknown = append(t.Unknown, id)
		}
	}
	t.Solved.Place = t.PlaceOf()
	t.Solved.Trials = s.trials(q, t.Right)
	t.Partly = len(q.Tried) > 0
	for _, trial := range t.Solved.Trials {
		if !trial.Solved {
			t.Tried = append(t.Tried, trial.Fix)
		}
	}
	return t
}

// Solved returns what became of a question, without what it says: for those that are too
// many to be learnt from in whole.
func (s *Shop) Solved(q *record.Question) solution.Solved {
	t := s.ticket(q)
	return t.Solved
}

// trials are what was tried, or, where that was not kept, what is right as if it had been.
func (s *Shop) trials(q *record.Question, right []engine.ItemNum) (out []solution.Trial) {
	for _, t := range q.Tried {
		n, known := s.Catalogue.IDs().Num(t.Item)
		if !known || !s.Fixes.Contains(uint32(n)) || t.Outcome == "" {
			continue
		}
		out = append(out, solution.Trial{Fix: n, Solved: t.Outcome == string(engine.Solved)})
	}
	if len(q.Tried) == 0 {
		for _, n := range right {
			out = append(out, solution.Trial{Fix: n, Solved: true})
		}
	}
	return out
}

// before is the part of a history that lies before a moment, all of it where there is none.
func before(history []engine.Row, at time.Time) []engine.Row {
	if at.IsZero() {
		return history
	}
	end, _ := slices.BinarySearchFunc(history, at, func(r engine.Row, at time.Time) int { return r.At.Compare(at) })
	return history[:end]
}
