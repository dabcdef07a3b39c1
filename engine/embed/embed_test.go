package embed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

// sequencesOf returns what the histories say in order, dislikes included.
func sequencesOf(ids *catalogue.IDs, histories [][]engine.Interest) *model.Sequences {
	nums := make([]engine.ItemNum, ids.Len())
	for n := range nums {
		nums[n] = engine.ItemNum(n)
	}
	data := &model.Sequences{Rows: model.NewRows(nums, ids)}
	for _, history := range histories {
		var steps []model.Step
		for _, in := range history {
			row, _ := data.Rows.Row(in.Item)
			steps = append(steps, model.Step{Row: uint32(row), Weight: float32(in.Weight)})
		}
		data.Add(steps)
	}
	return data
}

func world(customers, items int) (*model.Sequences, *catalogue.IDs, [][]engine.Interest) {
	ids, histories := modeltest.Items(items+5), modeltest.Histories(3, customers, items, 12)
	return sequencesOf(ids, histories), ids, histories
}

// TestLearns solves the checkerboard, which has no order: a whole history is one window.
func TestLearns(t *testing.T) {
	both(t, func(t *testing.T, p Params) {
		p.Dims, p.Window, p.Decay = 16, 40, 1
		modeltest.Learner(t, func(data *model.Data) model.Source {
			sequences := &model.Sequences{Rows: data.Rows}
			for _, cells := range data.Customers {
				var steps []model.Step
				for _, c := range cells {
					steps = append(steps, model.Step{Row: c.Row, Weight: c.Weight})
				}
				sequences.Add(steps)
			}
			return mustFit(t, sequences, p)
		})
	})
}

const clusterSize = 10

// clusters returns walks that stay, nearly always, within groups of items that no number
// gives away.
func clusters(groups, walks int) (*model.Sequences, *catalogue.IDs) {
	ids := modeltest.Items(groups * clusterSize)
	rng := rand.New(rand.NewPCG(9, 9))
	var histories [][]engine.Interest
	for range walks {
		group := rng.IntN(groups)
		var walk []engine.Interest
		for range 3 + rng.IntN(8) {
			if rng.Float64() < 0.05 {
				group = rng.IntN(groups)
			}
			walk = append(walk, engine.Interest{Item: engine.ItemNum(rng.IntN(clusterSize)*groups + group), Weight: 1})
		}
		histories = append(histories, walk)
	}
	return sequencesOf(ids, histories), ids
}

func mustFit(t testing.TB, data *model.Sequences, p Params) *Model {
	t.Helper()
	m, err := Fit(context.Background(), data, p)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

// both runs a test with each method.
func both(t *testing.T, try func(t *testing.T, p Params)) {
	for _, method := range []string{SGNS, PPMI} {
		t.Run(method, func(t *testing.T) { try(t, Params{Method: method}) })
	}
}

func TestContract(t *testing.T) {
	data, ids, histories := world(80, 60)
	both(t, func(t *testing.T, p Params) {
		p.Dims, p.Epochs, p.MinCount = 13, 3, 2
		m := mustFit(t, data, p)
		c := modeltest.Contract{Knows: func(n engine.ItemNum, score float32) bool {
			_, ok := m.Rows().Row(n)
			return ok && score > 0
		}}
		for n := range ids.Len() + 3 { // and numbers nobody gave
			c.Items = append(c.Items, engine.ItemNum(n))
		}
		for _, h := range histories[:6] {
			c.Queries = append(c.Queries, &model.Query{History: h})
		}
		c.Queries = append(c.Queries,
			&model.Query{},
			&model.Query{History: []engine.Interest{{Item: 3, Weight: 0}}},                       // only a dislike
			&model.Query{History: []engine.Interest{{Item: 9999, Weight: 1}}},                    // nothing known
			&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}, {Item: 2, Weight: 0}}}, // both
			&model.Query{History: histories[0], Anchors: []engine.ItemNum{4, 7, 4}},              // anchors win
			&model.Query{History: []engine.Interest{{Item: 1, Weight: 1e-300}, {Item: 2, Weight: 5e-324}}},
			&model.Query{History: []engine.Interest{{Item: 1, Weight: 1e300}, {Item: 0, Weight: math.Inf(1)}}},
		)
		modeltest.Source(t, m, c)
		modeltest.Saved(t, m, Load, ids, c)
	})
}

