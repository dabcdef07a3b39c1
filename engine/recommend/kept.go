package recommend

import (
	"maps"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
	"github.com/rapportengine/rapport/engine/model"
)

// Keep makes answers leave with s what they made of it, for those that follow: what each
// past thing weighs, and the vectors that models fold it into. The first answer leaves nothing:
// what is kept takes longer to make than one answer needs, and of many who ask once, or whose
// next deed makes another state of them, there is no second. Nothing of it can be stale:
// it holds for this very value (a copy has nothing kept), which may not be changed from now
// on, and for the models and weights it was made by. It is safe for concurrent use.
func (s *Someone) Keep() { s.kept = &kept{of: s, notes: new(notes)} }

// Pack returns the same state with its rows as small holds them. What answers keep of s is
// kept with that, but for what is read from the rows again.
func (s *Someone) Pack(small Packed) *Someone {
	packed := *s
	packed.Rows, packed.Packed, packed.kept = nil, small, nil
	if k := s.keeping(); k != nil {
		packed.kept = &kept{of: &packed, notes: k.notes}
		if m := k.made.Load(); m != nil && m.read {
			less := *m
			less.history, less.read = nil, false
			k.set(&less)
		}
	}
	return &packed
}

// Kept returns how many bytes are kept, about.
func (s *Someone) Kept() int {
	k := s.keeping()
	if k == nil {
		return 0
	}
	bytes := k.size()
	k.told.Store(bytes)
	return int(bytes)
}

// Grew reports whether Grown has anything to say.
func (s *Someone) Grew() bool {
	k := s.keeping()
	return k != nil && k.size() != k.told.Load()
}

// Shares reports whether what is kept of s is kept of other, too: of the same state, packed.
func (s *Someone) Shares(other *Someone) bool {
	k, o := s.keeping(), other.keeping()
	return k != nil && o != nil && k.notes == o.notes
}

// Grown returns by how many bytes more is kept, about, since it or Kept was last asked.
func (s *Someone) Grown() int {
	k := s.keeping()
	if k == nil {
		return 0
	}
	bytes := k.size()
	return int(bytes - k.told.Swap(bytes))
}

// Explained returns how many of the bytes that are kept explanations alone need, about.
func (s *Someone) Explained() int {
	if k := s.keeping(); k != nil {
		if m := k.made.Load(); m != nil {
			return m.explained()
		}
	}
	return 0
}

// ForgetExplained lets go of these: the next explanation makes them again.
func (s *Someone) ForgetExplained() {
	k := s.keeping()
	if k == nil {
		return
	}
	m := k.made.Load()
	if m == nil {
		return
	}
	if m.splits != nil {
		less := *m
		less.splits = nil
		k.set(&less)
	}
}

// Release lets go of what models made of s: it holds on to them, so that who does not ask
// again would keep models that answer no longer in memory. What an answer under way makes
// stays until the next Release.
func (s *Someone) Release() {
	if k := s.keeping(); k != nil {
		k.made.Store(nil)
		k.asked.Store(false)
	}
}

// first reports whether nobody asked for this state before, or since Release.
func (s *Someone) first() bool {
	k := s.keeping()
	return k != nil && !k.asked.Load() && !k.asked.Swap(true)
}

// keeping returns where to keep what is made of s; nil for nowhere.
func (s *Someone) keeping() *kept {
	if s.kept == nil || s.kept.of != s {
		return nil
	}
	return s.kept
}

// kept is what answers made of one state.
type kept struct {
	of *Someone
	*notes
}

// notes are what is kept, wherever the state's rows are.
type notes struct {
	pasts filter.Pasts
	made  atomic.Pointer[made] // replaced whole: of two at once one is kept
	asked atomic.Bool          // an answer that could have been kept was made
	told  atomic.Int64
}

// made is what some models, and some weights of interactions, make of it.
type made struct {
	models   *Models
	settings engine.Settings
	history  []engine.Interest
	read     bool            // whether history is: where all scorers are kept it need not be
	knows    tristate        // whether the models have seen anything of the history
	scorers  []model.Lasting // by source; nil where it was not asked, or cannot last
	gists    []*gist         // newest first
	splits   *personSplits   // of what was told of lately; nil before anything was
}

// interestBytes and deedBytes are about what an Interest and a deed take.
const (
	interestBytes = 112
	deedBytes     = 40
)

func (m *made) bytes() int64 {
	sum := 128 + interestBytes*cap(m.history) + 16*len(m.scorers) + m.explained()
	for _, s := range m.scorers {
		if s != nil {
			sum += s.Bytes()
		}
	}
	for _, g := range m.gists {
		sum += g.bytes()
	}
	return int64(sum)
}

