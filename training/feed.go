package training

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
)

// feeder tells a training elsewhere of a log: all that Read looks at, in its order.
type feeder struct {
	*sender
	log   Log
	names int                    // that were told
	types map[engine.Type]uint64 // that were told, from 1
	pace  pace
}

// pace keeps what is read for a training from taking a processor for itself: answers come
// first, and a training has time.
type pace struct{ began time.Time }

// Of the time one part in restEach+1 is worked in, some paceWork at a stretch. A rest is no
// longer than that asks for, also where what was waited for was the other side.
const (
	paceWork = 2 * time.Millisecond
	restEach = 3
)

func (p *pace) rest() {
	if p.began.IsZero() {
		p.began = time.Now()
	}
	worked := time.Since(p.began)
	if worked < paceWork {
		return
	}
	time.Sleep(restEach * min(worked, 2*paceWork))
	p.began = time.Now()
}

// assigned is a job, and what goes with it.
type assigned struct {
	*Job
	Seq    uint64 `json:"seq"`    // of the log
	Models bool   `json:"models"` // whether some come after it
}

// feed sends a job and all that it is done with.
func feed(ctx context.Context, to *sender, log Log, job *Job, means *Means) error {
	f := &feeder{sender: to, log: log, types: make(map[engine.Type]uint64)}
	carried := job.carried(means)
	a := assigned{Job: job, Seq: log.Seq(), Models: carried != nil}
	if err := f.tell(kindJob, &a); err != nil {
		return err
	}
	if err := f.items(ctx); err != nil {
		return err
	}
	tickets, err := f.tickets(ctx)
	if err != nil {
		return err
	}
	if err := f.histories(ctx); err != nil {
		return err
	}
	erased := false
	if job.Warm { // nobody else asks
		if erased, err = log.ErasedSince(ctx, job.since()); err != nil {
			return err
		}
	}
	if err := f.tell(kindErased, erased); err != nil {
		return err
	}
	if carried != nil {
		if err := f.long(carried.Save); err != nil {
			return err
		}
	}
	var sentences *solution.Sentences
	if tickets > 0 && means.Embedder != nil && means.Sentences != nil {
		sentences = means.Sentences(ctx)
	}
	err = f.long(func(w io.Writer) error {
		if sentences == nil {
			return nil
		}
		return sentences.Save(w)
	})
	if err != nil {
		return err
	}
	return f.flush()
}

// named tells the names of the numbers that were given since it last did.
func (f *feeder) named() error {
	ids := f.log.IDs()
	if f.names >= ids.Len() {
		return nil
	}
	var list []engine.ItemID
	for ; f.names < ids.Len(); f.names++ {
		list = append(list, ids.ID(engine.ItemNum(f.names)))
	}
	return f.tell(kindNames, list)
}

// numbered is an item with its number.
type numbered struct {
	Num  engine.ItemNum `json:"num"`
	Item engine.Item    `json:"item"`
}

func (f *feeder) items(ctx context.Context) error {
	err := f.log.Items(ctx, func(n engine.ItemNum, item engine.Item) error {
		f.pace.rest()
		return errors.Join(f.named(), f.tell(kindItem, numbered{n, item}))
	})
	if err != nil {
		return fmt.Errorf("read items: %w", err)
	}
	return errors.Join(f.named(), f.send(kindEnd))
}

// asked is a customer's record by the id it was asked for by: who was merged has another's.
type asked struct {
	ID     engine.CustomerID `json:"id"`
	Record engine.Customer   `json:"record"`
}

// customer tells a customer's record, if there is one.
func (f *feeder) customer(ctx context.Context, id engine.CustomerID) error {
	c, err := f.log.Customer(ctx, id)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.tell(kindCustomer, asked{id, c})
}

// tickets tells the tickets, and returns how many there are.
func (f *feeder) tickets(ctx context.Context) (n int, err error) {
	known := make(map[engine.CustomerID]bool)
	err = f.log.ScanTickets(ctx, func(t engine.Ticket) error {
		f.pace.rest()
		if n++; t.Customer != "" && !known[t.Customer] {
			known[t.Customer] = true
			if err := f.customer(ctx, t.Customer); err != nil {
				return err
			}
		}
		return errors.Join(f.tell(kindTicket, t), ctx.Err())
	})
	if err != nil {
		return n, fmt.Errorf("read tickets: %w", err)
	}
	return n, f.send(kindEnd)
}

