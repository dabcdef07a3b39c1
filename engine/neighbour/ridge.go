package neighbour

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// RidgeName is the name of the source of FitRidge.
const RidgeName = "ridge"

// RidgeParams are the settings of FitRidge. The zero value of each stands for its
// default.
type RidgeParams struct {
	K      int     `json:"k"`      // most similar items that each item is foretold from, at most; default 100
	Lambda float64 `json:"lambda"` // strength of the regularisation, in customers; default 50
	// Shrink is added below the fraction of the cosine that chooses neighbours, so that
	// what few customers want does not crowd out the rest; below 0 none, default 20.
	Shrink float64 `json:"shrink"`
	// Recent is how much an item of the history counts beside the one after it: the i-th
	// newest counts Recent^i. 1, the default, is a history without order; what comes next
	// hangs more on what was last, and 0.7 to 0.9 are worth trying.
	Recent float64 `json:"recent"`
	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

func (RidgeParams) source() (name string, version uint32) { return RidgeName, 1 }

func (p RidgeParams) fitted() RidgeParams {
	p.Recent, p.Workers = 0, 0
	return p
}

func (p RidgeParams) recency() float64 { return p.Recent }

// WithDefaults returns p with the default for what is zero: these lie within 1 % of the
// best settings on the validation parts of Amazon Beauty, Last.fm and MovieLens 100K
// (benchmarks/linear).
func (p RidgeParams) WithDefaults() RidgeParams {
	if p.K == 0 {
		p.K = 100
	}
	if p.Lambda == 0 {
		p.Lambda = 50
	}
	if p.Shrink == 0 {
		p.Shrink = 20
	}
	if p.Recent == 0 {
		p.Recent = 1
	}
	if p.Workers == 0 {
		p.Workers = 1
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p RidgeParams) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p RidgeParams) check() error {
	switch {
	case p.K < 1 || p.K > maxK:
		return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number from 1 to %d, not %d", maxK, p.K)
	case !(p.Lambda > 0) || math.IsInf(p.Lambda, 1):
		return engine.Invalidf(engine.CodeInvalidField, "lambda", "a number above 0, not %v", p.Lambda)
	case math.IsNaN(p.Shrink) || math.IsInf(p.Shrink, 0):
		return engine.Invalidf(engine.CodeInvalidField, "shrink", "a finite number, not %v", p.Shrink)
	case p.Workers < 1:
		return engine.Invalidf(engine.CodeInvalidField, "workers", "a whole number above 0, not %d", p.Workers)
	}
	return checkRecent(p.Recent)
}

// Ridge is the fitted source "ridge": EASE, where each item is foretold from its K most
// similar items alone.
type Ridge = Links[RidgeParams]

// FitRidge learns for each item j the weights b of its K most similar items N, by the
// cosine of who wanted them, that
//
//	(G_NN + lambda I) b = G_Nj
//
// where G counts how many customers wanted both of two items: the ridge regression of
// who wanted j on who wanted those. With all other items in N it is column j of EASE's
// weights; to regress on the most similar ones is how SLIM is made to scale (fsSLIM;
// Ning and Karypis, "SLIM: sparse linear methods for top-n recommender systems", 2011,
// section 4.3). An item costs K^3/6 multiplications, and all of them together some times
// what the search for neighbours does; the memory is pairsBytes, 8 K^2 bytes a worker and
// up to 4 + K/8 a worker and customer, and the source's 8 K bytes an item.
func FitRidge(ctx context.Context, data *model.Data, p RidgeParams) (*Ridge, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	learn := learnRidge[uint32]
	if data.Rows.Len() <= 1<<16 {
		learn = learnRidge[uint16]
	}
	scoredBy, err := learn(ctx, &wanting{data, ones}, p, pairsBytes)
	if err != nil {
		return nil, fmt.Errorf("fit ridge, lambda %v: %w", p.Lambda, err)
	}
	return newLinks(p, data.Rows, model.TurnedEdges(scoredBy)), nil
}

// LoadRidge is the model.Loader of the source.
func LoadRidge(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	return loadLinks[RidgeParams](r, ids)
}

// pairsBytes is how much the counts of pairs may take that are learned from at a time.
const pairsBytes = 32 << 20

// learnRidge returns for each row its neighbours and their weights, from counts of so many
// bytes at a time.
func learnRidge[P place](ctx context.Context, wanted *wanting, p RidgeParams, room int) ([][]model.Edge, error) {
	s := newSimilarity(wanted, p.Shrink)
	t := turn[P](wanted, s.norms)
	near, err := t.nearest(ctx, s.shrink, neighbours(p.K, len(t.rows)), p.Workers)
	if err != nil {
		return nil, err
	}
	step := max(1, room/(4*triangle(neighbours(p.K, len(t.rows))+1)))
	var g *groups[P]
	for from := 0; from < len(t.rows); from += step {
		g = newGroups(t, near, from, min(from+step, len(t.rows)), g)
		if g.apart {
			g.countApart(ctx, p.Workers)
		} else {
			g.countTogether(ctx, p.Workers)
		}
		if err := g.learn(ctx, near, p); err != nil {
			return nil, err
		}
	}
	return near, nil
}

// groups are some items, each with its neighbours, and how many customers want both of any
// two of a group. Two items may be neighbours of many: they are counted once for all, unless they
// are of so few groups that it takes less to count in each apart.
type groups[P place] struct {
	*turned[P]
	from    int   // place of the first group's item
	members [][]P // of each group: the neighbours' places and the item's own, ascending
	counts  []float32
	starts  []int // of each group in counts: a lower triangle, row by row
	apart   bool  // whether to count in each group apart
	// The places that are in a group, and for each in which.
	places []P
	ends   []int // of each of places in seats
	seats  []seat
}

// seat is where a place stands in a group.
type seat struct{ group, at uint32 }

// newGroups returns the groups of some places' items, in the room of those before; nil for
// none.
func newGroups[P place](t *turned[P], near [][]model.Edge, from, to int, before *groups[P]) *groups[P] {
	if before == nil {
		before = new(groups[P])
	}
	g := &groups[P]{turned: t, from: from, members: make([][]P, to-from), starts: make([]int, to-from)}
	in, size, apart := make([]int, len(t.rows)), 0, 0
	for i := range g.members {
		edges := near[t.rows[from+i]]
		members := make([]P, 0, len(edges)+1)
		for _, e := range edges {
			members = append(members, t.of[e.Row])
		}
		members = append(members, P(from+i))
		slices.Sort(members)
		for _, m := range members {
			in[m]++
			begin, end := t.column(int(m))
			apart += apartCost * (end - begin)
		}
		g.members[i], g.starts[i] = members, size
		size += triangle(len(members))
	}
	g.counts = slices.Grow(before.counts[:0], size)[:size]
	together := 0
	for place, n := range in {
		if n > 0 {
			together += t.loads[place] + place/clearedAtOnce
		}
	}
	if g.apart = apart < together; !g.apart {
		g.seat(in, before)
	}
	return g
}

// What it costs to count a customer of an item in one group, in steps of adding 1 for one of
// the customer's items; and how many sums are emptied in a step.
const (
	apartCost     = 8
	clearedAtOnce = 16
)

// seat lays out in which groups each place is, of in[place] groups, in the room of those before.
func (g *groups[P]) seat(in []int, before *groups[P]) {
	next, end := in, 0
	for place, n := range in {
		next[place] = end
		if n > 0 {
			end += n
			g.places, g.ends = append(g.places, P(place)), append(g.ends, end)
		}
	}
	g.seats = slices.Grow(before.seats[:0], end)[:end]
	for i, members := range g.members {
		for at, m := range members {
			g.seats[next[m]] = seat{uint32(i), uint32(at)}
			next[m]++
		}
	}
}

// countApart counts in each group by itself: each member has a bit for every customer who wants another
// member, too, and what two have in common is how many bits both have.
func (g *groups[P]) countApart(ctx context.Context, workers int) {
	scratch := make([]*apart, workers)
	vector.Fork(workers, len(g.members), func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = &apart{of: make([]uint32, len(g.turned.starts))}
		}
		r := scratch[worker]
		r.begin()
		for _, m := range g.members[i] {
			from, to := g.column(int(m))
			r.meet(g.customers[from:to])
		}
		for _, m := range g.members[i] {
			from, to := g.column(int(m))
			r.add(g.customers[from:to])
		}
		counts := g.counts[g.starts[i]:][:triangle(len(g.members[i]))]
		for at, m := range g.members[i] {
			from, to := g.column(int(m))
			row := counts[triangle(at):][:at+1]
			r.common(at, row)
			row[at] = float32(to - from)
		}
		for _, m := range g.members[i] {
			from, to := g.column(int(m))
			r.leave(g.customers[from:to])
		}
	})
}

