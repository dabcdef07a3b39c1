package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
	bulkPath   = "/v1/recommendations/bulk"
)

// handler answers a request, or says with what error it cannot.
type handler func(c *gin.Context) error

// route is one method of one path. Parameters that params does not name are refused.
type route struct {
	method, path string
	handle       handler
	params       []string
	traits       trait
}

// trait is in what a route differs from the others.
type trait uint8

const (
	// free leaves the parameters to the handler.
	free trait = 1 << iota
	// long is a stream: bounded in how long it may stand still, not in its bytes.
	long
)

func (r *route) is(t trait) bool { return r.traits&t != 0 }

// routes is everything the server answers to.
func (s *Server) routes() []route {
	items, customers, tickets := s.items(), s.customers(), s.tickets()
	page := []string{"cursor", "limit", "count", "n"}
	return []route{
		{"GET", healthPath, s.health, nil, 0},
		{"GET", readyPath, s.ready, nil, 0},
		{"GET", "/v1/version", s.showVersion, nil, 0},
		{"GET", "/v1/whoami", s.whoami, nil, 0},

		{"POST", "/v1/recommendations", s.recommend, nil, 0},
		{"POST", bulkPath, s.postBulk, nil, long},
		{"GET", "/v1/recommendations/:id", s.replay, nil, 0},
		{"POST", "/v1/recommendations/:id/next", s.next, []string{"count", "n", "limit"}, 0},
		{"POST", "/v1/rank", s.rank, nil, 0},
		{"GET", "/v1/customers/:id/recommendations", s.recommendFor("customer_id"), nil, free},
		{"POST", "/v1/customers/:id/recommendations", s.recommendFor("customer_id"), nil, 0},
		{"GET", "/v1/sessions/:id/recommendations", s.recommendFor("session_id"), nil, free},
		{"POST", "/v1/sessions/:id/recommendations", s.recommendFor("session_id"), nil, 0},
		{"GET", "/v1/items/:id/related", s.recommendFor("item_id"), nil, free},
		{"POST", "/v1/items/:id/related", s.recommendFor("item_id"), nil, 0},
		{"POST", "/v1/solutions/suggest", s.suggest, nil, 0},
		{"GET", "/v1/solutions/health", s.listHealth, page, 0},
		{"GET", "/v1/solutions/:id/health", s.showHealth, nil, 0},
		{"GET", "/v1/solutions/gaps", s.listGaps, page, 0},

		{"POST", "/v1/triage", s.triage, nil, 0},
		{"POST", "/v1/tickets/:id/triage", s.triageTicket, nil, 0},

		{"POST", "/v1/batch", s.postBundle, nil, 0},

		{"POST", "/v1/events", s.postEvents, []string{"atomic", "unknown"}, 0},
		{"PATCH", "/v1/events/:id", s.patchEvent, whose, 0},
		{"DELETE", "/v1/events/:id", s.dropEvent, whose, 0},
		{"GET", "/v1/customers/:id/events", s.history, page, 0},

		{"POST", "/v1/items", s.putItems(items), []string{"atomic", "mode", "force"}, 0},
		{"PATCH", "/v1/items", items.patch, []string{"atomic", "create"}, 0},
		{"GET", "/v1/items", items.list, page, 0},
		{"GET", "/v1/items/:id", items.show, nil, 0},
		{"PUT", "/v1/items/:id", items.putOne, nil, 0},
		{"PATCH", "/v1/items/:id", items.patchOne, []string{"create"}, 0},
		{"DELETE", "/v1/items/:id", items.drop, nil, 0},

		{"POST", "/v1/customers", customers.put, []string{"atomic"}, 0},
		{"PATCH", "/v1/customers", customers.patch, []string{"atomic", "create"}, 0},
		{"GET", "/v1/customers", customers.list, page, 0},
		{"GET", "/v1/customers/:id", customers.show, nil, 0},
		{"PUT", "/v1/customers/:id", customers.putOne, nil, 0},
		{"PATCH", "/v1/customers/:id", customers.patchOne, []string{"create"}, 0},
		{"DELETE", "/v1/customers/:id", s.erase, nil, 0},
		{"GET", "/v1/customers/:id/timeline", s.timeline, append([]string{"type"}, page...), 0},
		{"GET", "/v1/customers/:id/export", s.exportPerson, nil, 0},
		{"POST", "/v1/customers/:id/merge", s.merge, nil, 0},
		{"GET", "/v1/customers/:id/preferences", s.showPreferences, nil, 0},
		{"PATCH", "/v1/customers/:id/preferences", s.patchPreferences, nil, 0},
		{"GET", "/v1/erasures/:receipt", s.showErasure, nil, 0},

		{"POST", "/v1/tickets", tickets.put, []string{"atomic"}, 0},
		{"PATCH", "/v1/tickets", tickets.patch, []string{"atomic", "create"}, 0},
		{"GET", "/v1/tickets", tickets.list, page, 0},
		{"GET", "/v1/tickets/:id", s.showTicket, []string{"include"}, 0},
		{"PUT", "/v1/tickets/:id", tickets.putOne, nil, 0},
		{"PATCH", "/v1/tickets/:id", tickets.patchOne, []string{"create"}, 0},
		{"DELETE", "/v1/tickets/:id", tickets.drop, nil, 0},
		{"POST", "/v1/tickets/:id/messages", s.postMessages, nil, 0},

		{"GET", "/v1/scenarios", s.listScenarios, nil, 0},
		{"GET", "/v1/scenarios/:name", s.showScenario, nil, 0},
		{"PUT", "/v1/scenarios/:name", s.putScenario, nil, 0},
		{"DELETE", "/v1/scenarios/:name", s.dropScenario, nil, 0},
		{"POST", "/v1/scenarios/:name/preview", s.previewScenario, nil, 0},
		{"GET", "/v1/settings/interaction-types", s.showTypes, nil, 0},
		{"PUT", "/v1/settings/interaction-types", s.putTypes, nil, 0},
		{"PATCH", "/v1/settings/interaction-types", s.patchTypes, nil, 0},
		{"GET", "/v1/settings/sources", s.showSources, nil, 0},
		{"PUT", "/v1/settings/sources", s.putSources, nil, 0},
		{"PATCH", "/v1/settings/sources", s.patchSources, nil, 0},
		{"GET", "/v1/settings/support", s.showSupport, nil, 0},
		{"PUT", "/v1/settings/support", s.putSupport, nil, 0},
		{"PATCH", "/v1/settings/support", s.patchSupport, nil, 0},
		{"GET", "/v1/settings/privacy", s.showPrivacy, nil, 0},
		{"PUT", "/v1/settings/privacy", s.putPrivacy, nil, 0},
		{"GET", "/v1/attributes", s.listAttributes, nil, 0},

		{"POST", "/v1/import/:what", s.importRecords, importParams, long},
		{"GET", "/v1/export/:what", s.export, []string{"format"}, long},
		{"GET", "/v1/backup", s.backup, []string{"since"}, long},
		{"GET", "/v1/backups", s.listBackups, nil, 0},

		{"GET", "/v1/models", s.listModels, nil, 0},
		{"POST", "/v1/models/train", s.train, nil, 0},
		{"POST", "/v1/models/rollback", s.rollback, nil, 0},
		{"GET", "/v1/jobs/:id", s.showJob, nil, 0},
	}
}

