package catalogue

import "github.com/rapportengine/rapport/engine"

// Feed is the whole catalogue of a shop as it is sent: what it lacks is to be hidden. It
// speaks for the kinds of items it holds and for no others, so that a feed of products
// leaves the help articles alone. The zero Feed is empty.
type Feed struct {
	holds map[engine.ItemID]bool
	kinds map[engine.Kind]bool
}

// Add notes an item of the feed.
func (f *Feed) Add(i *engine.Item) {
	if f.holds == nil {
		f.holds, f.kinds = make(map[engine.ItemID]bool), make(map[engine.Kind]bool)
	}
	f.holds[i.ID] = true
	f.kinds[i.KindOrProduct()] = true
}

// Absent returns the items of the feed's kinds that are shown and that it lacks, in the
// order of their numbers, and how many are shown.
func (f *Feed) Absent(s *Snapshot) (absent []engine.ItemID, shown int) {
	for n := range s.Len() {
		item := s.Item(engine.ItemNum(n))
		if item == nil || item.Hidden || !f.kinds[item.KindOrProduct()] {
			continue
		}
		if shown++; !f.holds[item.ID] {
			absent = append(absent, item.ID)
		}
	}
	return absent, shown
}

// Whole reports whether a feed that lacks so many of the items that are shown can be the
// whole catalogue: one that was cut off lacks more than engine.MaxFeedLoss of them.
func Whole(absent, shown int) bool {
	return float64(absent) <= engine.MaxFeedLoss*float64(shown)
}
