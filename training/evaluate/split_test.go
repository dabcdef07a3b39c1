package evaluate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// did is one row: customer, item, hours after monday.
func did(customer, item string, hour int) engine.Row {
	return engine.Row{Interaction: engine.Interaction{
		Type: engine.Purchase, Customer: engine.CustomerID(customer), Item: engine.ItemID(item),
		At: monday.Add(time.Duration(hour) * time.Hour),
	}}
}

func mustSplit(t *testing.T, rule Rule, rows []engine.Row) Split {
	t.Helper()
	s, err := rule.Split(rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLastOut(t *testing.T) {
	rows := []engine.Row{
		did("ann", "d", 9), // not sorted
		did("ann", "a", 1), did("bob", "a", 2), did("ann", "b", 3),
		did("cat", "x", 4), // has nothing to hold out
		did("bob", "b", 5), did("ann", "c", 6),
	}
	s := mustSplit(t, Rule{Name: "last-out"}, rows)
	want := []Part{Test, Train, Train, Train, Train, Test, Valid}
	if !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v (bob's first stays in train)", s.Parts, want)
	}
	if got := s.Rows(Train, Valid); !slices.Equal(got, []int{1, 2, 3, 4, 6}) {
		t.Errorf("Rows(Train, Valid) = %v, want them oldest first", got)
	}
}

func TestLastOutTiesKeepTheGivenOrder(t *testing.T) {
	rows := []engine.Row{did("ann", "a", 1), did("ann", "b", 1), did("ann", "c", 1)}
	s := mustSplit(t, Rule{Name: "last-out"}, rows)
	if want := []Part{Train, Valid, Test}; !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v", s.Parts, want)
	}
}

func TestLastOutHoldsAnOrderTogether(t *testing.T) {
	rows := []engine.Row{did("ann", "a", 1), did("ann", "b", 2), did("ann", "c", 2), did("ann", "d", 3), did("ann", "e", 3)}
	for i, id := range []string{"1", "2", "2", "3", "3"} {
		rows[i].EventID = id
	}
	s := mustSplit(t, Rule{Name: "last-out"}, rows)
	if want := []Part{Train, Valid, Valid, Test, Test}; !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v", s.Parts, want)
	}
	// An order and nothing before it: nothing to predict it from.
	s = mustSplit(t, Rule{Name: "last-out"}, rows[3:])
	if want := []Part{Train, Train}; !slices.Equal(s.Parts, want) {
		t.Errorf("Parts of a lone order = %v, want %v", s.Parts, want)
	}
}

func TestLastOutCutsAtTargets(t *testing.T) {
	rows := []engine.Row{
		did("ann", "a", 1), did("ann", "b", 2), did("ann", "a", 3), did("ann", "c", 4), did("ann", "b", 5),
		did("bob", "a", 1), did("bob", "b", 2), // only looked
	}
	for _, i := range []int{0, 2, 4, 5, 6} {
		rows[i].Type = engine.View
	}
	rule := Rule{Name: "last-out", Target: func(r *engine.Row) bool { return r.Type == engine.Purchase }}
	s := mustSplit(t, rule, rows)
	want := []Part{Train, Valid, Valid, Test, Test, Train, Train}
	if !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v (what follows a held-out target goes with it)", s.Parts, want)
	}
}

func TestLastOutBySession(t *testing.T) {
	rows := []engine.Row{did("ann", "a", 1), did("ann", "b", 2), did("ann", "c", 3), did("ann", "d", 4)}
	for i := range rows {
		rows[i].Session = engine.SessionID(fmt.Sprint(i / 2))
	}
	rule := Rule{Name: "last-out", Unit: func(r *engine.Row) engine.Subject { return engine.OfSession(r.Session) }}
	s := mustSplit(t, rule, rows)
	if want := []Part{Train, Test, Train, Test}; !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v", s.Parts, want)
	}
}

