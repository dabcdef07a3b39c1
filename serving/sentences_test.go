package serving_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

// synonyms is an embedder for which some words mean the same. It counts what it is asked.
type synonyms struct {
	name string

	mu    sync.Mutex // guards all below
	asked []string
	fails error
	long  string // texts that hold it are refused
}

var meanings = [][]string{{"lamp", "light", "gloomy"}, {"mug", "cup", "beaker"}, {"parcel", "box", "delivery"}}

func (s *synonyms) Name() string                   { return s.name }
func (s *synonyms) Dims() int                      { return len(meanings) + 1 }
func (s *synonyms) Covers(language, _ string) bool { return language != "de" }

func (s *synonyms) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return nil, s.fails
	}
	for _, t := range texts {
		if s.long != "" && strings.Contains(t, s.long) {
			return nil, fmt.Errorf("%w: 512 tokens", text.ErrRefused)
		}
	}
	s.asked = append(s.asked, texts...)
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = make([]float32, s.Dims())
		at := len(meanings)
		for m, words := range meanings {
			if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(t), w) }) {
				at = m
			}
		}
		out[i][at] = 1
	}
	return out, ctx.Err()
}

// counted returns how many texts were asked since the last time.
func (s *synonyms) counted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.asked)
	s.asked = nil
	return n
}

