package catalogue

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// Numbers are drawn from two containers of a bitmap, and from among held and packed items.
var someNums = slices.Concat(nums(0, 40), nums(65_530, 65_545), nums(heldItems-8, heldItems+8))

func nums(from, to engine.ItemNum) []engine.ItemNum {
	var out []engine.ItemNum
	for n := from; n < to; n++ {
		out = append(out, n)
	}
	return out
}

func optional[T any](t *rapid.T, name string, g *rapid.Generator[T]) *T {
	if rapid.IntRange(0, 2).Draw(t, name+"?") == 0 {
		return nil
	}
	v := g.Draw(t, name)
	return &v
}

func drawTime(t *rapid.T, name string) time.Time {
	return epoch.Add(time.Duration(rapid.IntRange(-6, 6).Draw(t, name)) * time.Hour)
}

func drawItem(t *rapid.T) *engine.Item {
	words := rapid.SampledFrom([]string{"", "red", "green", "blue"})
	it := &engine.Item{
		Kind:       rapid.SampledFrom([]engine.Kind{"", engine.Product, engine.Content, "bundle"}).Draw(t, "kind"),
		Categories: rapid.SliceOfN(rapid.SampledFrom([]string{"shoes", "shoes/running", "shoes/running/men", "hats", "shoe"}), 0, 3).Draw(t, "categories"),
		Price:      optional(t, "price", rapid.SampledFrom([]float64{0, 9.99, -1, 80})),
		Stock:      optional(t, "stock", rapid.Int64Range(-1, 2)),
		GroupID:    words.Draw(t, "group"),
		Hidden:     rapid.IntRange(0, 5).Draw(t, "hidden") == 0,
		Sensitive:  rapid.Bool().Draw(t, "sensitive"),
		Visibility: rapid.SampledFrom([]engine.Visibility{"", engine.Public, engine.AgentOnly}).Draw(t, "visibility"),
		Language:   words.Draw(t, "language"),
		Attributes: engine.Attributes{},
	}
	if rapid.Bool().Draw(t, "dated") {
		published, expires := drawTime(t, "published"), drawTime(t, "expires")
		it.Published, it.Expires = &published, &expires
		if rapid.Bool().Draw(t, "open") {
			it.Expires = nil
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "attributes") {
		it.Attributes[rapid.SampledFrom([]string{"a", "b", "price"}).Draw(t, "name")] = drawAttribute(t)
	}
	return it
}

func drawAttribute(t *rapid.T) any {
	word := rapid.SampledFrom([]string{"", "red", "green", "blue"})
	switch rapid.IntRange(0, 3).Draw(t, "type") {
	case 0:
		return word.Draw(t, "word")
	case 1:
		return drawNumber(t)
	case 2:
		return rapid.Bool().Draw(t, "flag")
	}
	return rapid.SliceOfN(word, 0, 3).Draw(t, "list")
}

func drawEntries(t *rapid.T) []Entry {
	entries := make([]Entry, rapid.IntRange(0, 20).Draw(t, "entries"))
	for i := range entries {
		entries[i].Num = rapid.SampledFrom(someNums).Draw(t, "num")
		if rapid.IntRange(0, 3).Draw(t, "delete") > 0 {
			entries[i].Item = drawItem(t)
		}
	}
	return entries
}

// dump writes down everything a base knows, so that two of them can be compared.
func dump(b *Base) map[string][]uint32 {
	out := map[string][]uint32{"known": b.known.ToArray()}
	for i, shelf := range b.shelf {
		out[fmt.Sprint("shelf ", i)] = shelf.ToArray()
	}
	for f, at := range b.fields {
		put := func(name string, p posting) {
			if !p.empty() {
				out[fmt.Sprint(f, " ", name)] = p.bitmap().ToArray()
			}
		}
		for name, table := range map[string]*table{"text": at.texts, "member": at.members} {
			if table == nil {
				continue
			}
			count := 0
			for _, shard := range table.shards {
				for value, p := range shard {
					put(fmt.Sprintf("%s %q", name, value), p)
					count++
				}
			}
			if count != table.values {
				panic(fmt.Sprintf("%v: %d values, but %d are counted", f, count, table.values))
			}
		}
		put("yes", at.yes)
		put("no", at.no)
		put("given", at.given)
		if at.keys != nil {
			count := 0
			at.given.bitmap().Iterate(func(n uint32) bool {
				if key := at.keys.at(n); key != 0 {
					out[fmt.Sprint(f, " key ", n)] = []uint32{uint32(key >> 32), uint32(key)}
				}
				return true
			})
			for n := range uint32(len(at.keys.chunks) * chunkKeys) {
				count += is(at.keys.at(n) != 0)
			}
			out[fmt.Sprint(f, " keys")] = []uint32{uint32(count), uint32(at.keys.count)}
		}
	}
	for _, f := range b.flips {
		name := fmt.Sprint("flip ", f.at)
		out[name] = append(out[name], uint32(f.n))
	}
	return out
}

// However a catalogue came to be, its bitmaps are those of one built at once from the
// items it ends with: nothing of what was deleted or changed stays behind.
func TestFoldLeavesNothingStale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(NewIDs())
		items := map[engine.ItemNum]*engine.Item{}
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			entries := drawEntries(t)
			s = s.With(entries)
			for _, e := range entries {
				if items[e.Num] = e.Item; e.Item == nil {
					delete(items, e.Num)
				}
			}
			if rapid.Bool().Draw(t, "fold") {
				s.base.Admitted(Gate{Now: drawTime(t, "warm")}) // a window for the fold to carry on
				s = &Snapshot{ids: s.ids, items: s.items, known: s.known, base: s.base.fold(s.items, s.changed)}
			}
			checkItems(t, s, items)
			checkLive(t, s)
		}
		var all []Entry
		for n, it := range items {
			all = append(all, Entry{n, it})
		}
		slices.SortFunc(all, func(a, b Entry) int { return int(a.Num) - int(b.Num) })
		fresh := New(s.ids).With(all)
		got, want := dump(s.base.fold(s.items, s.changed)), dump(fresh.base.fold(fresh.items, fresh.changed))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("after the changes:\n%v\nbuilt at once:\n%v", got, want)
		}
		if got, want := s.Attributes(), fresh.Attributes(); !reflect.DeepEqual(got, want) {
			t.Fatalf("attributes after the changes: %v; built at once: %v", got, want)
		}
	})
}