// serve checks the parameters, runs the handler and answers with its error.
func (r route) serve(s *Server) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := r.check(c)
		if err == nil {
			err = r.handle(c)
		}
		if err != nil {
			s.fail(c, err)
		}
	}
}

func (r *route) check(c *gin.Context) error {
	query := c.Request.URL.RawQuery
	if query == "" || r.is(free) && isPlain(query) {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return engine.Invalidf(engine.CodeInvalidSyntax, "", "the part of the URL after ? cannot be read: %s", err)
	}
	if r.is(free) {
		return nil
	}
	for name, given := range values {
		switch {
		case !slices.Contains(r.params, name) && len(r.params) == 0:
			return engine.Invalidf(engine.CodeUnknownParam, shorten(name), "%s %s takes no parameters in its URL", r.method, r.path)
		case !slices.Contains(r.params, name):
			return engine.Invalidf(engine.CodeUnknownParam, shorten(name), "%s %s takes %s", r.method, r.path, strings.Join(r.params, ", "))
		case len(given) > 1:
			return engine.Invalidf(engine.CodeInvalidField, name, "the parameter is given %d times; once is wanted", len(given))
		}
	}
	return nil
}

// isPlain reports whether a query can be read, without reading it: most hold no escapes.
func isPlain(query string) bool { return len(query) < 1024 && !strings.ContainsAny(query, "%;") }

// shorten cuts a caller's text to what a message can hold.
func shorten(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "..."
}

// pathID returns the id in the path, decoded. Field names it in the refusal.
func pathID(c *gin.Context, field string) (string, error) {
	param := "id"
	if field == "receipt" || field == "name" || field == "what" {
		param = field
	}
	id, err := url.PathUnescape(c.Param(param))
	if err != nil {
		return "", engine.Invalidf(engine.CodeInvalidSyntax, field, "the id in the path is not percent-encoded: %s", err)
	}
	return id, engine.CheckID(field, id)
}

// flag reads a parameter that is true or false; false where it is not given.
func flag(c *gin.Context, name string) (bool, error) {
	text, given := c.GetQuery(name)
	on, err := strconv.ParseBool(text)
	if given && err != nil {
		return false, engine.Invalidf(engine.CodeInvalidField, name, "true or false is wanted, got %q", shorten(text))
	}
	return on, nil
}

const defaultPage = 100

// pageSize reads how many records a page is to have.
func pageSize(c *gin.Context) (int, error) {
	size := defaultPage
	for _, name := range []string{"limit", "count", "n"} {
		text, given := c.GetQuery(name)
		if !given {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, engine.Invalidf(engine.CodeInvalidField, name, "a whole number from 1 to %d is wanted, got %q", engine.MaxCount, shorten(text))
		}
		if n > engine.MaxCount {
			return 0, engine.Invalidf(engine.CodeLimitExceeded, name, "a page has at most %d records", engine.MaxCount)
		}
		size = n
	}
	return size, nil
}

// badCursor refuses what is no cursor of ours.
func badCursor() error {
	return engine.Invalidf(engine.CodeInvalidField, "cursor", "the cursor of the page before is wanted, as it was given")
}
