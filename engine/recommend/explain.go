package recommend

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/engine/session"
)

// partsNamed is how many items of a history are named per source in a full
// explanation; the rest is summed into one reason, so that the sum still holds.
const partsNamed = 10

// explain turns the arranged list into answered items with their reasons.
func (in *Input) explain(list []rank.Placed, v *voices, l liftList, depth engine.Explain) []engine.Recommended {
	e := in.explainer(list, v, l)
	out := make([]engine.Recommended, len(list))
	for i, p := range list {
		item := in.World.Catalogue.Item(p.Item)
		out[i] = engine.Recommended{
			Item: item.ID, Kind: item.KindOrProduct(), Num: p.Item,
			Score: p.Score, Rank: i + 1, Moved: p.Moved,
			Source:     e.mainSource(i),
			Properties: properties(item, in.Request.ReturnProperties),
		}
		switch depth {
		case engine.ExplainSources:
			out[i].Reasons = e.bySource(i)
		case engine.ExplainFull:
			out[i].Reasons = e.byCause(i)
		}
	}
	return out
}

// explainer splits the scores of one answer.
type explainer struct {
	in     *Input
	voices *voices
	lifts  liftList
	items  []engine.ItemNum
	raw    [][]float32                      // by voice, in the order of items
	told   map[engine.ItemNum]engine.Reason // of each cause that was named before
}

// explainer scores the list again, source by source: a source scores an item alike
// whatever stands around it, so these are the bits the list was made from.
func (in *Input) explainer(list []rank.Placed, v *voices, l liftList) *explainer {
	e := &explainer{
		in: in, voices: v, lifts: l,
		items: make([]engine.ItemNum, len(list)), told: make(map[engine.ItemNum]engine.Reason),
	}
	for i, p := range list {
		e.items[i] = p.Item
	}
	for _, voice := range v.voices {
		raw := make([]float32, len(list))
		voice.Score(e.items, raw)
		e.raw = append(e.raw, raw)
	}
	return e
}

// share returns what a source adds to the score of the i-th item.
func (e *explainer) share(v, i int) float64 { return e.voices.voices[v].Apply(float64(e.raw[v][i])) }

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
// names the item of it that weighed most, and says how many others the contribution
// covers.
func (e *explainer) bySource(i int) []engine.Reason {
	out := make([]engine.Reason, 0, len(e.voices.voices)+len(e.lifts))
	for at, v := range e.voices.voices {
		share := e.share(at, i)
		r := e.whole(v.name, share, share > 0 && e.raw[at][i] > 0)
		if share == 0 && ofNewcomers[v.name] {
			continue // it speaks for new items only
		}
		if share <= 0 { // a source that takes off is no reason to name anything
			out = append(out, r)
			continue
		}
		_, parts := v.Explain(e.items[i])
		if len(parts) > 0 {
			top := slices.MaxFunc(parts, func(a, b model.Part) int { return cmp.Compare(v.Part(a.Contribution), v.Part(b.Contribution)) })
			if v.Part(top.Contribution) > 0 {
				r = e.cause(v.name, e.items[i], top.Item, share)
				if len(parts) > 1 {
					r.Text += fmt.Sprintf(", and %d more", len(parts)-1)
				}
			}
		}
		out = append(out, r)
	}
	return append(out, e.rules(i)...)
}

// byCause gives one reason an item of the history and source, the source's constants
// as base, and one a boost.
func (e *explainer) byCause(i int) []engine.Reason {
	out := make([]engine.Reason, 0, len(e.voices.voices)*(partsNamed+2)+len(e.lifts))
	for at, v := range e.voices.voices {
		base, parts := v.Explain(e.items[i])
		if len(parts) == 0 { // nothing to tell apart: the source as a whole
			out = appendGiven(out, e.whole(v.name, v.Part(base), v.Part(base) > 0 && e.share(at, i) > 0))
			out = appendGiven(out, engine.Reason{Type: engine.ReasonBase, Source: v.name, Contribution: v.Offset()})
			continue
		}
		slices.SortStableFunc(parts, func(a, b model.Part) int {
			return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution))
		})
		named := parts[:min(len(parts), partsNamed)]
		for _, p := range named {
			out = append(out, e.cause(v.name, e.items[i], p.Item, v.Part(p.Contribution)))
		}
		if rest := parts[len(named):]; len(rest) > 0 {
			r := engine.Reason{Type: e.causeType(), Source: v.name, Text: fmt.Sprintf("%d more", len(rest))}
			for _, p := range rest {
				r.Contribution += v.Part(p.Contribution)
			}
			out = append(out, r)
		}
		out = append(out, engine.Reason{Type: engine.ReasonBase, Source: v.name, Contribution: v.Part(base) + v.Offset()})
	}
	return append(out, e.rules(i)...)
}

