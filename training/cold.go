package training

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"gonum.org/v1/gonum/stat"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// How new items are ranked is chosen on items that are hidden from a fit: one wanted item
// of hideEach, of large catalogues about coldItems of them, for at most coldCases customers
// who want some. No shop has more new items at a time; all their scores are held at once,
// 16 MB a source, and what is nearest to a history is looked for among each.
const (
	hideEach  = 5
	coldCases = 2000
	coldItems = 2000
)

// newcomerSources speak for items only that no fitted source knows.
var newcomerSources = []string{content.NewcomersName, content.NearestName, bridge.Name}

// ofNewcomers reports whether a source is silent about every item that others know: no
// held-out wish for a known item can weigh it.
func ofNewcomers(name string) bool { return slices.Contains(newcomerSources, name) }

// mixes are the ways to rank new items that are tried: what each source weighs, in the
// order of newcomerSources and on their scales. The first stays where none is better by
// more than chance: content and behaviour together, as either may say little.
var mixes = [][]float64{
	{0, 1, 0.5},
	{0, 1, 0},
	{1, 0, 0},
	{0, 0, 1},
	{0, 1, 0.25},
	{0, 1, 1},
	{0, 1, 2},
	{1, 0, 0.25},
	{1, 0, 0.5},
	{1, 0, 1},
	{1, 0, 2},
}

// Newcomers is how new items are ranked, as it was chosen.
type Newcomers struct {
	Scales map[string]rank.Scale `json:"scales"` // together of standard deviation 1
	NDCG   float64               `json:"ndcg"`   // at 10, of hidden items among hidden items
	Cases  int                   `json:"cases"`
	Items  int                   `json:"items"` // that were hidden
}

// Newcomers returns how new items are ranked, as Sources chose it; nil where there was too
// little to choose on.
func (s *Selector) Newcomers() *Newcomers { return s.fresh }

// newcomers hides some wanted items, fits the kinds that rank new ones on the rest, and
// returns the settings and the mix that rank the hidden ones best for those who want
// them. Where too few do, it is the first try of the kind and likeness to what was had.
func (s *Selector) newcomers(ctx context.Context, m *Material, base factor.Params, k Kind) (params any, how *Newcomers, err error) {
	h := hide(m, s.Fitter.Seed)
	if len(h.cases) < blendLeast {
		return k.Tries[0], nil, nil
	}
	s.Fitter.begins("choosing how new items are ranked")
	rest := h.rest
	if base.Workers = s.Fitter.Workers; rest.Rows().Len() == 0 {
		return k.Tries[0], nil, nil
	}
	known, err := factor.Fit(ctx, rest.Data(), base, nil)
	if err != nil {
		return nil, nil, err
	}
	rest.keep(known)
	h.known, h.content = roaring.New(), m.Content(s.Fitter)
	for row := range known.Rows().Len() {
		h.known.Add(uint32(known.Rows().Num(row)))
	}
	seen := content.NewKnown(h.known)
	byContent, err := h.ask(ctx, s.Fitter.Workers, content.Newcomers{Known: seen}, content.Nearest{Known: seen})
	if err != nil {
		return nil, nil, err
	}
	var best []float64
	for i, try := range k.Tries {
		mapped, err := k.fit(ctx, s.Fitter, rest, try)
		if err != nil {
			return nil, nil, err
		}
		byFactors, err := h.ask(ctx, s.Fitter.Workers, mapped)
		if err != nil {
			return nil, nil, err
		}
		scores, scales := byContent.beside(byFactors)
		for _, mix := range mixes {
			if i > 0 && mix[2] == 0 {
				continue // measured with the first try
			}
			if reached := h.reach(scores, mix); best == nil || better(reached, best) {
				best, params = reached, try
				how = &Newcomers{mixed(scores, scales, mix), stat.Mean(reached, nil), len(h.cases), len(h.items)}
			}
		}
	}
	return params, how, nil
}

// hidden is a material without some of its items, and who wants these.
type hidden struct {
	rest    *Material // without them
	items   []engine.ItemNum
	cases   []coldCase
	known   *roaring.Bitmap
	content *text.Vectors
}

// coldCase is somebody who wants some of the hidden items, by the rest of their history.
type coldCase struct {
	history []engine.Interest
	targets []engine.ItemNum
}

// hide hides some of the wanted items, by their ids and the seed.
func hide(m *Material, seed uint64) *hidden {
	rows := m.Rows()
	chosen := make(map[engine.ItemNum]bool)
	oneOf := uint64(max(hideEach, rows.Len()/coldItems))
	h := &hidden{}
	for row := range rows.Len() {
		hash := engine.HashOf(string(rows.ID(row)))
		if (binary.LittleEndian.Uint64(hash[:])^seed)%oneOf == 0 {
			h.items = append(h.items, rows.Num(row))
			chosen[rows.Num(row)] = true
		}
	}
	h.rest = m.without(chosen)
	var who []int // of People
	for i, history := range m.snap.Interests() {
		if c := parted(history, chosen); c.asks() {
			who = append(who, i)
		}
	}
	for _, i := range Pick(who, coldCases) {
		h.cases = append(h.cases, parted(m.snap.interests(i), chosen))
	}
	return h
}

