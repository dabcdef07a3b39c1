package evaluate

import (
	"cmp"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Part is what a row is for.
type Part uint8

// The parts of a split.
const (
	Train Part = iota // learnt from
	Valid             // settings are chosen on it; learnt from for the final test
	Test              // held out until the end
)

// Split puts every row into exactly one part.
type Split struct {
	Order []int  // all rows by index, oldest first, equal times as they were given
	Parts []Part // of each row, by index
	// Windows of rolling cuts, by row: 0 before the first cut, then counting up. nil where
	// there is one cut.
	Windows []int
	// Only are the items that may be shown in the test, and ValidOnly those in the
	// validation: of "cold-items" the ones held out. nil for all.
	Only, ValidOnly map[engine.ItemID]bool
}

// Sorted joins lists of rows, oldest first.
func (s *Split) Sorted(lists ...[]int) []int {
	in := make([]bool, len(s.Parts))
	for _, list := range lists {
		for _, i := range list {
			in[i] = true
		}
	}
	var out []int
	for _, i := range s.Order {
		if in[i] {
			out = append(out, i)
		}
	}
	return out
}

// Folds is how many times models are fitted and tested: once, or once a rolling cut.
func (s *Split) Folds() int {
	if len(s.Windows) == 0 {
		return 1
	}
	return slices.Max(s.Windows)
}

// Fold returns the rows a model may learn from at a cut, counted from 0, and those it is
// tested on: what lies between this cut and the next. Both are oldest first.
func (s *Split) Fold(cut int) (known, held []int) {
	if s.Windows == nil {
		return s.Rows(Train, Valid), s.Rows(Test)
	}
	for _, i := range s.Order {
		switch w := s.Windows[i]; {
		case w <= cut:
			known = append(known, i)
		case w == cut+1:
			held = append(held, i)
		}
	}
	return known, held
}

// Rows returns the indices of the rows in any of the parts, oldest first:
// Rows(Train, Valid) is what a model that is tested may learn from.
func (s *Split) Rows(parts ...Part) []int {
	var out []int
	for _, i := range s.Order {
		if slices.Contains(parts, s.Parts[i]) {
			out = append(out, i)
		}
	}
	return out
}

// Given makes a split of rows whose parts are known, as files for train and test say.
func Given(rows []engine.Row, parts []Part) (Split, error) {
	if len(rows) != len(parts) {
		return Split{}, engine.Invalidf(engine.CodeInvalidField, "split", "every row needs a part: there are %d rows and %d parts", len(rows), len(parts))
	}
	return Split{Order: timeOrder(rows), Parts: slices.Clone(parts)}, nil
}

// Leak is a held-out row that says the same as one that may be learnt from.
type Leak struct{ Test, Other int } // row indices; Other is the oldest such row

// Leaks finds the rows of Test that also stand in Train or Valid: same customer, item,
// type and time, whatever their event ids. Unit is the rule's, nil for the row's
// subject. In given files a leak is a mistake of the files; where rows carry no time, a
// real repeat looks the same.
func (s *Split) Leaks(rows []engine.Row, unit func(*engine.Row) engine.Subject) []Leak {
	held := map[content]bool{}
	for i, p := range s.Parts {
		if p == Test {
			held[contentOf(&rows[i], unit)] = true
		}
	}
	seen := map[content]int{}
	for _, i := range s.Rows(Train, Valid) {
		c := contentOf(&rows[i], unit)
		if _, again := seen[c]; !again && held[c] {
			seen[c] = i
		}
	}
	var out []Leak
	for _, i := range s.Rows(Test) {
		if other, ok := seen[contentOf(&rows[i], unit)]; ok {
			out = append(out, Leak{i, other})
		}
	}
	return out
}

// content is what a row says, comparable.
type content struct {
	unit    engine.Subject
	item    engine.ItemID
	kind    engine.Type
	seconds int64
	nanos   int
}

func contentOf(row *engine.Row, unit func(*engine.Row) engine.Subject) content {
	return content{unitOf(row, unit), row.Item, row.Type, row.At.Unix(), row.At.Nanosecond()}
}

func unitOf(row *engine.Row, unit func(*engine.Row) engine.Subject) engine.Subject {
	if unit != nil {
		return unit(row)
	}
	return row.Subject()
}

// timeOrder returns the indices of rows, oldest first, equal times as given.
func timeOrder(rows []engine.Row) []int {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if c := rows[a].At.Compare(rows[b].At); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return order
}
