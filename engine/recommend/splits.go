package recommend

import (
	"slices"
	"weak"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

// split is what reasons tell of how a source splits its raw score of an item: the parts that
// are named, the sum of the rest, and what weighed most.
type split struct {
	base, rest float64
	left       int32          // how many parts rest sums
	from       int32          // the named ones are those from there on
	named      uint8          // so many
	tops       bool           // whether any part adds something
	others     uint8          // beside top, of which the same is to be said; see alike
	top        engine.ItemNum // whose part adds most
}

// splits are those of some items by one source.
type splits struct {
	of    []split
	parts []model.Part // that are named
}

func (s *splits) reset() { s.of, s.parts = s.of[:0], s.parts[:0] }

// named returns the parts of the i-th item that are named.
func (s *splits) named(i int) []model.Part {
	return s.parts[s.of[i].from:][:s.of[i].named]
}

// split returns how voice v splits its score of the i-th item. All items are split when the
// first is asked for: a person's steady voices know by heart what they said last of them.
func (e *explainer) split(v, i int) *split {
	s := &e.splits[v]
	if len(s.of) == 0 {
		e.splitAll(v, s)
	}
	return &s.of[i]
}

func (e *explainer) splitAll(v int, s *splits) {
	voice := &e.voices.voices[v]
	lasts := e.kept != nil && e.voices.isSteady(v) && voice.Gain() > 0
	var known *sourceSplits
	if lasts {
		known = e.kept.of(voice.source)
	}
	for _, item := range e.items {
		if known.appendTo(s, item) {
			continue
		}
		var base float64
		base, e.parts = voice.Explain(item, e.parts[:0])
		e.appendSplit(s, base, voice.Gain() > 0)
		if lasts && !slices.Contains(e.fresh, v) {
			e.fresh = append(e.fresh, v)
		}
	}
}

// appendSplit appends the split of e.parts, which it puts in another order.
func (e *explainer) appendSplit(s *splits, base float64, up bool) {
	one := split{base: base, from: int32(len(s.parts))}
	if top := strongest(e.parts, up); top >= 0 {
		one.tops, one.top, one.others = true, e.parts[top].Item, uint8(e.alike(top))
	}
	named, rest := heaviest(e.parts)
	one.named, one.rest, one.left = uint8(len(named)), rest, int32(len(e.parts)-len(named))
	s.of, s.parts = append(s.of, one), append(s.parts, named...)
}

// maxSplits is of how many items, those that were told of last, splits are kept.
const maxSplits = 2 * engine.DefaultCount

// sourceSplits are what a steady source said of the items that somebody was told of lately.
// They are immutable: as long as the person's state, the models and the content vectors stay,
// so does how a score is made up.
type sourceSplits struct {
	source int
	items  []engine.ItemNum
	splits []split
	causes []engine.ItemNum // of the parts that are named
	adds   []float64        // by these
}

func (k *sourceSplits) bytes() int {
	return 112 + 44*len(k.items) + 12*len(k.causes)
}

// appendTo appends the split of an item, and reports whether it is known.
func (k *sourceSplits) appendTo(s *splits, item engine.ItemNum) bool {
	if k == nil {
		return false
	}
	i := slices.Index(k.items, item)
	if i < 0 {
		return false
	}
	one := k.splits[i]
	from := one.from
	one.from = int32(len(s.parts))
	adds := k.adds[from:][:one.named]
	for p, cause := range k.causes[from:][:one.named] {
		s.parts = append(s.parts, model.Part{Item: cause, Contribution: adds[p]})
	}
	s.of = append(s.of, one)
	return true
}

// personSplits are the splits that are kept of somebody, by source.
type personSplits struct {
	content weak.Pointer[text.Vectors] // the sources go by
	by      []*sourceSplits
	deeds   []deed // of the causes that were told
}

func (k *personSplits) of(source int) *sourceSplits {
	for _, one := range k.by {
		if one.source == source {
			return one
		}
	}
	return nil
}

func (k *personSplits) bytes() int {
	if k == nil {
		return 0
	}
	sum := 72 + 8*len(k.by) + deedBytes*len(k.deeds)
	for _, one := range k.by {
		sum += one.bytes()
	}
	return sum
}

// splitsOf returns what is kept of how the person's scores are made up, none or some; nil where
// nothing is kept, since the query is not the person's alone, or asks for many items.
func (in *Input) splitsOf(q *model.Query, items int) *personSplits {
	if items > maxSplits || !in.lasts(q) {
		return nil
	}
	m := in.made()
	if m == nil {
		return nil
	}
	if m.splits != nil && m.splits.content == weak.Make(q.Content) {
		return m.splits
	}
	return &personSplits{content: weak.Make(q.Content)}
}

// keep keeps what voices said, and what was told of causes, for the first time.
func (e *explainer) keep() {
	if e.kept == nil || e.few && len(e.fresh) == 0 {
		return
	}
	next := &personSplits{content: e.kept.content}
	for _, v := range e.fresh {
		source := e.voices.voices[v].source
		next.by = append(next.by, newSourceSplits(source, e.items, &e.splits[v], e.kept.of(source)))
	}
	for _, one := range e.kept.by {
		if next.of(one.source) == nil {
			next.by = append(next.by, one)
		}
	}
	if next.deeds = e.toldDeeds(next.by); len(e.fresh)+len(next.deeds) == 0 {
		return
	}
	e.in.note(func(m *made) { m.splits = next })
}

// toldDeeds returns the deeds of the causes that were told, and of those that splits name.
func (e *explainer) toldDeeds(by []*sourceSplits) []deed {
	named := make([]bool, len(e.causes.list))
	for at, told := range e.causes.as {
		named[at] = told != 0
	}
	mark := func(n engine.ItemNum) {
		if at := e.causes.find(n); at >= 0 {
			named[at] = true
		}
	}
	for _, s := range by {
		for _, n := range s.causes {
			mark(n)
		}
		for i := range s.splits {
			if s.splits[i].tops {
				mark(s.splits[i].top)
			}
		}
	}
	var out []deed
	for at, is := range named {
		if is {
			out = append(out, e.causes.list[at])
		}
	}
	return slices.Clip(out)
}

// newSourceSplits returns the splits of items, and of those that were known before as far as there is
// room.
func newSourceSplits(source int, items []engine.ItemNum, s *splits, before *sourceSplits) *sourceSplits {
	k := &sourceSplits{source: source, items: slices.Clone(items), splits: slices.Clone(s.of)}
	for _, p := range s.parts {
		k.causes, k.adds = append(k.causes, p.Item), append(k.adds, p.Contribution)
	}
	if before != nil {
		for i, item := range before.items {
			if len(k.items) == maxSplits {
				break
			}
			if slices.Contains(items, item) {
				continue
			}
			one := before.splits[i]
			from := one.from
			one.from = int32(len(k.causes))
			k.items, k.splits = append(k.items, item), append(k.splits, one)
			k.causes = append(k.causes, before.causes[from:][:one.named]...)
			k.adds = append(k.adds, before.adds[from:][:one.named]...)
		}
	}
	k.items, k.splits, k.causes, k.adds = slices.Clip(k.items), slices.Clip(k.splits), slices.Clip(k.causes), slices.Clip(k.adds)
	return k
}
