// Package api is the REST face: routes, decoding, encoding, keys and limits, and the one
// place where an error becomes a status. A handler decodes, calls and encodes.
//
// It decides nothing about items or people, keeps no state of its own, and is the only
// importer of gin. Who listens, and for how long, is the caller's business.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

// Trainer makes models. It is what api needs to know of training.
type Trainer interface {
	// Train starts a training that outlives ctx and returns its job; where one is
	// running, that one's with an error that wraps engine.ErrConflict.
	Train(ctx context.Context) (engine.Job, error)
	// Job returns a training by its id, as far as it is remembered.
	Job(id string) (engine.Job, bool)
	// Models returns the versions that are kept, oldest first; Current is what serves.
	Models(ctx context.Context) ([]engine.ModelVersion, error)
	// Rollback makes a kept version serve; an error that wraps engine.ErrNotFound for
	// one that is not kept.
	Rollback(ctx context.Context, to int) error
	// Unread returns the versions that were passed over at the start because they cannot be
	// read, until another comes to serve.
	Unread() []int
	// Ended counts the trainings that have ended since the start, by how.
	Ended() map[engine.JobState]uint64
	// CheckSources refuses engine.Settings.Sources that it could not train with, by an
	// *engine.Invalid.
	CheckSources(sources map[string]map[string]any) error
}

// Workspace is one tenant: what it stores, what answers for it, what trains for it.
type Workspace struct {
	Name        string
	Store       *store.Store
	Recommender *serving.Recommender
	Trainer     Trainer
}

// Options are what a server is made of.
type Options struct {
	Workspace Workspace
	// Key is the API key, or its hash as "sha256:" and 64 hexadecimal digits. Without
	// one every request is refused, unless Loopback says that only this machine can
	// reach the listener.
	Key string
	// Loopback lets requests from this machine in without a key, where Key is empty.
	Loopback bool
	// PublishableKey is what pages in a browser may know: with it they post events and
	// read lists, and no more. Empty for none.
	PublishableKey string
	// TokenSecret checks the customer_token that a page needs for what concerns a
	// customer, see docs/browser.md. Without one no page may speak of customers.
	TokenSecret string
	// Origins are those whose pages may ask, see CheckOrigin.
	Origins []string

	Log       *slog.Logger     // nil: slog.Default
	AccessLog bool             // a line at level Info for every request; else failures have one
	Version   string           // of the program, as GET /v1/version says it
	Limits    Limits           // zero fields: the engine's
	Now       func() time.Time // nil: time.Now
}

// Limits bound one request. The zero value of a field is the default; tests lower them.
type Limits struct {
	BodyBytes    int64         // of a body, inflated; default engine.MaxBodyBytes
	AtomicBytes  int64         // of a body with atomic=true; default engine.MaxAtomicBytes
	BatchRecords int           // default engine.MaxBatchRecords
	Timeout      time.Duration // of a request, its body's arrival included; default 30 s
	LongTimeout  time.Duration // of an import or export, which may stand still for Timeout; default 2 h
}

const (
	defaultTimeout     = 30 * time.Second
	defaultLongTimeout = 2 * time.Hour
)

func (l Limits) orDefaults() Limits {
	if l.BodyBytes == 0 {
		l.BodyBytes = engine.MaxBodyBytes
	}
	if l.AtomicBytes == 0 {
		l.AtomicBytes = engine.MaxAtomicBytes
	}
	if l.BatchRecords == 0 {
		l.BatchRecords = engine.MaxBatchRecords
	}
	if l.Timeout == 0 {
		l.Timeout = defaultTimeout
	}
	if l.LongTimeout == 0 {
		l.LongTimeout = defaultLongTimeout
	}
	return l
}

// Server answers HTTP requests for a workspace. Safe for concurrent use.
type Server struct {
	name    string
	store   *store.Store
	rec     *serving.Recommender
	trainer Trainer
	lock    lock
	log     *slog.Logger
	version string
	limits  Limits
	now     func() time.Time
	heavy   chan struct{} // holds one for each heavy body being read
	streams chan struct{} // holds one for each import or export under way
	handler http.Handler
	door    door
	metrics *metrics
	openAPI func() (texts, error)            // made at the first call
	page    func() (map[string]asset, error) // likewise

	accessLog bool

	settings sync.Mutex // held while the settings are read, changed and written
}

// New returns a server. It opens, starts and reads nothing.
func New(o Options) *Server {
	s := &Server{
		name:      o.Workspace.Name,
		store:     o.Workspace.Store,
		rec:       o.Workspace.Recommender,
		trainer:   o.Workspace.Trainer,
		lock:      newLock(o.Key, o.Loopback),
		door:      newDoor(&o),
		accessLog: o.AccessLog,
		log:       o.Log,
		version:   o.Version,
		limits:    o.Limits.orDefaults(),
		now:       o.Now,
		heavy:     make(chan struct{}, heavyAtOnce),
		streams:   make(chan struct{}, streamsAtOnce),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.metrics = newMetrics(s)
	s.openAPI = sync.OnceValues(s.render)
	s.page = sync.OnceValues(assets)
	s.handler = s.chain()
	return s
}

// Handler returns the handler of all routes.
func (s *Server) Handler() http.Handler { return s.handler }

// chain lays out what every request passes, and the routes at its end.
func (s *Server) chain() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.ContextWithFallback = true
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	// Routes match the path as it was sent, so that an id may hold %2F. pathID decodes
	// the parts: gin's own decoding takes + for a space.
	e.UseEscapedPath = true
	e.UnescapePathValues = false
	e.Use(s.identify, s.report, s.recover, s.cross, s.admit)
	for _, r := range s.allRoutes() {
		e.Handle(r.method, r.path, s.bound(&r), r.serve(s))
		if r.method == http.MethodGet {
			e.HEAD(r.path, s.bound(&r), r.serve(s)) // net/http keeps the body back
		}
	}
	// Else bulk would be the id of an answer.
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		e.Handle(method, bulkPath, func(c *gin.Context) {
			c.Header("Allow", http.MethodPost)
			s.fail(c, wrongMethod(c))
		})
	}
	e.NoRoute(func(c *gin.Context) { s.fail(c, errNoRoute) })
	e.NoMethod(func(c *gin.Context) { s.fail(c, wrongMethod(c)) })
	return e
}
