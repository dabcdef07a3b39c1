package gen

import (
	"bytes"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

var small = Set{Name: "small", Customers: 300, Items: 400, Events: 9000, Seed: 7}

func TestTheSeedIsTheShop(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	alone := New(small)
	runtime.GOMAXPROCS(4)
	together := New(small)
	runtime.GOMAXPROCS(before)
	if !reflect.DeepEqual(alone, together) {
		t.Error("the shop hangs on the number of threads")
	}
	other := small
	other.Seed++
	if reflect.DeepEqual(New(other).events, alone.events) {
		t.Error("another seed makes the same shop")
	}
}

// The promises of the package's comment.
func TestLaw(t *testing.T) {
	s := New(small)
	if n := s.Count(); n < small.Events*9/10 || n > small.Events*11/10 {
		t.Errorf("%d events, want about %d", n, small.Events)
	}
	byRank := make([]int, small.Items)
	inTaste, all := 0, 0
	for c := range small.Customers {
		had, events := make(map[uint32]bool), s.Of(c)
		if len(events) < least || len(events) > small.Items/mostShare {
			t.Fatalf("customer %d did %d things", c, len(events))
		}
		groups := make([]int, centres)
		for i, e := range events {
			if had[e.Item] {
				t.Fatalf("customer %d comes to item %d twice", c, e.Item)
			}
			had[e.Item] = true
			if i > 0 && (e.At <= events[i-1].At || e.Visit < events[i-1].Visit) {
				t.Fatalf("customer %d: %+v comes after %+v", c, e, events[i-1])
			}
			byRank[s.items[e.Item].rank]++
			groups[s.items[e.Item].centre]++
		}
		best := 0
		for _, n := range groups {
			best = max(best, n)
		}
		inTaste, all = inTaste+best, all+len(events)
	}
	head := 0
	for _, n := range byRank[:small.Items/5] {
		head += n
	}
	if 3*head < all {
		t.Errorf("the most popular fifth has %d of %d events, want more than a third", head, all)
	}
	if share := float64(inTaste) / float64(all); share < 3.0/centres {
		t.Errorf("a customer's first group has %.3f of their events, want more than chance", share)
	}
}

// What is written is what the product reads, held-out events apart.
func TestRecordsAreRead(t *testing.T) {
	s := New(small)
	var b bytes.Buffer
	if err := s.WriteItems(&b); err != nil {
		t.Fatal(err)
	}
	n, low := 0, 0
	for entry, err := range record.Items(&b, record.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		want := s.Item(n)
		if !reflect.DeepEqual(entry.Value, want) {
			t.Fatalf("item %d is read as %+v, want %+v", n, entry.Value, want)
		}
		if want.Attributes["aisle"].(float64) < Aisles/10 {
			low++
		}
		n++
	}
	if n != small.Items || low < n/20 || low > n/5 {
		t.Errorf("%d items, %d of them in the first tenth of the aisles", n, low)
	}
	for held, want := range map[bool]int{false: s.Count() - small.Customers, true: small.Customers} {
		b.Reset()
		if err := s.WriteEvents(&b, held); err != nil {
			t.Fatal(err)
		}
		got := 0
		for entry, err := range record.Events(&b, record.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if line := entry.Value.Lines[0]; line.Customer == "" || line.Session == "" || line.Item == "" {
				t.Fatalf("an event lacks something: %+v", line)
			}
			got++
		}
		if got != want {
			t.Errorf("held %v: %d events, want %d", held, got, want)
		}
	}
	b.Reset()
	if err := s.WriteCustomers(&b); err != nil {
		t.Fatal(err)
	}
	people := 0
	for _, err := range record.Customers(&b, record.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		people++
	}
	if people != small.Customers {
		t.Errorf("%d customers, want %d", people, small.Customers)
	}
}

func TestRead(t *testing.T) {
	known := "customer_id,item_id,at\n0,3,1600000100\n0,1,1600000050\n1,3,1600000000\n"
	s, err := Read(strings.NewReader(known), strings.NewReader("customer_id,item_id,at\n0,4,1600000300\n1,0,1600000300\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]Event{{{Item: 1, At: 50}, {Item: 3, At: 100}, {Item: 4, At: 300}}, {{Item: 3}, {Item: 0, At: 300}}}
	if !reflect.DeepEqual(s.events, want) || s.Items != 5 || s.Customers != 2 {
		t.Errorf("read %+v, want %v", s, want)
	}
	for _, bad := range []string{"customer_id,item_id,at\n0,4,5\n", "h\n0,x,1\n1,1,1\n", "h\n0,1,1\n2,1,1\n"} {
		if _, err := Read(strings.NewReader(known), strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read as what is held out", bad)
		}
	}
}

func TestMostWanted(t *testing.T) {
	s := New(small)
	data := s.Data(s.IDs())
	few := MostWanted(data, 10)
	counts := make(map[engine.ItemNum]int)
	for row, cells := range data.ByItem() {
		counts[data.Rows.Num(row)] = len(cells)
	}
	kept := 0
	for row, cells := range few.ByItem() {
		n := few.Rows.Num(row)
		if len(cells) != counts[n] {
			t.Errorf("item %d has %d cells of %d", n, len(cells), counts[n])
		}
		kept += len(cells)
		delete(counts, n)
	}
	for n, count := range counts {
		if count > kept/10 {
			t.Errorf("item %d with %d cells is left out, beside %d of ten", n, count, kept)
		}
	}
	if few.Rows.Len() != 10 {
		t.Errorf("%d items", few.Rows.Len())
	}
}
