package training

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Take returns the search with the settings of some sources given (numbers and words, by
// the source's name and their own) instead of searched for, and the names of those
// sources. What of them is not given is that of the first try. A source or setting that
// is not known, or that nothing could be fitted with, is an *engine.Invalid.
func (s Search) Take(sources map[string]map[string]any) (taken Search, named []string, err error) {
	taken = slices.Clone(s)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		if len(sources[name]) == 0 {
			continue
		}
		i := slices.IndexFunc(taken, func(k Kind) bool { return k.Name == name })
		if i < 0 {
			return nil, nil, engine.Invalidf(engine.CodeUnknownField, name, "no source is called so that has settings; there are %s", strings.Join(s.kinds(), ", "))
		}
		taken[i].Tries = taken[i].Tries[:1]
		for _, setting := range slices.Sorted(maps.Keys(sources[name])) {
			full := name + "." + setting
			known := taken[i].Settings(taken[i].Tries[0])
			if _, is := known[setting]; !is {
				return nil, nil, engine.Invalidf(engine.CodeUnknownField, full, "%s has no such setting; there are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			}
			err := taken[i:i+1].Fix(full, written(sources[name][setting]))
			if invalid, ok := errors.AsType[*engine.Invalid](err); ok {
				return nil, nil, engine.Invalidf(engine.CodeInvalidField, full, "%s", invalid.Want)
			}
			if err != nil {
				return nil, nil, err
			}
		}
		err := taken[i].check(taken[i].Tries[0])
		if invalid, ok := errors.AsType[*engine.Invalid](err); ok {
			return nil, nil, engine.Invalidf(engine.CodeInvalidField, name+"."+invalid.Field, "%s", invalid.Want)
		}
		if err != nil {
			return nil, nil, err
		}
		named = append(named, name)
	}
	return taken, named, nil
}

// written writes a number or a word as Fix reads it.
func written(value any) string {
	if x, is := value.(float64); is {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// kinds are the names of the search's kinds, sorted.
func (s Search) kinds() []string {
	var out []string
	for _, k := range s {
		out = append(out, k.Name)
	}
	slices.Sort(out)
	return out
}

// CheckSources refuses settings of sources that a training could not take, by an
// *engine.Invalid.
func (t *Trainer) CheckSources(sources map[string]map[string]any) error {
	_, _, err := t.o.Search.Take(sources)
	return err
}
