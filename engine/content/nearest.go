package content

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// NearestName is the name of the source of Nearest.
const NearestName = "nearest"

// maxNear is how many items of a history a new item is held against, newest first: each
// costs a product of vectors for every new item.
const maxNear = 8

// Nearest speaks, as Newcomers does, for items only that no fitted source has seen; but a
// new item scores its likeness to that one thing of the history to which it is most alike,
// less where that thing is worth less, and not its likeness to the history's mean. Who
// buys ink and chairs wants a new ink as much as who buys ink alone.
type Nearest struct {
	Known *Known // items of the fitted sources; nil for none, which silences it
}

// Name returns "nearest".
func (Nearest) Name() string { return NearestName }

// Open gathers what of the causes has a vector and is wanted.
func (s Nearest) Open(q *model.Query) model.Scorer {
	n := &nearest{vectors: q.Content}
	if q.Content == nil {
		n.vectors = text.NewVectors(text.Untrained(1))
	}
	if len(q.Text) == n.vectors.Dims() {
		n.near = []near{{row: q.Text, share: 1, text: true}}
	} else {
		n.gather(q.Causes())
	}
	return &newcomers{Scorer: n, known: s.Known}
}

// nearest is one query.
type nearest struct {
	vectors *text.Vectors
	near    []near
}

var _ model.Steady = (*nearest)(nil)

// Again implements model.Lasting.
func (s *nearest) Again(q *model.Query) model.Scorer {
	if q.Content != s.vectors {
		return nil
	}
	return s
}

// Steady implements model.Steady.
func (s *nearest) Steady() {}

// Bytes implements model.Lasting. The rows are those of the content vectors.
func (s *nearest) Bytes() int { return 32 + 40*len(s.near) }

// near is a thing to be like.
type near struct {
	item  engine.ItemNum
	row   []float32
	share float32 // what it is worth, relative to what is worth most
	text  bool    // the words that were asked for, which are no item
}

func (s *nearest) gather(causes []engine.Interest) {
	var most float64
	for _, c := range causes {
		row := s.vectors.Row(c.Item)
		if row == nil || !(c.Weight > 0) {
			continue
		}
		most = max(most, c.Weight)
		s.near = append(s.near, near{item: c.Item, row: row, share: float32(c.Weight)})
		if len(s.near) == maxNear {
			break
		}
	}
	for i := range s.near {
		s.near[i].share /= float32(most)
	}
}

// Empty implements model.Scorer.
func (s *nearest) Empty() bool { return len(s.near) == 0 }

// best returns the likeness of an item to what it is most alike to, and that. Nothing
// counts as like itself, and what turns away from all counts as like nothing.
func (s *nearest) best(n engine.ItemNum) (score float32, to near) {
	row := s.vectors.Row(n)
	if row == nil {
		return 0, near{}
	}
	for _, c := range s.near {
		if c.item == n && !c.text {
			continue
		}
		if x := c.share * vector.Dot(c.row, row); x > score {
			score, to = x, c
		}
	}
	return score, to
}

// Score implements model.Scorer.
func (s *nearest) Score(items []engine.ItemNum, out []float32) {
	for i, n := range items {
		out[i], _ = s.best(n)
	}
}

// Propose implements model.Scorer.
func (s *nearest) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	top := vector.NewTop(n)
	for all := eligible.Iterator(); all.HasNext(); {
		item := engine.ItemNum(all.Next())
		if score, _ := s.best(item); score > 0 {
			top.Push(item, score)
		}
	}
	return top.AppendItems(out)
}

// Explain names the one thing that the item is most alike to.
func (s *nearest) Explain(n engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	score, to := s.best(n)
	if score == 0 || to.text {
		return float64(score), parts
	}
	return 0, append(parts, model.Part{Item: to.item, Contribution: float64(score)})
}
