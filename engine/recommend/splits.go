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
	top        engine.ItemNum // whose part adds most
	left       uint16         // how many parts rest sums
	from       uint16         // the named ones are those from there on
	named      uint8          // so many
	tops       bool           // whether any part adds something
	others     uint8          // beside top, of which the same is to be said; see alike
}

// part is what a cause that is named adds to a raw score, as precise as that.
type part struct {
	cause engine.ItemNum
	adds  float32
}

// splits are those of some items by one source.
type splits struct {
	of    []split
	parts []part // that are named
}

func (s *splits) reset() { s.of, s.parts = s.of[:0], s.parts[:0] }

// named returns the parts of the i-th item that are named.
func (s *splits) named(i int) []part {
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
	one := split{base: base, from: uint16(len(s.parts))}
	if top := strongest(e.parts, up); top >= 0 {
		one.tops, one.top, one.others = true, e.parts[top].Item, uint8(e.alike(top))
	}
	named, rest := heaviest(e.parts)
	for _, p := range named {
		adds := float32(p.Contribution)
		s.parts = append(s.parts, part{p.Item, adds})
		rest += p.Contribution - float64(adds) // told where there is a rest
	}
	one.named, one.rest, one.left = uint8(len(named)), rest, uint16(len(e.parts)-len(named))
	s.of = append(s.of, one)
}

// maxSplits is of how many items, those that were told of last, splits are kept.
const maxSplits = 2 * engine.DefaultCount

// sourceSplits are what a steady source said of the items that somebody was told of lately.
// They are immutable: as long as the person's state, the models and the content vectors stay,
// so does how a score is made up.
type sourceSplits struct {
	source int
	items  []engine.ItemNum // of most sources the same ones, in one piece of memory
	splits []split
	parts  []part // that are named
}

func (k *sourceSplits) bytes() int { return 88 + 32*len(k.splits) + 8*len(k.parts) }

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
	one.from = uint16(len(s.parts))
	s.of, s.parts = append(s.of, one), append(s.parts, k.parts[from:][:one.named]...)
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
	for i, one := range k.by {
		if sum += one.bytes(); i == 0 || &one.items[0] != &k.by[i-1].items[0] {
			sum += 4 * len(one.items)
		}
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
	var items []engine.ItemNum
	for _, v := range e.fresh {
		source := e.voices.voices[v].source
		one := newSourceSplits(source, e.items, &e.splits[v], e.kept.of(source))
		if slices.Equal(one.items, items) {
			one.items = items
		}
		items = one.items
		next.by = append(next.by, one)
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

// toldDeeds returns the deeds of the causes that were told, and of those that splits name of items
// that are not in the list.
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
		for i := range s.splits {
			if slices.Contains(e.items, s.items[i]) {
				continue
			}
			one := &s.splits[i]
			if one.tops {
				mark(one.top)
			}
			for _, p := range s.parts[one.from:][:one.named] {
				mark(p.cause)
			}
		}
	}
	out := make([]deed, 0, len(named))
	for at, is := range named {
		if is {
			out = append(out, e.causes.list[at])
		}
	}
	return slices.Clone(out)
}

// newSourceSplits returns the splits of items, and of those that were known before as far as there is
// room.
func newSourceSplits(source int, items []engine.ItemNum, s *splits, before *sourceSplits) *sourceSplits {
	all := splits{of: slices.Clone(s.of), parts: slices.Clone(s.parts)}
	known := slices.Clone(items)
	if before != nil {
		for _, item := range before.items {
			if len(known) < maxSplits && !slices.Contains(items, item) {
				known = append(known, item)
				before.appendTo(&all, item)
			}
		}
	}
	// What is kept has no room to grow in.
	return &sourceSplits{source: source, items: slices.Clone(known), splits: slices.Clone(all.of), parts: slices.Clone(all.parts)}
}
