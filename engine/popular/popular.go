// Package popular is the sources that know no person: "popular" (what is wanted most, of
// all time, by the month or these days), "trending" (what is wanted more than it was),
// "click_through" (what is clicked where it is shown) and "newest". They read the counters and
// the catalogue of the moment; nothing is fitted, and nothing is saved.
//
// They know every item, so that a list they propose for is full whenever enough items
// are eligible. They never explain by a person's history: a score is all base.
package popular

import (
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/engine/vector"
)

// Popular scores an item log(1 + c), with c its counter over the span, 0 if it was
// given back more than taken. The logarithm keeps a best-seller from drowning
// everything else in a blend.
type Popular struct{ Span tally.Span }

// Name implements model.Source: "popular" of all time, "popular_month" and
// "popular_days".
func (p Popular) Name() string {
	return [...]string{tally.AllTime: "popular", tally.Month: "popular_month", tally.Days: "popular_days"}[p.Span]
}

// Open implements model.Source.
func (p Popular) Open(q *model.Query) model.Scorer {
	c, at, ok := counters(q)
	if !ok {
		return nothing()
	}
	view, key := c.AtMoment(p.Span, at), tally.Key{At: at.UnixMilli()}
	if p.Span == tally.AllTime {
		key = tally.Key{}
	}
	return counted(c, int(p.Span), key, func(n engine.ItemNum) float32 {
		return float32(math.Log1p(max(view.Value(n), 0)))
	})
}

// counters returns the counters and the moment they are read at, false if nothing was
// counted. The minutes of a day matter to no half-life; that scores stay for a minute
// lets everybody's answers share them.
func counters(q *model.Query) (*tally.Counters, time.Time, bool) {
	if q.Counters == nil || q.Counters.Len() == 0 {
		return nil, time.Time{}, false
	}
	return q.Counters, q.Counters.Moment(q.Now), true
}

// Where the counters keep scores, beside the three of Popular by its span.
const (
	trendingSlot     = int(tally.Days) + 1
	clickThroughSlot = trendingSlot + 1
)

// Trending scores an item by its rate of late against its rate over the month:
//
//	log2((r + s) / (m + s)),  r = Days counter x ln 2 / 2 d,  m = Month counter x ln 2 / 30 d
//
// A counter of half-life h that receives a steady w a day settles at w h / ln 2, so r
// and m are weights a day, and an item that goes on as ever scores 0. s, Smoothing,
// keeps an item that sold once from looking like a rush: with s = 0.5 one sale in a
// quiet month scores 0.7, ten 2.4.
type Trending struct {
	Smoothing float64 // weight a day; 0 stands for 0.5
}

// Name implements model.Source.
func (Trending) Name() string { return "trending" }

// Open implements model.Source.
func (t Trending) Open(q *model.Query) model.Scorer {
	c, at, ok := counters(q)
	if !ok {
		return nothing()
	}
	days, month := c.AtMoment(tally.Days, at), c.AtMoment(tally.Month, at)
	smoothing := t.Smoothing
	if smoothing == 0 {
		smoothing = 0.5
	}
	return counted(c, trendingSlot, tally.Key{At: at.UnixMilli(), All: smoothing}, func(n engine.ItemNum) float32 {
		late := perDay(days.Value(n), tally.Days) + smoothing
		usual := perDay(month.Value(n), tally.Month) + smoothing
		return float32(math.Log2(late / usual))
	})
}

// ClickThrough scores an item by how often it was clicked where it was on a screen
// (interactions of the types "click" and "impression", of late), against the average:
//
//	log2((c + 1) / (e + 1)),  e = times shown x clicks of all items / times all were shown
//
// It is the posterior mean of how many times as attractive as the average an item is,
// for clicks that are Poisson distributed and attractions Gamma distributed with shape
// and mean 1: an item that nobody saw scores 0, as the average does. What counts is what
// was shown and left, not only what was clicked: a front page makes popular, but not
// attractive.
type ClickThrough struct{}

// Name implements model.Source.
func (ClickThrough) Name() string { return "click_through" }