// sensing opens a house with an embedder.
func sensing(t *testing.T, e text.Embedder) *house {
	t.Helper()
	s, err := store.Open("", store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t, s, serving.New(s, s.IDs(), serving.Options{Embedder: e})}
	s.Start(t.Context(), h.Observe)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// beside is another recommender over the same log, brought up to date.
func (h *house) beside(log serving.Log, e *synonyms) *serving.Recommender {
	h.t.Helper()
	items, err := catalogue.Read(h.IDs(), func(fn func(engine.ItemNum, engine.Item) error) error { return h.Items(h.t.Context(), fn) })
	if err != nil {
		h.t.Fatal(err)
	}
	r := serving.New(log, h.IDs(), serving.Options{Embedder: e})
	r.Restore(serving.Start{Items: items})
	return r
}

// sweeping tells when what nobody needs was dropped.
type sweeping struct {
	*store.Store
	done chan int
}

func (s sweeping) DropVectors(ctx context.Context, encoder string, stays func(engine.Hash16) bool) (int, error) {
	n, err := s.Store.DropVectors(ctx, encoder, stays)
	s.done <- n
	return n, err
}

func fix(id engine.ItemID, title string) engine.Command {
	return engine.PutItem{Item: engine.Item{ID: id, Kind: engine.Solution, Title: title, Language: "en"}}
}

// TestSentences: fixes are found by what they mean once their vectors are made, which answers
// before then say; what was made is kept, and what was changed is made anew.
func TestSentences(t *testing.T) {
	e := &synonyms{name: "synonyms"}
	h := sensing(t, e)
	h.write(fix("bulb", "Change the lamp"), fix("glue", "Glue the mug"), fix("trace", "Trace the parcel"))
	ask := func(r *serving.Recommender, text, language string) ([]engine.ItemID, []string) {
		t.Helper()
		a, err := r.Suggest(t.Context(), &engine.SuggestRequest{Text: text, Language: language})
		if err != nil {
			t.Fatal(err)
		}
		return idsOf(a.Answer), a.Degraded
	}
	want := func(r *serving.Recommender, text, language, found string, degraded ...string) {
		t.Helper()
		ids, lacks := ask(r, text, language)
		if fmt.Sprint(ids) != "["+found+"]" || !slices.Equal(lacks, degraded) {
			t.Errorf("%q (%s) finds %v without %v, want %s without %v", text, language, ids, lacks, found, degraded)
		}
	}
	read := func(r *serving.Recommender, most, left int) {
		t.Helper()
		if got, err := r.ReadSentences(t.Context(), most); got != left || err != nil {
			t.Errorf("after %d more, %d are left (%v), want %d", most, got, err, left)
		}
	}
	want(h.Recommender, "gloomy", "en", "", "vectors_pending")
	if n := e.counted(); n != 0 {
		t.Errorf("with nothing to hold it against, %d texts were encoded", n)
	}
	read(h.Recommender, 1, 2)
	want(h.Recommender, "gloomy", "en", "bulb", "vectors_pending")
	read(h.Recommender, 100, 0)
	want(h.Recommender, "my beaker", "en", "glue")
	want(h.Recommender, "beaker", "de", "", "vectors_no_language")
	e.fails = errors.New("no network")
	want(h.Recommender, "beaker", "en", "", "vectors_unavailable")
	e.fails = nil
	e.counted()

	// Another price leaves the vectors as they are; another title does not, and what is gone
	// is not found.
	h.write(engine.PutItem{Item: engine.Item{ID: "glue", Kind: engine.Solution, Title: "Glue the mug", Language: "en", Categories: []string{"repairs"}}})
	read(h.Recommender, 100, 0)
	if n := e.counted(); n != 0 {
		t.Errorf("another category had %d texts encoded", n)
	}
	h.write(fix("glue", "Glue the box"), engine.DeleteItem{ID: "trace"})
	want(h.Recommender, "beaker", "en", "", "vectors_pending")
	read(h.Recommender, 100, 0)
	want(h.Recommender, "my delivery", "en", "glue")
	e.counted()

	// A restart reads what is kept; another encoder does not.
	again := h.beside(h.Store, e)
	read(again, 100, 0)
	if n := e.counted(); n != 0 {
		t.Errorf("a restart encoded %d texts", n)
	}
	want(again, "my delivery", "en", "glue")
	other := &synonyms{name: "other synonyms"}
	log := sweeping{h.Store, make(chan int, 1)}
	moved := h.beside(log, other)
	read(moved, 100, 0)
	if n := other.counted(); n != 2 {
		t.Errorf("another encoder made %d vectors, want those of 2 fixes", n)
	}

	// In the background it drops what is kept of the first one, of texts that are gone, too.
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- moved.Run(ctx) }()
	if n := <-log.done; n != 4 {
		t.Errorf("%d vectors were dropped, want the 4 of the first encoder", n)
	}
	if n := other.counted(); n != 1 {
		t.Errorf("a start asked the encoder for %d vectors, want one, so that no ticket waits until it is ready", n)
	}
	key := engine.HashOf(solution.Passages(&engine.Item{Kind: engine.Solution, Title: "Change the lamp"})[0])
	for encoder, want := range map[string]int{"synonyms 4": 0, "other synonyms 4": 1} {
		if kept, err := h.Vectors(t.Context(), encoder, []engine.Hash16{key}); err != nil || len(kept) != want {
			t.Errorf("of %s %d vectors are kept (%v), want %d", encoder, len(kept), err, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// lines tells each line of a log.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// TestARefusedPassage: what the embedder refuses keeps nothing else from having its vectors, and
// is said once; so is an embedder that fails.
func TestARefusedPassage(t *testing.T) {
	e, said := &synonyms{name: "synonyms", long: "essay"}, make(lines, 9)
	s, err := store.Open("", store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t, s, serving.New(s, s.IDs(), serving.Options{Embedder: e, Log: slog.New(slog.NewTextHandler(said, nil))})}
	s.Start(t.Context(), h.Observe)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	long := engine.Item{ID: "long", Kind: engine.Solution, Title: "essay on the parcel", Language: "en"}
	h.write(engine.PutItem{Item: long}, fix("bulb", "Change the lamp"), fix("glue", "Glue the mug"))
	if left, err := h.ReadSentences(t.Context(), 100); left != 0 || err != nil || len(said) != 1 {
		t.Fatalf("%d are left (%v), and %d lines said", left, err, len(said))
	}
	if line := <-said; !strings.Contains(line, "passages=1 first.fix=long") || !strings.Contains(line, "512 tokens") {
		t.Errorf("it says %s", line)
	}
	for words, want := range map[string]string{"my beaker": "[glue]", "gloomy": "[bulb]", "my delivery": "[]"} {
		a, err := h.Suggest(t.Context(), &engine.SuggestRequest{Text: words, Language: "en"})
		if err != nil || fmt.Sprint(idsOf(a.Answer)) != want || len(a.Degraded) > 0 {
			t.Errorf("%q finds %v without %v (%v), want %s", words, idsOf(a.Answer), a.Degraded, err, want)
		}
	}
	if a, err := h.Suggest(t.Context(), &engine.SuggestRequest{Text: "an essay", Language: "en"}); err != nil || !slices.Equal(a.Degraded, []string{"vectors_unavailable"}) {
		t.Errorf("a ticket that is refused lacks %v (%v)", a.Degraded, err)
	}
	e.fails = errors.New("no network")
	h.write(fix("lens", "Clean the light"))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	if line := <-said; !strings.Contains(line, "fixes=1") || !strings.Contains(line, "no network") {
		t.Errorf("it says %s", line)
	}
	stop()
	if err := <-ended; err != nil && !errors.Is(err, e.fails) {
		t.Error(err)
	}
}

// busy is an embedder that says when it is asked, and waits until it may answer.
type busy struct {
	*synonyms
	asked, answer chan struct{}
}

func (b busy) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	b.asked <- struct{}{}
	<-b.answer
	return b.synonyms.Embed(ctx, texts)
}

// TestNobodyWaitsToReadForEver: who waits while another reads, as a training does, ends with its
// context, and not when the other has come to an end.
func TestNobodyWaitsToReadForEver(t *testing.T) {
	e := busy{&synonyms{name: "synonyms"}, make(chan struct{}), make(chan struct{})}
	h := sensing(t, e)
	h.write(fix("bulb", "Change the lamp"))
	read := make(chan error)
	go func() {
		_, err := h.ReadSentences(t.Context(), 100)
		read <- err
	}()
	<-e.asked
	ctx, stop := context.WithCancel(t.Context())
	waits := make(chan error)
	go func() {
		_, err := h.ReadSentences(ctx, 100)
		waits <- err
	}()
	stop()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("who waits ends with %v", err)
	}
	e.answer <- struct{}{}
	if err := <-read; err != nil {
		t.Errorf("who reads ends with %v", err)
	}
	if left, err := h.ReadSentences(t.Context(), 100); left != 0 || err != nil {
		t.Errorf("%d are left (%v)", left, err)
	}
}

// TestSentencesFollowTheCatalogue changes fixes while their passages are read and tickets are
// answered: in the end each fix is found by its last title.
func TestSentencesFollowTheCatalogue(t *testing.T) {
	e := &synonyms{name: "synonyms"}
	h := sensing(t, e)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	var asking sync.WaitGroup
	for range 2 {
		asking.Go(func() {
			for range 200 {
				if _, err := h.Suggest(t.Context(), &engine.SuggestRequest{Text: "gloomy"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	last := make(map[engine.ItemID]int)
	for range 150 {
		var cmds []engine.Command
		for range 1 + rng.IntN(5) {
			id, about := engine.ItemID(fmt.Sprint("fix-", rng.IntN(40))), rng.IntN(len(meanings)+1)
			if last[id] = about; about == len(meanings) {
				cmds = append(cmds, engine.DeleteItem{ID: id})
			} else {
				cmds = append(cmds, fix(id, meanings[about][0]))
			}
		}
		if _, err := h.Append(t.Context(), cmds); err != nil { // deleting what is not there is refused by itself
			t.Fatal(err)
		}
	}
	asking.Wait()
	if left, err := h.ReadSentences(t.Context(), 1<<20); left != 0 || err != nil {
		t.Fatalf("%d are left (%v)", left, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for about, words := range meanings {
		a, err := h.Suggest(t.Context(), &engine.SuggestRequest{Text: words[2], Count: engine.MaxSuggestedFixes})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, id := range idsOf(a.Answer) {
			if last[id] != about {
				t.Errorf("%q finds %s, which is now about %d", words[2], id, last[id])
			}
			found++
		}
		alive := 0
		for _, is := range last {
			if is == about {
				alive++
			}
		}
		if found != min(alive, engine.MaxSuggestedFixes) {
			t.Errorf("%q finds %d of %d fixes", words[2], found, alive)
		}
	}
	if n := h.World().Sentences.Len(); n != int(h.World().Catalogue.Known().GetCardinality()) {
		t.Errorf("%d passages have vectors of %d fixes with one each", n, h.World().Catalogue.Known().GetCardinality())
	}
}
