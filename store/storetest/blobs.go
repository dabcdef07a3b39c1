package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

func impression(subj engine.Subject, at time.Time, random uint64) engine.Impression {
	at = at.UTC().Truncate(time.Millisecond)
	id := engine.NewRecommendationID(subj.Hash(), at, random)
	lastWeek := at.Add(-7 * 24 * time.Hour)
	return engine.Impression{
		RecommendationID: id, At: at, Subject: subj,
		Request: engine.Request{Customer: "ann", Scenario: "home", Count: 2, Query: "light"},
		Answer: engine.Answered{Answer: engine.Answer{
			RecommendationID: id, Scenario: "home", Basis: engine.BasisPersonal, Exact: true, Models: map[string]int{"ease": 3}, TookMS: 1.5,
			Items: []engine.Recommended{
				{Item: "lamp", Kind: engine.Product, Score: 1.25, Rank: 1, Source: "ease", Moved: []string{"pinned"}, Reasons: []engine.Reason{
					{Type: engine.ReasonHistory, Source: "ease", Item: "bulb", Interaction: engine.Purchase, At: &lastWeek, Contribution: 1.25, Text: "because"},
				}},
				{Item: "not in the catalogue", Kind: "own", Score: -0.1, Rank: 2, Source: "popular"},
			},
		}},
	}
}

// Show keeps impressions as those that answers leave are: packed, and each in the room after the others.
func Show(ctx context.Context, s *store.Store, list ...engine.Impression) error {
	var packed []engine.PackedImpression
	var room []byte
	for i := range list {
		one, longer, err := s.PackImpression(room, &list[i])
		if err != nil {
			return err
		}
		packed, room = append(packed, one), longer
	}
	return s.PutImpressions(ctx, packed)
}

func impressions(t *testing.T, h *house) {
	h.do(engine.PutItem{Item: engine.Item{ID: "lamp"}})
	now := time.Now()
	fresh, old, older := impression(ann, now, 1), impression(ann, now.Add(-engine.ReasonAge-time.Hour), 2), impression(ann, now.Add(-engine.ImpressionAge-time.Hour), 3)
	if err := Show(t.Context(), h.Store, fresh, old, older); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Impression(t.Context(), fresh.RecommendationID); err != nil || !reflect.DeepEqual(got, fresh) {
		t.Errorf("Impression gives %v\n%+v, want\n%+v", err, got, fresh)
	}
	packed, _, err := h.PackImpression(nil, &fresh)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.UnpackImpression(packed); err != nil || !reflect.DeepEqual(got, fresh) {
		t.Errorf("UnpackImpression gives %v\n%+v, want\n%+v", err, got, fresh)
	}
	got, err := h.Impression(t.Context(), old.RecommendationID)
	if err != nil || len(got.Answer.Items) != 2 || got.Answer.Items[0].Reasons != nil {
		t.Errorf("Impression of yesterday: %+v, %v; want it without reasons", got, err)
	}
	for _, id := range []string{older.RecommendationID, engine.NewRecommendationID(ann.Hash(), now, 99)} {
		if _, err := h.Impression(t.Context(), id); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("Impression(%s): %v, want not found", id, err)
		}
	}
	var invalid *engine.Invalid
	if _, err := h.Impression(t.Context(), "r1"); !errors.As(err, &invalid) {
		t.Errorf("Impression(r1): %v, want *engine.Invalid", err)
	}
	many := make([]engine.Impression, 4000) // more than a transaction
	for i := range many {
		many[i] = impression(ben, now, uint64(i))
		many[i].Request.Query = string(bytes.Repeat([]byte("x"), 1000))
	}
	if err := Show(t.Context(), h.Store, many...); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Impression(t.Context(), many[3999].RecommendationID); err != nil || !reflect.DeepEqual(got, many[3999]) {
		t.Errorf("the last of many impressions: %+v, %v", got, err)
	}
}

// randomBytes returns n bytes that do not compress.
func randomBytes(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(out) // never fails
	return out
}

