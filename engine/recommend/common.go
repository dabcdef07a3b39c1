package recommend

import (
	"slices"
	"sync/atomic"
	"weak"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/tally"
)

// common is what the sources that know no person say together of a place's stock, for
// whoever asks before something is counted or the minute ends.
type common struct {
	key   commonKey
	asked atomic.Int32
	heard atomic.Pointer[heard] // of the stock's items
}

// commonWorth is how often the same must be asked for until it is kept: where something is
// counted between most answers, to keep it would cost more than to say it.
const commonWorth = 3

// commonKey is all that such a sum hangs on, besides the items. A place that nobody asks for
// keeps no counters in memory.
type commonKey struct {
	counters weak.Pointer[tally.Counters]
	minute   int64
	voices   [maxCommon]commonVoice
}

type commonVoice struct {
	name string
	rank.Scale
}

// maxCommon is how many such sources are summed; the rest, of which there are none yet, are
// asked like all others.
const maxCommon = 8

// heard is what the common voices say of some items, in their order.
type heard struct {
	sums  []float64
	rough []float32 // the same, but for rounding
	most  float64   // of the magnitudes in the sums
}

// round makes what is said roughly of the sums.
func (h *heard) round() {
	h.rough, h.most = slices.Grow(h.rough[:0], len(h.sums))[:len(h.sums)], 0
	for i, sum := range h.sums {
		h.rough[i] = float32(sum)
	}
	if most := model.Largest(h.rough); most > 0 {
		h.most = float64(most) * (1 + 1.0/(1<<22))
	}
}

// hear returns what the common voices say of items, which are those of a choice: as it was
// kept with the stock, if they are those of one. It is not to be changed.
func (v *voices) hear(c *choice, items []engine.ItemNum, s *scratch) *heard {
	if c.heard != nil {
		return c.heard
	}
	var kept *common
	if c.commons != nil {
		if kept = v.common(c.commons); kept.heard.Load() != nil {
			return kept.heard.Load()
		}
	}
	s.own.sums = slices.Grow(s.own.sums[:0], len(items))[:len(items)]
	v.addCommon(items, s)
	s.own.round()
	if kept != nil && kept.asked.Add(1) == commonWorth {
		kept.heard.Store(&heard{slices.Clone(s.own.sums), slices.Clone(s.own.rough), s.own.most})
	}
	return &s.own
}

// common returns what is kept, or will be, of what the common voices say of a stock.
func (v *voices) common(commons *[2]atomic.Pointer[common]) *common {
	key := commonKey{counters: weak.Make(v.query.Counters), minute: v.query.Now.Unix() / 60}
	n := 0
	for i := range v.voices {
		if v.isCommon(i) {
			key.voices[n] = commonVoice{v.voices[i].name, v.voices[i].Scale}
			n++
		}
	}
	at := &commons[0]
	if v.task == rank.Cold {
		at = &commons[1]
	}
	kept := at.Load()
	if kept == nil || kept.key != key {
		kept = &common{key: key}
		at.Store(kept)
	}
	return kept
}

// addCommon sums what the common voices say.
func (v *voices) addCommon(items []engine.ItemNum, s *scratch) {
	s.room(len(items))
	raw, sums := s.raw[:len(items)], s.own.sums
	clear(sums)
	for i, voice := range v.voices {
		if v.isCommon(i) {
			voice.Score(items, raw)
			voice.AddTo(sums, raw)
		}
	}
}

// isCommon reports whether voice number i is one of the first maxCommon common ones.
func (v *voices) isCommon(i int) bool {
	_, is := v.voices[i].Scorer.(model.Common)
	if !is || i < maxCommon {
		return is
	}
	before := 0
	for _, voice := range v.voices[:i] {
		if _, is := voice.Scorer.(model.Common); is {
			before++
		}
	}
	return before < maxCommon
}
