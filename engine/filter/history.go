package filter

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
)

// deeds are the words of history and the types of interaction they stand for; none is
// every type but those of being shown something.
var deeds = map[string][]engine.Type{
	"bought":     {engine.Purchase},
	"viewed":     {engine.View, engine.Click},
	"carted":     {engine.AddToCart},
	"dismissed":  {engine.Dismiss},
	"rated":      {engine.Rating},
	"returned":   {engine.Return},
	"interacted": nil,
}

func deedNames() string {
	names := slices.Sorted(maps.Keys(deeds))
	for i := range names {
		names[i] += "()"
	}
	return strings.Join(names, ", ")
}

// past asks for the items with which this person did one of these types within the
// span, or ever.
type past struct {
	types []engine.Type // none: all but being shown
	span  time.Duration // 0: ever
}

// counts reports whether a row is one that is asked for.
func (q past) counts(row *engine.Row, now time.Time) bool {
	if row.Item == "" || q.span > 0 && row.At.Before(now.Add(-q.span)) {
		return false
	}
	if q.types == nil {
		return row.Type != engine.Seen && row.Type != engine.SolutionShown
	}
	return slices.Contains(q.types, row.Type)
}

// complete returns the sets of Env that answer q without the rows: those of everything
// ever bought and dismissed, which reach further back.
func (q past) complete(env *Env) []*roaring.Bitmap {
	var sets []*roaring.Bitmap
	asks := func(t engine.Type) bool { return q.span == 0 && (q.types == nil || slices.Contains(q.types, t)) }
	if env.Bought != nil && asks(engine.Purchase) {
		sets = append(sets, env.Bought)
	}
	if env.Dismissed != nil && asks(engine.Dismiss) {
		sets = append(sets, env.Dismissed)
	}
	return sets
}

// only returns the one set of Env that answers q without a look at the rows; nil where there is
// none.
func (q past) only(env *Env) *roaring.Bitmap {
	if sets := q.complete(env); len(q.types) == 1 && len(sets) == 1 {
		return sets[0]
	}
	return nil
}

// items returns the items asked for; the bitmap is the caller's.
func (q past) items(env *Env) *roaring.Bitmap {
	if set := q.only(env); set != nil {
		return set.Clone()
	}
	var nums []uint32
	rows := env.rows()
	for i := range rows {
		if row := &rows[i]; q.counts(row, env.Now) {
			nums = append(nums, uint32(row.Num))
		}
	}
	slices.Sort(nums) // one by one, each in its place, a set of hundreds takes ten times as long
	out := roaring.New()
	out.AddMany(nums)
	for _, set := range q.complete(env) {
		out.Or(set)
	}
	return out
}

// has reports whether one item is asked for, without building a set.
func (q past) has(env *Env, n engine.ItemNum) bool {
	for _, set := range q.complete(env) {
		if set.Contains(uint32(n)) {
			return true
		}
	}
	return slices.ContainsFunc(env.rows(), func(row engine.Row) bool {
		return row.Num == n && q.counts(&row, env.Now)
	})
}
