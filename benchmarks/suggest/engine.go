package main

import (
	"context"
	"net/http"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	training "github.com/rapportengine/rapport/training/desk"
)

// answering is the engine alone with a desk in it: no store, no rules of a place.
type answering struct {
	shop      *training.Shop
	knowledge *solution.Knowledge
	encoder   text.Embedder
	bought    map[engine.CustomerID]*roaring.Bitmap
	rows      map[engine.CustomerID][]engine.Row
}

// newAnswering makes an engine of the desk, with vectors of sentences by the encoder: those of
// tickets are true, those of passages made up.
func newAnswering(ctx context.Context, d *desk, p past, seed uint64, encoder text.Embedder) (*answering, error) {
	ids := catalogue.NewIDs()
	a := &answering{encoder: encoder, bought: make(map[engine.CustomerID]*roaring.Bitmap), rows: make(map[engine.CustomerID][]engine.Row)}
	var entries []catalogue.Entry
	fixes := roaring.New()
	put := func(it *engine.Item) {
		n, _ := ids.Assign(it.ID)
		entries = append(entries, catalogue.Entry{Num: n, Item: it})
		if it.Kind == engine.Solution {
			fixes.Add(uint32(n))
		}
	}
	for i := range d.products {
		put(&d.products[i])
	}
	for i := range d.fixes {
		put(&d.fixes[i])
	}
	for i := range p.bought {
		e := &p.bought[i]
		n, _ := ids.Assign(e.Item)
		if a.bought[e.Customer] == nil {
			a.bought[e.Customer] = roaring.New()
		}
		a.bought[e.Customer].Add(uint32(n))
		a.rows[e.Customer] = append(a.rows[e.Customer], engine.Row{Interaction: *e, Num: n})
	}
	measure.Say("engine: words and content of %d items", len(entries))
	a.shop = &training.Shop{
		Catalogue: catalogue.New(ids).With(entries), Content: text.NewVectors(text.Untrained(0)).With(entries), Lexicon: text.NewIndex().With(entries),
		Fixes: fixes, Embedder: a.encoder, History: func(id engine.CustomerID) []engine.Row { return a.rows[id] },
	}
	guessed, err := d.guess(ctx, encoder, seed)
	if err != nil {
		return nil, err
	}
	if a.shop.Sentences, err = guessed.sentences(ctx, entries); err != nil {
		return nil, err
	}
	measure.Say("engine: %d passages; learning from %d tickets", a.shop.Sentences.Len(), len(p.solved))
	tickets, err := a.shop.Tickets(ctx, p.questions())
	if err != nil {
		return nil, err
	}
	learnt, err := a.shop.Learn(ctx, tickets, training.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	a.knowledge, a.shop.Lexicon = learnt.Knowledge, learnt.Lexicon
	return a, nil
}

// answer answers a ticket, its text encoded or not.
func (a *answering) answer(ctx context.Context, r *engine.SuggestRequest, encoded bool) (*solution.Suggestion, error) {
	in := a.input(r)
	if encoded {
		vectors, err := a.encoder.Embed(ctx, []string{r.Text})
		if err != nil {
			return nil, err
		}
		in.Vector = vectors[0]
	}
	said := solution.Suggest(&in)
	return &said, nil
}

// input is the ticket as the engine is asked it, but for its vector.
func (a *answering) input(r *engine.SuggestRequest) solution.Input {
	in := solution.Input{
		Catalogue: a.shop.Catalogue, Content: a.shop.Content, Lexicon: a.shop.Lexicon, Eligible: a.shop.Fixes,
		Sentences: a.shop.Sentences, Knowledge: a.knowledge, Encoder: a.encoder.Name(),
		Text: r.Text, Language: r.Language, Channel: r.Channel, Now: time.Now(), Count: r.Count, Snippets: r.Count,
		Bought: a.bought[r.Customer], Rows: a.rows[r.Customer],
	}
	if n, known := a.shop.Catalogue.IDs().Num(r.Product); known && r.Product != "" {
		in.Products = []engine.ItemNum{n}
	}
	return in
}

// plainPath is where tickets are answered without the encoder.
const plainPath = "/plain"

// serve answers over HTTP.
func (a *answering) serve(ctx context.Context) error {
	return load.Serve(ctx, func(c *gin.Context) {
		var r engine.SuggestRequest
		if err := c.ShouldBindJSON(&r); err != nil {
			c.String(http.StatusBadRequest, "%v", err)
			return
		}
		said, err := a.answer(c, &r, c.Request.URL.Path != plainPath)
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"items": said.Fixes, "snippets": said.Snippets, "confidence": said.Chance})
	})
}
