package filter

import (
	"errors"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Env is what an expression is evaluated in.
type Env struct {
	Catalogue *catalogue.Snapshot
	History   []engine.Row    // all rows read for this person, in any order
	Packed    Packed          // where not nil, what History is read from once it is looked at
	Bought    *roaring.Bitmap // everything ever bought, with what History has of it; may be nil
	Dismissed *roaring.Bitmap // everything ever dismissed, with what History has of it; may be nil
	Pasts     *Pasts          // what was asked of these three before; may be nil
	Customer  *engine.Customer
	Context   engine.Context
	Item      engine.ItemID   // what the page is about: context.item_id
	Basket    []engine.ItemID // what is in the basket: context.basket
	Now       time.Time
}

// Packed is a history in a form that takes time to read.
type Packed interface{ Rows() []engine.Row }

// rows returns the rows of the history.
func (env *Env) rows() []engine.Row {
	if env.Packed != nil {
		return env.Packed.Rows()
	}
	return env.History
}

var errNoCatalogue = errors.New("filter: an environment needs a catalogue")

// Bitmap returns the items the plan holds for. The bitmap is the caller's.
func (p *Plan) Bitmap(env *Env) (*roaring.Bitmap, error) { return evaluate(p.root, env) }

// Match reports whether the plan holds for one item, by looking at it: it agrees with
// Bitmap, and is for a few items. Of an item that does not exist nothing holds.
func (p *Plan) Match(env *Env, n engine.ItemNum) bool {
	it := env.Catalogue.Item(n)
	return it != nil && p.root.holds(&run{env: env, direct: true}, n, it)
}

// evaluate finds the items of the snapshot's base, and looks at those that have
// changed since.
func evaluate(root node, env *Env) (*roaring.Bitmap, error) {
	if env.Catalogue == nil {
		return nil, errNoCatalogue
	}
	r := &run{env: env, base: env.Catalogue.Base()}
	found := root.items(r, nil)
	if !found.own {
		found = owned(found.Clone())
	}
	for n, it := range env.Catalogue.Changed() {
		if it != nil && root.holds(r, n, it) {
			found.Add(uint32(n))
		} else {
			found.Remove(uint32(n))
		}
	}
	return found.Bitmap, nil
}

// Rules say what may be in a list.
type Rules struct {
	Kinds        []engine.Kind     // empty allows every kind
	Filters      []*Plan           // all must hold
	Exclude      []engine.Type     // items with which this person ever did one of these
	ExcludeItems []engine.ItemNum  // numbers without an item do no harm
	Audience     engine.Visibility // engine.AgentOnly sees agents' items too
	Preferences  engine.Preferences
	OpenTickets  *roaring.Bitmap // what open tickets of this person keep out; nil for nothing
	// IgnoreLive is for offline evaluation, where Env.Now lies in the past: whether an
	// item is hidden or out of stock today does not count. Dates and audience do.
	IgnoreLive bool
}

// Eligible returns the items that may be in a list: those that may be shown now to
// this audience, of the kinds, for which every filter holds, and which are neither
// excluded, by history, by name or by an open ticket, nor muted. The bitmap is the caller's.
func Eligible(env *Env, rules *Rules) (*roaring.Bitmap, error) {
	if env.Catalogue == nil {
		return nil, errNoCatalogue
	}
	root := allNode{gateNode{catalogue.Gate{Now: env.Now, Audience: rules.Audience, AnyStock: rules.IgnoreLive}}}
	if len(rules.Kinds) > 0 {
		root = append(root, kinds(rules.Kinds))
	}
	for _, p := range rules.Filters {
		if parts, ok := p.root.(allNode); ok {
			root = append(root, parts...)
		} else {
			root = append(root, p.root)
		}
	}
	if len(rules.Exclude) > 0 {
		root = append(root, notNode{pastNode{past{types: rules.Exclude}}})
	}
	if nums := refused(env.Catalogue.IDs(), rules); !nums.IsEmpty() {
		root = append(root, notNode{numsNode{nums}})
	}
	if rules.OpenTickets != nil {
		root = append(root, notNode{numsNode{rules.OpenTickets}})
	}
	if muted := rules.Preferences.MutedCategories; len(muted) > 0 {
		root = append(root, notNode{inCategories(muted)})
	}
	return evaluate(root, env)
}

// Withheld returns the items that rules keep from this person: excluded by history, by
// name or by an open ticket, or muted one by one; nil for none. It is not to be changed. What the rules say of
// all items, and muted categories, are not in it.
func Withheld(env *Env, rules *Rules) *roaring.Bitmap {
	out := refused(env.Catalogue.IDs(), rules)
	if rules.OpenTickets != nil {
		out.Or(rules.OpenTickets)
	}
	if len(rules.Exclude) > 0 {
		done := env.past(past{types: rules.Exclude})
		if out.IsEmpty() {
			out = done
		} else {
			out.Or(done)
		}
	}
	if out.IsEmpty() {
		return nil
	}
	return out
}

// kinds holds for items of these kinds. Duplicates do no harm.
func kinds(list []engine.Kind) node {
	out := make(eitherNode, len(list))
	for i, k := range list {
		out[i] = compareNode{field: catalogue.FieldKind, with: source{static: []catalogue.Value{catalogue.TextValue(string(k))}}}
	}
	return out
}

// refused returns the items that are excluded or muted one by one.
func refused(ids *catalogue.IDs, rules *Rules) *roaring.Bitmap {
	nums := make([]uint32, 0, len(rules.ExcludeItems)+len(rules.Preferences.MutedItems))
	for _, n := range rules.ExcludeItems {
		nums = append(nums, uint32(n))
	}
	for _, id := range rules.Preferences.MutedItems {
		if n, ok := ids.Num(id); ok {
			nums = append(nums, uint32(n))
		}
	}
	slices.Sort(nums)
	out := roaring.New()
	out.AddMany(nums)
	return out
}

// inCategories holds for items in these categories or below. A person's list is never
// kept in the cache: each category alone is a posting.
func inCategories(categories []string) node {
	out := make(eitherNode, len(categories))
	for i, c := range categories {
		out[i] = sharesNode{field: catalogue.FieldCategories, with: source{static: []catalogue.Value{catalogue.TextValue(c)}}}
	}
	return out
}
