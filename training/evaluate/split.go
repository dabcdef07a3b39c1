package evaluate

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

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

// Rule says how a log is split. The zero Rule is not valid; see ParseRule.
type Rule struct {
	Name  string  // "last-out", "time", "random", "rolling" or "cold-items"
	Share float64 // of "time" and "random": what is not held out, between 0 and 1; of "cold-items" what is
	Cuts  int     // of "rolling"
	// Cut replaces the share of "time": rows from this moment on are held out. The
	// share then only parts validation from training.
	Cut time.Time
	// Seed of "random" and "cold-items".
	Seed uint64
	// Baskets parts timelines at baskets: rows of one order, or else of one moment, stay
	// together. For "last-out" alone.
	Baskets bool
	// Target says what counts as something to predict, nil for any row with an item.
	// "last-out" cuts at targets; the other rules split all rows alike.
	Target func(*engine.Row) bool
	// Unit says whose timeline a row belongs to, nil for the row's subject. With
	// engine.OfSession(row.Session) each session is a timeline of its own.
	Unit func(*engine.Row) engine.Subject
	// Whole keeps a timeline together: by "time" all of it goes where its newest row
	// belongs, at "random" where its unit falls. "last-out" parts timelines always.
	Whole bool
}

// maxCuts bounds the fits of a rolling evaluation.
const maxCuts = 20

// rules names the splits there are.
const rules = "last-out, time:0.8, random:0.8 and rolling:5"

// ParseRule reads "last-out", "time:0.8", "random:0.8" or "rolling:5".
func ParseRule(text string) (Rule, error) {
	name, share, hasShare := strings.Cut(text, ":")
	switch {
	case name == "last-out" && !hasShare:
		return Rule{Name: name}, nil
	case name == "last-out":
		return Rule{}, engine.Invalidf(engine.CodeInvalidField, "split", "last-out holds out each customer's last interaction and takes no share; this one says %q", share)
	case name == "rolling":
		n, err := strconv.Atoi(share)
		if err != nil || n < 2 || n > maxCuts {
			return Rule{}, engine.Invalidf(engine.CodeInvalidField, "split", "rolling needs the number of cuts, from 2 to %d, as in rolling:5", maxCuts)
		}
		return Rule{Name: name, Cuts: n}, nil
	case name != "time" && name != "random":
		return Rule{}, engine.Invalidf(engine.CodeInvalidField, "split", "no split is called %q; there are %s", name, rules)
	}
	f, err := strconv.ParseFloat(share, 64)
	if err != nil || !(f > 0 && f < 1) {
		return Rule{}, engine.Invalidf(engine.CodeInvalidField, "split", "%s needs the share that is not held out, between 0 and 1, as in %s:0.8", name, name)
	}
	return Rule{Name: name, Share: f}, nil
}

// ColdItems is the rule that holds out all interactions of a share of the items.
func ColdItems(share float64) (Rule, error) {
	if !(share > 0 && share < 1) {
		return Rule{}, engine.Invalidf(engine.CodeInvalidField, "cold-items", "the share of the items that is held out, between 0 and 1, as in 0.2")
	}
	return Rule{Name: coldItems, Share: share}, nil
}

const coldItems = "cold-items"

// String returns the form ParseRule reads; a cut by date reads "time:2026-01-31T00:00:00Z".
func (r Rule) String() string {
	switch {
	case r.Name == "last-out" && r.Baskets:
		return "last-out of baskets"
	case r.Name == "last-out":
		return r.Name
	case r.Name == "rolling":
		return r.Name + ":" + strconv.Itoa(r.Cuts)
	case !r.Cut.IsZero():
		return r.Name + ":" + r.Cut.Format(time.RFC3339)
	}
	return r.Name + ":" + strconv.FormatFloat(r.Share, 'g', -1, 64)
}

// Split splits the rows, which may stand in any order.
//
// last-out: of each customer's timeline the last target is held out for the test, and
// what follows it goes with it; the target before that is the validation, likewise.
// Lines of one order are one event and are held out together. At least one row of a
// timeline stays in train: with nothing before it, there is nothing to predict from.
// With Baskets it is the last basket and the one before.
//
// time: the newest rows are the test. The cut is a moment, so rows of the same moment
// are never parted (where rows carry no time, their order is the time order and the cut
// is a place). What is older is cut once more by the same share for the validation.
// Whole timelines stand where their newest row does.
//
// rolling: several cuts like that of time, at equal shares of the targets in the later
// half: of five cuts the first lies where half of the targets have happened, the others
// a tenth further on each. What lies between a cut and the next is tested by models that
// know all before the cut. All of it is Test: settings are chosen once, before the first
// cut, where the last fifth is the validation.
//
// random: a row's part depends on the seed and the row alone, not on the rows around
// it, and equal rows share a part. Of the rest the same share again is train.
//
// cold-items: an item's part depends on the seed and its id alone, and all its rows go
// there: the share of the items is the test, the same share of the rest the validation.
func (r Rule) Split(rows []engine.Row) (Split, error) {
	s := Split{Order: timeOrder(rows), Parts: make([]Part, len(rows))}
	var err error
	switch r.Name {
	case "last-out":
		r.lastOut(rows, s)
	case "time":
		err = r.byTime(rows, s)
	case "rolling":
		err = r.rolling(rows, &s)
	case "random":
		r.atRandom(rows, s)
	case coldItems:
		r.coldItems(rows, &s)
	default:
		return Split{}, engine.Invalidf(engine.CodeInvalidField, "split", "no split is called %q; there are %s", r.Name, rules)
	}
	return s, err
}