// parted parts a history by whether items are hidden.
func parted(history []engine.Interest, hidden map[engine.ItemNum]bool) (c coldCase) {
	for _, in := range history {
		switch {
		case !hidden[in.Item]:
			c.history = append(c.history, in)
		case in.Weight > 0:
			c.targets = append(c.targets, in.Item)
		}
	}
	return c
}

// asks reports whether there is something to go by and something to find.
func (c *coldCase) asks() bool {
	return len(c.targets) > 0 && slices.ContainsFunc(c.history, func(in engine.Interest) bool { return in.Weight > 0 })
}

// answers are what some sources say of the hidden items in every case, over its standard
// deviation, and these.
type answers struct {
	scores [][][]float32 // by case and source, of the hidden items
	scales []float64     // by source
}

// ask puts every case to some sources.
func (h *hidden) ask(ctx context.Context, workers int, sources ...model.Source) (*answers, error) {
	a := &answers{make([][][]float32, len(h.cases)), make([]float64, len(sources))}
	err := each(ctx, len(h.cases), workers, func(i int) error {
		q := &model.Query{History: h.cases[i].history, Content: h.content, Now: h.rest.snap.Newest}
		a.scores[i] = make([][]float32, len(sources))
		for s, source := range sources {
			a.scores[i][s] = make([]float32, len(h.items))
			source.Open(q).Score(h.items, a.scores[i][s])
		}
		return nil
	})
	if err != nil { // of a training that is interrupted
		return nil, err
	}
	for s := range a.scales {
		of := make([][]float32, len(a.scores))
		for i, by := range a.scores {
			of[i] = by[s]
		}
		if a.scales[s] = spread(of); a.scales[s] == 0 {
			continue
		}
		for _, scores := range of {
			for k := range scores {
				scores[k] /= float32(a.scales[s])
			}
		}
	}
	return a, nil
}

// beside returns the answers of both, in the order of the sources.
func (a *answers) beside(b *answers) (scores [][][]float32, scales []float64) {
	scores = make([][][]float32, len(a.scores))
	for i := range scores {
		scores[i] = slices.Concat(a.scores[i], b.scores[i])
	}
	return scores, slices.Concat(a.scales, b.scales)
}

// power is what the standard deviation of some scores over all cases and items is made of.
type power struct{ n, sum, squares float64 }

func (p *power) add(scores []float32) {
	for _, x := range scores {
		p.n++
		p.sum += float64(x)
		p.squares += float64(x) * float64(x)
	}
}

func (p *power) spread() float64 {
	mean := p.sum / p.n
	return math.Sqrt(max(0, p.squares/p.n-mean*mean))
}

// spread is the standard deviation of some scores over all cases and items.
func spread(scores [][]float32) float64 {
	var all power
	for _, of := range scores {
		all.add(of)
	}
	return all.spread()
}

// blended adds up the scores of one case in room, which may be nil.
func blended(by [][]float32, weights []float64, room []float32) []float32 {
	out := slices.Grow(room[:0], len(by[0]))[:len(by[0])]
	clear(out)
	for s, w := range weights {
		if w != 0 {
			vector.Axpy(float32(w), by[s], out)
		}
	}
	return out
}

// reach is the metric of every case when a mix ranks the hidden items.
func (h *hidden) reach(scores [][][]float32, weights []float64) []float64 {
	out := make([]float64, len(h.cases))
	var sums []float32
	for i, c := range h.cases {
		top := vector.NewTop(blendMetric.K)
		sums = blended(scores[i], weights, sums)
		for k, x := range sums {
			top.Push(h.items[k], x)
		}
		out[i] = blendMetric.Of(evaluate.Judge(top.AppendItems(nil), c.targets, nil))
	}
	return out
}

// mixed returns the scales of a mix whose sum has the standard deviation 1.
func mixed(scores [][][]float32, scales, weights []float64) map[string]rank.Scale {
	var sums []float32
	var all power
	for _, by := range scores {
		sums = blended(by, weights, sums)
		all.add(sums)
	}
	whole := all.spread()
	out := make(map[string]rank.Scale)
	for s, name := range newcomerSources {
		if weights[s] > 0 && scales[s] > 0 && whole > 0 {
			out[name] = rank.Scale{Weight: weights[s] / whole, SD: scales[s]}
		}
	}
	return out
}
