package recommend

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
)

// A full explanation names of an item the causes that weigh most in its score: so many, whatever
// the source, and of one source so many. The rest is summed into one reason a source, so that the
// sum still holds. More than that nobody reads, and they would be most of the answer's bytes.
const (
	causesNamed = 5
	partsNamed  = 3
)

// explain turns the arranged list into answered items with their reasons.
func (in *Input) explain(list []rank.Placed, s *story) []engine.Recommended {
	e := explainers.Get().(*explainer)
	defer e.close()
	e.open(in, list, s)
	out := make([]engine.Recommended, 0)
	if in.Room != nil {
		out = in.Room.Items[:0]
	}
	out = slices.Grow(out, max(len(list), 1))[:len(list)]
	for i, p := range list {
		item := in.World.Catalogue.Item(p.Item)
		out[i] = engine.Recommended{
			Item: item.ID, Kind: item.KindOrProduct(), Num: p.Item,
			Score: p.Score, Rank: i + 1, Moved: p.Moved,
			Source:     e.mainSource(i),
			Properties: properties(item, in.Request.ReturnProperties),
		}
	}
	switch s.orders.explain {
	case engine.ExplainSources:
		e.tellAll(out, e.bySource)
	case engine.ExplainFull:
		e.tellAll(out, e.byCause)
	}
	if in.Room != nil {
		in.Room.Items = out
	}
	return out
}

// explainer splits the scores of one answer.
type explainer struct {
	in     *Input
	voices *voices
	lifts  liftList
	heeded *heeded // nil for none
	items  []engine.ItemNum
	raw    []float32 // by voice, and in it in the order of items

	causes  causes      // once one is told
	few     bool        // whether they are those that were told of lately
	moments []time.Time // that no reason points to yet
	texts   strings.Builder
	opened  bool
	numbers uint32        // given to what is told
	base    uint32        // number of the constants; 0 before they are told
	wholes  []wholeReason // by voice

	kept   *personSplits // nil where nothing is kept
	splits []splits      // by voice; those of none are not asked for yet
	fresh  []int         // voices that were asked for splits that were not known

	parts   []model.Part    // of one score
	counts  []int           // by voice; see weighMost
	sizes   []float64       // by voice; see weighMost
	reasons []engine.Reason // of all items, one after another, where the answer has no room for them
	ends    []int           // where those of each end
}

// wholeReason is what is told of a source as a whole, and of the causes that are not named.
type wholeReason struct {
	speaks, mute, rest engine.Reason // Type "" for not told yet
	left               int           // that rest tells of
	all                bool          // whether these are all that the source has
}

var explainers = sync.Pool{New: func() any { return new(explainer) }}

// open scores the list again, source by source: a source scores an item alike
// whatever stands around it, so these are the bits the list was made from.
func (e *explainer) open(in *Input, list []rank.Placed, s *story) {
	v := s.asked
	e.in, e.voices, e.lifts, e.heeded = in, v, s.lifts, s.orders.heeded
	e.items = e.items[:0]
	for _, p := range list {
		e.items = append(e.items, p.Item)
	}
	n := len(v.voices) * len(list)
	e.raw = slices.Grow(e.raw[:0], n)[:n]
	room := in.scratch()
	for at, voice := range v.voices {
		if raw := e.raw[at*len(list):][:len(list)]; v.isCommon(at) || !room.saidOf(at, e.items, raw) {
			voice.Score(e.items, raw)
		}
	}
	e.wholes = slices.Grow(e.wholes, len(v.voices))[:len(v.voices)]
	e.splits = slices.Grow(e.splits, len(v.voices))[:len(v.voices)]
	for i := range e.splits {
		e.splits[i].reset()
	}
}

// close lets go of all that e points to, and keeps the room.
func (e *explainer) close() {
	e.in, e.voices, e.lifts, e.heeded, e.kept, e.moments = nil, nil, nil, nil, nil, nil
	if e.opened {
		e.texts.Reset()
		clear(e.wholes)
		clear(e.reasons)
		e.causes.close()
	}
	e.wholes, e.fresh, e.opened, e.numbers, e.base = e.wholes[:0], e.fresh[:0], false, 0, 0
	explainers.Put(e)
}