func TestFindsPlantedClusters(t *testing.T) {
	const groups = 6
	data, _ := clusters(groups, 2000)
	both(t, func(t *testing.T, p Params) {
		p.Dims = 16
		m := mustFit(t, data, p)
		right, all := 0, 0
		for n := range engine.ItemNum(groups * clusterSize) {
			for _, near := range m.Nearest(n, clusterSize-1) {
				all++
				if near.Item%groups == n%groups {
					right++
				}
				if near.Item == n {
					t.Errorf("item %d is its own neighbour", n)
				}
			}
		}
		if all != groups*clusterSize*(clusterSize-1) || right < all*95/100 {
			t.Errorf("%d of %d neighbours are of the item's cluster", right, all)
		}
		got := m.Open(&model.Query{Anchors: []engine.ItemNum{3}}).Propose(m.bitmap(), 5, nil)
		if len(got) != 5 || slices.ContainsFunc(got, func(n engine.ItemNum) bool { return n == 3 || n%groups != 3 }) {
			t.Errorf("related to item 3: %v, want others of 3 mod %d", got, groups)
		}
	})
}

func TestSameBitsForAnyWorkers(t *testing.T) {
	data, _, _ := world(400, 200)
	both(t, func(t *testing.T, p Params) {
		saved := func(workers int, seed uint64) []byte {
			p.Dims, p.Epochs, p.Workers, p.Seed = 16, 2, workers, seed
			var out bytes.Buffer
			if err := mustFit(t, data, p).Save(&out); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}
		one := saved(1, 3)
		for _, workers := range []int{2, 3, 8} {
			if !bytes.Equal(saved(workers, 3), one) {
				t.Errorf("%d workers give another model than one", workers)
			}
		}
		if bytes.Equal(saved(1, 4), one) {
			t.Error("another seed gives the same model")
		}
	})
}

// TestUnitVectors holds that what is exported are the vectors of the rows, of length 1.
func TestUnitVectors(t *testing.T) {
	data, _, _ := world(80, 60)
	both(t, func(t *testing.T, p Params) {
		p.Dims, p.Epochs = 12, 2
		m := mustFit(t, data, p)
		rows, dims, values := m.Vectors()
		if rows.Len() == 0 || len(values) != rows.Len()*dims || dims != 12 {
			t.Fatalf("%d rows of %d numbers are %d values", rows.Len(), dims, len(values))
		}
		for row := range rows.Len() {
			if length := squares(m.vector(row)); math.Abs(length-1) > 1e-6 {
				t.Errorf("row %d has the squared length %v", row, length)
			}
		}
	})
}

// TestCorpus holds what becomes a sentence: wanted steps, direct repeats as one, items
// with too few steps and steps without a neighbour left out.
func TestCorpus(t *testing.T) {
	of := func(rows ...int) (steps []model.Step) {
		for _, row := range rows {
			step := model.Step{Row: uint32(max(row, -row)), Weight: 1}
			if row < 0 {
				step.Weight = 0 // a dislike
			}
			steps = append(steps, step)
		}
		return steps
	}
	ids := modeltest.Items(9)
	data := sequencesOf(ids, nil)
	data.Of = model.Held{
		of(1, 1, -2, 1, 3, 1),  // 1 3 1: the dislike between does not part the repeat
		of(4, 4, 4),            // alone
		of(3, 5, 3, 1),         // 5 is met once: 3 3 1 is 3 1
		of(6, 6, 6, 7, 7),      // 6 and 7 are met once
		of(),                   //
		of(1, 3, 8, 1, 8, 3),   //
		of(-4, -4, -4, -1, -3), // nothing wanted
	}
	c := newCorpus(data, 2)
	var got [][]engine.ItemNum
	for i := range c.sentences() {
		var sentence []engine.ItemNum
		for _, row := range c.sentence(i) {
			sentence = append(sentence, c.rows.Num(int(row)))
		}
		got = append(got, sentence)
	}
	if want := "[[1 3 1] [3 1] [1 3 8 1 8 3]]"; fmt.Sprint(got) != want {
		t.Errorf("the sentences are %v, want %s", got, want)
	}
	if want := []int{5, 4, 2}; !slices.Equal(c.counts, want) {
		t.Errorf("counted %v, want %v", c.counts, want)
	}
}

// TestNewestCount holds that a profile is made of the newest items and that each next
// one weighs less.
func TestNewestCount(t *testing.T) {
	data, _ := clusters(4, 500)
	m := mustFit(t, data, Params{Method: PPMI, Dims: 8, Causes: 3, Decay: 0.5})
	history := []engine.Interest{{Item: 4, Weight: 1}, {Item: 9, Weight: 0}, {Item: 8, Weight: 1}, {Item: 12, Weight: 1}, {Item: 16, Weight: 1}}
	s := m.Open(&model.Query{History: history}).(*scorer)
	_, parts := s.Explain(0, nil)
	if len(parts) != 3 || parts[0].Item != 4 || parts[1].Item != 8 || parts[2].Item != 12 {
		t.Fatalf("item 0 is explained by %v, want by 4, 8 and 12", parts)
	}
	for i, c := range s.causes[1:] {
		if math.Abs(c.share/s.causes[i].share-0.5) > 1e-12 {
			t.Errorf("cause %d has the share %v after %v, want half", i+1, c.share, s.causes[i].share)
		}
	}
	anchored := m.Open(&model.Query{Anchors: []engine.ItemNum{4, 8, 12, 16}}).(*scorer)
	if len(anchored.causes) != 4 || anchored.causes[0].share != anchored.causes[3].share {
		t.Errorf("four anchors have the shares %v, want four alike", anchored.causes)
	}
}

