// Package within puts generated shops into this process, for benchmarks of what an answer
// takes without HTTP and store: a catalogue with attributes, factors learnt from the
// shop's events, and a blend in which they alone speak.
package within

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// Shop is a generated shop that answers.
type Shop struct {
	*gen.Shop
	World   *recommend.World
	Factors *factor.Model
	Fit     measure.Cost  // zero where the factors were kept
	Table   *vector.Table // the factors', row by row

	place *recommend.Place
	now   time.Time
	rows  []uint32 // of each item in Table, none where it has no vector
}

// Options say how the factors are learnt, and where they are kept.
type Options struct {
	Set     gen.Set
	Factors factor.Params
	Keep    string // directory, made where there is none; "" keeps nothing
}

const none = ^uint32(0)

// New makes a shop.
func New(ctx context.Context, o Options) (*Shop, error) {
	f, err := Fitted(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Shop{Shop: f.shop, Factors: f.Model, Fit: f.Cost, now: now}
	ids := f.ids
	w := recommend.NewWorld(ids, engine.DefaultSettings())
	// Without content vectors: nobody asks for them here, and a million take minutes.
	w.Catalogue = w.Catalogue.With(s.Entries(ids))
	blend := rank.Blend{rank.Person: {factor.Name: {Weight: 1, SD: 1}}}
	models := recommend.NewModels(1, s.now, []model.Saver{s.Factors}, text.Untrained(recommend.EncoderDims), blend)
	s.World = w.WithModels(models, w.Content)
	home := engine.Scenario{Name: "home", Kinds: []engine.Kind{engine.Product}, Exclude: []engine.Type{engine.Purchase}}
	if s.place, err = recommend.NewPlace(home, s.World.Catalogue); err != nil {
		return nil, err
	}
	rows, dims, values := s.Factors.Vectors()
	s.Table = vector.NewTable(values, dims)
	s.rows = make([]uint32, s.Items)
	for i := range s.rows {
		s.rows[i] = none
		if row, ok := rows.Row(engine.ItemNum(i)); ok {
			s.rows[i] = uint32(row)
		}
	}
	return s, nil
}

// now is when everybody asks.
var now = gen.Opened.AddDate(1, 0, 0)

// Factors are those of a shop that is not there to answer.
type Factors struct {
	Model *factor.Model
	Cost  measure.Cost // zero where they were kept
	shop  *gen.Shop
	ids   *catalogue.IDs
}

// Fitted returns the factors of a shop, learnt now unless they are kept.
func Fitted(ctx context.Context, o Options) (*Factors, error) {
	if o.Factors.Lambda == 0 {
		o.Factors.Lambda = factor.Params{}.WithDefaults().Lambda * min(1, manyItems/float64(o.Set.Items))
	}
	f := &Factors{shop: gen.New(o.Set)}
	f.ids = f.shop.IDs()
	var err error
	f.Model, f.Cost, err = fitted(ctx, f.shop, f.ids, o)
	return f, err
}

// manyItems is beyond how many items the regularisation is weakened in proportion: it grows
// with the number of all items, and with a million the default leaves everybody the same
// list, of what is wanted most.
const manyItems = 20_000

// Person returns what a customer's history is folded into.
func (f *Factors) Person(c int) []float32 {
	q := &model.Query{History: engine.DefaultSettings().Interests(rowsOf(f.shop, c), now, engine.MaxHistory)}
	return f.Model.Person(q).Vector()
}

// Rows are what a customer did.
func (f *Factors) Rows(c int) []engine.Row { return rowsOf(f.shop, c) }

// rowsOf is what somebody did, as a log has it.
func rowsOf(s *gen.Shop, c int) (rows []engine.Row) {
	for _, e := range s.Known(c) {
		rows = append(rows, engine.Row{Num: engine.ItemNum(e.Item), Interaction: engine.Interaction{
			Type: engine.Purchase, Customer: gen.CustomerID(c), Item: gen.ItemID(int(e.Item)), At: e.Time(), Quantity: 1,
		}})
	}
	return rows
}

func fitted(ctx context.Context, s *gen.Shop, ids *catalogue.IDs, o Options) (*factor.Model, measure.Cost, error) {
	p := o.Factors.WithDefaults()
	name := filepath.Join(o.Keep, fmt.Sprintf("factors-%d-%d-%d-%d-%d-%d-%g.model", o.Set.Customers, o.Set.Items, o.Set.Events, o.Set.Seed, p.Dims, p.Epochs, p.Lambda))
	if o.Keep != "" {
		if f, err := os.Open(name); err == nil {
			defer f.Close()
			m, err := factor.Load(f, ids)
			if err == nil {
				return m.(*factor.Model), measure.Cost{}, nil
			}
			measure.Say("%s: %v; fitting anew", name, err)
		}
	}
	var m *factor.Model
	cost, err := measure.Timed(func() (err error) {
		m, err = factor.Fit(ctx, s.Data(ids), p, func(n int) error {
			measure.Say("factors of %d items: iteration %d of %d", s.Items, n, p.Epochs)
			return nil
		})
		return err
	})
	if err != nil || o.Keep == "" {
		return m, cost, err
	}
	if err := os.MkdirAll(o.Keep, 0o755); err != nil {
		return nil, cost, err
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, cost, err
	}
	return m, cost, errors.Join(m.Save(f), f.Close())
}

// Person is somebody of the shop, with what they did.
type Person struct {
	*recommend.Someone
	Vector []float32 // folded in as an answer does
}

// Person returns a customer whose state is in memory, as a server has those who ask: what
// answers make of it is kept for the next one.
func (s *Shop) Person(c int) Person {
	p := Person{Someone: &recommend.Someone{Subject: engine.OfCustomer(gen.CustomerID(c)), Bought: roaring.New()}}
	p.Rows = rowsOf(s.Shop, c)
	for i := range p.Rows {
		p.Bought.Add(uint32(p.Rows[i].Num))
	}
	q := &model.Query{History: s.World.Settings.Interests(p.Rows, s.now, engine.MaxHistory)}
	p.Vector = s.Factors.Person(q).Vector()
	p.Keep()
	return p
}

// Again returns the customer as for a first answer: nothing is made of their state yet.
func (p Person) Again() Person {
	fresh := *p.Someone
	fresh.Keep()
	p.Someone = &fresh
	return p
}

// With returns the customer with a record that has some attributes.
func (p Person) With(attributes engine.Attributes) Person {
	p = p.Again()
	p.Customer = &engine.Customer{ID: engine.CustomerID(p.Subject.ID), Attributes: attributes}
	return p
}

// Ask is Answer for those who want to know only what it takes.
func (s *Shop) Ask(p Person, filter string) error {
	_, err := s.Answer(p, filter)
	return err
}

// Answer asks for ten items that pass a filter, "" for any.
func (s *Shop) Answer(p Person, filter string) (engine.Answer, error) {
	return recommend.Recommend(&recommend.Input{
		World: s.World, Place: s.place, Someone: p.Someone, Now: s.now,
		Request: &engine.Request{Count: 10, Filter: filter, Explain: engine.ExplainNone},
	})
}

// Eligible returns the items whose aisle is below a bound, and of those that have a vector
// their rows in Table; both ascend.
func (s *Shop) Eligible(below float64) (items []engine.ItemNum, rows []uint32) {
	for i, row := range s.rows {
		if s.Item(i).Attributes["aisle"].(float64) >= below {
			continue
		}
		items = append(items, engine.ItemNum(i))
		if row != none {
			rows = append(rows, row)
		}
	}
	return items, rows
}

// Score is what an item is worth to somebody: 0 without a vector.
func (s *Shop) Score(p Person, item engine.ItemNum) float32 {
	if row := s.rows[item]; row != none {
		return vector.Dot(p.Vector, s.Table.Row(int(row)))
	}
	return 0
}
