package recommend

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
)

// voice is one source in one answer: its scorer and how it weighs.
type voice struct {
	name   string
	source int // its number among the models' sources
	model.Scorer
	rank.Scale
	fitted bool
	alone  bool // of this answer: its scorer is not kept
}

// voices are the sources that have something to say in this answer.
type voices struct {
	task   rank.Task
	scales map[string]rank.Scale // for what is asked, where it is asked
	query  *model.Query
	models *Models
	many   *Many // of Input
	voices []voice
	told   bool // by what the query says, not only by what everybody likes
	worded bool // the words of the query were asked for
}

// open folds the query in, once a source. Where it tells nothing of whom or what the
// list is for, the cold task weighs the sources that need no history.
func (in *Input) open(q *model.Query, o *orders) *voices {
	task := in.Place.Task()
	if _, learned := in.World.Models.Blend[task]; !learned {
		task = rank.Person // a model of the version before
	}
	if len(q.Anchors) > 0 {
		task = rank.Anchor
	}
	v := in.voices(q, task, in.learned(task, o.kinds))
	if v.told && in.allNew(v) {
		v = in.voices(q, task, rank.DefaultBlend()[task])
	}
	if v.told {
		return v
	}
	return in.voices(q, rank.Cold, in.learned(rank.Cold, nil))
}

// learned returns how sources weigh for a task where items of some kinds are shown.
func (in *Input) learned(task rank.Task, kinds []engine.Kind) map[string]rank.Scale {
	return in.World.Models.Blend.For(task, kinds, in.Place.Scenario.Filter)
}

// allNew reports whether a query goes by items only that the models have not seen, so that
// none of them speaks. What was learned of histories they knew does not hold then (it may
// leave content out): content and popularity weigh as before the first training.
func (in *Input) allNew(v *voices) bool {
	known := in.World.Models.known
	if known == nil || slices.ContainsFunc(v.voices, func(v voice) bool { return v.fitted }) {
		return false
	}
	none := func() bool {
		causes := v.query.Causes()
		return len(causes) > 0 && !slices.ContainsFunc(causes, func(c engine.Interest) bool { return known.Has(c.Item) })
	}
	if len(v.query.Anchors) > 0 {
		return none()
	}
	return in.knowsNone(none)
}

// Task is how a place's lists are weighed for a person: what they bought counts where
// products are shown and those they bought are not left out.
func (p *Place) Task() rank.Task {
	s := &p.Scenario
	if slices.Contains(s.Exclude, engine.Purchase) || (len(s.Kinds) > 0 && !slices.Contains(s.Kinds, engine.Product)) {
		return rank.Person
	}
	return rank.Repeat
}

func (in *Input) voices(q *model.Query, task rank.Task, scales map[string]rank.Scale) *voices {
	m := in.World.Models
	room := in.scratch()
	v := &room.asked
	alone := !in.lasts(q) || in.made() == nil
	*v = voices{task: task, scales: scales, query: q, models: m, many: in.Many, voices: room.spoke[:0]}
	for i, source := range m.sources {
		name := source.Name()
		scale := in.scale(v, name)
		if scale.Weight == 0 {
			continue
		}
		scorer := in.opened(i, q)
		if scorer.Empty() {
			continue
		}
		v.voices = append(v.voices, voice{name, i, scorer, scale, i < len(m.Fitted), alone})
		v.worded = v.worded || (q.Text != nil && name == content.Name)
		_, needsNothing := m.Blend[rank.Cold][name]
		v.told = v.told || !needsNothing
	}
	v.told = v.told || v.worded
	room.spoke = v.voices
	return v
}

// scale returns how a source weighs: as learned, or as the scenario says. Who asks in
// words is answered by them, even where a blend learned from histories has no use for
// content.
func (in *Input) scale(v *voices, source string) rank.Scale {
	learned := v.scales[source]
	weight, said := in.Place.Scenario.Blend[source]
	if !said {
		weight = learned.Weight
		if v.query.Text != nil && source == content.Name {
			weight = max(1, wordsShare*in.others(v, source))
		}
	}
	if weight != 0 && learned.SD == 0 {
		learned = rank.Guess(v.task, source)
	}
	learned.Weight = weight
	return learned
}

// wordsShare is how much content weighs against all other sources together where a query
// has words: these retrieve, and the history orders what they find.
const wordsShare = 2

// others sums the learned weights of the other sources.
func (in *Input) others(v *voices, source string) float64 {
	var sum float64
	for _, s := range in.World.Models.sources { // in a fixed order: the sum's last bits count
		if s.Name() != source {
			sum += math.Abs(v.scales[s.Name()].Weight)
		}
	}
	return sum
}

// basis names what the list is made from.
func (v *voices) basis(s *Someone) engine.Basis {
	switch {
	case len(v.voices) == 0:
		return engine.BasisEditorial
	case v.task == rank.Cold && slices.ContainsFunc(v.voices, func(v voice) bool { return v.name == bridge.ProfileName }):
		return engine.BasisPersonal // by what they said of themselves
	case v.task == rank.Cold:
		return engine.BasisPopular
	case v.task == rank.Anchor || (v.worded && len(v.query.Interests()) == 0):
		return engine.BasisContext
	case s.Subject.Kind == engine.SessionSubject:
		return engine.BasisSession
	}
	return engine.BasisPersonal
}

// versions says which fitted sources of m spoke, and from which model. The map is shared: most
// answers are spoken for by the same.
func (v *voices) versions(m *Models) map[string]int {
	var who uint64
	for _, voice := range v.voices {
		if voice.fitted {
			who |= 1 << (voice.source % 64)
		}
	}
	last := m.spoke.Load()
	if last != nil && last.who == who && len(m.Fitted) <= 64 {
		return last.versions
	}
	out := make(map[string]int)
	for _, voice := range v.voices {
		if voice.fitted {
			out[voice.name] = m.Version
		}
	}
	m.spoke.Store(&spoke{who, out})
	return out
}

// spoke are the versions told of some fitted sources, a bit for each by its number.
type spoke struct {
	who      uint64
	versions map[string]int
}
