package filter

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Refusal says why an item may not be in a list, as one of the Left words of engine; ""
// where it may. It agrees with Eligible, and is for a few items.
func Refusal(env *Env, rules *Rules, n engine.ItemNum) string {
	it := env.Catalogue.Item(n)
	if it == nil {
		return engine.LeftUnknown
	}
	if why := closed(env, rules, it); why != "" {
		return why
	}
	r := &run{env: env, direct: true}
	muted := &rules.Preferences
	switch {
	case len(rules.Kinds) > 0 && !slices.Contains(rules.Kinds, it.KindOrProduct()):
		return engine.LeftKind
	case slices.Contains(rules.ExcludeItems, n):
		return engine.LeftExcluded
	case slices.Contains(muted.MutedItems, it.ID):
		return engine.LeftMuted
	case len(muted.MutedCategories) > 0 && inCategories(muted.MutedCategories).holds(r, n, it):
		return engine.LeftMuted
	case len(rules.Exclude) > 0 && (past{types: rules.Exclude}).has(env, n):
		return engine.LeftHistory
	case rules.OpenTickets != nil && rules.OpenTickets.Contains(uint32(n)):
		return engine.LeftTicket
	}
	for _, p := range rules.Filters {
		if !p.root.holds(r, n, it) {
			return engine.LeftFilter
		}
	}
	return ""
}

// closed says why an item may not be shown now to this audience.
func closed(env *Env, rules *Rules, it *engine.Item) string {
	gate := catalogue.Gate{Now: env.Now, Audience: rules.Audience, AnyStock: rules.IgnoreLive}
	switch {
	case gate.Admits(it):
		return ""
	case it.Hidden && !rules.IgnoreLive:
		return engine.LeftHidden
	case !it.InStock() && !rules.IgnoreLive:
		return engine.LeftOutOfStock
	case it.Visibility == engine.AgentOnly && rules.Audience != engine.AgentOnly:
		return engine.LeftAgentsOnly
	case it.Published != nil && env.Now.Before(*it.Published):
		return engine.LeftNotPublished
	}
	return engine.LeftExpired
}