func checkItems(t *rapid.T, s *Snapshot, want map[engine.ItemNum]*engine.Item) {
	got := maps.Collect(s.Items())
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("items are %v, want %v", got, want)
	}
	length := 0
	for n := range want {
		length = max(length, int(n)+1)
	}
	if s.Len() != length {
		t.Fatalf("Len = %d, want %d", s.Len(), length)
	}
	equal(t, "known", s.Known(), s, func(*engine.Item) bool { return true })
}

// checkLive looks at times in any order, and scribbles over what it gets: that must
// not reach what others get.
func checkLive(t *rapid.T, s *Snapshot) {
	for range 4 {
		now := drawTime(t, "now")
		for _, audience := range []engine.Visibility{"", engine.AgentOnly} {
			live := s.Live(now, audience)
			equal(t, fmt.Sprint("live at ", now, " for ", audience), live, s, func(it *engine.Item) bool {
				return !it.Hidden && it.InStock() && it.ShownAt(now) && (audience == engine.AgentOnly || it.Visibility != engine.AgentOnly)
			})
			scribble(live)
			g := Gate{Now: now, Audience: audience, AnyStock: true}
			equal(t, fmt.Sprint("any stock at ", now, " for ", audience), s.patched(s.base.Admitted(g), g.Admits), s, func(it *engine.Item) bool {
				return it.ShownAt(now) && (audience == engine.AgentOnly || it.Visibility != engine.AgentOnly)
			})
		}
	}
	for _, k := range []engine.Kind{engine.Product, "bundle", "none"} {
		set := s.Kind(k)
		equal(t, "kind "+string(k), set, s, func(it *engine.Item) bool { return it.KindOrProduct() == k })
		scribble(set)
	}
	for _, id := range []string{"", "red", "none"} {
		set := s.Group(id)
		equal(t, "group "+id, set, s, func(it *engine.Item) bool { return id != "" && it.GroupID == id })
		scribble(set)
	}
}

func scribble(set *roaring.Bitmap) {
	set.Flip(0, 70_000)
}