func TestTimeSplit(t *testing.T) {
	var rows []engine.Row
	for i := range 100 {
		rows = append(rows, did("ann", fmt.Sprint(i), 99-i)) // newest first
	}
	s := mustSplit(t, Rule{Name: "time", Share: 0.8}, rows)
	if got := [3]int{len(s.Rows(Train)), len(s.Rows(Valid)), len(s.Rows(Test))}; got != [3]int{64, 16, 20} {
		t.Errorf("sizes %v, want 64, 16, 20", got)
	}
	// 30 rows of one moment astride the cut: all of them are held out.
	for i := range 30 {
		rows[i+5].At = monday.Add(70 * time.Hour)
	}
	s = mustSplit(t, Rule{Name: "time", Share: 0.8}, rows)
	if got := len(s.Rows(Test)); got != 35 {
		t.Errorf("%d held out, want 35: a moment stays together", got)
	}
	cut := monday.Add(90 * time.Hour)
	s = mustSplit(t, Rule{Name: "time", Cut: cut}, rows)
	for i, p := range s.Parts {
		if (p == Test) == rows[i].At.Before(cut) {
			t.Errorf("row at %v is in part %v with a cut at %v", rows[i].At, p, cut)
		}
	}
}

func TestTimeSplitWithoutTimesCutsByPlace(t *testing.T) {
	rows := make([]engine.Row, 10)
	for i := range rows {
		rows[i] = did("ann", fmt.Sprint(i), 0)
		rows[i].At = time.Time{}
	}
	s := mustSplit(t, Rule{Name: "time", Share: 0.8}, rows)
	if want := []Part{Train, Train, Train, Train, Train, Train, Valid, Valid, Test, Test}; !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v", s.Parts, want)
	}
}

func TestTimeSplitRefusesWhatLeavesASideEmpty(t *testing.T) {
	moment := []engine.Row{did("ann", "a", 1), did("bob", "b", 1)}
	for name, rule := range map[string]Rule{
		"one moment": {Name: "time", Share: 0.5},
		"cut before": {Name: "time", Cut: monday},
		"cut after":  {Name: "time", Cut: monday.Add(2 * time.Hour)},
	} {
		var invalid *engine.Invalid
		if _, err := rule.Split(moment); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "of 2 interactions") {
			t.Errorf("%s: %v, want an *engine.Invalid that counts", name, err)
		}
	}
}

func TestRandomSplitDependsOnTheRowAlone(t *testing.T) {
	var rows []engine.Row
	for i := range 10_000 {
		rows = append(rows, did(fmt.Sprint("c", i%500), fmt.Sprint("i", i%37), i%1000))
		rows[i].EventID = fmt.Sprint(i) // decides nothing
	}
	rule := Rule{Name: "random", Share: 0.8, Seed: 7}
	s := mustSplit(t, rule, rows)
	for p, want := range map[Part]float64{Train: 0.64, Valid: 0.16, Test: 0.2} {
		if got := float64(len(s.Rows(p))) / float64(len(rows)); math.Abs(got-want) > 0.02 {
			t.Errorf("share of part %v is %.3f, want about %.2f", p, got, want)
		}
	}
	perm := rand.New(rand.NewPCG(1, 2)).Perm(len(rows))
	shuffled := make([]engine.Row, len(rows))
	for i, from := range perm {
		shuffled[i] = rows[from]
	}
	again := mustSplit(t, rule, shuffled[:5000])
	for i, p := range again.Parts {
		if p != s.Parts[perm[i]] {
			t.Fatalf("row %d changed its part with the rows around it", perm[i])
		}
	}
	rule.Seed = 8
	if other := mustSplit(t, rule, rows); slices.Equal(other.Parts, s.Parts) {
		t.Error("another seed gave the same split")
	}
}

