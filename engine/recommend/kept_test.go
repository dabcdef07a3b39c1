package recommend_test

import (
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"weak"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/tally"
)

// What was kept of a state, and of what a place shows, changes no bit of an answer,
// whatever was asked before, and whatever has happened in the shop since.
func TestKeptStatesAnswerAsNewOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t, 25)
		world, kept := s.world, drawSomeone(t, s)
		kept.Keep()
		gistItems, roughFrom := rapid.IntRange(1, 8).Draw(t, "gist"), pick(t, -1, 1)
		var (
			place *recommend.Place
			later time.Duration
		)
		for range rapid.IntRange(2, 6).Draw(t, "asked") {
			switch rapid.IntRange(0, 8).Draw(t, "happens") {
			case 0:
				world = world.WithRows(drawRows(t, len(s.items), 3))
			case 1:
				settings := world.Settings
				settings.Types = map[engine.Type]engine.TypeSetting{engine.View: {Weight: pick(t, 0.1, 1.0)}, engine.Purchase: {Weight: 1}}
				world = world.WithSettings(settings)
			case 2:
				models := world.Models.WithBlend(world.Models.Blend)
				world = world.WithModels(models, world.Content)
			case 3:
				n := rapid.IntRange(0, len(s.items)-1).Draw(t, "changed")
				if s.items[n] != nil {
					s.items[n] = drawItem(t, n)
					world = world.WithItems([]catalogue.Entry{{Num: engine.ItemNum(n), Item: s.items[n]}})
				}
			case 6:
				n := rapid.IntRange(0, len(s.items)-1).Draw(t, "dearer")
				if s.items[n] != nil {
					dearer := *s.items[n]
					dearer.Price, dearer.Stock, dearer.Hidden = new(pick(t, 1, 80.0)), new(pick(t, int64(0), 4)), sometimes(t, 4)
					s.items[n] = &dearer
					world = world.WithItems([]catalogue.Entry{{Num: engine.ItemNum(n), Item: s.items[n]}})
				}
			case 7: // gone, or there again or for the first time, perhaps without a word
				n := rapid.IntRange(0, len(s.items)-1).Draw(t, "comes or goes")
				switch {
				case n == 0: // it has all that filters name
				case s.items[n] != nil:
					s.items[n] = nil
				case sometimes(t, 2):
					s.items[n] = drawItem(t, n)
				default:
					s.items[n] = &engine.Item{ID: theID(n)}
				}
				world = world.WithItems([]catalogue.Entry{{Num: engine.ItemNum(n), Item: s.items[n]}})
			case 4:
				later += time.Duration(rapid.IntRange(0, 600).Draw(t, "minutes")) * time.Minute
			case 5:
				if kept.Packed == nil {
					kept = kept.Pack(small(kept.Rows))
				}
			}
			a := drawAsked(t, s)
			a.in.World, a.in.Someone, a.in.Now = world, kept, now.Add(later)
			if place != nil && rapid.Bool().Draw(t, "same place") {
				a.in.Place = place
			}
			place = a.in.Place
			a.in.RoughFrom(roughFrom)
			a.in.GistItems(gistItems)
			unkept, fresh := *kept, *a.in
			unkept.Rows, unkept.Packed = kept.History(), nil
			fresh.Someone = &unkept
			if again, err := recommend.NewPlace(place.Scenario, nil); err != nil {
				t.Fatal(err)
			} else {
				fresh.Place = again
			}
			got, err := recommend.Recommend(a.in)
			want, errWanted := recommend.Recommend(&fresh)
			if err != nil || errWanted != nil {
				t.Fatal(err, errWanted)
			}
			if said, wanted := told(t, got), told(t, want); said != wanted {
				t.Fatalf("with what was kept:\n%s\nwithout:\n%s", said, wanted)
			}
		}
	})
}

// The first answer of a state leaves nothing with it, nor does the first after it was let go of;
// one that is about an item is none of these.
func TestTheSecondAnswerKeeps(t *testing.T) {
	const items = 600
	w := village(items, upTo(items))
	histories := modeltest.Histories(3, 200, items, 12)
	m := fitModels(w, histories, everything(), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	who := &recommend.Someone{}
	for _, in := range histories[0] {
		who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
	}
	who.Keep()
	place := open(t, w, engine.Scenario{})
	list := func(r *engine.Request) int {
		ask(t, &recommend.Input{World: w, Place: place, Someone: who, Request: r, Now: now})
		return who.Kept()
	}
	about, plain := &engine.Request{Item: theID(1)}, &engine.Request{}
	for _, then := range []string{"as new", "let go of"} {
		list(about)
		if kept := list(plain); kept != 0 {
			t.Errorf("%s: the first answer leaves %d bytes", then, kept)
		}
		if list(plain) == 0 {
			t.Errorf("%s: the second answer leaves nothing", then)
		}
		who.Release()
	}
}

// small are rows, packed.
type small []engine.Row

func (s small) Rows() []engine.Row { return slices.Clone(s) }

// A place that nobody asks for any more holds neither the catalogue nor the counters of the
// moment in which it was last asked for.
func TestPlacesKeepNoWorldInMemory(t *testing.T) {
	w := village(40, upTo(40))
	place := open(t, w, engine.Scenario{})
	answers := func() (snapshot weak.Pointer[catalogue.Snapshot], counters weak.Pointer[tally.Counters]) {
		then := w.WithItems([]catalogue.Entry{{Num: 3}}).WithRows(purchases(w.Catalogue.IDs(), theID(5)))
		for range 5 { // sums are kept from the third on
			ask(t, &recommend.Input{World: then, Place: place, Someone: &recommend.Someone{}, Request: &engine.Request{}})
		}
		return weak.Make(then.Catalogue), weak.Make(then.Counters)
	}
	snapshot, counters := answers()
	runtime.GC()
	if snapshot.Value() != nil || counters.Value() != nil {
		t.Errorf("still in memory: the catalogue %t, the counters %t", snapshot.Value() != nil, counters.Value() != nil)
	}
	runtime.KeepAlive(place)
}

// What a place shows to anybody is made once for all who ask at the same time.
func TestAStockIsMadeOnce(t *testing.T) {
	const asking, items = 8, 20_000
	w := village(items, upTo(items))
	place := open(t, w, engine.Scenario{})
	for n := range 20 {
		dearer := *w.Catalogue.Item(engine.ItemNum(n))
		dearer.Price = new(1.0)
		w = withItem(w, engine.ItemNum(n), &dearer)
		var all sync.WaitGroup
		var got [asking]any
		begin := make(chan struct{})
		for i := range got {
			all.Go(func() {
				<-begin
				stock, err := (&recommend.Input{World: w, Place: place, Someone: &recommend.Someone{}, Request: &engine.Request{}, Now: now}).Stock()
				if err != nil {
					t.Error(err)
				}
				got[i] = stock
			})
		}
		close(begin)
		all.Wait()
		for i := range got {
			if got[i] != got[0] {
				t.Fatalf("write %d: a stock was made twice", n)
			}
		}
	}
}

func told(t rapid.TB, a engine.Answer) string {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
