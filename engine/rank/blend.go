// Package rank turns the raw scores of several sources into one, and a scored set into
// a list. Scores are sums on scales that were fixed at training; arranging moves items
// and never touches a score. It knows no source by name and fits nothing.
package rank

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Task is the kind of question, each with weights of its own.
type Task string

// The tasks.
const (
	Person Task = "person" // from a history, what is new to it
	Repeat Task = "repeat" // from a history, where what was bought may be shown again
	Anchor Task = "anchor" // from an item or a basket
	Cold   Task = "cold"   // from nothing
)

// Tasks lists them all.
var Tasks = []Task{Person, Repeat, Anchor, Cold}

// In is the task where only items of some kinds are shown, and only those that pass a
// filter: "person/content", "anchor/product?price < 20". Without either it is the task
// itself. What a place shows names it, not what it is called: two places that show the
// same share what was learned for one, and a place that is changed loses it.
func (t Task) In(kinds []engine.Kind, filter string) Task {
	if len(kinds) == 0 && filter == "" {
		return t
	}
	var key strings.Builder
	key.WriteString(string(t))
	sorted := slices.Clone(kinds)
	slices.Sort(sorted)
	between := "/"
	for _, k := range slices.Compact(sorted) {
		key.WriteString(between + string(k))
		between = "+"
	}
	if filter != "" {
		key.WriteString("?" + filter)
	}
	return Task(key.String())
}

// Of returns the task without what In added.
func (t Task) Of() Task {
	if end := strings.IndexAny(string(t), "/?"); end >= 0 {
		return t[:end]
	}
	return t
}

// Scale is how one source enters a score: Weight x (raw - Mean) / SD. Mean and SD are
// those of its raw scores over eligible items in the blend's training slice; they
// never depend on the request, so the same item scores the same in every list.
type Scale struct {
	Weight float64 `json:"weight"`
	Mean   float64 `json:"mean"`
	SD     float64 `json:"sd"`
}

// Gain is what a raw score is multiplied with.
func (s Scale) Gain() float64 { return s.Weight / s.SD }

// Apply returns the source's share in the score for one raw score.
func (s Scale) Apply(raw float64) float64 { return s.Part(raw) + s.Offset() }

// Part returns the share that is proportional to raw. (The conversion keeps a compiler
// from fusing it with a sum: Apply and AddTo give the same bits everywhere.)
func (s Scale) Part(raw float64) float64 { return float64(s.Gain() * raw) }

// Offset returns the constant share.
func (s Scale) Offset() float64 { return 0 - float64(s.Gain()*s.Mean) } // from 0: never -0

// AddTo adds Apply(raw[i]) to sums[i].
func (s Scale) AddTo(sums []float64, raw []float32) {
	gain, offset := s.Gain(), s.Offset()
	sums = sums[:len(raw)]
	for i, x := range raw {
		sums[i] += float64(gain*float64(x)) + offset
	}
}

// Blend says how every task, and some tasks in some places (Task.In), weighs every
// source, by name. A source that is not named is not asked.
type Blend map[Task]map[string]Scale

// For returns how sources weigh for a task where only items of some kinds that pass a
// filter are shown: as learned for just that, else for those kinds, else for the task.
func (b Blend) For(t Task, kinds []engine.Kind, filter string) map[string]Scale {
	if len(b) > len(Tasks) { // else there are none but the tasks'
		for _, key := range []Task{t.In(kinds, filter), t.In(kinds, "")} {
			if scales, learned := b[key]; learned {
				return scales
			}
		}
	}
	return b[t]
}

// Asks reports whether any task gives a source a weight.
func (b Blend) Asks(source string) bool {
	for _, scales := range b {
		if scales[source].Weight != 0 {
			return true
		}
	}
	return false
}

// DefaultBlend is what serves before anything was learned: content and popularity on
// guessed scales. For a person nothing is known of it stays in force after training,
// since a held-out slice has too few of them to learn from.
func DefaultBlend() Blend {
	history := func() map[string]Scale {
		return map[string]Scale{
			"content": {1, 0.1, 0.15}, "popular": {0.3, 1, 1}, "trending": {0.1, 0, 1}, "newest": {0.1, 0, 1},
		}
	}
	return Blend{
		Person: history(), Repeat: history(),
		Anchor: {"content": {1, 0.1, 0.15}, "popular": {0.1, 1, 1}},
		Cold: {
			"popular": {0.5, 1, 1}, "popular_month": {1, 0.5, 1}, "popular_days": {0.5, 0.2, 1},
			"trending": {0.2, 0, 1}, "click_through": {0.5, 0, 1}, "newest": {0.2, 0, 1},
		},
	}
}

// guessedSD is the standard deviation a source is assumed to have where nobody
// measured it: fitted sources score from about 0 to 1, most items near 0.
const guessedSD = 0.1

// Guess returns a scale, of the default's weight, for a source no blend was learned
// for; of weight 0 where the default does not ask it.
func Guess(t Task, source string) Scale {
	if s, ok := DefaultBlend()[t][source]; ok {
		return s
	}
	return Scale{SD: guessedSD}
}

// Validate refuses scales that would divide by zero or poison a score, whatever a
// float32 may hold.
func (b Blend) Validate() error {
	for task, scales := range b {
		if !slices.Contains(Tasks, task.Of()) {
			return fmt.Errorf("blend: unknown task %q", task)
		}
		for name, s := range scales {
			if !(s.SD > 0) || math.IsInf(s.SD, 0) || !finite(s.Part(math.MaxFloat32)) || !finite(s.Offset()) {
				return fmt.Errorf("blend: task %s, source %s: weight %v, mean %v, sd %v", task, name, s.Weight, s.Mean, s.SD)
			}
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Scored is an item with its score.
type Scored struct {
	Item  engine.ItemNum
	Score float64
}

// Before reports whether a stands above b: higher score first, ties by item number, so
// that equal inputs give equal lists.
func (a Scored) Before(b Scored) bool {
	return a.Score > b.Score || (a.Score == b.Score && a.Item < b.Item)
}
