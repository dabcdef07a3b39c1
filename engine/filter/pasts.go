package filter

import (
	"slices"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
)

// Pasts keeps what one history answers to questions without a span, which hang on it alone.
// It belongs to that history: with another one there are other Pasts. The zero value is
// ready for use, and safe for concurrent use.
type Pasts struct{ known atomic.Pointer[[]pastItems] }

// maxPasts is how many answers are kept: places exclude by a few sets of types, and what
// filters ask besides is computed each time.
const maxPasts = 8

// past returns the items of a question about history, not to be changed.
func (env *Env) past(q past) *roaring.Bitmap {
	if set := q.only(env); set != nil {
		return set
	}
	if env.Pasts == nil || q.span > 0 {
		return q.items(env)
	}
	var known []pastItems
	if kept := env.Pasts.known.Load(); kept != nil {
		known = *kept
	}
	for _, k := range known {
		if slices.Equal(k.types, q.types) {
			return k.items
		}
	}
	items := q.items(env)
	for _, set := range q.complete(env) {
		if set.Equals(items) { // of what is told by it alone no second one is kept
			items = set
		}
	}
	if len(known) < maxPasts { // of two at once one is kept
		more := append(slices.Clip(known), pastItems{q, items})
		env.Pasts.known.Store(&more)
	}
	return items
}