// tellAll gives the items of an answer the reasons that by appends for each. They lie in one
// piece of memory: in the answer's room, or in some that the answer keeps.
func (e *explainer) tellAll(out []engine.Recommended, by func(i int, out []engine.Reason) []engine.Reason) {
	if len(out) == 0 {
		return
	}
	e.opened = true
	e.kept = e.in.splitsOf(e.voices.query, len(e.items))
	if e.few = e.kept != nil && len(e.kept.deeds) > 0; e.few {
		e.causes.open(e.kept.deeds)
		e.lookUp()
	} else {
		e.causes.open(e.deeds())
	}
	reasons := &e.reasons
	if e.in.Room != nil {
		reasons = &e.in.Room.Reasons
	}
	all, from := (*reasons)[:0], 0
	e.ends = e.ends[:0]
	for i := range out {
		all = by(i, all)
		e.ends = append(e.ends, len(all))
	}
	if *reasons = all; e.in.Room == nil {
		all = slices.Clone(all)
	}
	for i, to := range e.ends {
		out[i].Reasons = all[from:to:to]
		from = to
	}
	e.keep()
}

func (e *explainer) number() uint32 {
	e.numbers++
	return e.numbers
}

// score is the raw score of a source for the i-th item.
func (e *explainer) score(v, i int) float32 { return e.raw[v*len(e.items)+i] }

// share returns what a source adds to the score of the i-th item.
func (e *explainer) share(v, i int) float64 { return e.voices.voices[v].Apply(float64(e.score(v, i))) }

// mainSource names the source that lifts the item most above what it would give the
// average item.
func (e *explainer) mainSource(i int) string {
	name, most := "", math.Inf(-1)
	for v := range e.voices.voices {
		if share := e.share(v, i); share > most && (share != 0 || name == "") {
			name, most = e.voices.voices[v].name, share
		}
	}
	return name
}

// bySource gives one reason a source and one a boost. A source that folds in a history
// names the item of it that weighed most, and says of how many others the same is
// true: the contribution covers these and all else.
func (e *explainer) bySource(i int, out []engine.Reason) []engine.Reason {
	for at := range e.voices.voices {
		v, share := &e.voices.voices[at], e.share(at, i)
		if share == 0 && ofNewcomers[v.name] {
			continue // it speaks for new items only
		}
		if share <= 0 { // a source that takes off is no reason to name anything
			out = append(out, e.whole(at, share, false))
			continue
		}
		if s := e.split(at, i); s.tops {
			out = append(out, e.cause(v.name, e.items[i], s.top, share, int(s.others)))
			continue
		}
		out = append(out, e.whole(at, share, e.score(at, i) > 0))
	}
	return e.rules(i, out)
}

// strongest returns which part adds most to a score that rises with the parts, or falls with
// them, the first of equals; -1 where none adds anything.
func strongest(parts []model.Part, rises bool) int {
	at, most := -1, 0.0
	for i := range parts {
		adds := parts[i].Contribution
		if !rises {
			adds = -adds
		}
		if adds > most {
			at, most = i, adds
		}
	}
	return at
}

// alike counts the parts, beside the one at a place, of whose causes the same is to be said: a
// text that names what was bought must not count what was looked at. It stops counting where
// the text does.
func (e *explainer) alike(top int) int {
	said, others := verb(e.did(e.parts[top].Item)), 0
	for i := 0; i < len(e.parts) && others <= mostCounted; i++ {
		if i != top && verb(e.did(e.parts[i].Item)) == said {
			others++
		}
	}
	return others
}

// byCause gives one reason each to the causes that weigh most in the i-th item's score, one a
// source to its others, or to the source as a whole where it has no causes, one to the constants
// of all, and one a boost.
func (e *explainer) byCause(i int, out []engine.Reason) []engine.Reason {
	constants := 0.0
	e.weighMost(i)
	for at := range e.voices.voices {
		v, s := &e.voices.voices[at], e.split(at, i)
		if s.named == 0 { // nothing to tell apart: the source as a whole
			if share := v.Part(s.base); share != 0 {
				out = append(out, e.whole(at, share, share > 0 && e.share(at, i) > 0))
			}
			constants += v.Offset()
			continue
		}
		named, count := e.splits[at].named(i), e.counts[at]
		left, rest := int(s.left), v.Part(s.rest)
		for _, p := range named[count:] {
			left, rest = left+1, rest+v.Part(float64(p.adds))
		}
		if left == 1 && s.left == 0 && named[count].adds != 0 { // "1 more" would say less in as many words
			left, count = 0, len(named)
		}
		for _, p := range named[:count] {
			out = append(out, e.cause(v.name, e.items[i], p.cause, v.Part(float64(p.adds)), 0))
		}
		if left > 0 && rest != 0 {
			out = append(out, e.rest(at, left, count == 0, rest))
		}
		constants += v.Part(s.base) + v.Offset()
	}
	if constants != 0 {
		out = append(out, e.constant(constants))
	}
	return e.rules(i, out)
}

