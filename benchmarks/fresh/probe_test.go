package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop offers everybody the items 0, 1, 2 and so on that they have not bought. Who posts waits as told
// by the number of the post, from 0.
type shop struct {
	mu     sync.Mutex // guards what follows
	bought map[string]map[string]bool
	ids    map[string]bool
	posts  int
	under  map[string]bool // customers whose purchase is under way
	twice  int             // purchases of one customer that met
	most   int             // purchases that met

	waits func(post int) time.Duration
	deaf  bool // it takes purchases and forgets them
}

func serveShop(t *testing.T, s *shop) string {
	t.Helper()
	s.bought, s.ids, s.under = map[string]map[string]bool{}, map[string]bool{}, map[string]bool{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.buy(w, r)
		return
	}
	who := strings.Split(r.URL.Path, "/")[3]
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range 100 {
		if item := fmt.Sprint("item-", i); !s.bought[who][item] {
			fmt.Fprintf(w, `{"items":[{"item_id":%q}]}`, item)
			return
		}
	}
	fmt.Fprint(w, `{"items":[]}`)
}

func (s *shop) buy(w http.ResponseWriter, r *http.Request) {
	var event struct {
		ID       string `json:"event_id"`
		Customer string `json:"customer_id"`
		Item     string `json:"item_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	post := s.posts
	s.posts++
	if s.under[event.Customer] || s.ids[event.ID] {
		s.twice++
	}
	s.under[event.Customer], s.ids[event.ID] = true, true
	s.most = max(s.most, len(s.under))
	s.mu.Unlock()
	if s.waits != nil {
		time.Sleep(s.waits(post))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.under, event.Customer)
	if s.bought[event.Customer] == nil {
		s.bought[event.Customer] = map[string]bool{}
	}
	s.bought[event.Customer][event.Item] = !s.deaf
}

// follows probes a shop for some time, and returns what was found, and how many probes were due before
// that was over, and before all had ended.
func follows(t *testing.T, s *shop, people int, every, lasts time.Duration) (f freshness, least, most int) {
	t.Helper()
	names := make([]string, people)
	for i := range names {
		names[i] = fmt.Sprint("c", i)
	}
	p := newProber(serveShop(t, s), "test", every, names)
	over := make(chan struct{})
	start := time.Now()
	due := func() int { return int((time.Since(start) - ahead) / every) }
	time.AfterFunc(ahead+lasts, func() { least = due(); close(over) })
	if err := p.run(t.Context(), over); err != nil {
		t.Fatal(err)
	}
	most = due() + 1
	f, each := p.freshness(start)
	if len(each) != f.Posted {
		t.Errorf("%d waits of %d posts", len(each), f.Posted)
	}
	if later, _ := p.freshness(start.Add(ahead + lasts/2)); later.Posted == 0 || later.Posted >= f.Posted {
		t.Errorf("%d of %d posts were due in the second half", later.Posted, f.Posted)
	}
	return f, least, most
}

// A purchase that takes long is charged for itself and holds up no other, nor does another of the same
// customer meet it.
func TestProbesKeepToTheirSchedule(t *testing.T) {
	const every, lasts, slow = 10 * time.Millisecond, 600 * time.Millisecond, 2 * time.Second
	s := &shop{waits: func(post int) time.Duration {
		if post == 5 {
			return slow
		}
		return 0
	}}
	f, least, most := follows(t, s, 45, every, lasts) // whose turns come again within the slow purchase and the asking ahead
	if f.Posted < least-5 || f.Posted > most {        // the schedule began a moment after the test did
		t.Errorf("%d posts, want one for each of %d that were due", f.Posted, least)
	}
	if f.Max < 2000 || f.P90 > 1000 {
		t.Errorf("%+v: want one that waited for %v, and the others not", f, slow)
	}
	if s.twice > 0 || f.Stale > 0 {
		t.Errorf("%d purchases met one of the same customer or were told twice, %d answers were stale", s.twice, f.Stale)
	}
}

// Where everybody's purchase is under way, the next waits for one of them to end, and its wait counts
// from when it was due.
func TestProbesOfFewPeople(t *testing.T) {
	s := &shop{waits: func(int) time.Duration { return 20 * time.Millisecond }}
	f, least, _ := follows(t, s, 2, 10*time.Millisecond, 200*time.Millisecond)
	if s.twice > 0 || s.most > 2 {
		t.Errorf("%d purchases met one of the same customer, %d met", s.twice, s.most)
	}
	if f.Posted < least-5 || f.LateP99 < 50 || f.Max < f.LateP99 {
		t.Errorf("%+v: want all of %d, and the last late", f, least)
	}
}

// A probe ends with its context, also one whose purchase never shows.
func TestProbesEnd(t *testing.T) {
	p := newProber(serveShop(t, &shop{deaf: true}), "test", 10*time.Millisecond, []string{"a", "b", "c"})
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(ahead+100*time.Millisecond, stop)
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx, nil) }()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("what was stopped is a result")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}
