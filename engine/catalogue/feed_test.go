package catalogue

import (
	"reflect"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// TestFeed: what a feed lacks of its own kinds is absent; hidden items and other kinds are
// none of its business.
func TestFeed(t *testing.T) {
	ids := NewIDs()
	var entries []Entry
	for _, item := range []engine.Item{
		{ID: "a"}, {ID: "b", Kind: engine.Product}, {ID: "c", Hidden: true}, {ID: "help", Kind: engine.Content}, {ID: "d"},
	} {
		n, _ := ids.Assign(item.ID)
		entries = append(entries, Entry{Num: n, Item: &item})
	}
	shop := New(ids).With(entries)
	var f Feed
	if absent, shown := f.Absent(shop); absent != nil || shown != 0 {
		t.Errorf("an empty feed lacks %v of %d, want nothing", absent, shown)
	}
	f.Add(&engine.Item{ID: "a"})
	f.Add(&engine.Item{ID: "new"})
	if absent, shown := f.Absent(shop); !reflect.DeepEqual(absent, []engine.ItemID{"b", "d"}) || shown != 3 {
		t.Errorf("the feed lacks %v of %d, want b and d of 3", absent, shown)
	}
	for _, c := range []struct {
		absent, shown int
		want          bool
	}{{0, 0, true}, {1, 5, true}, {2, 9, false}, {5, 5, false}} {
		if got := Whole(c.absent, c.shown); got != c.want {
			t.Errorf("a feed that lacks %d of %d: whole %v, want %v", c.absent, c.shown, got, c.want)
		}
	}
}