// weighMost counts in e.counts of each source the causes, first ones of its named, that are among
// the causesNamed that weigh most in the i-th item's score, the first of equals. What adds nothing
// is not among them.
func (e *explainer) weighMost(i int) {
	n := len(e.voices.voices)
	e.counts = slices.Grow(e.counts[:0], n)[:n]
	clear(e.counts)
	e.sizes = slices.Grow(e.sizes[:0], n)[:n] // of each source's next
	next := func(v int) {
		e.sizes[v] = 0
		if named := e.splits[v].named(i); e.counts[v] < len(named) {
			e.sizes[v] = math.Abs(e.voices.voices[v].Part(float64(named[e.counts[v]].adds)))
		}
	}
	for v := range e.sizes {
		e.split(v, i)
		next(v)
	}
	for range causesNamed {
		best, most := -1, 0.0
		for v, size := range e.sizes {
			if size > most {
				best, most = v, size
			}
		}
		if best < 0 {
			return
		}
		e.counts[best]++
		next(best)
	}
}

// heaviest moves the parts of the largest contributions, whatever their sign, to the front,
// largest first and equals as they stood, and returns those, partsNamed at most, and the
// sum of the rest.
func heaviest(parts []model.Part) (named []model.Part, rest float64) {
	var top [partsNamed]model.Part
	count := 0
	for _, p := range parts {
		size := math.Abs(p.Contribution)
		if count == partsNamed {
			last := top[count-1].Contribution
			if size <= math.Abs(last) {
				rest += p.Contribution
				continue
			}
			rest += last
			count--
		}
		at := count
		for ; at > 0 && math.Abs(top[at-1].Contribution) < size; at-- {
			top[at] = top[at-1]
		}
		top[at] = p
		count++
	}
	return append(parts[:0], top[:count]...), rest
}

// whole is a reason that names a source as a whole. It tells a customer something only
// where it speaks for the item: "popular" is no reason where little popularity took
// something off, nor "in demand" where nobody asked for it and that is above the mean.
func (e *explainer) whole(voice int, contribution float64, speaks bool) engine.Reason {
	r, name := &e.wholes[voice].mute, e.voices.voices[voice].name
	if speaks {
		r = &e.wholes[voice].speaks
	}
	if r.Type == "" {
		*r = engine.Reason{Type: engine.ReasonSource, Source: name, Cause: e.number()}
		if speaks {
			r.Text = e.sourceText(name)
		}
	}
	out := *r
	out.Contribution = engine.Told(contribution)
	return out
}

// rest is what causes that are not named add to a source's score together: so many, which are
// all it has or are told of after others.
func (e *explainer) rest(voice, more int, all bool, contribution float64) engine.Reason {
	w := &e.wholes[voice]
	if w.left != more || w.all != all {
		w.left, w.all = more, all
		w.rest = engine.Reason{Type: e.causeType(), Source: e.voices.voices[voice].name, Text: strconv.Itoa(more) + " more", Cause: e.number()}
		if all {
			w.rest.Text = unnamed(w.rest.Type)
		}
	}
	out := w.rest
	out.Contribution = engine.Told(contribution)
	return out
}

// constant is what sources add to any item.
func (e *explainer) constant(contribution float64) engine.Reason {
	if e.base == 0 {
		e.base = e.number()
	}
	return engine.Reason{Type: engine.ReasonBase, Contribution: engine.Told(contribution), Cause: e.base}
}

// rules gives one reason for each boost that moved the i-th item's score, and one for the
// open ticket that put it where it is.
func (e *explainer) rules(i int, out []engine.Reason) []engine.Reason {
	for _, l := range e.lifts {
		if l.items.Contains(uint32(e.items[i])) {
			verb := "Lifted"
			if l.boost.add < 0 {
				verb = "Lowered"
			}
			out = append(out, engine.Reason{Type: engine.ReasonRule, Contribution: l.boost.add, Text: verb + " by the shop"})
		}
	}
	if e.heeded != nil {
		if t := e.heeded.put[e.items[i]]; t != nil {
			out = append(out, e.in.ticketReason(t))
		}
	}
	return out
}
