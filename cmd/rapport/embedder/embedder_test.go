package embedder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

const dims = 4

// service answers as OpenAI's does: a text's vector hangs on the text alone. fail may answer
// in its place.
type service struct {
	*httptest.Server
	mu    sync.Mutex // guards all below
	model string
	asked [][]string
	fail  func(n int, w http.ResponseWriter, r *http.Request) bool // n counts from 1
}

func serve(t *testing.T, fail func(n int, w http.ResponseWriter, r *http.Request) bool) *service {
	s := &service{model: "small", fail: fail}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q question
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Model != "small" || q.Format != "float" || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("asked %+v (%v) with %q", q, err, r.Header)
		}
		s.mu.Lock()
		s.asked = append(s.asked, q.Input)
		n, model := len(s.asked), s.model
		s.mu.Unlock()
		if s.fail != nil && s.fail(n, w, r) {
			return
		}
		a := answer{Model: model}
		for i, text := range slices.Backward(q.Input) { // in any order
			a.Data = append(a.Data, vector{i, []float32{float32(len(text)), 1, 0, float32(text[0])}})
		}
		if err := json.NewEncoder(w).Encode(a); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// of returns an embedder of the service whose waits are noted and take no time, and its clock.
func of(t *testing.T, s *service) (e *Embedder, waited *[]time.Duration, now *time.Time) {
	t.Helper()
	waited, now = new([]time.Duration), new(time.Now())
	e, err := New(Options{
		URL: s.URL, Model: "small", Dims: dims, Key: "secret",
		Now:  func() time.Time { return *now },
		Wait: func(ctx context.Context, d time.Duration) error { *waited = append(*waited, d); return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, waited, now
}

func TestEmbed(t *testing.T) {
	s := serve(t, nil)
	e, _, _ := of(t, s)
	texts := []string{"", "write to ann@example.com", "  \n", strings.Repeat("ü", maxText)}
	for i := range 2 * batch {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	got, err := e.Embed(t.Context(), texts)
	if err != nil || len(got) != len(texts) {
		t.Fatalf("%d vectors, %v", len(got), err)
	}
	if got[0] != nil || got[2] != nil {
		t.Error("an empty text has a vector")
	}
	for i, v := range got {
		if v == nil {
			continue
		}
		var sum float64
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if math.Abs(sum-1) > 1e-6 || len(v) != dims {
			t.Fatalf("vector %d is %v", i, v)
		}
	}
	if alone, err := e.Embed(t.Context(), texts[9:10]); err != nil || !slices.Equal(alone[0], got[9]) {
		t.Errorf("asked alone it is %v (%v), among others %v", alone, err, got[9])
	}
	if s.times() != 4 || len(s.asked[0]) != batch || len(s.asked[2]) != 2 {
		t.Errorf("%d requests, the first of %d texts", s.times(), len(s.asked[0]))
	}
	if first := s.asked[0]; first[0] != "write to [mail]" || len(first[1]) > maxText || !utf8.ValidString(first[1]) {
		t.Errorf("sent were %.40q and %d bytes", first[0], len(first[1]))
	}
	if e.Name() != "http small 4" || e.Dims() != dims {
		t.Errorf("it is called %q, of %d", e.Name(), e.Dims())
	}
}

func TestItIsAskedAgain(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "3")
			http.Error(w, "too many", http.StatusTooManyRequests)
		case 2:
			http.Error(w, "oh", http.StatusBadGateway)
		}
		return n < 3
	})
	e, waited, now := of(t, s)
	if got, err := e.Embed(t.Context(), []string{"a"}); err != nil || got[0] == nil {
		t.Fatalf("after two failures: %v, %v", got, err)
	}
	if want := []time.Duration{3 * time.Second, 2 * firstWait}; !slices.Equal(*waited, want) {
		t.Errorf("waited %v, want %v", *waited, want)
	}
	// A ticket cannot wait: nothing is asked again that its deadline does not leave time for.
	s.fail = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "oh", http.StatusBadGateway)
		return true
	}
	before := s.times()
	soon, cancel := context.WithDeadline(t.Context(), now.Add(200*time.Millisecond))
	defer cancel()
	if _, err := e.Embed(soon, []string{"a"}); err == nil || s.times() != before+1 {
		t.Errorf("it was asked %d times (%v)", s.times()-before, err)
	}
}

func TestWhatNoTryMendsIsNotTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		code int
		want string
	}{
		"a wrong key":      {`{"error": "no such key"}`, 401, "401 Unauthorized: {\"error\": \"no such key\"}"},
		"another house":    {"", 307, "307"},
		"no JSON":          {"<html>", 200, "OpenAI's form"},
		"too few":          {`{"data": []}`, 200, "1 texts were sent and 0 vectors came"},
		"for another text": {`{"data": [{"index": 1, "embedding": [1, 0, 0, 0]}]}`, 200, "for text 1 of 1"},
		"of another size":  {`{"data": [{"index": 0, "embedding": [1, 0, 0]}]}`, 200, "a vector of 3 numbers came, 4 are set"},
	} {
		s := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", "http://elsewhere.example/")
			w.WriteHeader(c.code)
			_, _ = w.Write([]byte(c.body))
			return true
		})
		e, waited, _ := of(t, s)
		if got, err := e.Embed(t.Context(), []string{"a"}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if s.times() != 1 || len(*waited) > 0 {
			t.Errorf("%s: asked %d times", name, s.times())
		}
	}
}

func TestASlowServiceEndsWithItsDeadline(t *testing.T) {
	hangs := make(chan struct{})
	s := serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-r.Context().Done():
		case <-hangs:
		}
		return true
	})
	defer close(hangs)
	e, _, _ := of(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.times() == 0 { // it hangs
			if ctx.Err() != nil {
				return
			}
		}
		cancel()
	}()
	if _, err := e.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if s.times() != 1 {
		t.Errorf("asked %d times", s.times())
	}
}

func TestADeadServiceIsLeftAlone(t *testing.T) {
	down := true
	s := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		if down {
			http.Error(w, "down", http.StatusInternalServerError)
		}
		return down
	})
	e, _, now := of(t, s)
	if _, err := e.Embed(t.Context(), []string{"a"}); err == nil || errors.Is(err, ErrResting) || s.times() != tries+1 { // a plain word, too
		t.Fatalf("asked %d times: %v", s.times(), err)
	}
	if _, err := e.Embed(t.Context(), []string{"a"}); !errors.Is(err, ErrResting) || s.times() != tries+1 {
		t.Errorf("it was asked again: %v", err)
	}
	*now, down = now.Add(pause), false
	for range 3 {
		if got, err := e.Embed(t.Context(), []string{"a"}); err != nil || got[0] == nil {
			t.Errorf("up again: %v, %v", got, err)
		}
	}
}

