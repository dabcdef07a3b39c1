// Package embedder asks a service over HTTP for the vectors of texts: anything that answers
// as OpenAI's POST /v1/embeddings does. Texts leave the house, so it is for shops that chose
// it; what looks like a card number, a mail address or a phone number does not.
package embedder

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/text"
)

// Options say whom to ask for what.
type Options struct {
	URL   string // of the service's embeddings, such as https://api.openai.com/v1/embeddings
	Model string // as the service calls it
	Dims  int    // length of the model's vectors
	Key   string // sent as a bearer token; "" for none
	Now   func() time.Time
	// Wait waits between tries, until ctx ends; nil waits by the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

const (
	batch     = 64        // texts in one request
	maxText   = 8 << 10   // bytes of a text that are sent
	maxAnswer = 256 << 20 // bytes of an answer that are read
	tries     = 4         // of one request, while there is time
	patience  = 30 * time.Second
	firstWait = 250 * time.Millisecond // doubled with each try
	longest   = 10 * time.Second       // that the service may ask to wait
	// After so many requests in a row that failed, nobody is kept waiting for a while: a
	// service that is down would cost every ticket its whole timeout.
	failures = 3
	pause    = 5 * time.Second
)

// ErrResting is wrapped by errors of an embedder that failed too often just now, and is not
// asked.
var ErrResting = errors.New("the embedder failed several times in a row and rests for a moment")

// Embedder is a text.Embedder over HTTP. It is safe for concurrent use.
type Embedder struct {
	o      Options
	http   *http.Client
	url    string // without its query, which may hold a key, for errors
	name   string
	memory Memory // nil for none

	mu      sync.Mutex // guards all below
	answers string     // the model that answers named when the process began, else the first
	known   answering  // what memory has
	failed  int        // requests in a row
	rests   time.Time  // until then
}

// Memory keeps small values across restarts. The error of State wraps engine.ErrNotFound where
// nothing is kept under a name.
type Memory interface {
	State(ctx context.Context, name string) ([]byte, error)
	PutState(ctx context.Context, name string, value []byte) error
}

// answering is which models have answered as the one that is asked for, which may be an alias.
type answering struct {
	First string `json:"first"` // its vectors bear the name that is asked for alone
	Now   string `json:"now"`   // the one that answered last
}

var _ text.Embedder = (*Embedder)(nil)

// New returns an embedder; nothing is asked yet. The error says which option would be right.
func New(o Options) (*Embedder, error) {
	u, err := url.Parse(o.URL)
	plain, _, _ := strings.Cut(o.URL, "?")
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("a URL such as https://api.openai.com/v1/embeddings is wanted, got %q", plain)
	case u.User != nil:
		return nil, errors.New("the key does not belong into the URL, which is logged")
	case o.Model == "":
		return nil, errors.New("the name of the model is needed, as the service calls it: vectors of two models cannot be compared")
	case o.Dims < 1 || o.Dims > engine.MaxEmbedding:
		return nil, fmt.Errorf("the length of the model's vectors is needed, from 1 to %d, got %d", engine.MaxEmbedding, o.Dims)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return &Embedder{o: o, url: plain, name: fmt.Sprintf("http %s %d", o.Model, o.Dims), http: &http.Client{
		// The key is for the service that was named, and for no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Remember has the embedder keep in m which model answers, and hold to the one that m has: an
// alias may come to mean another model between two processes. It is called once, before Name
// and Embed.
func (e *Embedder) Remember(ctx context.Context, m Memory) error {
	kept, err := m.State(ctx, e.stateName())
	if errors.Is(err, engine.ErrNotFound) {
		e.memory = m
		return nil
	}
	if err == nil {
		err = json.Unmarshal(kept, &e.known)
	}
	if err != nil {
		return fmt.Errorf("read which model has answered as %s: %w", e.o.Model, err)
	}
	e.memory, e.answers = m, e.known.Now
	if e.known.Now != e.known.First {
		e.name += " " + e.known.Now
	}
	return nil
}

// Known returns what the memory holds of which model answers, "" for nothing: for the memory of
// an embedder in another process.
func (e *Embedder) Known() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == (answering{}) {
		return ""
	}
	value, _ := json.Marshal(e.known) // two texts
	return string(value)
}

func (e *Embedder) stateName() string { return fmt.Sprintf("embedder http %s %d", e.o.Model, e.o.Dims) }

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Name implements text.Embedder: the model's name and the length of its vectors, and where
// another model answers than the first that did, that one's.
func (e *Embedder) Name() string { return e.name }

// Dims implements text.Embedder.
func (e *Embedder) Dims() int { return e.o.Dims }

// Patience is how long a ticket waits for its vector: then it is answered without.
func (e *Embedder) Patience() time.Duration { return 300 * time.Millisecond }

// Close lets go of connections.
func (e *Embedder) Close() { e.http.CloseIdleConnections() }

// Embed implements text.Embedder. It asks in batches, and again what may succeed later, as
// long as ctx leaves time for it. Once several requests failed in a row it fails at once for
// a while, by ErrResting. Texts that it fails of each time, while it answers a plain word, count
// as refused.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	var asked []string
	var at []int
	for i, s := range texts {
		if s = sent(s); s != "" {
			asked, at = append(asked, s), append(at, i)
		}
	}
	for from := 0; from < len(asked); from += batch {
		to := min(from+batch, len(asked))
		got, err := e.several(ctx, asked[from:to])
		if err != nil {
			return nil, fmt.Errorf("vectors of %d texts by %s: %w", to-from, e.url, err)
		}
		for i, v := range got {
			out[at[from+i]] = v
		}
	}
	return out, nil
}

// sent is what of a text is sent.
func sent(s string) string {
	s = strings.TrimSpace(record.Redact(strings.ToValidUTF8(s, " ")))
	if len(s) > maxText {
		s = s[:maxText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// several is one request, tried again while that may help.
func (e *Embedder) several(ctx context.Context, texts []string) ([][]float32, error) {
	if err := e.awake(); err != nil {
		return nil, err
	}
	pauses := firstWait
	for try := 1; ; try++ {
		got, err := e.once(ctx, texts)
		e.noted(err)
		again, isLater := errors.AsType[*later](err)
		switch {
		case err == nil || !isLater:
			return got, err
		case try == tries && again.failed && e.well(ctx):
			return nil, fmt.Errorf("%w: %w", text.ErrRefused, err)
		case try == tries:
			return nil, err
		}
		length := max(pauses, min(again.after, longest))
		if end, bounded := ctx.Deadline(); ctx.Err() != nil || bounded && e.o.Now().Add(length).After(end) {
			return nil, err
		}
		if e.o.Wait(ctx, length) != nil {
			return nil, err
		}
		pauses *= 2
	}
}

// well reports whether the service answers a plain word: then it failed of the texts that it was
// asked, as one that runs out of memory on a long one.
func (e *Embedder) well(ctx context.Context) bool {
	_, err := e.once(ctx, []string{text.PlainWord})
	e.noted(err)
	return err == nil
}

// awake returns an error while the embedder rests.
func (e *Embedder) awake() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.o.Now().Before(e.rests) {
		return ErrResting
	}
	return nil
}

// noted counts requests that failed in a row; one that nobody waited for says nothing, nor does
// one whose texts were at fault.
func (e *Embedder) noted(err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, text.ErrRefused) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		e.failed, e.rests = 0, time.Time{}
		return
	}
	if e.failed++; e.failed >= failures {
		e.rests = e.o.Now().Add(pause)
	}
}

// later is a failure that may be over soon.
type later struct {
	err    error
	after  time.Duration // the service asks to wait
	failed bool          // it says that the fault is its own
}

func (l *later) Error() string { return l.err.Error() }
func (l *later) Unwrap() error { return l.err }

// The forms of a request and an answer.
type (
	question struct {
		Model  string   `json:"model"`
		Input  []string `json:"input"`
		Format string   `json:"encoding_format"`
	}
	answer struct {
		Model string   `json:"model"`
		Data  []vector `json:"data"`
	}
	vector struct {
		Index  int       `json:"index"`
		Values []float32 `json:"embedding"`
	}
)

// once asks once.
func (e *Embedder) once(ctx context.Context, texts []string) ([][]float32, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body, err := json.Marshal(question{e.o.Model, texts, "float"})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.o.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if e.o.Key != "" {
		req.Header.Set("Authorization", "Bearer "+e.o.Key)
	}
	resp, err := e.http.Do(req)
	if err != nil {
		if at, is := errors.AsType[*url.Error](err); is {
			err = at.Err // it names the whole URL
		}
		return nil, &later{err: err}
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, &later{err: err}
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return nil, &later{err: refused(resp, said), after: retryAfter(resp), failed: resp.StatusCode >= 500}
	case slices.Contains(textRefused, resp.StatusCode):
		return nil, fmt.Errorf("%w: %w", text.ErrRefused, refused(resp, said))
	case resp.StatusCode != http.StatusOK:
		return nil, refused(resp, said)
	}
	var a answer
	if err := json.Unmarshal(said, &a); err != nil {
		return nil, fmt.Errorf("an answer in OpenAI's form is wanted: %w", err)
	}
	return e.vectors(ctx, &a, len(texts))
}

// textRefused is what services answer where they do not take the texts as they are.
var textRefused = []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}

// refused says what the service said, as far as people read it.
func refused(resp *http.Response, said []byte) error {
	return fmt.Errorf("the service answers %s: %.200s", resp.Status, bytes.ToValidUTF8(bytes.TrimSpace(said), []byte("?")))
}

func retryAfter(resp *http.Response) time.Duration {
	d, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s")
	if err != nil || d < 0 {
		return 0
	}
	return d
}

// vectors checks an answer and returns its vectors, of unit length, in the order of the texts.
func (e *Embedder) vectors(ctx context.Context, a *answer, texts int) ([][]float32, error) {
	if err := e.same(ctx, a.Model); err != nil {
		return nil, err
	}
	if len(a.Data) != texts {
		return nil, fmt.Errorf("%d texts were sent and %d vectors came", texts, len(a.Data))
	}
	out, seen := make([][]float32, texts), make([]bool, texts)
	for _, v := range a.Data {
		switch {
		case v.Index < 0 || v.Index >= texts || seen[v.Index]:
			return nil, fmt.Errorf("a vector came for text %d of %d, or twice", v.Index, texts)
		case len(v.Values) != e.o.Dims:
			return nil, fmt.Errorf("a vector of %d numbers came, %d are set: vectors of two lengths cannot be compared; set the length of the model's vectors, or the model that has this one", len(v.Values), e.o.Dims)
		}
		out[v.Index], seen[v.Index] = unit(v.Values), true
	}
	return out, nil
}

// same refuses vectors of another model than those before: they cannot be compared. The next
// process goes over to it, under a name of its own. A service that does not name its model is
// believed.
func (e *Embedder) same(ctx context.Context, model string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if model == "" {
		return nil
	}
	err := e.keep(ctx, answering{cmp.Or(e.known.First, e.answers, model), model})
	switch {
	case e.answers == "" && err == nil:
		e.answers = model
	case e.answers != "" && e.answers != model:
		return errors.Join(fmt.Errorf("the service answered as the model %s and now answers as %s, whose vectors cannot be compared with those; restart to go over to it: all vectors are then made anew", e.answers, model), err)
	}
	return err
}

// keep has memory know which models have answered. The caller holds mu.
func (e *Embedder) keep(ctx context.Context, known answering) error {
	if e.memory == nil || known == e.known {
		return nil
	}
	value, err := json.Marshal(known)
	if err == nil {
		err = e.memory.PutState(ctx, e.stateName(), value)
	}
	if err != nil {
		return fmt.Errorf("keep which model answers as %s: %w", e.o.Model, err)
	}
	e.known = known
	return nil
}

// unit scales a vector to unit length; one without a length is nil.
func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil
	}
	scale := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * scale)
	}
	return v
}
