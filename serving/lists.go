package serving

import (
	"context"
	"runtime"
	"sync"

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
// the context's, the log's, and write's.
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
}

// part is what became of one part of the customers.
type part struct {
	Written
	text []byte
	err  error
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
				each(ctx, j.number, p)
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

// everybody makes the lists of a part of all customers.
func (l *lists) everybody(ctx context.Context, number int, p *part) {
	p.err = l.r.log.Everybody(ctx, number, spans, func(id engine.CustomerID, record *engine.Customer, tickets []engine.Ticket, rows []engine.Row) error {
		return l.list(ctx, p, id, stateOf(engine.OfCustomer(id), record, tickets, rows))
	})
}

// named makes the lists of some of the customers who are named. Who cannot be read gets none,
// and neither do those after them: whether they may be written to is not known.
func (l *lists) named(ctx context.Context, number int, p *part) {
	ids := l.req.Customers[number*namedPart:]
	for _, id := range ids[:min(namedPart, len(ids))] {
		who, err := l.r.people.look(ctx, l.r.log.Resolve(engine.OfCustomer(id)))
		if err == nil {
			err = l.list(ctx, p, id, who)
		}
		if err != nil {
			p.err = err
			return
		}
	}
}

// list adds a customer's list to a part.
func (l *lists) list(ctx context.Context, p *part, id engine.CustomerID, who *recommend.Someone) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.req.Consent != engine.AnyConsent && who.Customer != nil && !who.Customer.Allows(engine.Outreach) {
		p.LeftOut++
		return nil
	}
	req, start := l.req.Request, l.r.now()
	req.Customer = id
	answer, err := l.r.story(&req, l.ask, who, start)
	if err != nil {
		return err
	}
	l.r.took(&answer, start)
	if p.text, err = l.encode(p.text, id, &answer); err != nil {
		return err
	}
	p.Lists++
	runtime.Gosched() // a live answer waits no longer than this one took
	return nil
}