func equal(t *rapid.T, what string, got *roaring.Bitmap, s *Snapshot, match func(*engine.Item) bool) {
	want := []uint32{}
	for n, it := range s.Items() {
		if match(it) {
			want = append(want, uint32(n))
		}
	}
	if !slices.Equal(got.ToArray(), want) {
		t.Fatalf("%s: %v, want %v", what, got.ToArray(), want)
	}
}

// Readers go on with the snapshot they have while a writer makes the next ones.
func TestReadersDoNotSeeTheWriter(t *testing.T) {
	ids := NewIDs()
	item := func(i, version int) *engine.Item {
		published := epoch.Add(time.Duration(i%10) * time.Hour)
		price := float64(version)
		return &engine.Item{Published: &published, Price: &price, Attributes: engine.Attributes{"version": price, "brand": fmt.Sprint("b", i%7)}}
	}
	var entries []Entry
	for i := range 500 {
		n, _ := ids.Assign(engine.ItemID(fmt.Sprint(i)))
		entries = append(entries, Entry{n, item(i, 0)})
	}
	first := New(ids).With(entries)
	want := first.Live(epoch.Add(4*time.Hour), "").ToArray()
	var readers sync.WaitGroup
	for r := range 3 {
		readers.Go(func() {
			for i := range 200 {
				first.Live(epoch.Add(time.Duration((i+r)%12)*time.Hour), engine.AgentOnly)
				got := first.Live(epoch.Add(4*time.Hour), "").ToArray()
				low := first.Base().Cached("version == 0", func() *roaring.Bitmap {
					return first.Base().Ordered(Field{"version", true}, Equal, NumberValue(0), nil)
				})
				if !slices.Equal(got, want) || low.GetCardinality() != 500 {
					t.Errorf("the first snapshot has changed: %d live, %d of version 0", len(got), low.GetCardinality())
					return
				}
			}
		})
	}
	s := first
	for version := 1; version < 60; version++ {
		for i := range 20 {
			n := (version*37 + i*11) % 500
			s = s.With([]Entry{{engine.ItemNum(n), item(n, version)}})
		}
		s.Live(epoch.Add(time.Duration(version%12)*time.Hour), "")
	}
	readers.Wait()
}

func TestCacheIsBounded(t *testing.T) {
	b := newBase()
	made := 0
	ask := func(key string) {
		b.Cached(key, func() *roaring.Bitmap { made++; return roaring.New() })
	}
	for i := range 10 * cachedBitmaps {
		ask(fmt.Sprint(i))
		ask("often")
	}
	if kept := len(b.cache.young) + len(b.cache.old); kept > 2*cachedBitmaps {
		t.Errorf("%d bitmaps are kept, want at most %d", kept, 2*cachedBitmaps)
	}
	if want := 10*cachedBitmaps + 1; made != want {
		t.Errorf("%d bitmaps were made, want %d: what is asked for often stays", made, want)
	}
}

func TestAttributes(t *testing.T) {
	s := New(NewIDs()).With([]Entry{
		{0, &engine.Item{Attributes: engine.Attributes{"size": 40.0, "colours": []string{"red", "blue"}}}},
		{1, &engine.Item{Attributes: engine.Attributes{"size": "XL", "organic": true, "empty": []string{}}}},
		{2, &engine.Item{Attributes: engine.Attributes{"size": 41.5, "colours": []string{"red"}}}},
	})
	want := []Attribute{
		{Name: "colours", Types: []string{"list"}, Items: 2, Distinct: 2, Example: []string{"red", "blue"}},
		{Name: "organic", Types: []string{"bool"}, Items: 1, Distinct: 1, Example: true},
		{Name: "size", Types: []string{"string", "number"}, Items: 3, Distinct: 3, Example: 40.0},
	}
	if got := s.Attributes(); !reflect.DeepEqual(got, want) {
		t.Errorf("Attributes() = %+v, want %+v", got, want)
	}
	if got := s.TypesOf(Field{"size", true}); got != Text|Number {
		t.Errorf("TypesOf(size) = %v", got.Names())
	}
	if got, want := s.AttributeNames(), []string{"colours", "organic", "size"}; !slices.Equal(got, want) {
		t.Errorf("AttributeNames() = %v, want %v", got, want)
	}
}