// apart is where one group's customers are counted.
type apart struct {
	// of each customer: 0, 1 for who wants one member, several for who wants more, and more than that for
	// whose number, from 1, is given.
	of   []uint32
	n    uint32   // numbers that are given
	bits []uint64 // of one member after another
	ends []int    // of each member in bits
}

const several = 2

func (r *apart) begin() { r.n, r.bits, r.ends = 0, r.bits[:0], r.ends[:0] }

// meet tells who wants a member.
func (r *apart) meet(customers []uint32) {
	for _, u := range customers {
		r.of[u] = min(r.of[u]+1, several)
	}
}

// add adds a member. Its bits reach up to the newest number.
func (r *apart) add(customers []uint32) {
	of, n := r.of, r.n
	for _, u := range customers {
		if of[u] == several {
			n++
			of[u] = several + n
		}
	}
	begin, words := len(r.bits), int(n+63)/64
	r.bits = slices.Grow(r.bits, words)[:begin+words]
	bits := r.bits[begin:]
	clear(bits)
	for _, u := range customers {
		if of[u] > several {
			at := of[u] - several - 1
			bits[at/64] |= 1 << (at % 64)
		}
	}
	r.n, r.ends = n, append(r.ends, len(r.bits))
}

// member returns a member's bits.
func (r *apart) member(at int) []uint64 {
	if at == 0 {
		return r.bits[:r.ends[0]]
	}
	return r.bits[r.ends[at-1]:r.ends[at]]
}