func report(n int) []byte { return fmt.Appendf(nil, `{"n":%d}`, n) }

// apart is recommend.Parts, which a store knows nothing of.
type apart interface {
	Size() int64
	Part(from, size int64) io.ReadCloser
}

// parts reads a model at many places at once.
func parts(t *testing.T, r apart, body []byte) {
	if r.Size() != int64(len(body)) {
		t.Errorf("a model of %d bytes says that it has %d", len(body), r.Size())
	}
	var reading sync.WaitGroup
	for _, from := range []int{0, 1, 9, engine.ModelChunkBytes - 1, engine.ModelChunkBytes, 2*engine.ModelChunkBytes + 5} {
		for _, size := range []int{0, 1, engine.ModelChunkBytes, len(body)} {
			if from > len(body) {
				continue
			}
			reading.Go(func() {
				part, left := r.Part(int64(from), int64(size)), body[from:]
				got, err := io.ReadAll(part)
				if want := left[:min(size, len(left))]; !bytes.Equal(got, want) || (err == nil) != (size <= len(left)) {
					t.Errorf("%d bytes from %d of %d: %d came, %v", size, from, len(body), len(got), err)
				}
				if err != nil && !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("%d bytes from %d of %d: %v, want ErrCorrupt", size, from, len(body), err)
				}
				if err := errors.Join(part.Close(), part.Close()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	reading.Wait()
}

// partsEnd reads a part of a model with a context that has ended.
func partsEnd(t *testing.T, r apart, cancel func()) {
	part := r.Part(0, r.Size())
	cancel()
	if got, err := io.ReadAll(part); !errors.Is(err, context.Canceled) {
		t.Errorf("%d bytes of a part come when nobody waits for them any more, and %v", len(got), err)
	}
	if err := part.Close(); err != nil {
		t.Error(err)
	}
}

func models(t *testing.T, h *house) {
	bodies := [][]byte{nil, randomBytes(10), randomBytes(engine.ModelChunkBytes), randomBytes(3*engine.ModelChunkBytes + 7)}
	for i, body := range bodies {
		if err := h.SaveModel(t.Context(), i+1, report(i), iotest.OneByteReader(bytes.NewReader(body[:min(len(body), 100)]))); err != nil {
			t.Fatal(err)
		}
		if err := h.SaveModel(t.Context(), 10+i, report(i), bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		r, err := h.LoadModel(t.Context(), 10+i)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
			t.Errorf("a model of %d bytes came back with %d, %v", len(body), len(got), err)
		}
		parts(t, r.(apart), body)
		ended, end := context.WithCancel(t.Context())
		if r, err = h.LoadModel(ended, 10+i); err != nil {
			t.Fatal(err)
		}
		if len(body) > 0 {
			partsEnd(t, r.(apart), end)
		}
		end()
	}
	if err := h.SaveModel(t.Context(), 10, nil, bytes.NewReader(nil)); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("SaveModel of a version that exists: %v, want a conflict", err)
	}
	cut := io.MultiReader(bytes.NewReader(bodies[3]), iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := h.SaveModel(t.Context(), 20, nil, cut); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("SaveModel from a reader that breaks: %v, want its error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := h.SaveModel(ctx, 20, nil, io.MultiReader(bytes.NewReader(bodies[3]), stopper(cancel))); !errors.Is(err, context.Canceled) {
		t.Errorf("SaveModel cancelled: %v", err)
	}
	if _, ok, err := h.Current(t.Context()); ok || err != nil {
		t.Errorf("Current before any was chosen: %v, %v", ok, err)
	}
	if err := h.SetCurrent(t.Context(), 20); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("SetCurrent of no version: %v, want not found", err)
	}
	if err := h.SetCurrent(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	if err := h.DropModel(t.Context(), 11); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("DropModel of the current one: %v, want a conflict", err)
	}
	for _, v := range []int{1, 2, 3, 4, 13} {
		if err := h.DropModel(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.Models(t.Context())
	if err != nil || len(list) != 3 || list[1].Version != 11 || !list[1].Current || list[0].Current || list[2].Bytes != engine.ModelChunkBytes || string(list[1].Report) != `{"n":1}` {
		t.Errorf("Models = %+v, %v; want 10, 11 (current) and 12", list, err)
	}
	if _, err := h.LoadModel(t.Context(), 13); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("LoadModel of a dropped one: %v, want not found", err)
	}
}

// stopper is a reader that cancels what reads it.
type stopper context.CancelFunc

func (s stopper) Read(p []byte) (int, error) {
	s()
	return len(p), nil
}

func checkpoints(t *testing.T, h *house) {
	if _, _, ok, err := h.LoadCheckpoint(t.Context(), "counters"); ok || err != nil {
		t.Errorf("LoadCheckpoint of none: %v, %v", ok, err)
	}
	for seq, size := range []int{5, 2*engine.ModelChunkBytes + 1, 0, 100} {
		data := randomBytes(size)
		if err := h.SaveCheckpoint(t.Context(), uint64(seq), "counters", data); err != nil {
			t.Fatal(err)
		}
		gotSeq, got, ok, err := h.LoadCheckpoint(t.Context(), "counters")
		if err != nil || !ok || gotSeq != uint64(seq) || !bytes.Equal(got, data) {
			t.Errorf("a checkpoint of %d bytes at %d came back with %d at %d, %v", size, seq, len(got), gotSeq, err)
		}
	}
}

// Vectors are known by what made them and of what, and go when they are not to stay.
func vectors(t *testing.T, h *house) {
	a, b, c := engine.HashOf("a"), engine.HashOf("b"), engine.HashOf("c")
	put := func(encoder string, rows map[engine.Hash16][]byte) {
		t.Helper()
		if err := h.PutVectors(t.Context(), encoder, rows); err != nil {
			t.Fatal(err)
		}
	}
	want := func(encoder string, want map[engine.Hash16][]byte) {
		t.Helper()
		got, err := h.Vectors(t.Context(), encoder, []engine.Hash16{c, a, b})
		if err != nil || !maps.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("of %s there are %v (%v), want %v", encoder, got, err, want)
		}
	}
	want("one", nil)
	put("one", map[engine.Hash16][]byte{a: {1}, b: {2, 2}})
	put("other", map[engine.Hash16][]byte{a: {3}})
	put("one", map[engine.Hash16][]byte{a: {4}})
	want("one", map[engine.Hash16][]byte{a: {4}, b: {2, 2}})
	want("other", map[engine.Hash16][]byte{a: {3}})
	if n, err := h.DropVectors(t.Context(), "one", func(text engine.Hash16) bool { return text == b }); n != 2 || err != nil {
		t.Errorf("%d were dropped (%v), want 2", n, err)
	}
	want("one", map[engine.Hash16][]byte{b: {2, 2}})
	want("other", nil)
}

func state(t *testing.T, h *house) {
	if _, err := h.State(t.Context(), "settings"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("State of nothing: %v, want not found", err)
	}
	for _, want := range []string{"one", "", "two"} {
		if err := h.PutState(t.Context(), "settings", []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := h.State(t.Context(), "settings"); err != nil || string(got) != want {
			t.Errorf("State = %q, %v; want %q", got, err, want)
		}
	}
}

func closedIsClosed(t *testing.T, h *house) {
	h.do(view("e1", "ann", "", "lamp"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.History(ctx, ann); !errors.Is(err, context.Canceled) {
		t.Errorf("History with an ended context: %v", err)
	}
	for range 2 {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := h.Append(t.Context(), []engine.Command{view("e2", "ann", "", "lamp")})
	if !errors.Is(err, store.ErrClosed) {
		t.Errorf("Append after Close: %v, want ErrClosed", err)
	}
	if _, err := h.History(t.Context(), ann); !errors.Is(err, store.ErrClosed) {
		t.Errorf("History after Close: %v, want ErrClosed", err)
	}
	if err := h.PutState(t.Context(), "a", nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("PutState after Close: %v, want ErrClosed", err)
	}
}