func TestAutoIsPPMI(t *testing.T) {
	data, _ := clusters(2, 20)
	if got := mustFit(t, data, Params{}).Params().Method; got != PPMI {
		t.Errorf("a shop is fitted by %q", got)
	}
}

// A part of a corpus is whole sentences from all over it, about as many steps as asked for,
// and rows and counts are of these alone.
func TestSomeOfACorpus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "items")
		ids := modeltest.Items(n)
		nums := make([]engine.ItemNum, n)
		for i := range nums {
			nums[i] = engine.ItemNum(i)
		}
		data := &model.Sequences{Rows: model.NewRows(nums, ids)}
		for range rapid.IntRange(1, 40).Draw(t, "sentences") {
			steps := make([]model.Step, 4)
			for i := range steps {
				steps[i] = model.Step{Row: uint32(rapid.IntRange(0, n-1).Draw(t, "row")), Weight: 1}
			}
			data.Add(steps)
		}
		all := newCorpus(data, 1)
		asked := rapid.IntRange(1, 200).Draw(t, "steps")
		got := all.some(asked)
		if len(all.steps) <= asked {
			if got != all {
				t.Fatalf("%d steps of %d are another corpus", asked, len(all.steps))
			}
			return
		}
		if over := len(got.steps) - asked; over > all.sentences()+4 {
			t.Fatalf("%d steps of %d, %d asked for", len(got.steps), len(all.steps), asked)
		}
		counts, at := make([]int, got.rows.Len()), 0
		for i := range got.sentences() {
			var want []uint32
			for _, row := range got.sentence(i) {
				counts[row]++
				was, known := all.rows.Row(got.rows.Num(int(row)))
				if !known {
					t.Fatalf("row %d is of an item that is not in the corpus", row)
				}
				want = append(want, uint32(was))
			}
			for at < all.sentences() && !slices.Equal(all.sentence(at), want) {
				at++
			}
			if at == all.sentences() {
				t.Fatalf("sentence %d is none of the corpus, in its order", i)
			}
			at++
		}
		if !slices.Equal(counts, got.counts) || slices.Contains(counts, 0) {
			t.Fatalf("counts are %v, of the sentences %v", got.counts, counts)
		}
	})
}

func TestFitRefuses(t *testing.T) {
	data, _ := clusters(2, 20)
	var invalid *engine.Invalid
	for _, p := range []Params{
		{Method: "bert"},
		{Dims: -1},
		{Dims: 1 << 20},
		{Window: -1},
		{MinCount: -1},
		{Subsample: 2},
		{Subsample: math.NaN()},
		{Epochs: -1},
		{Negatives: 1 << 20},
		{LearningRate: math.Inf(1)},
		{NegativePower: 9},
		{Smoothing: -1},
		{Shift: -1},
		{Power: math.NaN()},
		{Causes: -1},
		{Decay: 1.5},
		{Workers: -1},
	} {
		if _, err := Fit(t.Context(), data, p); !errors.As(err, &invalid) {
			t.Errorf("Fit with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	both(t, func(t *testing.T, p Params) {
		if _, err := Fit(done, data, p); !errors.Is(err, context.Canceled) {
			t.Errorf("Fit when cancelled: %v", err)
		}
	})
}

func TestFitOfNothing(t *testing.T) {
	both(t, func(t *testing.T, p Params) {
		for name, histories := range map[string][][]engine.Interest{
			"no sequences": nil,
			"no neighbour": {{{Item: 1, Weight: 1}}, {{Item: 2, Weight: 1}, {Item: 2, Weight: 1}}},
			"no wish":      {{{Item: 1}, {Item: 2}}},
		} {
			m := mustFit(t, sequencesOf(modeltest.Items(3), histories), p)
			s := m.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}})
			if !s.Empty() || m.Rows().Len() != 0 || m.Nearest(1, 3) != nil {
				t.Errorf("%s: a model of %d rows, Empty is %v", name, m.Rows().Len(), s.Empty())
			}
		}
	})
}