// Open implements model.Source.
func (ClickThrough) Open(q *model.Query) model.Scorer {
	c, at, ok := counters(q)
	if !ok {
		return nothing()
	}
	shown, clicked := c.AtMoment(tally.Shown, at), c.AtMoment(tally.Clicked, at)
	if !(shown.All() > 0 && clicked.All() > 0) {
		return nothing()
	}
	rate := clicked.All() / shown.All()
	return counted(c, clickThroughSlot, tally.Key{At: at.UnixMilli(), All: rate}, func(n engine.ItemNum) float32 {
		if shown.Value(n) <= 0 {
			return 0
		}
		return float32(math.Log2((max(clicked.Value(n), 0) + 1) / (shown.Value(n)*rate + 1)))
	})
}

const day = 24 * time.Hour

// perDay returns the steady daily weight at which a counter would stay where it is.
func perDay(value float64, s tally.Span) float64 {
	return max(value, 0) * math.Ln2 / (float64(s.HalfLife()) / float64(day))
}

// Newest scores an item 2^(-age / 30 days) since it was published, by the minute, 1 if that
// is yet to come and 0 if it is not known.
type Newest struct{}

// newHalfLife is the age at which an item is half as new.
const newHalfLife = 30 * day

// Name implements model.Source.
func (Newest) Name() string { return "newest" }

// Open implements model.Source.
func (Newest) Open(q *model.Query) model.Scorer {
	if q.Catalogue == nil {
		return nothing()
	}
	now := q.Now.Truncate(time.Minute)
	return scorer{score: func(n engine.ItemNum) float32 {
		published, known := q.Catalogue.Published(n)
		if !known {
			return 0
		}
		return float32(math.Exp2(-float64(max(now.Sub(published), 0)) / float64(newHalfLife)))
	}}
}

// scorer is a score of items that does not depend on a person.
type scorer struct {
	score func(engine.ItemNum) float32
	empty bool
	// kept, where not nil, is score by way of what the counters keep of it.
	kept     *tally.Score
	counters *tally.Counters
}

// counted returns the scorer of a function of the counters.
func counted(c *tally.Counters, slot int, key tally.Key, score func(engine.ItemNum) float32) scorer {
	return scorer{score: score, counters: c, kept: &tally.Score{Slot: slot, Key: key, Of: score}}
}

// nothing returns the scorer that scores every item 0.
func nothing() scorer {
	return scorer{score: func(engine.ItemNum) float32 { return 0 }, empty: true}
}

var _ model.Common = scorer{}

// Common implements model.Common.
func (s scorer) Common() {}

// Empty implements model.Scorer.
func (s scorer) Empty() bool { return s.empty }

// Propose implements model.Scorer.
func (s scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.empty {
		return out
	}
	top := vector.NewTop(n)
	if s.kept != nil && eligible.GetCardinality() > passedFrom {
		s.pass(eligible, top)
		return top.AppendItems(out)
	}
	model.Blocks(eligible, func(items []engine.ItemNum, scores []float32) {
		s.Score(items, scores)
		top.OfferItems(items, scores)
	})
	return top.AppendItems(out)
}

// passedFrom is above how many eligible items those that cannot be among the best are passed
// over together: there nearly all are.
const passedFrom = 1 << 14

// pass offers the eligible items to top, but for those of which the counters know that
// they are not kept.
func (s scorer) pass(eligible *roaring.Bitmap, top *vector.Top) {
	var items []engine.ItemNum
	var scores []float32
	for it := eligible.Iterator(); it.HasNext(); {
		first := engine.ItemNum(it.PeekNext())
		most, until := s.counters.AtMost(s.kept, first)
		if worst := top.Worst(); most > worst { // of equals the first stays
			items = s.counters.Above(s.kept, first, worst, items[:0])
			items = slices.DeleteFunc(items, func(n engine.ItemNum) bool { return !eligible.Contains(uint32(n)) })
			scores = slices.Grow(scores[:0], len(items))[:len(items)]
			s.Score(items, scores)
			top.OfferItems(items, scores)
		}
		it.AdvanceIfNeeded(uint32(until))
	}
}

// Score implements model.Scorer.
func (s scorer) Score(items []engine.ItemNum, out []float32) {
	if s.kept != nil {
		s.counters.Scores(s.kept, items, out)
		return
	}
	for i, n := range items {
		out[i] = s.score(n)
	}
}

// Explain implements model.Scorer.
func (s scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	return float64(s.score(item)), parts
}