// common writes how many customers want a member and each of those before it, too.
func (r *apart) common(at int, row []float32) {
	one := r.member(at)
	for before := range at {
		row[before] = float32(vector.CountBoth(r.member(before), one))
	}
}

func (r *apart) leave(customers []uint32) {
	for _, u := range customers {
		r.of[u] = 0
	}
}

// countTogether counts each item with those before it, and hands the counts to all groups.
func (g *groups[P]) countTogether(ctx context.Context, workers int) {
	g.locate()
	scratch := make([]*accumulator[P], workers)
	vector.Fork(workers, len(g.places), func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = newAccumulator(g.turned)
		}
		sums, place := scratch[worker].sums, int(g.places[i])
		from, to := g.column(place)
		for c := from; c < to; c++ {
			count(sums, g.turned.places[g.turned.starts[g.customers[c]]:g.cells[c]])
		}
		sums[place] = float32(to - from)
		from = 0
		if i > 0 {
			from = g.ends[i-1]
		}
		for _, s := range g.seats[from:g.ends[i]] {
			row := g.counts[g.starts[s.group]+triangle(int(s.at)):]
			for at, m := range g.members[s.group][:s.at+1] {
				row[at] = sums[m]
			}
		}
		clear(sums[:place+1])
	})
}

// learn replaces the groups' edges in near by the weights that foretell the item of each.
func (g *groups[P]) learn(ctx context.Context, near [][]model.Edge, p RidgeParams) error {
	scratch, failed := make([]normal, p.Workers), make([]error, p.Workers)
	vector.Fork(p.Workers, len(g.members), func(worker, i int) {
		if ctx.Err() != nil || failed[worker] != nil || len(g.members[i]) == 1 {
			return
		}
		own, _ := slices.BinarySearch(g.members[i], P(g.from+i))
		weights, err := scratch[worker].solve(g.counts[g.starts[i]:], len(g.members[i]), own, p.Lambda)
		if err != nil {
			failed[worker] = err
			return
		}
		edges := near[g.rows[g.from+i]][:0]
		for at, m := range g.members[i] {
			if at != own {
				edges = append(edges, model.Edge{Row: uint32(g.rows[m]), Weight: float32(weights[len(edges)])})
			}
		}
	})
	for _, err := range append(failed, ctx.Err()) {
		if err != nil {
			return err
		}
	}
	return nil
}

// normal is where normal equations are solved, one after another.
type normal struct {
	lower, right []float64
	sums         *vector.Sym
}

// solve returns the weights of all but one of n items that foretell that one, from the
// counts of their pairs.
func (e *normal) solve(counts []float32, n, own int, lambda float64) ([]float64, error) {
	e.lower, e.right = e.lower[:0], e.right[:0]
	for i := range n {
		row := counts[triangle(i):][:i+1]
		switch {
		case i < own:
			e.right = append(e.right, float64(counts[triangle(own)+i]))
		case i > own:
			e.right = append(e.right, float64(row[own]))
		default:
			continue
		}
		for j, c := range row {
			if j != own {
				e.lower = append(e.lower, float64(c))
			}
		}
	}
	if e.sums == nil || e.sums.Len() != n-1 {
		e.sums = vector.NewSym(n - 1)
	}
	e.sums.SetLower(e.lower)
	e.sums.AddDiagonal(lambda)
	if err := e.sums.Factorise(); err != nil {
		return nil, err
	}
	e.sums.Solve(e.right)
	return e.right, nil
}
