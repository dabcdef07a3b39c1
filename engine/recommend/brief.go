package recommend

import (
	"slices"
	"sync/atomic"
	"weak"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

// brief is somebody's scorer as it is kept beside their gists: it knows by heart what it said
// of their items, and is opened again where it is asked for more. The kept one belongs to
// nobody; each that Again returns to an answer.
type brief struct {
	source  model.Source
	content weak.Pointer[text.Vectors]    // of the queries that it answers
	known   []said                        // newest first
	folded  *atomic.Pointer[model.Folded] // once it was opened; the kept one's

	query *model.Query
	full  model.Scorer // nil until it is opened
}

// said are the scores of some items, ascending.
type said struct {
	items []engine.ItemNum
	raw   []float32
}

// briefShare is how many times a brief's memory a kept scorer must take for one to take its
// place.
const briefShare = 12

// shortened returns kept, or, where that takes so many times the memory, a brief in its place
// that knows what it says of a gist's items: in all, of up to maxGists gists. It says that
// through now.
func shortened(kept model.Lasting, source model.Source, g *gist, now model.Scorer, share int) model.Lasting {
	next := &brief{source: source, content: g.content, folded: new(atomic.Pointer[model.Folded])}
	if before, is := kept.(*brief); is && before.content == g.content {
		next.known, next.folded = before.known[:min(len(before.known), maxGists-1)], before.folded
	} else if is || kept == nil || kept.Bytes() < share*4*len(g.items) {
		return kept
	}
	raw := make([]float32, len(g.items))
	now.Score(g.items, raw)
	next.known = append([]said{{g.items, raw}}, next.known...)
	return next
}

var _ model.Steady = (*brief)(nil)

// Bytes implements model.Lasting: what it takes beside the items, which are the gists'.
func (b *brief) Bytes() int {
	sum := 96
	if folded := b.folded.Load(); folded != nil {
		sum += 16 + (*folded).Bytes()
	}
	for _, s := range b.known {
		sum += 48 + 4*len(s.raw)
	}
	return sum
}

// Again implements model.Lasting: what was said hangs on the content vectors, too.
func (b *brief) Again(q *model.Query) model.Scorer {
	if b.content != weak.Make(q.Content) {
		return nil
	}
	return &brief{source: b.source, content: b.content, known: b.known, folded: b.folded, query: q}
}

// Steady implements model.Steady.
func (b *brief) Steady() {}

// open returns the whole scorer. What it folds in is kept where that is little: else the history
// would be read again for a few items that no gist knew, or for an explanation.
func (b *brief) open() model.Scorer {
	if b.full != nil {
		return b.full
	}
	if folded := b.folded.Load(); folded != nil {
		b.full = (*folded).Open()
		return b.full
	}
	b.full = b.source.Open(b.query)
	if short, is := b.full.(model.Brief); is {
		folded := short.Brief()
		b.folded.Store(&folded)
	}
	return b.full
}

// Empty implements model.Scorer: a source that had nothing to say is not shortened.
func (b *brief) Empty() bool { return false }

// Propose implements model.Scorer.
func (b *brief) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	return b.open().Propose(eligible, n, out)
}

// Score implements model.Scorer.
func (b *brief) Score(items []engine.ItemNum, out []float32) {
	var places []int
	for i, item := range items {
		raw, known := b.of(item)
		if out[i] = raw; !known {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return
	}
	others, raw := make([]engine.ItemNum, len(places)), make([]float32, len(places))
	for i, place := range places {
		others[i] = items[place]
	}
	b.open().Score(others, raw)
	for i, place := range places {
		out[place] = raw[i]
	}
}

// of returns what was said of an item.
func (b *brief) of(item engine.ItemNum) (raw float32, known bool) {
	for _, s := range b.known {
		if at, is := slices.BinarySearch(s.items, item); is {
			return s.raw[at], true
		}
	}
	return 0, false
}

// AddRough implements model.Rough.
func (b *brief) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	rough, is := b.open().(model.Rough)
	if !is {
		return 0, 0, false
	}
	return rough.AddRough(room, sums, items, gain)
}

// Explain implements model.Scorer.
func (b *brief) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	return b.open().Explain(item, parts)
}