// Given makes a split of rows whose parts are known, as files for train and test say.
func Given(rows []engine.Row, parts []Part) (Split, error) {
	if len(rows) != len(parts) {
		return Split{}, engine.Invalidf(engine.CodeInvalidField, "split", "every row needs a part: there are %d rows and %d parts", len(rows), len(parts))
	}
	return Split{Order: timeOrder(rows), Parts: slices.Clone(parts)}, nil
}

// lastOut cuts every timeline at its last target and at the one before.
func (r Rule) lastOut(rows []engine.Row, s Split) {
	timelines := map[engine.Subject][]int{}
	for _, i := range s.Order {
		if u := unitOf(&rows[i], r.Unit); !u.IsZero() {
			timelines[u] = append(timelines[u], i)
		}
	}
	for _, line := range timelines {
		test := r.lastTarget(rows, line)
		if test == 0 {
			continue
		}
		valid := r.lastTarget(rows, line[:test])
		for at, i := range line {
			switch {
			case at >= test:
				s.Parts[i] = Test
			case valid > 0 && at >= valid:
				s.Parts[i] = Valid
			}
		}
	}
}

// lastTarget returns the place in a timeline where the event of its last target begins,
// 0 if nothing stands before it or there is none.
func (r Rule) lastTarget(rows []engine.Row, line []int) int {
	at := len(line) - 1
	for at > 0 && !r.target(&rows[line[at]]) {
		at--
	}
	for at > 0 && r.joined(&rows[line[at]], &rows[line[at-1]]) {
		at--
	}
	return max(at, 0)
}

// joined reports whether two rows of a timeline, one after the other, are never parted.
func (r Rule) joined(a, b *engine.Row) bool {
	return sameEvent(a, b) || (r.Baskets && SameBasket(a, b))
}

// SameBasket reports whether two rows of one customer are of one basket: of one order
// where both name theirs, else of one moment.
func SameBasket(a, b *engine.Row) bool {
	if a.OrderID != "" && b.OrderID != "" {
		return a.OrderID == b.OrderID
	}
	return sameEvent(a, b) || (!a.At.IsZero() && a.At.Equal(b.At))
}

// sameEvent reports whether two rows are lines of one order.
func sameEvent(a, b *engine.Row) bool {
	named := a.EventID != "" || a.Event != engine.Hash16{}
	return named && a.EventID == b.EventID && a.Event == b.Event
}

func (r Rule) target(row *engine.Row) bool {
	return row.Item != "" && (r.Target == nil || r.Target(row))
}

// byTime cuts all rows at one moment, and the older ones at another.
func (r Rule) byTime(rows []engine.Row, s Split) error {
	share := r.Share
	line := r.timeline(rows, s.Order)
	var test int
	if r.Cut.IsZero() {
		test = cutAt(line.order, share, line.together)
	} else {
		test, _ = slices.BinarySearchFunc(line.order, r.Cut, func(i int, cut time.Time) int { return line.moment(i).Compare(cut) })
		if share == 0 {
			share = validFrom
		}
	}
	if test == 0 || test == len(line.order) {
		return engine.Invalidf(engine.CodeInvalidField, "split", "%s leaves %d of %d interactions to learn from; both sides need some, and those of one moment stay together", r, test, len(rows))
	}
	line.part(s.Parts, share, test)
	return nil
}

// validFrom is the share of what may be learnt from that is older than the validation,
// where the rule says none.
const validFrom = 0.8

// rolling cuts all rows at several moments, and those before the first at another.
func (r Rule) rolling(rows []engine.Row, s *Split) error {
	line := r.timeline(rows, s.Order)
	var targets []int // places in the order
	for at, i := range line.order {
		if r.target(&rows[i]) {
			targets = append(targets, at)
		}
	}
	s.Windows = make([]int, len(rows))
	var first, last int
	for c := range r.Cuts {
		at := 0
		if len(targets) > 0 {
			at = targets[(r.Cuts+c)*len(targets)/(2*r.Cuts)]
		}
		for at > 0 && line.together(line.order[at-1], line.order[at]) {
			at--
		}
		if at <= last {
			return engine.Invalidf(engine.CodeInvalidField, "split", "%s: cuts %d and %d fall on one moment, and what happened at one moment stays together; ask for fewer cuts", r, c, c+1)
		}
		if last = at; c == 0 {
			first = at
		}
		for _, i := range line.order[at:] {
			s.Windows[i] = c + 1
		}
	}
	line.part(s.Parts, validFrom, first)
	return nil
}

