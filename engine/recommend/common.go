package recommend

import (
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
	sums  atomic.Pointer[[]float64] // in the order of the stock's items
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

// sumCommon writes what the common voices say of items to sums: as it was kept with the
// stock of which they are the items, if they are.
func (v *voices) sumCommon(c *choice, items []engine.ItemNum, raw []float32, sums []float64) {
	if c.commons == nil {
		v.addCommon(items, raw, sums)
		return
	}
	key := commonKey{counters: weak.Make(v.query.Counters), minute: v.query.Now.Unix() / 60}
	n := 0
	for i := range v.voices {
		if v.isCommon(i) {
			key.voices[n] = commonVoice{v.voices[i].name, v.voices[i].Scale}
			n++
		}
	}
	at := &c.commons[0]
	if v.task == rank.Cold {
		at = &c.commons[1]
	}
	kept := at.Load()
	if kept == nil || kept.key != key {
		kept = &common{key: key}
		at.Store(kept)
	}
	if said := kept.sums.Load(); said != nil {
		copy(sums, *said)
		return
	}
	v.addCommon(items, raw, sums)
	if kept.asked.Add(1) == commonWorth {
		said := append([]float64(nil), sums...)
		kept.sums.Store(&said)
	}
}

func (v *voices) addCommon(items []engine.ItemNum, raw []float32, sums []float64) {
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