func TestAnotherModelIsRefused(t *testing.T) {
	s := serve(t, nil)
	e, _, _ := of(t, s)
	if _, err := e.Embed(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.model = "large"
	s.mu.Unlock()
	if got, err := e.Embed(t.Context(), []string{"a"}); err == nil || !strings.Contains(err.Error(), "small and now answers as large") {
		t.Errorf("another model: %v, %v", got, err)
	}
}

// memory keeps values as a store does.
type memory map[string][]byte

func (m memory) State(_ context.Context, name string) ([]byte, error) {
	if v, ok := m[name]; ok {
		return v, nil
	}
	return nil, engine.ErrNotFound
}

func (m memory) PutState(_ context.Context, name string, value []byte) error {
	m[name] = value
	return nil
}

// A model that an alias came to mean while nothing ran is refused, and the next process goes
// over to it under another name; back at the first model, its name is the first one, too.
func TestAnotherModelIsRefusedAfterARestart(t *testing.T) {
	s, m := serve(t, nil), memory{}
	for i, c := range []struct{ answers, name, refused string }{
		{"", "http small 4", ""}, // it does not say
		{"small-1", "http small 4", ""},
		{"small-1", "http small 4", ""},
		{"small-2", "http small 4", "small-1 and now answers as small-2"},
		{"small-2", "http small 4 small-2", ""},
		{"small-3", "http small 4 small-2", "small-2 and now answers as small-3"},
		{"small-2", "http small 4 small-3", "small-3 and now answers as small-2"},
		{"small-1", "http small 4 small-2", "small-2 and now answers as small-1"},
		{"small-1", "http small 4", ""},
	} {
		s.mu.Lock()
		s.model = c.answers
		s.mu.Unlock()
		e, _, _ := of(t, s)
		if err := e.Remember(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		_, err := e.Embed(t.Context(), []string{"a"})
		if e.Name() != c.name || (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("process %d, answered by %q, is called %q (%v); want %q, refused %q", i+1, c.answers, e.Name(), err, c.name, c.refused)
		}
	}
	// One answer of another model in between leaves the next process with this one.
	e, _, _ := of(t, s)
	if err := e.Remember(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"small-1", "small-2", "small-1"} {
		s.mu.Lock()
		s.model = model
		s.mu.Unlock()
		if _, err := e.Embed(t.Context(), []string{"a"}); (err != nil) != (model == "small-2") {
			t.Errorf("answered by %s: %v", model, err)
		}
	}
	next, _, _ := of(t, s)
	if err := next.Remember(t.Context(), m); err != nil || next.Name() != "http small 4" {
		t.Errorf("the next process is called %q (%v)", next.Name(), err)
	}
	m["embedder http small 4"] = []byte("?")
	if err := next.Remember(t.Context(), m); err == nil {
		t.Error("a damaged memory is believed")
	}
}

// A text that is refused says nothing of the service: the others are asked, and it does not rest.
func TestARefusedTextIsLeftOut(t *testing.T) {
	for _, code := range []int{400, 413, 422} {
		s := serve(t, nil)
		s.fail = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			long := slices.ContainsFunc(s.asked[n-1], func(t string) bool { return strings.HasPrefix(t, "long") })
			if long {
				http.Error(w, "512 tokens", code)
			}
			return long
		}
		e, waited, _ := of(t, s)
		texts := []string{"long 1", "a", "long 2", "long 3", "b", "long 4", "long 5"}
		got, refused, err := text.EmbedTaken(t.Context(), e, texts)
		if err != nil || len(refused) != 5 || len(*waited) > 0 {
			t.Fatalf("%d: %v are refused after %v (%v)", code, refused, *waited, err)
		}
		for i, v := range got {
			if (v == nil) != strings.HasPrefix(texts[i], "long") {
				t.Errorf("%d: %q has the vector %v", code, texts[i], v)
			}
		}
		if why := refused[0].Why.Error(); !strings.Contains(why, "512 tokens") {
			t.Errorf("%d: refused with %s", code, why)
		}
	}
}

// A text on which the service breaks each time is told from a service that is down: the others
// have vectors, and nothing rests.
func TestATextThatBreaksTheServiceIsLeftOut(t *testing.T) {
	s := serve(t, nil)
	s.fail = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		breaks := slices.ContainsFunc(s.asked[n-1], func(t string) bool { return strings.HasPrefix(t, "long") })
		if breaks {
			http.Error(w, "out of memory", http.StatusInternalServerError)
		}
		return breaks
	}
	e, _, _ := of(t, s)
	got, refused, err := text.EmbedTaken(t.Context(), e, []string{"a", "b", "c", "long", "d", "e", "f"})
	if err != nil || len(refused) != 1 || refused[0].Text != 3 || !strings.Contains(refused[0].Why.Error(), "out of memory") {
		t.Fatalf("%v are refused (%v)", refused, err)
	}
	for i, v := range got {
		if (v == nil) != (i == 3) {
			t.Errorf("text %d has the vector %v", i, v)
		}
	}
	if got, err := e.Embed(t.Context(), []string{"g"}); err != nil || got[0] == nil {
		t.Errorf("a text after that: %v (%v)", got, err)
	}
}

// A key in the URL's query is told to the service alone.
func TestErrorsLeaveOutTheQuery(t *testing.T) {
	s := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "no", http.StatusUnauthorized)
		return true
	})
	e, _, _ := of(t, s)
	for range 2 { // the second time nobody answers
		hidden, err := New(Options{URL: s.URL + "/v1?key=hidden", Model: "small", Dims: dims, Key: "secret", Wait: e.o.Wait})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hidden.Embed(t.Context(), []string{"a"}); err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), s.URL+"/v1:") {
			t.Errorf("failed with %v", err)
		}
		hidden.Close()
		s.Close()
	}
	if _, err := New(Options{URL: "localhost?key=hidden"}); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("a URL without a scheme: %v", err)
	}
}

func TestNewSaysWhatWouldBeRight(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "localhost:8080", Model: "m", Dims: 3}, "a URL such as"},
		{Options{URL: "https://u:p@h/v1", Model: "m", Dims: 3}, "does not belong into the URL"},
		{Options{URL: "http://h/v1", Dims: 3}, "the name of the model"},
		{Options{URL: "http://h/v1", Model: "m"}, "length of the model's vectors"},
		{Options{URL: "http://h/v1", Model: "m", Dims: 1e6}, "length of the model's vectors"},
	} {
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.o, err, c.want)
		}
	}
}

func TestUnit(t *testing.T) {
	if unit([]float32{0, 0}) != nil {
		t.Error("nothing has a direction")
	}
	if got := unit([]float32{3, 4}); got[0] != 0.6 || got[1] != 0.8 {
		t.Errorf("got %v", got)
	}
}
