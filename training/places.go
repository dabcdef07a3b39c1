package training

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// stage is something that is asked of a blend: a task, in a place, with held-out cases of
// it.
type stage struct {
	key   rank.Task
	place *recommend.Place
	cases []Case
}

// How many places get blends of their own at most, and on how many cases each is chosen.
const (
	placesMost = 24
	placeCases = 1000
)

// tasks are the stages every shop has, that of persons first.
func (r *run) tasks(from, to time.Time) []stage {
	most := questionsFor(r.snap.items())
	return []stage{
		{rank.Person, r.Place, r.snap.NextCases(from, to, r.target, most)},
		{rank.Repeat, r.snap.Place(nil), r.snap.AgainCases(from, to, r.target, most)},
		{rank.Anchor, r.Place, r.snap.BasketCases(from, to, r.target, most)},
	}
}

// show is what a place may show: items of some kinds (of any, where there is none) that
// pass a filter.
type show struct {
	kinds  []engine.Kind
	filter string
}

// shows are what the shop's lists are made of beside everything: each kind that people
// act on, and what its scenarios say, each once.
func (r *run) shows() []show {
	var out []show
	add := func(s show) {
		known := func(o show) bool { return rank.Person.In(o.kinds, o.filter) == rank.Person.In(s.kinds, s.filter) }
		if (len(s.kinds) > 0 || s.filter != "") && !slices.ContainsFunc(out, known) {
			out = append(out, s)
		}
	}
	acted := r.Place.Scenario.Kinds
	for _, k := range acted {
		add(show{kinds: []engine.Kind{k}})
	}
	for _, s := range r.places {
		if len(s.Kinds) == 0 || slices.ContainsFunc(s.Kinds, func(k engine.Kind) bool { return slices.Contains(acted, k) }) {
			add(show{s.Kinds, s.Filter})
		}
	}
	return out[:min(len(out), placesMost)]
}

// stages are what is asked of persons and of items in each place. Their cases are made
// when their turn comes.
func (r *run) stages(from, to time.Time) iter.Seq[stage] {
	return func(yield func(stage) bool) {
		for _, shown := range r.shows() {
			for _, s := range r.ask(shown, from, to) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// ask makes the stages of one place: of persons, where repeats are allowed too if it
// shows products, and of items.
func (r *run) ask(shown show, from, to time.Time) []stage {
	of := roaring.New()
	for _, k := range shown.kinds {
		of.Or(r.snap.Items.Kind(k))
	}
	may := func(n engine.ItemNum) bool { return len(shown.kinds) == 0 || of.Contains(uint32(n)) }
	target := r.snap.wishedOf(may)
	wanted := func(e event) bool { return target(r.snap.types.of(&e)) && may(e.item) }
	place := func(exclude []engine.Type) *recommend.Place {
		p, err := recommend.NewPlace(engine.Scenario{Name: "held-out", Kinds: shown.kinds, Filter: shown.filter, Exclude: exclude}, nil)
		if err != nil {
			return nil // of a version with other words; the task's blend serves
		}
		return p
	}
	fresh, again := place(r.snap.Types()), place(nil)
	if fresh == nil || again == nil {
		return nil
	}
	in := func(t rank.Task) rank.Task { return t.In(shown.kinds, shown.filter) }
	out := []stage{{in(rank.Person), fresh, r.snap.cases(from, to, wanted, firstNew, placeCases)}}
	if again.Task() == rank.Repeat {
		out = append(out, stage{in(rank.Repeat), again, r.snap.cases(from, to, wanted, r.snap.firstAgain, placeCases)})
	}
	return append(out, stage{in(rank.Anchor), fresh, r.snap.BasketCases(from, to, target, placeCases)})
}

// blends chooses the blend of every task, for strangers too, and those of the places that
// need one of their own.
func (r *run) blends(ctx context.Context, w *recommend.World, tasks []stage, places iter.Seq[stage], into rank.Blend) error {
	of := make(map[rank.Task]stage)
	for _, task := range tasks {
		scales, how, err := r.Blend(ctx, w, task.key, task.place, task.cases)
		if err != nil {
			return err
		}
		into[task.key], of[task.key] = scales, task
		r.report.Chosen[string(task.key)] = how
	}
	scales, how, err := r.Strangers(ctx, w, tasks[0].place, tasks[0].cases, into[rank.Cold])
	if err != nil {
		return err
	}
	into[rank.Cold], r.report.Chosen[string(rank.Cold)] = scales, how
	for s := range places {
		task := of[s.key.Of()]
		cases, err := shownIn(w, &s, &task)
		if err != nil || len(cases) < blendLeast {
			continue // a filter that asks for a context there is none of, or too little to choose on
		}
		scales, how, err := r.blend(ctx, w, s.key, s.place, cases, into[task.key])
		if err != nil {
			return err
		}
		if scales != nil {
			into[s.key] = scales
		}
		r.report.Chosen[string(s.key)] = how
	}
	return nil
}

// alike is how many cases are looked at to see whether a place shows less than its task,
// and nearlyAll the share from which on what it shows is too much the same.
const (
	alike     = 20
	nearlyAll = 0.9
)

// shownIn returns the cases of a place with a target that it may show; none where it
// shows nearly all that the task does, for whose blend there is then no second to learn.
func shownIn(w *recommend.World, s, task *stage) ([]Case, error) {
	var out []Case
	var here, there uint64 // items that may be shown, over the first cases
	for i := range s.cases {
		c := &s.cases[i]
		eligible, err := recommend.Eligible(c.input(w, s.place, nil))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(c.Targets, func(n engine.ItemNum) bool { return eligible.Contains(uint32(n)) }) {
			out = append(out, *c)
		}
		if i < alike {
			all, err := recommend.Eligible(c.input(w, task.place, nil))
			if err != nil {
				return nil, err
			}
			here += eligible.AndCardinality(all)
			there += all.GetCardinality()
		}
	}
	if float64(here) >= nearlyAll*float64(there) {
		return nil, nil
	}
	return out, nil
}

// wishedOf is wished of the items for which may is true alone.
func (s *Snapshot) wishedOf(may func(engine.ItemNum) bool) func(engine.Type) bool {
	seen := make([]bool, len(s.types.names))
	for _, p := range s.People {
		for i := range p.events {
			kind := s.types.kind(&p.events[i])
			seen[kind] = seen[kind] || may(p.events[i].item)
		}
	}
	var types []engine.Type
	for i, name := range s.types.names {
		if seen[i] {
			types = append(types, name)
		}
	}
	return wished(&s.Settings, types)
}
