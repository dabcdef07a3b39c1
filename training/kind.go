package training

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// Kind is one kind of source that can be fitted: all that training and evaluation need
// to know of it. A new source is one entry in kinds.go.
type Kind struct {
	Name string
	// Tries are the settings there are to choose from, the first being what is taken
	// where nothing can be chosen. They are values of one type, the Params of the
	// source's package.
	Tries []any
	// Space is where a tuning looks for better ones; nil for a kind that has nothing to
	// tune.
	Space []Range
	// Serves says whether a shop with so many items somebody wants is served by this
	// kind, nil for always.
	Serves func(items int) bool
	// Has says whether the items bring what the kind is made of, nil for always. Without
	// it nothing is fitted, whoever asks.
	Has func(items iter.Seq2[engine.ItemNum, *engine.Item]) bool
	// On says whether settings switch the kind on, nil for always.
	On func(params any) bool
	// Over names the kind this one builds on, which stands before it; empty for none.
	Over string

	// sketched returns settings that tell tries apart at less cost, and as well nearly, as
	// those that then serve; the same where they need no less. Nil for a kind that has none.
	sketched func(params any) any
	// asked returns a fitted source with other settings, where these leave what was fitted
	// as it is; nil where they must be fitted. It is nil for a kind without such settings.
	asked func(fitted model.Source, params any) model.Source
	fit   func(ctx context.Context, f *Fitter, m *Material, params any) (model.Source, error)
	read  func(data []byte, params any) (any, error) // JSON over params
	check func(params any) error                     // an *engine.Invalid for what cannot be fitted
}

// sketches returns the settings that tries are compared by in a shop with so many wanted
// items: themselves where they are fitted on no more than a sketch of them is.
func (k Kind) sketches(tries []any, items int) []any {
	if k.sketched == nil || items <= sketchItems {
		return tries
	}
	out := make([]any, len(tries))
	for i, p := range tries {
		out[i] = k.sketched(p)
	}
	return out
}

// among returns the source with these settings where one of those that were fitted needs
// only to be asked otherwise; nil for none.
func (k Kind) among(fitted []model.Source, params any) model.Source {
	if k.asked == nil {
		return nil
	}
	for _, f := range fitted {
		if source := k.asked(f, params); source != nil {
			return source
		}
	}
	return nil
}

// checker are settings that know what of them cannot be fitted.
type checker interface{ Check() error }

// NewKind returns a kind whose settings are of type P; without tries these are P's
// zero value. A setting is called what its JSON calls it.
func NewKind[P comparable](name string, tries []P, fit func(ctx context.Context, f *Fitter, m *Material, params P) (model.Source, error)) Kind {
	k := Kind{
		Name:  name,
		Space: spaces[name],
		fit: func(ctx context.Context, f *Fitter, m *Material, params any) (model.Source, error) {
			return fit(ctx, f, m, params.(P))
		},
		read: func(data []byte, params any) (any, error) {
			p := params.(P)
			err := json.Unmarshal(data, &p)
			return p, err
		},
		check: func(params any) error {
			if c, ok := params.(checker); ok {
				return c.Check()
			}
			return nil
		},
	}
	for _, p := range tries {
		k.Tries = append(k.Tries, p)
	}
	if len(tries) == 0 {
		var zero P
		k.Tries = []any{zero}
	}
	return k
}

// seed is the one setting that is everybody's.
const seed = "seed"

// Settings returns what a source is fitted with, by name.
func (k Kind) Settings(params any) map[string]any {
	data, err := json.Marshal(params)
	if err != nil {
		panic(err) // settings are flat numbers
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		panic(err)
	}
	delete(out, seed)
	return out
}

// fix sets one setting in all tries and drops those that have become the same.
func (k *Kind) fix(name, value string) error {
	var fixed []any
	for _, p := range k.Tries {
		p, err := k.set(p, name, value)
		if err != nil {
			return err
		}
		if !slices.Contains(fixed, p) {
			fixed = append(fixed, p)
		}
	}
	k.Tries = fixed
	return nil
}