// timeline is the rows as a cut in time meets them.
type timeline struct {
	rows  []engine.Row
	order []int
	last  []int // of each row the one that says when it counts
}

func (r Rule) timeline(rows []engine.Row, order []int) *timeline {
	standing, last := r.standing(rows, order)
	return &timeline{rows, standing, last}
}

func (l *timeline) moment(i int) time.Time { return l.rows[l.last[i]].At }

// together reports whether no cut may part two rows.
func (l *timeline) together(i, j int) bool {
	return l.last[i] == l.last[j] || (!l.moment(i).IsZero() && l.moment(i).Equal(l.moment(j)))
}

// part makes what stands from test on the test, and of what stands before it all but the
// share the validation; none where all of it is of one moment.
func (l *timeline) part(parts []Part, share float64, test int) {
	valid := cutAt(l.order[:test], share, l.together)
	if valid == 0 {
		valid = test
	}
	for at, i := range l.order {
		switch {
		case at >= test:
			parts[i] = Test
		case at >= valid:
			parts[i] = Valid
		}
	}
}

// standing returns the rows in the order in which a cut in time meets them, and of each
// row the one that says when it counts: itself, or the newest of its timeline.
func (r Rule) standing(rows []engine.Row, order []int) (standing, last []int) {
	last = make([]int, len(rows))
	if !r.Whole {
		for i := range last {
			last[i] = i
		}
		return order, last
	}
	newest := map[engine.Subject]int{}
	place := make([]int, len(rows))
	for at, i := range order {
		newest[unitOf(&rows[i], r.Unit)] = i
		place[i] = at
	}
	for i := range last {
		last[i] = newest[unitOf(&rows[i], r.Unit)]
	}
	standing = slices.Clone(order)
	slices.SortStableFunc(standing, func(i, j int) int { return cmp.Compare(place[last[i]], place[last[j]]) })
	return standing, last
}

// cutAt returns the place in order before which the given share of rows lies, moved to
// the first row of those that stay together; 0 if there is no such place.
func cutAt(order []int, share float64, together func(i, j int) bool) int {
	if len(order) < 2 {
		return 0
	}
	at := min(max(int(math.Round(share*float64(len(order)))), 1), len(order)-1)
	for at > 0 && together(order[at-1], order[at]) {
		at--
	}
	return at
}

// atRandom deals the rows by a hash of the seed and what they say.
func (r Rule) atRandom(rows []engine.Row, s Split) {
	h := fnv.New64a()
	var buf []byte
	for i := range rows {
		c := contentOf(&rows[i], r.Unit)
		if r.Whole {
			c = content{unit: c.unit}
		}
		buf = binary.LittleEndian.AppendUint64(buf[:0], uint64(c.seconds))
		buf = binary.LittleEndian.AppendUint32(buf, uint32(c.nanos))
		for _, text := range []string{string(c.unit.Kind), c.unit.ID, string(c.item), string(c.kind)} {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(len(text)))
			buf = append(buf, text...)
		}
		h.Reset()
		h.Write(buf) // never fails
		switch u := r.lot(h.Sum64()); {
		case u >= r.Share:
			s.Parts[i] = Test
		case u >= r.Share*r.Share:
			s.Parts[i] = Valid
		}
	}
}

// lot is a number in [0, 1) that depends on the seed and a hash alone.
func (r Rule) lot(hash uint64) float64 { return float64(mix(hash^mix(r.Seed))>>11) / (1 << 53) }

// coldItems deals the items by a hash of the seed and their id.
func (r Rule) coldItems(rows []engine.Row, s *Split) {
	s.Only, s.ValidOnly = make(map[engine.ItemID]bool), make(map[engine.ItemID]bool)
	h := fnv.New64a()
	for i := range rows {
		if rows[i].Item == "" {
			continue
		}
		h.Reset()
		h.Write([]byte(rows[i].Item)) // never fails
		switch u := r.lot(h.Sum64()); {
		case u < r.Share:
			s.Parts[i], s.Only[rows[i].Item] = Test, true
		case u < r.Share+(1-r.Share)*r.Share:
			s.Parts[i], s.ValidOnly[rows[i].Item] = Valid, true
		}
	}
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

// mix spreads every bit of x over all others (the finaliser of SplitMix64, Steele, Lea
// and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
