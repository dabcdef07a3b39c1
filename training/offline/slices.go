package offline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

// The slices every report has where they say something of their own.
const (
	sliceWarm      = "warm"       // customers with a past
	sliceCold      = "cold"       // customers nothing is known of
	sliceColdItems = "cold items" // targets nobody had before the cut
	sliceWarmItems = "warm items" // all other targets
)

// maxGroups is how many values of an attribute are slices: the most frequent ones.
const maxGroups = 20

// slices parts the cases of all folds: by what is known of the customer and of the
// targets, by the customers' attribute asked for, and by cut.
func (e *evaluation) slices(folds []fold) map[string]training.Slice {
	out := make(map[string]training.Slice)
	put := func(name string, i int, targets []engine.ItemNum) {
		s := out[name]
		s.Cases = append(s.Cases, i)
		if targets != nil {
			s.Targets = append(s.Targets, targets)
		}
		out[name] = s
	}
	i := 0
	for cut, f := range folds {
		had := e.reach(f.known)
		for _, c := range f.cases {
			name := sliceWarm
			if len(newest(c.Who.Rows)) == 0 {
				name = sliceCold
			}
			put(name, i, nil)
			if cold, warm := apart(c.Targets, had); c.Only == nil {
				if len(cold) > 0 {
					put(sliceColdItems, i, cold)
				}
				if len(warm) > 0 {
					put(sliceWarmItems, i, warm)
				}
			}
			if len(folds) > 1 {
				put(fmt.Sprintf("cut %d", cut+1), i, nil)
			}
			i++
		}
	}
	for _, pair := range [][2]string{{sliceCold, sliceWarm}, {sliceColdItems, sliceWarmItems}} {
		if _, any := out[pair[0]]; !any {
			delete(out, pair[1]) // it is all there is
		}
	}
	if e.By != "" {
		maps.Copy(out, e.groups(folds))
	}
	return out
}

// apart parts items by whether anybody had them.
func apart(items []engine.ItemNum, had map[engine.ItemNum]int) (cold, warm []engine.ItemNum) {
	for _, n := range items {
		if had[n] == 0 {
			cold = append(cold, n)
		} else {
			warm = append(warm, n)
		}
	}
	return cold, warm
}

// groups are the cases by the customers' attribute asked for. Of a list each value is a
// group; who has no value is in none.
func (e *evaluation) groups(folds []fold) map[string]training.Slice {
	groups := make(map[string]training.Slice)
	asked, without := make(map[engine.Subject]bool), make(map[engine.Subject]bool)
	i := 0
	for _, f := range folds {
		for _, c := range f.cases {
			have := values(c.Who.Customer, e.By)
			asked[c.Who.Subject] = true
			if len(have) == 0 {
				without[c.Who.Subject] = true
			}
			for _, v := range have {
				name := e.By + "=" + v
				s := groups[name]
				s.Cases = append(s.Cases, i)
				groups[name] = s
			}
			i++
		}
	}
	if len(without) > 0 {
		e.warn("%d of %d %ss who are asked have no %s, and are in no group", len(without), len(asked), e.unit(), e.By)
	}
	if len(groups) <= maxGroups {
		return groups
	}
	names := slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(groups[b].Cases), len(groups[a].Cases)), strings.Compare(a, b))
	})
	e.warn("%s has %d values among those who are asked for: the groups shown are the %d largest", e.By, len(names), maxGroups)
	for _, name := range names[maxGroups:] {
		delete(groups, name)
	}
	return groups
}

// values are those of a customer's attribute, each once.
func values(c *engine.Customer, attribute string) []string {
	if c == nil {
		return nil
	}
	switch v := c.Attributes[attribute].(type) {
	case string:
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}
	case []string:
		all := slices.Sorted(slices.Values(v))
		return slices.Compact(all)
	}
	return nil
}
