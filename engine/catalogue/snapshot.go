// Package catalogue holds the items of a moment: by number, and as bitmaps that say
// which items have which value. It knows which items may be shown at a time. It never
// ranks anything, and it knows nobody's history.
package catalogue

import (
	"iter"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
)

// foldAt is how many changed items a snapshot carries beside its base. Each costs a
// request with a filter of three terms 0.13 us; to fold 128 of them into the bitmaps
// of 100,000 items takes 1.8 ms. More would slow every request to spare the writer,
// who has time.
const foldAt = 128

// Entry is one change of the catalogue.
type Entry struct {
	Num  engine.ItemNum
	Item *engine.Item // nil: deleted. Not to be changed once it is here.
}

// Snapshot is the catalogue of a moment. It is immutable and safe for concurrent use;
// With makes the next one and shares what has not changed.
type Snapshot struct {
	ids     *IDs
	items   items
	known   *roaring.Bitmap
	base    *Base
	changed []engine.ItemNum // ascending: items that base does not have as they are
	fresh   []*engine.Item   // those, which every filter looks at: packed ones are unpacked once
}

// New returns an empty catalogue whose items are numbered by ids.
func New(ids *IDs) *Snapshot {
	return &Snapshot{ids: ids, known: roaring.New(), base: newBase()}
}

// readAtOnce is how many items are read before they go into a catalogue together, and are packed.
const readAtOnce = 1 << 14

// Read returns the catalogue of the items that each calls fn with.
func Read(ids *IDs, each func(fn func(engine.ItemNum, engine.Item) error) error) (*Snapshot, error) {
	s := New(ids)
	var some []Entry
	err := each(func(n engine.ItemNum, item engine.Item) error {
		if some = append(some, Entry{n, &item}); len(some) == readAtOnce {
			s, some = s.With(some), some[:0]
		}
		return nil
	})
	s = s.With(some)
	s.items = s.items.pack()
	return s, err
}

// With returns the catalogue after the changes; of two changes of one number the later
// one counts. A few changes are only noted, many at once go into the bitmaps.
func (s *Snapshot) With(changed []Entry) *Snapshot {
	if len(changed) == 0 {
		return s
	}
	next := &Snapshot{ids: s.ids, items: s.items.set(changed), known: s.known, base: s.base}
	next.changed = append(make([]engine.ItemNum, 0, len(s.changed)+len(changed)), s.changed...)
	for _, e := range changed {
		next.changed = append(next.changed, e.Num)
	}
	slices.Sort(next.changed)
	next.changed = slices.Compact(next.changed)
	if len(next.changed) > foldAt {
		next.base = s.base.fold(next.items, next.changed)
		next.known, next.changed = next.base.known, nil
		return next
	}
	next.fresh = s.refreshed(next.changed, changed)
	for n, it := range next.Changed() {
		if is := it != nil; is != next.known.Contains(uint32(n)) {
			if next.known == s.known {
				next.known = s.known.Clone()
			}
			mark(next.known, n, is)
		}
	}
	return next
}

// refreshed returns the items of those numbers, each of which is among entries or has changed before.
func (s *Snapshot) refreshed(nums []engine.ItemNum, entries []Entry) []*engine.Item {
	last := make(map[engine.ItemNum]*engine.Item, len(entries))
	for _, e := range entries {
		last[e.Num] = e.Item
	}
	out := make([]*engine.Item, len(nums))
	for i, n := range nums {
		it, now := last[n]
		if !now {
			at, _ := slices.BinarySearch(s.changed, n)
			it = s.fresh[at]
		}
		out[i] = it
	}
	return out
}

// IDs returns the table the items are numbered by.
func (s *Snapshot) IDs() *IDs { return s.ids }

// Item returns the item with number n, nil if it is unknown or deleted. It is not to
// be changed.
func (s *Snapshot) Item(n engine.ItemNum) *engine.Item { return s.items.at(n) }

// Published returns when item n was or is to be published; false where that is not known. It takes
// less than Item.
func (s *Snapshot) Published(n engine.ItemNum) (time.Time, bool) { return s.items.published(n) }

// Len returns one above the highest number that holds an item.
func (s *Snapshot) Len() int { return s.items.length }

// Items yields every item, ascending by number.
func (s *Snapshot) Items() iter.Seq2[engine.ItemNum, *engine.Item] { return s.items.all() }

// Known returns the items there are. The bitmap is shared: not to be changed.
func (s *Snapshot) Known() *roaring.Bitmap { return s.known }

// Base returns the indexed part. It is older than the snapshot by Changed.
func (s *Snapshot) Base() *Base { return s.base }

// Changed yields, ascending by number, the items that were added, changed or deleted since
// the base was made: nil for deleted.
func (s *Snapshot) Changed() iter.Seq2[engine.ItemNum, *engine.Item] {
	return func(yield func(engine.ItemNum, *engine.Item) bool) {
		for i, n := range s.changed {
			if !yield(n, s.fresh[i]) {
				return
			}
		}
	}
}

// Live returns the items that may be shown at now to the audience (engine.AgentOnly
// sees agents' items too): not hidden, in stock, published and not expired. The bitmap
// is the caller's.
func (s *Snapshot) Live(now time.Time, audience engine.Visibility) *roaring.Bitmap {
	g := Gate{Now: now, Audience: audience}
	return s.patched(s.base.Admitted(g), g.Admits)
}

// Kind returns the items of a kind. The bitmap is the caller's.
func (s *Snapshot) Kind(k engine.Kind) *roaring.Bitmap {
	return s.patched(s.base.Equal(FieldKind, TextValue(string(k))), func(it *engine.Item) bool { return it.KindOrProduct() == k })
}

// Group returns the items of a group of variants, none for "". The bitmap is the
// caller's.
func (s *Snapshot) Group(id string) *roaring.Bitmap {
	if id == "" {
		return roaring.New()
	}
	return s.patched(s.base.Equal(FieldGroup, TextValue(id)), func(it *engine.Item) bool { return it.GroupID == id })
}

// Naming returns the items whose field is a word, or is a list that has it. The bitmap is
// the caller's.
func (s *Snapshot) Naming(f Field, word string) *roaring.Bitmap {
	v := TextValue(word)
	return s.patched(roaring.Or(s.base.Equal(f, v), s.base.Member(f, word)), func(it *engine.Item) bool { return Of(it, f).Contains(v) })
}

// patched returns a copy of a bitmap over the base, set right for the changed items.
func (s *Snapshot) patched(shared *roaring.Bitmap, match func(*engine.Item) bool) *roaring.Bitmap {
	out := shared.Clone()
	for n, it := range s.Changed() {
		mark(out, n, it != nil && match(it))
	}
	return out
}
