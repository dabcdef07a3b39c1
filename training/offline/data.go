// Package offline evaluates models on files, as a data scientist would: it splits what
// happened, chooses settings on the validation part, fits on all but the test part and
// measures on that, through the code that serves.
//
// # Protocols
//
// What is held out is evaluate.Rule's, or the files say it. Whatever it is, every model
// knows the same: fits, counts and histories are made of the rows before the cut alone
// (Protocol.Known says it in words), and are not brought up to the moment of each
// question, which would let popularity see what a fitted model cannot and what no other
// system's lists could. The moment asked for is that of the first held-out target: items
// are eligible from their publication on.
//
// A question (training.Case) is all that one customer newly wanted after the cut; of
// sessions every item but the first is a question of its own, whose history is what
// stands before it in the session; of baskets all of the last order. Over rolling cuts a
// customer may be asked once a window: settings are chosen once, on the validation before
// the first cut, the blend at each by what was asked at those before it, sources are fitted
// again at each, and the answers of all windows are judged together. Intervals and tests
// draw customers (of sessions, these) with all their questions.
//
// With cold items, the customers are asked who have a past with other items, the lists
// hold cold items alone, and settings are chosen on other cold items, held out of the
// first fit. What warm items reach is the matter of another run.
//
// Slices measure parts of the questions by themselves: warm and cold customers (with and
// without a past), cold and warm items (targets nobody, or somebody, had before the cut,
// in the same lists of all items; the targets of the other sort are then no hits), each
// cut, and each value of a customer's attribute.
//
// It opens no file and keeps nothing: rows and items come in as values.
package offline

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Data is what happened, and between which items. The zero Data is empty.
type Data struct {
	Rows  []engine.Row
	Items []catalogue.Entry
	// Customers are the records there are of them, for groups and for sources that go by
	// what customers say of themselves.
	Customers map[engine.CustomerID]*engine.Customer
	// Parts, where set, says of each row what it is for (given train, validation and
	// test files), in place of a rule.
	Parts  []evaluate.Part
	SHA256 string // of the files, those of other systems' lists included
	// Undated is of how many rows the time is their place in a file and no moment.
	Undated int

	ids   *catalogue.IDs
	known map[engine.ItemNum]int // place in Items
	shop  *catalogue.Snapshot    // of Items, once it is asked for
	owner map[engine.Subject]engine.CustomerID
}

// IDs returns the numbers of the items.
func (d *Data) IDs() *catalogue.IDs {
	if d.ids == nil {
		d.ids, d.known = catalogue.NewIDs(), make(map[engine.ItemNum]int)
	}
	return d.ids
}

// catalogue returns the items by number.
func (d *Data) catalogue() *catalogue.Snapshot {
	if d.shop == nil {
		d.shop = catalogue.New(d.IDs()).With(d.Items)
	}
	return d.shop
}

// AddItem adds an item, or replaces what an event has said of it so far.
func (d *Data) AddItem(item engine.Item) {
	n, _ := d.IDs().Assign(item.ID)
	d.shop = nil
	if i, ok := d.known[n]; ok {
		d.Items[i].Item = &item
		return
	}
	d.known[n] = len(d.Items)
	d.Items = append(d.Items, catalogue.Entry{Num: n, Item: &item})
}

// AddCustomer adds a customer's record, or replaces it.
func (d *Data) AddCustomer(c engine.Customer) {
	if d.Customers == nil {
		d.Customers = make(map[engine.CustomerID]*engine.Customer)
	}
	d.Customers[c.ID] = &c
}

// customer returns the record of who a timeline belongs to, nil for none.
func (d *Data) customer(who engine.Subject) *engine.Customer {
	if id, ok := d.owner[who]; ok {
		return d.Customers[id]
	}
	if who.Kind != engine.CustomerSubject {
		return nil
	}
	return d.Customers[engine.CustomerID(who.ID)]
}

// AddEvent adds the lines of one event. An item no file describes is taken as it comes,
// without words or attributes.
func (d *Data) AddEvent(e engine.RecordEvent) {
	event := uint64(len(d.Rows) + 1)
	for _, line := range e.Lines {
		row := engine.Row{Interaction: line, Seq: uint64(len(d.Rows) + 1)}
		// The lines of an event share it; an event without an id is itself alone.
		binary.LittleEndian.PutUint64(row.Event[:], event)
		if line.Item != "" {
			row.Num, _ = d.IDs().Assign(line.Item)
			if _, ok := d.known[row.Num]; !ok {
				d.AddItem(engine.Item{ID: line.Item})
			}
		}
		d.Rows = append(d.Rows, row)
	}
}

// Renumber gives the items numbers that hang on their ids and the seed alone. What scores
// the same is listed by number, and numbers come in the order of the files: with cold items
// that order would say what was wanted early, to models that know nothing of them.
func (d *Data) Renumber(seed uint64) {
	items := slices.Clone(d.Items)
	slices.SortFunc(items, func(a, b catalogue.Entry) int { return cmp.Compare(a.Item.ID, b.Item.ID) })
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	d.ids, d.known = catalogue.NewIDs(), make(map[engine.ItemNum]int, len(items))
	for i := range items {
		items[i].Num, _ = d.ids.Assign(items[i].Item.ID)
		d.known[items[i].Num] = i
	}
	d.Items, d.shop = items, nil
	for i := range d.Rows {
		if r := &d.Rows[i]; r.Item != "" {
			r.Num, _ = d.ids.Num(r.Item)
		}
	}
}

// snapshot assembles some of the rows, in their order.
func (d *Data) snapshot(rows []int, settings engine.Settings) *training.Snapshot {
	s := training.NewSnapshot(d.IDs(), settings)
	s.Items, s.Customers = d.catalogue(), d.Customers
	for _, who := range d.histories(rows) {
		s.Add(who.subject, who.rows)
	}
	return s
}

// history is some rows of one subject, oldest first.
type history struct {
	subject engine.Subject
	rows    []engine.Row
	index   []int // of each row in Data.Rows
}

// histories groups rows by subject, in the order in which subjects first appear.
func (d *Data) histories(rows []int) []history {
	var out []history
	at := make(map[engine.Subject]int)
	for _, i := range rows {
		who := d.Rows[i].Subject()
		k, known := at[who]
		if !known {
			k = len(out)
			at[who] = k
			out = append(out, history{subject: who})
		}
		out[k].rows, out[k].index = append(out[k].rows, d.Rows[i]), append(out[k].index, i)
	}
	return out
}
