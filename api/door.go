package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// Parameters that only pages in a browser send.
const (
	keyParam   = "key"            // the publishable key
	tokenParam = "customer_token" // the shop's word on who its customer is
)

// visitorBytes is how much a page may send at once: what browsers let a beacon have.
const visitorBytes = 64 << 10

// farthestExpiry is how far ahead a token may end. One that lasts longer was most likely
// made with milliseconds.
const farthestExpiry = 366 * 24 * time.Hour

// Codes of what the browser door refuses. They are part of the API.
const (
	codeOrigin       = "origin_not_allowed"
	codeTokenMissing = "customer_token_missing"
	codeTokenInvalid = "customer_token_invalid"
	codeTokenExpired = "customer_token_expired"
)

var (
	errNotForPages  = newProblem(http.StatusForbidden, codeForbidden, "the publishable key posts events and reads lists, and no more; this needs the API key, on your server")
	errTicketsAside = newProblem(http.StatusForbidden, codeForbidden, "what becomes of a ticket needs the API key, on your server: events with a ticket_id change tickets, whoever's they are")
	errNoSecret     = newProblem(http.StatusForbidden, codeForbidden, "this server has no secret to check customer tokens by: set RAPPORT_TOKEN_SECRET, or leave the customer out")
	errTokenMissing = newProblem(http.StatusUnauthorized, codeTokenMissing, "with the publishable key, what concerns a customer needs the customer_token that your server made for them")
	errTokenInvalid = newProblem(http.StatusUnauthorized, codeTokenInvalid, "the customer_token is not one for this customer: EXPIRY.HMAC is wanted, of EXPIRY.CUSTOMER_ID, in seconds since 1970 and hexadecimal SHA-256")
	errTokenExpired = newProblem(http.StatusUnauthorized, codeTokenExpired, "the customer_token has expired: have your server make another")
	errInflated     = newProblem(http.StatusUnsupportedMediaType, codeMediaType, "with the publishable key a body is sent as it is, without Content-Encoding")
)

// door is where browsers come in.
type door struct {
	hash    [sha256.Size]byte
	keyed   bool
	secret  []byte
	origins map[string]bool
}

func newDoor(o *Options) door {
	d := door{hash: sha256.Sum256([]byte(o.PublishableKey)), keyed: o.PublishableKey != "", secret: []byte(o.TokenSecret), origins: map[string]bool{}}
	for _, origin := range o.Origins {
		d.origins[origin] = true
	}
	return d
}

// CheckOrigin refuses what is no origin as browsers write it: https://shop.example, with
// a port where it is not the usual one. It takes no wildcard.
func CheckOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(origin, "*,") ||
		origin != u.Scheme+"://"+strings.ToLower(u.Host) {
		return engine.Invalidf(engine.CodeInvalidField, "origin", "an origin such as https://shop.example is wanted, without a path, got %q", shorten(origin))
	}
	return nil
}

// visitor is a caller who came with the publishable key. What such a page may do is said
// in full here; whatever route is added is closed to it.
type visitor struct{ token string }

// openToVisitors are the routes that the publishable key opens.
var openToVisitors = []struct{ method, path string }{
	{"POST", "/v1/events"},
	{"GET", "/v1/sessions/:id/recommendations"},
	{"GET", "/v1/items/:id/related"},
	{"GET", "/v1/customers/:id/recommendations"},
}

// visitable reports whether visitors may use a method of a path: as it was sent, or as a
// route has it.
func visitable(method, path string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	given := strings.Split(path, "/")
	for _, open := range openToVisitors {
		same := slices.EqualFunc(strings.Split(open.path, "/"), given, func(want, got string) bool {
			return want == got || want[:min(1, len(want))] == ":" && got != ""
		})
		if same && open.method == method {
			return true
		}
	}
	return false
}

