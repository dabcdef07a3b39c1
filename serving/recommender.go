// Package serving answers now: it keeps the live world (catalogue, counters, models)
// behind one pointer and the states of the customers asked for lately, observes every
// committed write in order, and degrades by name instead of failing.
//
// It decodes nothing, stores nothing itself, fits nothing, and holds no scoring rule:
// those are engine/recommend's.
package serving

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/engine/text"
)

// Log is what serving reads of, and leaves in, the store.
type Log interface {
	// History returns all a subject ever did, links followed.
	History(ctx context.Context, s engine.Subject) ([]engine.Row, error)
	// Customer returns a record; an error that wraps engine.ErrNotFound for none.
	Customer(ctx context.Context, id engine.CustomerID) (engine.Customer, error)
	// Ticket returns a ticket; an error that wraps engine.ErrNotFound for none.
	Ticket(ctx context.Context, id string) (engine.Ticket, error)
	// TicketsOf returns the tickets of a subject and of all that was merged into it.
	TicketsOf(ctx context.Context, s engine.Subject) ([]engine.Ticket, error)
	// Resolve returns who a subject was merged into, itself for nobody.
	Resolve(s engine.Subject) engine.Subject
	// Vectors returns which of some texts have a vector of an encoder, PutVectors keeps some,
	// and DropVectors deletes all but those of an encoder's texts that are to stay.
	Vectors(ctx context.Context, encoder string, texts []engine.Hash16) (map[engine.Hash16][]byte, error)
	PutVectors(ctx context.Context, encoder string, vectors map[engine.Hash16][]byte) error
	DropVectors(ctx context.Context, encoder string, stays func(text engine.Hash16) bool) (int, error)
	// PackImpression returns what PutImpressions keeps of an impression, in room or in room anew, which
	// it returns longer, and UnpackImpression the impression again.
	PackImpression(room []byte, imp *engine.Impression) (engine.PackedImpression, []byte, error)
	UnpackImpression(p engine.PackedImpression) (engine.Impression, error)
	PutImpressions(ctx context.Context, list []engine.PackedImpression) error
	Impression(ctx context.Context, id string) (engine.Impression, error)
	// Everybody calls fn with every customer of one of so many parts of them, with their
	// record, nil for none, tickets and history. The rows lie in what room
	// returns then, and are fn's until it returns the same again.
	Everybody(ctx context.Context, part, parts int, room func() *[]engine.Row, fn func(engine.CustomerID, *engine.Customer, []engine.Ticket, []engine.Row) error) error
	// ScanAt calls fn with every subject's history as of one moment, and returns the
	// number of the newest command that is in them.
	ScanAt(ctx context.Context, fn func(engine.Subject, []engine.Row) error) (seq uint64, err error)
	// ScanTickets calls fn with every ticket as of one moment, saying whom it belongs to now.
	ScanTickets(ctx context.Context, fn func(engine.Ticket) error) error
	// ScanAnswers calls fn with every answer that is kept, without its reasons, as of one moment.
	ScanAnswers(ctx context.Context, fn func(engine.Impression) error) error
}

// Options are the recommender's settings; the zero value is sane.
type Options struct {
	Settings   *engine.Settings // nil: engine.DefaultSettings
	CacheBytes int              // for customers' states; 0: 96 MiB, the newest 500 of a hundred rows ready and 7,000 folded, with what answers keep of them
	Now        func() time.Time // nil: time.Now
	Random     func() uint64    // for recommendation ids; nil: math/rand/v2
	Embedder   text.Embedder    // of passages and tickets; nil: none
	Behind     text.Embedder    // gives the vectors that Embedder does, of passages: for work that must not be in the way of answers; nil: Embedder
	Log        *slog.Logger     // of what goes wrong behind the answers; nil: none
	Workers    int              // goroutines that make new models ready; 0: half the processors, so that answers keep theirs
	// Unasked says that nobody will ask for lists, as where a command trains: what they need of items,
	// half a kilobyte each, is not made.
	Unasked bool
}

// Recommender answers requests from the live world. Safe for concurrent use.
type Recommender struct {
	log     Log
	now     func() time.Time
	random  func() uint64
	makers  int                  // Options.Workers
	unasked bool                 // Options.Unasked
	shop    atomic.Pointer[shop] // replaced whole; loaded once a request
	people  *people
	record  *recorder
	health  reading[[]solution.Health]
	gaps    reading[Gaps]
	reader  *reader
	stale   chan struct{} // the counters do not weigh as the settings do, or asked is set
	asked   atomic.Bool   // they are to be counted again all the same

	mu       sync.Mutex         // guards the replacing of shop, and all below
	encoding int                // swaps under way
	changed  []catalogue.Entry  // items put or deleted since the first of them began
	noting   bool               // a recount is under way
	noted    []engine.Committed // what was observed since it began, as far as it counts
}

// shop is the world with its scenarios, as of one moment.
type shop struct {
	*recommend.World
	seq       uint64 // of the newest command that is in it
	counted   uint64 // the counters hold all up to here: a recount may be ahead of seq
	scenarios map[string]*scenario
}

