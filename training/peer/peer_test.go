package peer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/training/peer"
)

// settings fit in milliseconds.
var settings = map[string]peer.Params{
	peer.BPR: {Dims: 16, Epochs: 60, Lr: 0.1, Reg: 0.01},
	peer.ALS: {Dims: 16, Epochs: 15, Alpha: 0.2, Reg: 0.06},
}

func eachPeer(t *testing.T, try func(t *testing.T, name string, p peer.Params)) {
	for _, name := range peer.Names() {
		t.Run(name, func(t *testing.T) { try(t, name, settings[name]) })
	}
}

func mustFit(t *testing.T, name string, data *model.Data, p peer.Params) *peer.Source {
	t.Helper()
	s, err := peer.Fit(t.Context(), name, data, p)
	skipIfChecked(t, err)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// skipIfChecked skips under -race without -tags noasm; make race gives both.
func skipIfChecked(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, peer.ErrChecked) {
		t.Skip(err)
	}
}

func matrix(items int, histories ...[]engine.Interest) *model.Data {
	var b model.Builder
	for _, h := range histories {
		b.Add(h)
	}
	return b.Data(modeltest.Items(items), 1)
}

func TestContract(t *testing.T) {
	histories := modeltest.Histories(1, 80, 60, 12)
	data := matrix(60, histories...)
	eachPeer(t, func(t *testing.T, name string, p peer.Params) {
		c := modeltest.Contract{Knows: func(n engine.ItemNum, _ float32) bool {
			_, ok := data.Rows.Row(n)
			return ok
		}}
		for n := range engine.ItemNum(63) {
			c.Items = append(c.Items, n)
		}
		for _, h := range histories[:6] {
			c.Queries = append(c.Queries, &model.Query{History: h})
		}
		strangers := []*model.Query{
			{},
			{History: []engine.Interest{{Item: 3, Weight: 0}}},
			{History: []engine.Interest{{Item: 9999, Weight: 1}}},
			{History: histories[0], Anchors: []engine.ItemNum{4, 7}},
			{History: histories[0][1:]},
		}
		s := mustFit(t, name, data, p)
		modeltest.Source(t, s, modeltest.Contract{Knows: c.Knows, Items: c.Items, Queries: append(c.Queries, strangers...)})
		for i, q := range c.Queries {
			if s.Open(q).Empty() {
				t.Errorf("customer %d was fitted and is not found", i)
			}
		}
		for i, q := range strangers {
			if !s.Open(q).Empty() {
				t.Errorf("stranger %d is taken for somebody", i)
			}
		}
	})
}

func TestLearns(t *testing.T) {
	eachPeer(t, func(t *testing.T, name string, p peer.Params) {
		modeltest.Learner(t, func(data *model.Data) model.Source { return mustFit(t, name, data, p) })
	})
}

func scores(s *peer.Source, q *model.Query) []float32 {
	items := make([]engine.ItemNum, 60)
	for i := range items {
		items[i] = engine.ItemNum(i)
	}
	out := make([]float32, len(items))
	s.Open(q).Score(items, out)
	return out
}

func TestTheSeedDecides(t *testing.T) {
	histories := modeltest.Histories(1, 80, 60, 12)
	data, q := matrix(60, histories...), &model.Query{History: histories[0]}
	eachPeer(t, func(t *testing.T, name string, p peer.Params) {
		first := scores(mustFit(t, name, data, p), q)
		if again := scores(mustFit(t, name, data, p), q); !slices.Equal(again, first) {
			t.Error("fitted twice, the scores differ")
		}
		p.Seed = 7
		if other := scores(mustFit(t, name, data, p), q); slices.Equal(other, first) {
			t.Error("another seed gives the same scores")
		}
	})
}

// TestWantsEverything holds a customer who leaves BPR nothing to prefer: Gorse alone
// would look for it for ever.
func TestWantsEverything(t *testing.T) {
	all := []engine.Interest{{Item: 0, Weight: 1}, {Item: 1, Weight: 1}, {Item: 2, Weight: 1}}
	eachPeer(t, func(t *testing.T, name string, p peer.Params) {
		if s := mustFit(t, name, matrix(3, all), p); !s.Open(&model.Query{History: all}).Empty() {
			t.Error("there was nothing to learn, yet the customer has a vector")
		}
		if s := mustFit(t, name, matrix(3), p); !s.Open(&model.Query{}).Empty() {
			t.Error("nobody did anything, yet somebody has a vector")
		}
	})
}

func TestWrongSettings(t *testing.T) {
	histories := modeltest.Histories(1, 80, 60, 12)
	data := matrix(60, histories...)
	for name, p := range map[string]peer.Params{
		"gorse-magic": settings[peer.BPR],
		peer.BPR:      {Dims: 24, Epochs: 1},
		peer.ALS:      {Dims: 16},
	} {
		var invalid *engine.Invalid
		if _, err := peer.Fit(t.Context(), name, data, p); !errors.As(err, &invalid) {
			t.Errorf("%s with %+v: %v", name, p, err)
		}
	}
	_, err := peer.Fit(t.Context(), peer.BPR, data, settings[peer.BPR])
	skipIfChecked(t, err)
	wild := settings[peer.BPR]
	wild.Lr = 1e30
	if s, err := peer.Fit(t.Context(), peer.BPR, data, wild); err == nil {
		t.Errorf("a learning rate of 1e30 fits: %v", scores(s, &model.Query{History: histories[0]})[:3])
	}
	still := settings[peer.BPR]
	still.Lr = 0 // nothing is learned: the end is the beginning
	if _, err := peer.Fit(t.Context(), peer.BPR, data, still); err == nil {
		t.Error("untrained weights are passed off as a fit")
	}
}

func TestStopped(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	p := settings[peer.ALS]
	p.Epochs = 3000 // some seconds; the test does not wait for them
	_, err := peer.Fit(ctx, peer.ALS, matrix(60, modeltest.Histories(1, 8, 60, 12)...), p)
	skipIfChecked(t, err)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stopped fit ends with %v", err)
	}
}