func (f *feeder) histories(ctx context.Context) error {
	err := f.log.Scan(ctx, func(who engine.Subject, rows []engine.Row) error {
		f.pace.rest()
		if who.Kind == engine.CustomerSubject {
			if err := f.customer(ctx, engine.CustomerID(who.ID)); err != nil {
				return err
			}
		}
		return errors.Join(f.named(), f.history(who, rows), ctx.Err())
	})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return f.send(kindEnd)
}

// What a row has beside a time, a type and a sequence number.
const (
	rowItem = 1 << iota
	rowQuantity
	rowValue
	rowCustomer // another than the history's
	rowSession  // another than the history's
	rowOrder
	rowTicket
	rowChannel
	rowNewType // one that was not told before
)

// history tells what of a history Read looks at.
func (f *feeder) history(who engine.Subject, rows []engine.Row) error {
	f.begin(kindHistory)
	f.uint(uint64(who.Kind))
	f.text(who.ID)
	f.uint(uint64(len(rows)))
	var at int64
	for i := range rows {
		r := &rows[i]
		kind, flags := f.types[r.Type], rowFlags(r, who)
		if kind == 0 {
			kind, flags = uint64(len(f.types)+1), flags|rowNewType
			f.types[r.Type] = kind
		}
		f.uint(flags)
		f.uint(kind)
		now := r.At.UnixNano()
		f.int(now - at)
		at = now
		f.uint(r.Seq)
		if flags&rowItem != 0 {
			f.uint(uint64(r.Num))
		}
		for _, x := range []struct {
			flag  uint64
			value float64
		}{{rowQuantity, r.Quantity}, {rowValue, r.Value}} {
			if flags&x.flag != 0 {
				f.real(x.value)
			}
		}
		for _, t := range []struct {
			flag uint64
			text string
		}{
			{rowCustomer, string(r.Customer)},
			{rowSession, string(r.Session)},
			{rowOrder, r.OrderID},
			{rowTicket, r.TicketID},
			{rowChannel, r.Channel},
			{rowNewType, string(r.Type)},
		} {
			if flags&t.flag != 0 {
				f.text(t.text)
			}
		}
	}
	return f.finish()
}

func rowFlags(r *engine.Row, who engine.Subject) (flags uint64) {
	set := func(flag uint64, on bool) {
		if on {
			flags |= flag
		}
	}
	set(rowItem, r.Item != "")
	set(rowQuantity, r.Quantity != 0)
	set(rowValue, r.Value != 0)
	set(rowCustomer, string(r.Customer) != of(who, engine.CustomerSubject))
	set(rowSession, string(r.Session) != of(who, engine.SessionSubject))
	set(rowOrder, r.OrderID != "")
	set(rowTicket, r.TicketID != "")
	set(rowChannel, r.Channel != "")
	return flags
}

// of returns the id of a subject of that kind, "" of another.
func of(who engine.Subject, kind engine.SubjectKind) string {
	if who.Kind == kind {
		return who.ID
	}
	return ""
}

// fed is the log that a feeder tells of. It can be read once, in the order of Read, whose rows
// have what the feeder told of them alone.
type fed struct {
	*receiver
	assigned
	ids      *catalogue.IDs
	types    []engine.Type
	customer asked
	erased   bool
	ended    func() // called when the feeder is gone, once all was read
}

// hearJob begins to read what a feeder tells.
func hearJob(from *receiver) (*fed, error) {
	f := &fed{receiver: from, ids: catalogue.NewIDs(), assigned: assigned{Job: new(Job)}}
	return f, f.hear(kindJob, &f.assigned)
}

// IDs implements Log.
func (f *fed) IDs() *catalogue.IDs { return f.ids }

// Seq implements Log.
func (f *fed) Seq() uint64 { return f.assigned.Seq }

// ErasedSince implements Log: it was asked of the log with the number of the job.
func (f *fed) ErasedSince(context.Context, uint64) (bool, error) { return f.erased, nil }

// Customer implements Log for whom something is told of.
func (f *fed) Customer(_ context.Context, id engine.CustomerID) (engine.Customer, error) {
	if f.customer.ID != id {
		return engine.Customer{}, engine.ErrNotFound
	}
	return f.customer.Record, nil
}