// New returns a recommender over an empty catalogue; Restore gives it its state.
func New(log Log, ids *catalogue.IDs, o Options) *Recommender {
	settings := engine.DefaultSettings()
	if o.Settings != nil {
		settings = *o.Settings
	}
	r := &Recommender{log: log, now: o.Now, random: o.Random, unasked: o.Unasked, record: newRecorder(log), reader: newReader(o.Embedder, o.Behind, o.Log), stale: make(chan struct{}, 1)}
	r.makers = cmp.Or(o.Workers, max(1, runtime.GOMAXPROCS(0)/2))
	if r.now == nil {
		r.now = time.Now
	}
	if r.random == nil {
		r.random = rand.Uint64
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 96 << 20
	}
	r.health, r.gaps = newReading[[]solution.Health](), newReading[Gaps]()
	r.people = newPeople(log, ids, o.CacheBytes)
	r.people.say = r.reader.say
	world := recommend.NewWorld(ids, settings)
	if o.Embedder != nil {
		world = world.WithSentences(solution.NewSentences(o.Embedder.Dims()))
	}
	r.shop.Store(&shop{World: world, scenarios: builtIn()})
	return r
}

// Start is the state a recommender begins with.
type Start struct {
	Seq       uint64              // of the newest command that is in Counters
	Items     *catalogue.Snapshot // nil: none
	Scenarios []engine.Scenario
	Counters  *tally.Counters   // nil: none
	Models    *recommend.Models // nil: unfitted
}

// Restore replaces the whole state: once, before the tail is replayed through Observe.
func (r *Recommender) Restore(s Start) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.shop.Load()
	world := old.World
	if s.Counters != nil {
		world = world.WithCounters(s.Counters)
	}
	if s.Models != nil {
		world = world.WithModels(s.Models, text.NewVectors(s.Models.Encoder)).WithLexicon(s.Models.Ask(text.NewIndex()))
	}
	if s.Items != nil {
		texts := text.Texts(s.Items)
		r.reader.due(world.Catalogue, texts)
		vectors, lexicon := world.Content, world.Lexicon
		if r.unasked {
			vectors, lexicon = text.With(vectors, lexicon, texts)
		} else {
			vectors, lexicon = text.Stocked(vectors, lexicon, s.Items, texts)
		}
		world = world.Stocked(s.Items, vectors, lexicon)
	}
	next := &shop{World: world, seq: s.Seq, scenarios: old.scenarios}
	if !r.unasked {
		next.Models.Prepare(next.World, r.makers)
	}
	for _, sc := range s.Scenarios {
		next.scenarios = withScenario(next.scenarios, sc)
	}
	r.shop.Store(next)
}

// Swap makes m the models of every request that starts from now on; requests in flight
// finish on those they began with. It encodes every item first, while writes go on, on the caller's
// own goroutine alone, which may give way to answers.
func (r *Recommender) Swap(m *recommend.Models) {
	r.mu.Lock()
	r.encoding++
	world := r.shop.Load().World
	from := len(r.changed)
	r.mu.Unlock()

	vectors, lexicon := text.NewVectors(m.Encoder), world.Lexicon
	if !r.unasked {
		vectors = m.Encode(world.Catalogue, 1)
		m.Prepare(world.WithModels(m, vectors), 1)
	}
	if m.Desk != nil || world.Models.Desk != nil {
		lexicon = m.Ask(lexicon)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	next := *r.shop.Load()
	next.World = next.World.WithModels(m, vectors.With(r.changed[from:])).WithLexicon(lexicon.With(r.changed[from:]))
	r.shop.Store(&next)
	r.people.release()
	if r.encoding--; r.encoding == 0 {
		r.changed = nil
	}
}

// World returns the world of this moment.
func (r *Recommender) World() *recommend.World { return r.shop.Load().World }

// Settings returns the shop's choices as they are in force.
func (r *Recommender) Settings() engine.Settings { return r.shop.Load().World.Settings }

// Seq returns the number of the newest command that answers reflect.
func (r *Recommender) Seq() uint64 { return r.shop.Load().seq }

// Checkpoint returns the live counters and the sequence number up to which they count.
func (r *Recommender) Checkpoint() (seq uint64, counters []byte, err error) {
	s := r.shop.Load()
	seq = max(s.seq, s.counted)
	counters, err = s.Counters.MarshalBinary()
	if err != nil {
		return 0, nil, fmt.Errorf("checkpoint counters at %d: %w", seq, err)
	}
	return seq, counters, nil
}

// Dropped returns how many impressions were lost because the disk did not keep up.
func (r *Recommender) Dropped() uint64 { return r.record.dropped.Load() }

// Run writes impressions behind the answers, counts again whenever the settings have changed,
// and makes the vectors of new passages, until ctx ends; then it writes what is left. It begins
// with what the first ticket would wait for.
func (r *Recommender) Run(ctx context.Context) error {
	counting, reading := make(chan error, 1), make(chan error, 1)
	go func() { counting <- r.recountUntil(ctx) }()
	go func() {
		r.warm(ctx)
		reading <- r.readUntil(ctx)
	}()
	return errors.Join(r.record.run(ctx), <-counting, <-reading)
}