// set returns params with one setting changed: a number, a duration ("30m") or a word.
func (k *Kind) set(params any, name, value string) (any, error) {
	forms := []any{value}
	if d, err := time.ParseDuration(value); err == nil {
		forms = append(forms, int64(d))
	}
	if x, err := strconv.ParseFloat(value, 64); err == nil && math.Trunc(x) == x && math.Abs(x) < 1<<53 {
		forms = append(forms, int64(x)) // 1e6, which is not a whole number to a reader of JSON
	} else if err == nil {
		forms = append(forms, x)
	}
	var err error
	for _, form := range slices.Backward(forms) {
		var data []byte
		if data, err = json.Marshal(map[string]any{name: form}); err != nil {
			continue
		}
		var changed any
		if changed, err = k.read(data, params); err == nil {
			return changed, nil
		}
	}
	return nil, err
}

// Search is what a training chooses from, on held-out time: of each kind the settings
// to try. Every source's settings are chosen on its own, with the others left out.
type Search []Kind

// Only returns the search without the kinds that are neither named nor built on.
func (s Search) Only(names []string) Search {
	wanted := slices.Clone(names)
	for _, k := range s {
		if slices.Contains(names, k.Name) && k.Over != "" {
			wanted = append(wanted, k.Over)
		}
	}
	return slices.DeleteFunc(slices.Clone(s), func(k Kind) bool { return !slices.Contains(wanted, k.Name) })
}

// Fix sets a setting, called "ease.lambda", instead of searching for it. An error is
// *engine.Invalid.
func (s Search) Fix(name, value string) error {
	source, setting, _ := strings.Cut(name, ".")
	of := s
	if one := s.Only([]string{source}); len(one) > 0 {
		of = one
	}
	for i := range s {
		if _, known := s[i].Settings(s[i].Tries[0])[setting]; s[i].Name != source || !known {
			continue
		}
		if err := s[i].fix(setting, value); err != nil {
			return engine.Invalidf(engine.CodeInvalidField, "set", "%s is a value such as %v, not %q", name, s[i].Settings(s[i].Tries[0])[setting], value)
		}
		return nil
	}
	return engine.Invalidf(engine.CodeInvalidField, "set", "there is no setting %q; there are %s", name, strings.Join(of.names(), ", "))
}

// names are the settings that can be fixed, sorted.
func (s Search) names() []string {
	var out []string
	for _, k := range s {
		for name := range k.Settings(k.Tries[0]) {
			out = append(out, k.Name+"."+name)
		}
	}
	slices.Sort(out)
	return out
}

// Recipe is all that must be known to fit the same sources again on other data.
type Recipe struct {
	Sources []Setting
	Seed    uint64
}

// Setting is a source with the settings it is fitted with.
type Setting struct {
	Kind   Kind
	Params any // of the kind's type
	// Beside says that the source is only looked at: it is not for serving.
	Beside bool
}

// Serving returns those of the sources fitted by this recipe that are for serving.
func (r *Recipe) Serving(sources []model.Source) []model.Saver {
	var out []model.Saver
	for i, s := range sources {
		if saver, ok := s.(model.Saver); ok && !r.Sources[i].Beside {
			out = append(out, saver)
		}
	}
	return out
}

// Of returns the settings of a source, nil where the recipe does not have it.
func (r *Recipe) Of(name string) map[string]any {
	for _, s := range r.Sources {
		if s.Kind.Name == name {
			return s.Kind.Settings(s.Params)
		}
	}
	return nil
}

// MarshalJSON writes the settings under their source's name, and the seed.
func (r Recipe) MarshalJSON() ([]byte, error) {
	all := map[string]any{seed: r.Seed}
	for _, s := range r.Sources {
		all[s.Kind.Name] = s.Params
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON wrote. A source this version does not know is an
// error: without it the recipe would be another one.
func (r *Recipe) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	out := Recipe{}
	if text, ok := all[seed]; ok {
		if err := json.Unmarshal(text, &out.Seed); err != nil {
			return fmt.Errorf("recipe: seed: %w", err)
		}
		delete(all, seed)
	}
	for _, k := range kinds() {
		text, ok := all[k.Name]
		if !ok {
			continue
		}
		params, err := k.read(text, k.Tries[0])
		if err != nil {
			return fmt.Errorf("recipe: %s: %w", k.Name, err)
		}
		out.Sources = append(out.Sources, Setting{Kind: k, Params: params})
		delete(all, k.Name)
	}
	if len(all) > 0 {
		return fmt.Errorf("recipe: %w: %s", errUnknownSource, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	*r = out
	return nil
}

var errUnknownSource = errors.New("sources this version does not know")
