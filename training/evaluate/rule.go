package evaluate

import (
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

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

// mix spreads every bit of x over all others (the finaliser of SplitMix64, Steele, Lea
// and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