// TestRollingCuts puts twenty targets an hour apart: the cuts of rolling:2 lie at the
// tenth and the fifteenth, the validation of a fifth before the first. Views count
// nothing, but stand where their time puts them.
func TestRollingCuts(t *testing.T) {
	var rows []engine.Row
	var want []Part
	var windows []int
	for h := range 20 {
		r := did(fmt.Sprint("c", h%3), fmt.Sprint("i", h), h)
		v := r
		v.Type, v.At = engine.View, r.At.Add(time.Minute)
		rows = append(rows, r, v)
		part, window := Train, 0
		switch {
		case h >= 15:
			part, window = Test, 2
		case h >= 10:
			part, window = Test, 1
		case h >= 8:
			part = Valid
		}
		want, windows = append(want, part, part), append(windows, window, window)
	}
	rule := Rule{Name: "rolling", Cuts: 2, Target: func(r *engine.Row) bool { return r.Type == engine.Purchase }}
	s := mustSplit(t, rule, rows)
	if !slices.Equal(s.Parts, want) || !slices.Equal(s.Windows, windows) {
		t.Errorf("Parts %v\nwant  %v\nWindows %v\nwant    %v", s.Parts, want, s.Windows, windows)
	}
	if known, held := s.Fold(1); s.Folds() != 2 || len(known) != 30 || len(held) != 10 || held[0] != 30 {
		t.Errorf("%d folds; the second knows %d rows and holds out %v", s.Folds(), len(known), held)
	}
	var invalid *engine.Invalid
	if _, err := rule.Split([]engine.Row{did("a", "x", 1), did("a", "y", 1), did("b", "y", 2)}); !errors.As(err, &invalid) || !strings.Contains(invalid.Want, "fewer cuts") {
		t.Errorf("two cuts through two moments: %v", err)
	}
}

// TestLastBasketIsHeldOut holds out all lines of the last order, and those of the one
// before for the validation: an order is known by its id, or by its moment.
func TestLastBasketIsHeldOut(t *testing.T) {
	ordered := func(order string, r engine.Row) engine.Row {
		r.OrderID = order
		return r
	}
	rows := []engine.Row{
		did("ann", "a", 1), did("ann", "b", 1), // a basket by its moment
		did("ann", "a", 2), did("ann", "c", 2), did("ann", "d", 2),
		did("ann", "b", 5), did("ann", "a", 5),
		ordered("o1", did("bob", "a", 1)), ordered("o1", did("bob", "b", 2)), // lines with times of their own
		ordered("o2", did("bob", "c", 3)), ordered("o3", did("bob", "d", 3)), // two orders of one moment
		did("cat", "a", 1), did("cat", "b", 1), // a basket alone has nothing before it
	}
	s := mustSplit(t, Rule{Name: "last-out", Baskets: true}, rows)
	want := []Part{Train, Train, Valid, Valid, Valid, Test, Test, Train, Train, Valid, Test, Train, Train}
	if !slices.Equal(s.Parts, want) {
		t.Errorf("Parts = %v, want %v", s.Parts, want)
	}
}

// TestColdItemsAreHeldOutWhole deals 1,000 items: a fifth is the test, a fifth of the
// rest the validation, whatever the rows are; another seed deals otherwise.
func TestColdItemsAreHeldOutWhole(t *testing.T) {
	rule, err := ColdItems(0.2)
	if err != nil {
		t.Fatal(err)
	}
	var rows []engine.Row
	for i := range 1000 {
		rows = append(rows, did("ann", fmt.Sprint("i", i), i), did("bob", fmt.Sprint("i", i), i+1))
	}
	s := mustSplit(t, rule, rows)
	if n := len(s.Only); n < 165 || n > 235 { // 200 +- 2.8 standard deviations
		t.Errorf("%d of 1000 items are cold", n)
	}
	if n := len(s.ValidOnly); n < 125 || n > 195 {
		t.Errorf("%d of 1000 items are the validation", n)
	}
	for i := range 1000 {
		if s.Parts[2*i] != s.Parts[2*i+1] {
			t.Fatalf("item i%d is in two parts", i)
		}
	}
	rule.Seed = 1
	if other := mustSplit(t, rule, rows); slices.Equal(other.Parts, s.Parts) {
		t.Error("another seed holds out the same items")
	}
	for _, share := range []float64{0, 1, -1, math.NaN()} {
		if _, err := ColdItems(share); err == nil {
			t.Errorf("a share of %v was taken", share)
		}
	}
}

func TestSplitsPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(anyRow(), 2, 60).Draw(t, "rows")
		rule := Rule{
			Name:  rapid.SampledFrom([]string{"last-out", "time", "random", "rolling", "cold-items"}).Draw(t, "rule"),
			Share: rapid.Float64Range(0.05, 0.95).Draw(t, "share"),
			Seed:  rapid.Uint64().Draw(t, "seed"),
			Cuts:  rapid.IntRange(2, 5).Draw(t, "cuts"),
			Whole: rapid.Bool().Draw(t, "whole"),
		}
		s, err := rule.Split(rows)
		if err != nil {
			if rule.Name != "time" && rule.Name != "rolling" {
				t.Fatal(err)
			}
			return
		}
		train, valid, test := s.Rows(Train), s.Rows(Valid), s.Rows(Test)
		all := slices.Concat(train, valid, test)
		slices.Sort(all)
		for i, n := range all {
			if i != n {
				t.Fatalf("%v, %v and %v are no partition of %d rows", train, valid, test, len(rows))
			}
		}
		if len(all) != len(rows) {
			t.Fatalf("%d of %d rows have a part", len(all), len(rows))
		}
		for _, part := range [][]int{train, valid, test, s.Rows(Train, Valid)} {
			if !slices.IsSortedFunc(part, func(a, b int) int { return olderFirst(rows, a, b) }) {
				t.Fatalf("%v is not oldest first", part)
			}
		}
		checkFolds(t, rule, rows, &s)
		checkRule(t, rule, rows, &s)
	})
}

// checkFolds wants every test row held out once, and of a fold in time nothing known
// that is not older than all that is held out.
func checkFolds(t *rapid.T, rule Rule, rows []engine.Row, s *Split) {
	held := make([]int, len(rows))
	for f := range s.Folds() {
		known, test := s.Fold(f)
		if len(known) == 0 && rule.Name == "rolling" || len(known)+len(test) > len(rows) {
			t.Fatalf("fold %d knows %d rows and holds out %d of %d", f, len(known), len(test), len(rows))
		}
		for _, i := range test {
			held[i]++
			if slices.Contains(known, i) {
				t.Fatalf("fold %d holds out row %d, which it knows", f, i)
			}
			for _, j := range known {
				if rule.Name == "rolling" && !rule.Whole && (rows[j].At.After(rows[i].At) || rows[j].At.Equal(rows[i].At) && !rows[i].At.IsZero()) {
					t.Fatalf("fold %d knows row %d, which is not before row %d", f, j, i)
				}
			}
		}
	}
	for i, n := range held {
		if (s.Parts[i] == Test) != (n == 1) || n > 1 {
			t.Fatalf("row %d in part %v is held out %d times", i, s.Parts[i], n)
		}
	}
}

func checkRule(t *rapid.T, rule Rule, rows []engine.Row, s *Split) {
	if rule.Whole && (rule.Name == "time" || rule.Name == "random") {
		checkWhole(t, rule, rows, s)
		return
	}
	switch rule.Name {
	case "random":
		if leaks := s.Leaks(rows, nil); len(leaks) > 0 {
			t.Fatalf("a random split leaks: %v", leaks)
		}
	case "time":
		for _, i := range s.Rows(Test) {
			for _, j := range s.Rows(Train, Valid) {
				if rows[j].At.After(rows[i].At) || rows[j].At.Equal(rows[i].At) && !rows[i].At.IsZero() {
					t.Fatalf("row %d of train is not before row %d of test", j, i)
				}
			}
		}
	case "cold-items":
		for i := range rows {
			for j := range rows {
				if rows[i].Item == rows[j].Item && s.Parts[i] != s.Parts[j] {
					t.Fatalf("item %q is in two parts", rows[i].Item)
				}
			}
			if s.Only[rows[i].Item] != (s.Parts[i] == Test) || s.ValidOnly[rows[i].Item] != (s.Parts[i] == Valid) {
				t.Fatalf("item %q may be shown where it is not asked for", rows[i].Item)
			}
		}
	case "last-out":
		counts := map[engine.Subject][3]int{}
		for i := range rows {
			n := counts[rows[i].Subject()]
			n[s.Parts[i]]++
			counts[rows[i].Subject()] = n
		}
		for who, n := range counts {
			total := n[Train] + n[Valid] + n[Test]
			if n[Test] != min(1, total-1) || n[Valid] != max(0, min(1, total-2)) {
				t.Fatalf("%v has %v of %d rows in train, valid, test", who, n, total)
			}
		}
		for i := range rows {
			for j := range rows {
				if rows[i].Subject() == rows[j].Subject() && s.Parts[i] < s.Parts[j] && olderFirst(rows, i, j) > 0 {
					t.Fatalf("row %d in %v is newer than %d in %v", i, s.Parts[i], j, s.Parts[j])
				}
			}
		}
	}
}

