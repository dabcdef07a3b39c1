package serving

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Written says what became of lists for many.
type Written struct {
	Lists   int // that were written
	LeftOut int // customers who refused the purpose
}

// Encode appends a customer's list to buf. It may be called by several goroutines at once.
type Encode func(buf []byte, id engine.CustomerID, a *engine.Answer) ([]byte, error)

// Lists answers one request for many customers, who are put in its place one by one, and
// writes their lists, encoded: for the customers it names in their order, for everybody in
// that of the hash of their ids, the same every time. Those who refused the request's purpose are left out. All processors work on it,
// each on a part of the customers, and let whoever asks for a list of their own go first.
// It leaves no impressions, and the states of customers who ask live stay in memory.
//
// write is called by one goroutine at a time with what belongs to several customers.
// Errors: *engine.Invalid for what is wrong with the request, before anything is written;
// the context's, the log's, and write's. Where a list's making panics, so does Lists.
func (r *Recommender) Lists(ctx context.Context, req *engine.BulkRequest, encode Encode, write func([]byte) error) (Written, error) {
	ask := asking{place: placeName(&req.Request), answer: recommend.Recommend}
	check := req.Request
	check.ValidateOnly = true
	if _, err := r.answer(ctx, &check, ask); err != nil {
		return Written{}, err
	}
	if req.ValidateOnly {
		return Written{}, nil
	}
	ask.many = new(recommend.Many)
	l := &lists{r: r, req: req, ask: ask, encode: encode}
	each, parts := l.everybody, spans
	if req.Customers != nil {
		each, parts = l.named, (len(req.Customers)+namedPart-1)/namedPart
	}
	return l.run(ctx, parts, each, write)
}

// spans is the number of parts that everybody is read in: of a million customers 4,000,
// whose lists of ten take about three megabytes. A part costs about 0.2 ms beside its lists.
const spans = 256

// namedPart is how many named customers are a part.
const namedPart = 64

// lists is a run of Recommender.Lists.
type lists struct {
	r      *Recommender
	req    *engine.BulkRequest
	ask    asking
	encode Encode
	rooms  sync.Pool // of *[sideBySide][]engine.Row: for histories of those whose lists are on their way
}

// part is what became of one part of the customers.
type part struct {
	Written
	text  []byte
	err   error
	fault string // of the program: what its panic said, and where
	begun []begun
}

// sideBySide is how many lists are made side by side: what the sources say of all items is read
// once for them. More take more room than there is near a processor.
const sideBySide = 8

// begun is a customer's list on its way.
type begun struct {
	id    engine.CustomerID
	list  *recommend.Begun
	spent time.Duration
}

// run makes the parts side by side and writes them in their order.
func (l *lists) run(ctx context.Context, parts int, each func(context.Context, int, *part), write func([]byte) error) (sum Written, err error) {
	ctx, stop := context.WithCancel(ctx)
	workers := min(runtime.GOMAXPROCS(0), parts)
	type job struct {
		number int
		done   chan *part
	}
	jobs, order := make(chan job), make(chan chan *part, 2*workers) // this bounds what waits to be written
	var working sync.WaitGroup
	working.Go(func() {
		defer close(order)
		defer close(jobs)
		for i := range parts {
			next := job{i, make(chan *part, 1)}
			select {
			case order <- next.done:
			case <-ctx.Done():
				return
			}
			select {
			case jobs <- next:
			case <-ctx.Done():
				close(next.done)
				return
			}
		}
	})
	for range workers {
		working.Go(func() {
			for j := range jobs {
				p := new(part)
				guarded(p, func() { each(ctx, j.number, p) })
				j.done <- p
			}
		})
	}
	defer working.Wait()
	defer stop()
	for done := range order {
		p, ok := <-done
		if !ok {
			break
		}
		if p.fault != "" {
			panic(p.fault)
		}
		if p.err != nil {
			return sum, p.err
		}
		if err := write(p.text); err != nil {
			return sum, err
		}
		sum.Lists, sum.LeftOut = sum.Lists+p.Lists, sum.LeftOut+p.LeftOut
	}
	return sum, ctx.Err()
}

// guarded keeps a panic for the goroutine that asked for the lists: whoever called it may know what to do,
// and nobody does who is called by none.
func guarded(p *part, do func()) {
	defer func() { p.fault = faultOf(recover()) }()
	do()
}

// everybody makes the lists of a part of all customers.
func (l *lists) everybody(ctx context.Context, number int, p *part) {
	rooms, again := l.rooms.Get().(*[sideBySide][]engine.Row)
	if !again {
		rooms = new([sideBySide][]engine.Row)
	}
	defer l.rooms.Put(rooms)                                     // when no list is on its way any more
	free := func() *[]engine.Row { return &rooms[len(p.begun)] } // who is left out takes none
	p.err = l.r.log.Everybody(ctx, number, spans, free, func(id engine.CustomerID, record *engine.Customer, tickets []engine.Ticket, rows []engine.Row) error {
		return l.begin(ctx, p, id, stateOf(engine.OfCustomer(id), record, tickets, rows))
	})
	if p.err == nil {
		p.err = l.end(p)
	}
}

// named makes the lists of some of the customers who are named. Who cannot be read gets none,
// and neither do those after them: whether they may be written to is not known.
func (l *lists) named(ctx context.Context, number int, p *part) {
	ids := l.req.Customers[number*namedPart:]
	for _, id := range ids[:min(namedPart, len(ids))] {
		who, err := l.r.people.look(ctx, l.r.log.Resolve(engine.OfCustomer(id)))
		if err == nil {
			err = l.begin(ctx, p, id, who)
		}
		if err != nil {
			p.err = err
			return
		}
	}
	p.err = l.end(p)
}

// begin begins a customer's list, and ends those of a part that were begun where they are enough.
func (l *lists) begin(ctx context.Context, p *part, id engine.CustomerID, who *recommend.Someone) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.req.Consent != engine.AnyConsent && who.Customer != nil && !who.Customer.Allows(engine.Outreach) {
		p.LeftOut++
		return nil
	}
	req, start := l.req.Request, l.r.now()
	req.Customer = id
	in, err := l.r.input(&req, l.ask, who, start)
	if err != nil {
		return err
	}
	p.begun = append(p.begun, begun{id: id, list: recommend.Begin(in), spent: l.r.now().Sub(start)})
	runtime.Gosched() // a live answer waits no longer than this took
	if len(p.begun) < sideBySide {
		return nil
	}
	return l.end(p)
}

// end ends the lists that were begun, and adds them to the part.
func (l *lists) end(p *part) error {
	if len(p.begun) == 0 {
		return nil
	}
	start := l.r.now()
	var room [sideBySide]*recommend.Begun
	all := room[:0]
	for _, b := range p.begun {
		all = append(all, b.list)
	}
	l.ask.many.Sweep(all)
	shared := l.r.now().Sub(start) / time.Duration(len(all))
	for _, b := range p.begun {
		start := l.r.now()
		answer, err := b.list.End()
		if err != nil {
			return err
		}
		answer.TookMS = milliseconds(b.spent + shared + l.r.now().Sub(start))
		if p.text, err = l.encode(p.text, b.id, &answer); err != nil {
			return err
		}
		p.Lists++
		runtime.Gosched()
	}
	clear(p.begun)
	p.begun = p.begun[:0]
	return nil
}
