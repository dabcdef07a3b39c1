package filter

import (
	"errors"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// plan makes the plan of an expression that is right, whatever attributes there are.
func plan(t interface{ Fatalf(string, ...any) }, text string) *Plan {
	e, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	again, err := Parse(e.String())
	if err != nil || again.String() != e.String() {
		t.Fatalf("%s prints as %s, which prints as %v (%v)", text, e, again, err)
	}
	p, err := Compile(again, nil)
	if err != nil {
		t.Fatalf("Compile(%s): %v", e, err)
	}
	return p
}

// bruteForce asks the meaning of an expression about every item.
func bruteForce(env *Env, holds func(n engine.ItemNum, it *engine.Item) bool) []uint32 {
	out := []uint32{}
	for n, it := range env.Catalogue.Items() {
		if holds(n, it) {
			out = append(out, uint32(n))
		}
	}
	return out
}

// A plan holds for the same items by bitmaps, one by one, and by its meaning; twice,
// for what is cached; and over later snapshots.
func TestPlanMeansWhatIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env := world(t)
		for range 12 { // a world is dearer than an expression
			expr := sentence(t, 2)
			p := plan(t, expr.text)
			for range 2 {
				checkPlan(t, env, p, expr)
			}
			later := *env
			later.Catalogue = env.Catalogue.With(changes(t, env.Catalogue.IDs(), 5))
			checkPlan(t, &later, p, expr)
		}
	})
}

func checkPlan(t *rapid.T, env *Env, p *Plan, expr said) {
	want := bruteForce(env, func(n engine.ItemNum, it *engine.Item) bool { return expr.holds(env, n, it) })
	got, err := p.Bitmap(env)
	if err != nil || !slices.Equal(got.ToArray(), want) {
		t.Fatalf("%s\nplan %s\nholds for %v (%v), want %v", expr.text, p, got.ToArray(), err, want)
	}
	for n := range engine.ItemNum(itemCount + 2) {
		if p.Match(env, n) != got.Contains(uint32(n)) {
			t.Fatalf("%s: Match and Bitmap differ at %d: %+v", p, n, env.Catalogue.Item(n))
		}
	}
	got.Flip(0, 100) // ours: nobody else may see this
}

func TestEligibleIsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env := world(t)
		rules := &Rules{
			Kinds:      rapid.SliceOfN(rapid.SampledFrom([]engine.Kind{engine.Product, engine.Content, "none"}), 0, 2).Draw(t, "kinds"),
			Exclude:    rapid.SliceOfN(rapid.SampledFrom([]engine.Type{engine.Purchase, engine.View, engine.Dismiss}), 0, 2).Draw(t, "exclude"),
			Audience:   rapid.SampledFrom([]engine.Visibility{"", engine.Public, engine.AgentOnly}).Draw(t, "audience"),
			IgnoreLive: rapid.Bool().Draw(t, "ignore live"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "excluded") {
			rules.ExcludeItems = append(rules.ExcludeItems, engine.ItemNum(rapid.IntRange(0, itemCount+5).Draw(t, "item")))
		}
		if rapid.Bool().Draw(t, "muted") {
			rules.Preferences = engine.Preferences{MutedItems: []engine.ItemID{"i1", "i2", "unheard of"}, MutedCategories: []string{path.Draw(t, "category"), "none"}}
		}
		var exprs []said
		for range rapid.IntRange(0, 2).Draw(t, "filters") {
			expr := sentence(t, 1)
			exprs = append(exprs, expr)
			rules.Filters = append(rules.Filters, plan(t, expr.text))
		}
		want := bruteForce(env, func(n engine.ItemNum, it *engine.Item) bool {
			for _, expr := range exprs {
				if !expr.holds(env, n, it) {
					return false
				}
			}
			return allowed(env, rules, n, it)
		})
		got, err := Eligible(env, rules)
		if err != nil || !slices.Equal(got.ToArray(), want) {
			t.Fatalf("%+v: %v (%v), want %v", rules, got.ToArray(), err, want)
		}
		for n := range engine.ItemNum(itemCount) {
			if why := Refusal(env, rules, n); (why == "") != got.Contains(uint32(n)) {
				t.Fatalf("%+v: item %d is refused for %q, and eligible %v", rules, n, why, got.Contains(uint32(n)))
			}
		}
		got.Flip(0, 100)
	})
}

// allowed is Eligible of one item, without its filters.
func allowed(env *Env, r *Rules, n engine.ItemNum, it *engine.Item) bool {
	kind := it.Kind
	if kind == "" {
		kind = engine.Product
	}
	live := it.ShownAt(env.Now) && (r.Audience == engine.AgentOnly || it.Visibility != engine.AgentOnly)
	if !r.IgnoreLive {
		live = live && !it.Hidden && it.InStock()
	}
	if !live || len(r.Kinds) > 0 && !slices.Contains(r.Kinds, kind) || slices.Contains(r.ExcludeItems, n) || slices.Contains(r.Preferences.MutedItems, it.ID) {
		return false
	}
	for _, muted := range r.Preferences.MutedCategories {
		for _, c := range it.Categories {
			if c == muted || len(c) > len(muted) && c[:len(muted)+1] == muted+"/" {
				return false
			}
		}
	}
	for _, row := range env.History {
		if row.Item != "" && row.Num == n && slices.Contains(r.Exclude, row.Type) {
			return false
		}
	}
	in := func(set *roaring.Bitmap, of engine.Type) bool {
		return set != nil && set.Contains(uint32(n)) && slices.Contains(r.Exclude, of)
	}
	return !in(env.Bought, engine.Purchase) && !in(env.Dismissed, engine.Dismiss)
}

func TestWithoutCatalogue(t *testing.T) {
	if _, err := Eligible(&Env{}, &Rules{}); !errors.Is(err, errNoCatalogue) {
		t.Errorf("Eligible without a catalogue: %v", err)
	}
	if _, err := plan(t, "price < 5").Bitmap(&Env{}); !errors.Is(err, errNoCatalogue) {
		t.Errorf("Bitmap without a catalogue: %v", err)
	}
}

// An id may be filtered by before the item exists.
func TestItemIDBeforeItExists(t *testing.T) {
	ids := catalogue.NewIDs()
	empty := catalogue.New(ids)
	p := plan(t, `item_id in ["late", "never"]`)
	if got, _ := p.Bitmap(&Env{Catalogue: empty}); !got.IsEmpty() {
		t.Errorf("an empty catalogue has %v", got.ToArray())
	}
	n, _ := ids.Assign("late")
	s := folded(empty.With([]catalogue.Entry{{Num: n, Item: &engine.Item{ID: "late"}}}))
	if got, _ := p.Bitmap(&Env{Catalogue: s}); !got.Contains(uint32(n)) {
		t.Error("the item that came later is not found")
	}
}
