package session

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Model is the fitted source.
type Model struct {
	params Params
	rows   *model.Rows
	pairs  uint64   // visits x items at the fit: rows may be lost when ids are
	counts []uint32 // by row: the visits that held it at the fit
	idf    []float64
	// The visits by age, oldest first, and for each row the newest of them that hold
	// it, newest first. A visit's number is its age: no times are kept.
	visits table
	recent table
	worth  []float32 // by visit: what Age and Length leave of it; nil: 1 each
	fades            // tables of the decays
	room   sync.Pool // of *workspace
}

// fades are the decays of STAN in tables, nil where VMIS-kNN has its lines or nothing.
type fades struct {
	click, match []float64 // by place in the visit under way, from the newest
	near         []float64 // by distance in a neighbour; nothing is left beyond
}

// fading returns exp(-i/scale) for i from 0 to n-1, nil for no scale.
func fading(n int, scale float64) []float64 {
	if scale <= 0 {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Exp(-float64(i) / scale)
	}
	return out
}

// reach is the number of distances, from 0, at which exp(-distance/scale) is at least 2^-24: what lies
// further off adds less than a float32 rounds of what the item that is shared adds.
func reach(scale float64) int { return 1 + int(min(scale*24*math.Ln2, math.MaxInt32)) }

// table is a list of lists in one array.
type table struct {
	ends []uint32
	all  []uint32
}

// newTable returns a table with room for so many lists, of so much in all.
func newTable(lists, all int) table {
	return table{make([]uint32, 0, lists), make([]uint32, 0, all)}
}

func (t *table) add(list ...uint32) {
	t.all = append(t.all, list...)
	t.ends = append(t.ends, uint32(len(t.all)))
}

func (t *table) len() int { return len(t.ends) }

func (t *table) of(i uint32) []uint32 {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.all[from:t.ends[i]]
}

// Fit cuts the sequences into visits and indexes them, in one pass on one goroutine.
// Visits that are not among the newest M of any of their items can never be compared
// with, and are not kept: memory is bounded by M times the items.
func Fit(ctx context.Context, seqs *model.Sequences, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	visits, err := gather(ctx, seqs, p)
	if err != nil {
		return nil, err
	}
	seen := make([]uint32, seqs.Rows.Len()) // visits of each row
	pairs := uint64(0)
	reached := make([]bool, len(visits.list))
	for i, v := range slices.Backward(visits.list) {
		for _, row := range visits.of(v) {
			reached[i] = reached[i] || seen[row] < uint32(p.M)
			seen[row]++
			pairs++
		}
	}
	kept, place := keep(seen)
	m := &Model{params: p, rows: seqs.Rows.Subset(kept), pairs: pairs, counts: make([]uint32, len(kept))}
	for at, row := range kept {
		m.counts[at] = seen[row]
	}
	held, items := 0, 0
	for i, v := range visits.list {
		if reached[i] {
			held, items = held+1, items+int(v.items)
		}
	}
	m.visits = newTable(held, items)
	for i, v := range visits.list {
		if !reached[i] {
			continue
		}
		rows := visits.of(v)
		for k, row := range rows {
			rows[k] = place[row]
		}
		m.visits.add(rows...)
		if p.Age > 0 || p.Length > 0 {
			m.worth = append(m.worth, p.worth(seqs.Newest.Sub(time.Unix(0, v.end)), len(rows)))
		}
	}
	m.index()
	return m, nil
}

// worth is what is left of a visit of some age and number of items.
func (p *Params) worth(age time.Duration, items int) float32 {
	w := math.Pow(float64(items), -p.Length)
	if p.Age > 0 {
		w *= math.Exp(-max(0, float64(age)/float64(p.Age)))
	}
	return float32(w)
}

// keep returns the rows that were seen, and the place of each row among them.
func keep(seen []uint32) (kept []int, place []uint32) {
	place = make([]uint32, len(seen))
	for row, count := range seen {
		if count > 0 {
			place[row] = uint32(len(kept))
			kept = append(kept, row)
		}
	}
	return kept, place
}

// index computes what is not saved: the newest visits and the rarity of each row.
func (m *Model) index() {
	n, longest := m.rows.Len(), 0
	m.room.New = func() any { return &workspace{sums: vector.NewSums(n)} }
	for i := range m.visits.len() {
		longest = max(longest, len(m.visits.of(uint32(i))))
	}
	m.fades = fades{fading(m.params.L, m.params.Click), fading(m.params.L, m.params.Match), fading(min(longest, reach(m.params.Near)), m.params.Near)}
	m.idf = make([]float64, n)
	room := make([]uint32, n)
	for row, count := range m.counts {
		m.idf[row] = 1
		if w := m.params.Plain + m.params.IDF*math.Log(float64(m.pairs)/float64(count)); w > 0 {
			m.idf[row] = w
		}
	}
	for _, row := range m.visits.all {
		room[row] = min(room[row]+1, uint32(m.params.M))
	}
	m.recent.ends = make([]uint32, n)
	end := uint32(0)
	next := make([]uint32, n)
	for row, count := range room {
		next[row] = end
		end += count
		m.recent.ends[row] = end
	}
	m.recent.all = make([]uint32, end)
	for i := m.visits.len() - 1; i >= 0; i-- {
		for _, row := range m.visits.of(uint32(i)) {
			if next[row] < m.recent.ends[row] {
				m.recent.all[next[row]] = uint32(i)
				next[row]++
			}
		}
	}
}

// Name is the source's name.
const Name = "session"

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the source was fitted with.
func (m *Model) Params() Params { return m.params }

// Rows returns the items that some visit holds.
func (m *Model) Rows() *model.Rows { return m.rows }

// Visits returns how many visits are kept.
func (m *Model) Visits() int { return m.visits.len() }