// cross answers browsers that ask on behalf of pages of other origins: those that are
// allowed hear yes for what visitors may do, and all others nothing. There are no
// cookies, and credentials are never allowed.
func (s *Server) cross(c *gin.Context) {
	if len(s.door.origins) == 0 {
		c.Next()
		return
	}
	h, origin := c.Writer.Header(), c.GetHeader("Origin")
	h.Add("Vary", "Origin")
	method, path := c.Request.Method, c.Request.URL.EscapedPath()
	wanted := c.GetHeader("Access-Control-Request-Method")
	preflight := method == http.MethodOptions && wanted != ""
	if preflight {
		h.Add("Vary", "Access-Control-Request-Method")
		method = wanted
	}
	if !s.door.origins[origin] || !visitable(method, path) {
		c.Next()
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if !preflight {
		h.Set("Access-Control-Expose-Headers", "X-Request-ID, Retry-After")
		c.Next()
		return
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Key, X-Request-ID")
	h.Set("Access-Control-Max-Age", "600")
	c.AbortWithStatus(http.StatusNoContent)
}

// admit asks for a key. Health, and what describes the API, is everybody's.
func (s *Server) admit(c *gin.Context) {
	if !openToAll[c.FullPath()] {
		if err := s.enter(c); err != nil {
			s.fail(c, err)
			return
		}
	}
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err == nil && kind == mediaText && c.FullPath() == eventsPath {
		c.Request.Header.Set("Content-Type", mediaJSON) // a beacon: JSON under the name that needs no preflight
	}
	c.Next()
}

// enter lets in who has the key, and as a visitor who has the publishable one.
func (s *Server) enter(c *gin.Context) error {
	query := c.Request.URL.RawQuery
	var values url.Values
	inURL := false
	if strings.Contains(query, keyParam) || !isPlain(query) {
		var err error
		values, err = url.ParseQuery(query)
		inURL = err == nil && values.Has(keyParam)
	}
	given := values.Get(keyParam)
	if !inURL {
		given = keyOf(c.Request)
	}
	if !s.door.opens(given) {
		if inURL {
			return newProblem(http.StatusUnauthorized, codeUnauthorized, "the key in the URL is not the publishable key of this server")
		}
		if s.lock.loopback && s.door.origins[c.GetHeader("Origin")] {
			return errForeignOrigin // it would hear the answer, and is no program of this machine
		}
		return s.lock.admit(c.Request)
	}
	if !visitable(c.Request.Method, c.FullPath()) {
		return errNotForPages
	}
	if err := s.door.checkOrigin(c.Request); err != nil {
		return err
	}
	if c.GetHeader("Content-Encoding") != "" {
		return errInflated
	}
	if values == nil {
		values, _ = url.ParseQuery(query) // what cannot be read the route refuses
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, visitorBytes)
	c.Set(visitorName, &visitor{token: values.Get(tokenParam)})
	values.Del(keyParam)
	values.Del(tokenParam)
	c.Request.URL.RawQuery = values.Encode()
	return nil
}

const visitorName = "visitor"

// opens reports whether a key is the publishable one.
func (d *door) opens(key string) bool {
	if !d.keyed {
		return false
	}
	sum := sha256.Sum256([]byte(key))
	return hmac.Equal(sum[:], d.hash[:])
}

// checkOrigin refuses pages of origins that are not allowed. What is no browser sends no
// origin, and our own page sends ours.
func (d *door) checkOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" || d.origins[origin] {
		return nil
	}
	if u, err := url.Parse(origin); err == nil && u.Host == r.Host {
		return nil
	}
	return newProblem(http.StatusForbidden, codeOrigin, "pages of %q are not allowed here; the server's --origin allows them", shorten(origin))
}

// proves returns nil if the token is the shop's word that the page is this customer's.
// The signature is looked at first and in constant time.
func (d *door) proves(token, customer string, now time.Time) error {
	switch {
	case len(d.secret) == 0:
		return errNoSecret
	case token == "":
		return errTokenMissing
	}
	expiry, signature, _ := strings.Cut(token, ".")
	given, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(given, signed(d.secret, expiry, customer)) {
		return errTokenInvalid
	}
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil || seconds > now.Add(farthestExpiry).Unix() {
		return errTokenInvalid
	}
	if now.Unix() >= seconds {
		return errTokenExpired
	}
	return nil
}

func signed(secret []byte, expiry, customer string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(expiry + "." + customer))
	return mac.Sum(nil)
}

// visiting returns the visitor whose request this is, nil where it is not one's.
func visiting(c *gin.Context) *visitor {
	v, _ := c.Get(visitorName)
	who, _ := v.(*visitor)
	return who
}

// mayAsk holds a visitor to lists that are theirs: no other customer's, nothing agents
// alone may see, and nothing that is not published yet.
func (s *Server) mayAsk(c *gin.Context, req *engine.Request) error {
	v := visiting(c)
	if v == nil {
		return nil
	}
	if req.Customer != "" {
		if err := s.door.proves(v.token, string(req.Customer), s.now()); err != nil {
			return err
		}
	}
	if req.Context.At != nil {
		return newProblem(http.StatusForbidden, codeForbidden, "context.at shows what is not published yet: it needs the API key, on your server")
	}
	if place, err := s.rec.ScenarioFor(req); err == nil && place.Audience == engine.AgentOnly {
		return newProblem(http.StatusForbidden, codeForbidden, "the scenario %q is for agents: it needs the API key, on your server", shorten(place.Name))
	}
	return nil
}

// mayTell holds a visitor to events of their own.
func (s *Server) mayTell(c *gin.Context, b *batch) error {
	v := visiting(c)
	if v == nil {
		return nil
	}
	for _, command := range b.commands {
		for _, line := range command.(engine.RecordEvent).Lines {
			if line.TicketID != "" {
				return errTicketsAside
			}
			if line.Customer == "" {
				continue
			}
			if err := s.door.proves(v.token, string(line.Customer), s.now()); err != nil {
				return err
			}
		}
	}
	return nil
}
