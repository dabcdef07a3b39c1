package gen

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// Aisles is in how many shares of equal size the attribute "aisle", a number from 0,
// parts the items, whatever their taste: `aisle < 10` lets one in a hundred pass.
const Aisles = 1000

var (
	colours   = []string{"black", "white", "red", "blue", "green", "grey", "yellow", "brown"}
	things    = []string{"lamp", "bowl", "shirt", "chair", "bag", "clock", "mug", "frame", "rug", "vase", "jacket", "kettle"}
	manners   = []string{"small", "large", "round", "folding", "woollen", "painted", "classic", "light"}
	countries = []string{"GB", "DE", "FR", "NL", "ES", "IT", "PL", "SE"}
)

const brands = 200

// Item is the record of an item. Its category follows its taste; brand, colour, price and
// aisle do not.
func (s *Shop) Item(i int) engine.Item {
	rng := rand.New(rand.NewPCG(s.Seed+1, uint64(i)))
	c := s.items[i].centre
	category := "group-" + strconv.Itoa(c) + "/part-" + strconv.Itoa(rng.IntN(4))
	brand := int(brands * math.Pow(rng.Float64(), 2)) // few are common
	colour, thing := colours[rng.IntN(len(colours))], things[(c+rng.IntN(3))%len(things)]
	price := math.Round(100*math.Exp(3+rng.NormFloat64())) / 100
	return engine.Item{
		ID: ItemID(i), Kind: engine.Product,
		Title:      manners[rng.IntN(len(manners))] + " " + colour + " " + thing + " " + strconv.Itoa(i%97),
		Categories: []string{category}, Price: &price, Currency: "GBP",
		Attributes: engine.Attributes{
			"brand": "brand-" + strconv.Itoa(brand), "colour": colour, "aisle": float64(rng.IntN(Aisles)),
		},
	}
}

// Entries are all items with the numbers that ids give them.
func (s *Shop) Entries(ids *catalogue.IDs) []catalogue.Entry {
	out := make([]catalogue.Entry, s.Items)
	for i := range out {
		item := s.Item(i)
		n, _ := ids.Assign(item.ID)
		out[i] = catalogue.Entry{Num: n, Item: &item}
	}
	return out
}

// WriteItems writes the items as NDJSON.
func (s *Shop) WriteItems(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	enc := json.NewEncoder(w)
	for i := range s.Items {
		if err := enc.Encode(s.Item(i)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// WriteCustomers writes the customers' records as NDJSON.
func (s *Shop) WriteCustomers(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	enc := json.NewEncoder(w)
	for c := range s.Customers {
		rng := rand.New(rand.NewPCG(s.Seed+2, uint64(c)))
		record := engine.Customer{ID: CustomerID(c), Attributes: engine.Attributes{
			"country": countries[rng.IntN(len(countries))], "age": float64(18 + rng.IntN(60)),
		}}
		if err := enc.Encode(record); err != nil {
			return err
		}
	}
	return w.Flush()
}

// EventHeader is the first line of what WriteEvents writes.
const EventHeader = "event_id,type,customer_id,session_id,item_id,at\n"

// WriteEvents writes what happened as CSV, but for what is held out, or that alone. Every
// visit is a session.
func (s *Shop) WriteEvents(to io.Writer, held bool) error {
	w := bufio.NewWriterSize(to, 1<<20)
	line := []byte(EventHeader)
	for c := range s.Customers {
		events := s.Known(c)
		if held {
			events = s.Of(c)[len(events):]
		}
		for _, e := range events {
			line = s.appendEvent(line, c, e)
			if _, err := w.Write(line); err != nil {
				return err
			}
			line = line[:0]
		}
	}
	return w.Flush()
}

func (s *Shop) appendEvent(b []byte, c int, e Event) []byte {
	number := func(before string, n int) {
		b = strconv.AppendInt(append(b, before...), int64(n), 10)
	}
	number("e", c)
	number("-", int(e.Item))
	number(",purchase,c", c)
	number(",v", c)
	number("-", int(e.Visit))
	number(",i", int(e.Item))
	b = append(b, ',')
	return append(e.Time().AppendFormat(b, time.RFC3339), '\n')
}

// IDs returns a table of the items' ids, in the order of their numbers.
func (s *Shop) IDs() *catalogue.IDs {
	ids := catalogue.NewIDs()
	for i := range s.Items {
		ids.Assign(ItemID(i))
	}
	return ids
}

// History is what a customer wanted but for what is held out, newest first.
func (s *Shop) History(customer int) []engine.Interest {
	known := s.Known(customer)
	out := make([]engine.Interest, len(known))
	for i, e := range known {
		out[len(known)-1-i] = engine.Interest{Item: engine.ItemNum(e.Item), Weight: 1, Type: engine.Purchase, At: e.Time()}
	}
	return out
}

// Data is who wanted what but for what is held out; ids are those of IDs.
func (s *Shop) Data(ids *catalogue.IDs) *model.Data {
	var b model.Builder
	for c := range s.Customers {
		b.Add(s.History(c))
	}
	return b.Data(ids, 1)
}

// Sequences are the known events in order; ids are those of IDs, all of which have rows.
func (s *Shop) Sequences(ids *catalogue.IDs) *model.Sequences {
	nums := make([]engine.ItemNum, s.Items)
	for i := range nums {
		nums[i] = engine.ItemNum(i)
	}
	out := &model.Sequences{Rows: model.NewRows(nums, ids), Newest: Opened.Add(year * time.Second)}
	for c := range s.Customers {
		known := s.Known(c)
		steps := make([]model.Step, len(known))
		for i, e := range known {
			steps[i] = model.Step{Row: e.Item, Type: engine.Purchase, At: e.Time(), Weight: 1}
		}
		out.Add(steps)
	}
	return out
}
