package offline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/own"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/peer"
)

// check refuses what contradicts itself and fills in what was left open.
func (o *Options) check() error {
	for i, m := range o.Models {
		if slices.Contains(o.Models[:i], m) {
			return engine.Invalidf(engine.CodeInvalidField, "models", "%s is named twice; once is enough", m)
		}
		if isBest(m) {
			if err := checkMissing(m); err != nil {
				return err
			}
			continue
		}
		if all := slices.Concat(ModelNames(), peer.Names()); !slices.Contains(all, m) {
			return engine.Invalidf(engine.CodeInvalidField, "models", "there is no model %q; there are %s", m, strings.Join(all, ", "))
		}
	}
	if slices.Contains(o.Models, own.Name) && !own.Given(o.Data.catalogue().Items()) {
		return engine.Invalidf(engine.CodeInvalidField, "models", "%s are the vectors that items bring: no item has an embedding", own.Name)
	}
	if len(o.K) == 0 {
		o.K = []int{engine.DefaultCount}
	}
	for i, k := range o.K {
		if k < 1 || k > engine.MaxCount {
			return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number from 1 to %d, not %d", engine.MaxCount, k)
		}
		if slices.Contains(o.K[:i], k) {
			return engine.Invalidf(engine.CodeInvalidField, "k", "%d is named twice; once is enough", k)
		}
	}
	if err := o.checkProtocol(); err != nil {
		return err
	}
	if err := o.checkBy(); err != nil {
		return err
	}
	return errors.Join(o.checkForeign(), o.checkCurve())
}

// checkProtocol refuses units and splits that do not go together.
func (o *Options) checkProtocol() error {
	given, split := o.Data.Parts != nil, o.Rule.Name
	switch {
	case o.Baskets && o.Sessions:
		return engine.Invalidf(engine.CodeInvalidField, "baskets", "either baskets or sessions are predicted, not both")
	case o.Baskets && !given && split != "last-out":
		return engine.Invalidf(engine.CodeInvalidField, "baskets", "each customer's last basket is held out, which is the split last-out, not %s", o.Rule)
	case o.Sessions && !given && split == "cold-items":
		return engine.Invalidf(engine.CodeInvalidField, "cold-items", "customers are asked about them, not sessions")
	case !o.Rule.Cut.IsZero() && (given || split != "time"):
		return engine.Invalidf(engine.CodeInvalidField, "cutoff", "a date cuts the split time; this one is %s", o.splitName())
	}
	return nil
}