// checkWhole wants each timeline in one part and, by time, the parts in the order of the
// timelines' ends.
func checkWhole(t *rapid.T, rule Rule, rows []engine.Row, s *Split) {
	last := map[engine.Subject]int{}
	for i := range rows {
		who := rows[i].Subject()
		j, known := last[who]
		if known && s.Parts[j] != s.Parts[i] {
			t.Fatalf("%v is in the parts %v and %v", who, s.Parts[j], s.Parts[i])
		}
		if !known || olderFirst(rows, j, i) < 0 {
			last[who] = i
		}
	}
	for _, i := range last {
		for _, j := range last {
			if rule.Name == "time" && s.Parts[i] < s.Parts[j] && olderFirst(rows, i, j) > 0 {
				t.Fatalf("%v in part %v ends after %v in part %v", rows[i].Subject(), s.Parts[i], rows[j].Subject(), s.Parts[j])
			}
		}
	}
}

func olderFirst(rows []engine.Row, a, b int) int {
	if c := rows[a].At.Compare(rows[b].At); c != 0 {
		return c
	}
	return a - b
}

// anyRow has few customers and few hours, so that there are ties and lone rows.
func anyRow() *rapid.Generator[engine.Row] {
	return rapid.Custom(func(t *rapid.T) engine.Row {
		row := did(rapid.StringMatching(`[a-h]`).Draw(t, "customer"), rapid.StringMatching(`[x-z]`).Draw(t, "item"), rapid.IntRange(0, 6).Draw(t, "hour"))
		if rapid.IntRange(0, 9).Draw(t, "timeless") == 0 {
			row.At = time.Time{}
		}
		return row
	})
}

func TestLeaks(t *testing.T) {
	rows := []engine.Row{did("ann", "a", 1), did("ann", "b", 2), did("bob", "a", 1), did("ann", "a", 1), did("ann", "a", 9)}
	rows[0].EventID, rows[3].EventID = "train-1", "test-1" // ids of two files
	s, err := Given(rows, []Part{Train, Valid, Train, Test, Test})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Leaks(rows, nil); !slices.Equal(got, []Leak{{Test: 3, Other: 0}}) {
		t.Errorf("Leaks = %v, want row 3, which is row 0 again", got)
	}
	if _, err := Given(rows, make([]Part, 2)); err == nil {
		t.Error("Given took 5 rows and 2 parts")
	}
}

func TestParseRule(t *testing.T) {
	for _, text := range []string{"last-out", "time:0.8", "random:0.75", "rolling:5"} {
		r, err := ParseRule(text)
		if err != nil || r.String() != text {
			t.Errorf("ParseRule(%q) = %v, %v", text, r, err)
		}
	}
	if got := (Rule{Name: "time", Cut: monday}).String(); got != "time:2026-01-05T00:00:00Z" {
		t.Errorf("a cut by date reads %q", got)
	}
	for _, c := range []struct{ text, want string }{
		{"", "no split is called"},
		{"lastout", "there are last-out, time:0.8, random:0.8 and rolling:5"},
		{"last-out:2", "takes no share"},
		{"time", "as in time:0.8"},
		{"time:1", "between 0 and 1"},
		{"random:0", "between 0 and 1"},
		{"random:NaN", "between 0 and 1"},
		{"time:80%", "between 0 and 1"},
		{"rolling", "from 2 to 20"},
		{"rolling:1", "from 2 to 20"},
		{"rolling:21", "from 2 to 20"},
	} {
		_, err := ParseRule(c.text)
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("ParseRule(%q) says %v, want %q in it", c.text, err, c.want)
		}
	}
}