// appendGiven leaves out what adds nothing.
func appendGiven(out []engine.Reason, r engine.Reason) []engine.Reason {
	if r.Contribution == 0 {
		return out
	}
	return append(out, r)
}

// causeType says what the items are that a source folds in.
func (e *explainer) causeType() string {
	if len(e.voices.query.Anchors) > 0 {
		return engine.ReasonContext
	}
	return engine.ReasonHistory
}

// cause is the reason that n, an item of the history or of what the request is about,
// adds so much to a source's score of an item.
func (e *explainer) cause(source string, of, n engine.ItemNum, contribution float64) engine.Reason {
	r, known := e.told[n]
	if !known {
		r = e.tell(n)
		e.told[n] = r
	}
	r.Source, r.Contribution = source, contribution
	switch {
	case r.Item == "": // it is not to be named
	case source == session.Name && of != n:
		r.Text = "Others saw this in the same visit as " + titleOf(e.in.World.Catalogue.Item(n))
	case source == repeat.Name || source == basket.Name:
		e.tellBought(&r, n)
	}
	return r
}

// tell names a cause. It counts, but is not named, where that would tell what is not
// to be told.
func (e *explainer) tell(n engine.ItemNum) engine.Reason {
	r := engine.Reason{Type: e.causeType()}
	item := e.in.World.Catalogue.Item(n)
	named := e.in.mayName(item)
	switch {
	case r.Type == engine.ReasonContext && !named:
		r.Text = "Goes with what you are looking at"
	case r.Type == engine.ReasonContext:
		r.Item, r.Text = item.ID, "Goes with "+titleOf(item)
	case !named:
		r.Text = "From your history"
	default:
		did := e.deedWith(n)
		r.Item, r.Interaction, r.At = item.ID, did.Type, &did.At
		r.Text = deed(did.Type) + " " + titleOf(item)
	}
	return r
}

// deedWith returns the newest interaction with an item of the type that weighed most.
func (e *explainer) deedWith(n engine.ItemNum) engine.Row {
	history, rows := e.voices.query.Interests(), e.voices.query.Deeds()
	at := slices.IndexFunc(history, func(h engine.Interest) bool { return h.Item == n })
	if at < 0 {
		return engine.Row{}
	}
	var newest *engine.Row
	for i := range rows {
		r := &rows[i]
		if r.Num == n && r.Item != "" && r.Type == history[at].Type && (newest == nil || r.At.After(newest.At)) {
			newest = r
		}
	}
	if newest == nil {
		return engine.Row{}
	}
	return *newest
}

// mayName reports whether a reason may name an item: not one that is sensitive, that is
// not published yet, that this place does not show to anybody, or that this person asked
// not to see; nor one that has left the catalogue, of which we no longer know whether it
// was sensitive. Who knows the id of a hidden item must not read its title in a reason;
// agents see what a customer has, on sale or not.
func (in *Input) mayName(item *engine.Item) bool {
	if item == nil || item.Sensitive || item.Published != nil && in.Now.Before(*item.Published) {
		return false
	}
	if (item.Hidden || item.Visibility == engine.AgentOnly) && in.Place.Scenario.Audience != engine.AgentOnly {
		return false
	}
	if in.Someone.Customer == nil {
		return true
	}
	muted := &in.Someone.Customer.Preferences
	return !slices.Contains(muted.MutedItems, item.ID) &&
		!slices.ContainsFunc(muted.MutedCategories, func(category string) bool {
			return slices.ContainsFunc(item.Categories, func(path string) bool { return catalogue.Under(path, category) })
		})
}

// rules gives one reason for each boost that moved the i-th item's score.
func (e *explainer) rules(i int) []engine.Reason {
	var out []engine.Reason
	for _, l := range e.lifts {
		if l.items.Contains(uint32(e.items[i])) {
			verb := "Lifted"
			if l.boost.add < 0 {
				verb = "Lowered"
			}
			out = append(out, engine.Reason{Type: engine.ReasonRule, Contribution: l.boost.add, Text: verb + " by the shop"})
		}
	}
	return out
}