// checkBy refuses an attribute that no customer has.
func (o *Options) checkBy() error {
	if o.By == "" {
		return nil
	}
	names := make(map[string]bool)
	for _, c := range o.Data.Customers {
		for name := range c.Attributes {
			names[name] = true
		}
	}
	switch {
	case len(names) == 0:
		return engine.Invalidf(engine.CodeInvalidField, "by", "there are no customers with attributes to part them by; give their records, too")
	case !names[o.By]:
		return engine.Invalidf(engine.CodeInvalidField, "by", "no customer has an attribute %q; there are %s", o.By, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	return nil
}

// checkTargets refuses data in which nothing is of a type that is predicted.
func (e *evaluation) checkTargets() error {
	for i := range e.Data.Rows {
		if e.isTarget(&e.Data.Rows[i]) {
			return nil
		}
	}
	types := e.types()
	switch slices.Sort(types); {
	case len(types) == 0:
		return nil
	case e.Target != "":
		return engine.Invalidf(engine.CodeInvalidField, "target", "no interaction is of type %q; there are %s", e.Target, join(types))
	}
	return engine.Invalidf(engine.CodeInvalidField, "types", "no interaction is of a type with a weight above 0; there are %s", join(types))
}

// nothingAsked is the error of an evaluation without a question.
func (e *evaluation) nothingAsked() error {
	if e.split.Only != nil {
		return engine.Invalidf(engine.CodeInvalidField, "cold-items", "nothing is held out to predict: a share of %g holds out %d of the items, and no customer has both one of them and another; another share is wanted", e.Rule.Share, len(e.split.Only))
	}
	what := "both a past and something new in the test part"
	if !e.Sessions {
		what = "something in the test part that they do not have already"
	}
	return engine.Invalidf(engine.CodeInvalidField, "events", "nothing is held out to predict: no %s has %s", e.unit(), what)
}

func join(types []engine.Type) string {
	var b strings.Builder
	for i, t := range types {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(t))
	}
	return b.String()
}

// checkForeign refuses lists that cannot stand beside the models.
func (o *Options) checkForeign() error {
	for i, f := range o.Foreign {
		switch {
		case o.Sessions:
			return engine.Invalidf(engine.CodeInvalidField, "recommendations", "they are one list a customer; the next items of sessions are asked for one by one")
		case o.Data.Parts == nil && o.Rule.Name == "rolling":
			return engine.Invalidf(engine.CodeInvalidField, "recommendations", "they are one list a customer; with %s everybody is asked at several cuts. Choose one cut, as time:0.8", o.Rule)
		case slices.Contains(slices.Concat(ModelNames(), peer.Names()), f.Name) || slices.ContainsFunc(o.Foreign[:i], func(g Foreign) bool { return g.Name == f.Name }):
			return engine.Invalidf(engine.CodeInvalidField, "recommendations", "there is a model %q already; give these another name", f.Name)
		case len(f.Lists) == 0:
			return engine.Invalidf(engine.CodeInvalidField, "recommendations", "%s has no lists", f.Name)
		}
	}
	return nil
}

// suitable are our models that suit the protocol and a catalogue in which so many items
// are wanted: buying again only where repeats are allowed, what reads the counts of the
// moment only where the split follows time, and of the kinds those that would serve, but
// for those that add to another and alone rank few.
func (o *Options) suitable(items int) []string {
	return slices.DeleteFunc(ModelNames(), func(name string) bool {
		kind := slices.IndexFunc(ours(), func(k training.Kind) bool { return k.Name == name })
		return (name == repeat.Name && !o.Repeats) || slices.Contains(o.unfit(), name) ||
			(kind >= 0 && ours()[kind].Serves != nil && !ours()[kind].Serves(items)) || (kind >= 0 && ours()[kind].Over != "") || name == own.Name && !own.Given(o.Data.catalogue().Items())
	})
}

// unfit are the sources that would see the future where the split does not follow time.
func (o *Options) unfit() []string {
	if o.Data.Parts == nil && !o.inTime() {
		return []string{"popular_month", "popular_days", "trending", "click_through", "newest"}
	}
	return nil
}

// inTime reports whether all that is held out is newer than all that is known.
func (o *Options) inTime() bool { return o.Rule.Name == "time" || o.Rule.Name == "rolling" }

// splitName is how the split is called.
func (o *Options) splitName() string {
	if o.Data.Parts != nil {
		return "given files"
	}
	return o.Rule.String()
}

// divide splits the rows and warns of what makes a split doubtful.
func (e *evaluation) divide() (err error) {
	if err := e.checkTimes(); err != nil {
		return err
	}
	if e.Data.Parts != nil {
		if e.split, err = evaluate.Given(e.Data.Rows, e.Data.Parts); err == nil {
			e.carve()
		}
	} else {
		e.Rule.Target, e.Rule.Whole, e.Rule.Baskets = e.isTarget, e.Sessions, e.Baskets
		e.split, err = e.Rule.Split(e.Data.Rows)
	}
	if err != nil {
		return err
	}
	e.report.Protocol = e.protocol()
	e.warnOfLeaks()
	e.warnOfOrder()
	return nil
}

func (e *evaluation) protocol() evaluate.Protocol {
	p := evaluate.Protocol{
		Split: e.splitName(), Repeats: "exclude", Unit: e.unit(), By: e.By, Known: e.knowledge(), Eligible: "all items, from their publication on",
		Seed: e.Seed, Resamples: 2000, Flips: 10000,
	}
	if e.carved != "" {
		p.Split += ", validation " + e.carved + " of train"
	}
	if e.Repeats {
		p.Repeats = "allow"
	}
	if e.Sessions {
		p.Unit = evaluate.SessionPrefix
	}
	if e.Target != "" {
		p.Targets = []string{string(e.Target)}
	}
	if e.split.Only != nil {
		p.Eligible = fmt.Sprintf("the %d cold items", len(e.split.Only))
	}
	return p
}

// knowledge says what every model may look at when it is asked. It is the same for all:
// counts and histories are not brought up to each case's own moment, which would let
// popularity see what a fitted model cannot, and what no other system's lists could.
func (e *evaluation) knowledge() string {
	switch {
	case e.Sessions:
		return "all before the cut, and of the session that is asked for what stands before the item"
	case e.Data.Parts != nil:
		return "the files of train and validation"
	case e.inTime():
		return "all before the cut: fits, counts and histories end there, however much later the question comes"
	case e.Rule.Name == "random":
		return "every interaction that is not held out, also later ones"
	case e.Rule.Name == "cold-items":
		return "every interaction with items that are not held out, also later ones; of the held-out items what their records say"
	}
	return "every customer's timeline but for its end, also what others did later"
}

// warnOfLeaks names what of the test can be seen before it.
func (e *evaluation) warnOfLeaks() {
	if leaks := e.split.Leaks(e.Data.Rows, nil); len(leaks) > 0 {
		first := e.Data.Rows[leaks[0].Test]
		e.warn("%d test interactions also stand in the training part, with the same customer, item, type and time: the first is %s with item %s; this flatters every model",
			len(leaks), first.Subject(), first.Item)
	}
	if e.Data.Parts != nil {
		e.warnOfOverlap()
	}
	e.warnOfDates()
}

// warnOfOverlap warns of given files in which somebody's own rows to learn from are newer
// than what of them is tested: their history then says what comes after the question.
func (e *evaluation) warnOfOverlap() {
	first := make(map[engine.Subject]time.Time)
	for _, h := range e.Data.histories(e.split.Rows(evaluate.Test)) {
		first[h.subject] = h.rows[0].At
	}
	ahead := 0
	for _, h := range e.Data.histories(e.split.Rows(evaluate.Train, evaluate.Valid)) {
		asked, tested := first[h.subject]
		if last := h.rows[len(h.rows)-1].At; tested && last.After(asked) {
			ahead++
		}
	}
	if ahead > 0 {
		e.warn("%d of %d tested %ss have interactions in the training part that are newer than their first tested one: models know what they did afterwards, as under a random split", ahead, len(first), e.unit())
	}
}

// warnOfDates warns of items that were used before they were published: their dates are
// not to be believed, and they cannot be shown to those who wanted them.
func (e *evaluation) warnOfDates() {
	early := make(map[engine.ItemID]int)
	for i := range e.Data.Rows {
		r := &e.Data.Rows[i]
		if r.Item == "" {
			continue
		}
		if it := e.Data.Items[e.Data.known[r.Num]].Item; it.Published != nil && r.At.Before(*it.Published) {
			early[r.Item]++
		}
	}
	if len(early) > 0 {
		id := slices.Min(slices.Collect(maps.Keys(early)))
		e.warn("%d items were used before they were published, as %s was %d times: their dates say when a record changed, not when the item came, and until then they count as not eligible", len(early), id, early[id])
	}
}