// explained is the part of bytes that explanations alone need.
func (m *made) explained() int { return m.splits.bytes() }

func (k *notes) set(m *made) { k.made.Store(m) }

// size is about how many bytes are kept now: what sources make may keep more the more it is
// asked.
func (k *notes) size() int64 {
	if m := k.made.Load(); m != nil {
		return m.bytes()
	}
	return 0
}

// made returns what was made of the person's state under this world; nil where nothing is
// kept: of their first answer, and before the first training, when a history is worth what it
// is worth now.
func (in *Input) made() *made {
	k := in.Someone.keeping()
	if k == nil || in.first || in.World.Models.LogTime.IsZero() {
		return nil
	}
	m := k.made.Load()
	if m == nil || m.models != in.World.Models || !sameWeights(m.settings, in.World.Settings) {
		m = &made{models: in.World.Models, settings: in.World.Settings}
		k.set(m)
	}
	return m
}

// tristate is a bool that may not be known yet.
type tristate uint8

const (
	unknown tristate = iota
	no
	yes
)

// knowsNone returns what none says of the person's history and the models, as it was kept or
// as it says now.
func (in *Input) knowsNone(none func() bool) bool {
	m := in.made()
	if m == nil || !in.Someone.personalised() {
		return none()
	}
	if m.knows == unknown {
		knows := yes
		if none() {
			knows = no
		}
		m = in.note(func(m *made) { m.knows = knows })
	}
	return m.knows == no
}

// note keeps more of the person's state, for which made is not nil, and returns all that is
// kept.
func (in *Input) note(change func(m *made)) *made {
	more := *in.made()
	change(&more)
	in.Someone.keeping().set(&more)
	return &more
}

// past is the model.Past of one request: it reads the person's rows and interests once, and
// only if somebody asks.
type past struct {
	in                *Input
	rows              []engine.Row
	history           []engine.Interest
	unpacked, counted bool
}

// Rows implements model.Past.
func (p *past) Rows() []engine.Row {
	if !p.unpacked {
		p.rows, p.unpacked = p.in.Someone.History(), true
	}
	return p.rows
}

// Interests implements model.Past. Beside rows that are not packed they are kept.
func (p *past) Interests() []engine.Interest {
	if p.counted {
		return p.history
	}
	p.counted = true
	m := p.in.made()
	switch {
	case m != nil && m.read:
		p.history = m.history
	case m == nil || p.in.Someone.Packed != nil:
		p.history = p.interests()
	default:
		p.history = slices.Clip(p.interests())
		p.in.note(func(m *made) { m.history, m.read = p.history, true })
	}
	return p.history
}

// interests are what the person's rows say, as of the newest event the models have seen.
func (p *past) interests() []engine.Interest {
	asOf := p.in.World.Models.LogTime
	if asOf.IsZero() {
		asOf = p.in.Now
	}
	return p.in.World.Settings.Interests(p.Rows(), asOf, engine.MaxHistory)
}

// sameWeights reports whether settings weigh every row alike. Nearly always they are one
// map.
func sameWeights(a, b engine.Settings) bool {
	return a.MaxWeight == b.MaxWeight &&
		(reflect.ValueOf(a.Types).Pointer() == reflect.ValueOf(b.Types).Pointer() || maps.Equal(a.Types, b.Types))
}

// lasts reports whether a query is the person's alone, so that what is made of it may be kept
// with them.
func (in *Input) lasts(q *model.Query) bool {
	return in.Someone.personalised() && len(q.Anchors) == 0 && q.Text == nil
}

// opened returns the scorer of source number i for q: a kept one where the query is the
// person's alone, else a new one, which is kept if it lasts.
func (in *Input) opened(i int, q *model.Query) model.Scorer {
	source := in.World.Models.sources[i]
	if !in.lasts(q) {
		return source.Open(q)
	}
	m := in.made()
	if m == nil {
		return source.Open(q)
	}
	if i < len(m.scorers) && m.scorers[i] != nil {
		if again := m.scorers[i].Again(q); again != nil {
			return again
		}
	}
	scorer := source.Open(q)
	lasting, ok := scorer.(model.Lasting)
	if !ok {
		return scorer
	}
	again := lasting.Again(q) // the kept one belongs to nobody
	if again == nil {
		return scorer
	}
	in.note(func(m *made) {
		scorers := make([]model.Lasting, len(in.World.Models.sources))
		copy(scorers, m.scorers)
		m.scorers, scorers[i] = scorers, lasting
	})
	return again
}