// each takes what stands beside the log's own records, and calls take with these until their end.
func (f *fed) each(ctx context.Context, kind byte, take func() error) error {
	for {
		if err := errors.Join(ctx.Err(), f.next()); err != nil {
			return err
		}
		var err error
		switch f.kind {
		case kindEnd:
			return nil
		case kindNames:
			var list []engine.ItemID
			err = f.as(&list)
			for _, id := range list {
				f.ids.Assign(id)
			}
		case kindCustomer:
			f.customer = asked{}
			if err = f.as(&f.customer); err == nil {
				err = f.customer.Record.Attributes.Typed()
			}
		case kind:
			err = take()
		default:
			err = fmt.Errorf("%w: %q where %q is due", errGarbled, f.kind, kind)
		}
		if err != nil {
			return err
		}
	}
}

// Items implements Log.
func (f *fed) Items(ctx context.Context, fn func(engine.ItemNum, engine.Item) error) error {
	return f.each(ctx, kindItem, func() error {
		var it numbered
		if err := f.as(&it); err != nil {
			return err
		}
		if err := it.Item.Attributes.Typed(); err != nil {
			return err
		}
		return fn(it.Num, it.Item)
	})
}

// ScanTickets implements Log.
func (f *fed) ScanTickets(ctx context.Context, fn func(engine.Ticket) error) error {
	return f.each(ctx, kindTicket, func() error {
		var t engine.Ticket
		if err := f.as(&t); err != nil {
			return err
		}
		return fn(t)
	})
}

// Scan implements Log. The rows are good until fn returns.
func (f *fed) Scan(ctx context.Context, fn func(engine.Subject, []engine.Row) error) error {
	var rows []engine.Row
	return f.each(ctx, kindHistory, func() error {
		who, got, err := f.history(rows[:0])
		if rows = got; err != nil {
			return err
		}
		return fn(who, rows)
	})
}

// history reads the message at hand.
func (f *fed) history(rows []engine.Row) (who engine.Subject, _ []engine.Row, err error) {
	in := fields{rest: f.payload}
	who.Kind, who.ID = engine.SubjectKind(in.uint()), in.text()
	customer, session := engine.CustomerID(of(who, engine.CustomerSubject)), engine.SessionID(of(who, engine.SessionSubject))
	at := int64(0)
	for n := in.uint(); n > 0 && in.err == nil; n-- {
		rows = append(rows, engine.Row{})
		r := &rows[len(rows)-1]
		r.Customer, r.Session = customer, session
		flags, kind := in.uint(), in.uint()
		at += in.int()
		r.At, r.Seq = time.Unix(0, at).UTC(), in.uint()
		if flags&rowItem != 0 {
			num := in.uint()
			if num >= uint64(f.ids.Len()) {
				return who, rows, fmt.Errorf("%w: number %d of %d items", errGarbled, num, f.ids.Len())
			}
			r.Num = engine.ItemNum(num)
			r.Item = f.ids.ID(r.Num)
		}
		if flags&rowQuantity != 0 {
			r.Quantity = in.real()
		}
		if flags&rowValue != 0 {
			r.Value = in.real()
		}
		text := func(flag uint64, otherwise string) string {
			if flags&flag == 0 {
				return otherwise
			}
			return in.text()
		}
		r.Customer = engine.CustomerID(text(rowCustomer, string(customer)))
		r.Session = engine.SessionID(text(rowSession, string(session)))
		r.OrderID, r.TicketID, r.Channel = text(rowOrder, ""), text(rowTicket, ""), text(rowChannel, "")
		if flags&rowNewType != 0 {
			f.types = append(f.types, engine.Type(in.text()))
		}
		if kind == 0 || kind > uint64(len(f.types)) {
			return who, rows, fmt.Errorf("%w: type %d of %d", errGarbled, kind, len(f.types))
		}
		r.Type = f.types[kind-1]
	}
	if in.err == nil && len(in.rest) > 0 {
		in.err = errGarbled
	}
	return who, rows, in.err
}

// rest reads what comes after the log: what was asked of it last, models and sentences. From
// then on nothing comes but the end.
func (f *fed) rest() (models *recommend.Models, sentences *solution.Sentences, err error) {
	if err := f.hear(kindErased, &f.erased); err != nil {
		return nil, nil, err
	}
	if f.Models {
		body := f.long()
		if models, err = recommend.Load(body, f.ids); err == nil {
			_, err = io.Copy(io.Discard, body) // its end
		}
	}
	if err != nil {
		return nil, nil, err
	}
	more, err := f.some()
	if more {
		body := f.long()
		if sentences, err = solution.LoadSentences(body); err == nil {
			_, err = io.Copy(io.Discard, body)
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, f.r)
		f.ended()
	}()
	return models, sentences, err
}
