// Package gap finds what a service desk has no fix for: clusters of tickets that say the
// same and that nothing ended.
//
// It knows texts and what became of them, and no fixes; it reads no clock and no file. The
// same tickets give the same clusters.
package gap

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// Fate is what became of a ticket.
type Fate uint8

// The fates. Of what still waits nobody knows yet: it counts neither way.
const (
	Waits     Fate = iota // it is open, and not for long
	Ended                 // a fix ended it for good
	Escalated             // a person took over
	Failed                // fixes were tried, and none ended it for good
	Without               // it was closed, or stands open for long, and no fix is named
)

// Gap reports whether no fix ended the ticket.
func (f Fate) Gap() bool { return f > Ended }

// Ticket is a ticket to be clustered.
type Ticket struct {
	Text     string
	Language string // BCP 47; empty is English
	At       time.Time
	Fate     Fate
}

// Params say how clusters are made. The zero value of a field is its default.
type Params struct {
	Least   int     // tickets without a fix that make a gap; default 3
	Most    int     // clusters at the most, further tickets start none; default 2,000
	Radius  float64 // least likeness of a ticket to the middle of its cluster, a cosine; default 0.35
	Near    float64 // likeness of the middles of two gaps that are one; default 0.5
	Covered float64 // share of tickets ended by a fix below which, surely, there is none; default 0.5
}

func (p Params) orDefaults() Params {
	p.Least, p.Most = cmp.Or(p.Least, 3), cmp.Or(p.Most, 2_000)
	p.Radius, p.Near, p.Covered = cmp.Or(p.Radius, 0.35), cmp.Or(p.Near, 0.5), cmp.Or(p.Covered, 0.5)
	return p
}

const (
	// passes are how often tickets look for the nearest middle after the first time.
	passes = 3
	// termsKept of a ticket, the weightiest, tell it from others, and middleTerms of a cluster.
	termsKept, middleTerms = 24, 64
	// labelTerms name a gap.
	labelTerms = 5
	// commonShare is the part of all tickets above which a term tells nothing apart.
	commonShare = 0.5
	ctxEvery    = 256
)

// Cluster is a gap.
type Cluster struct {
	Terms   []string // that tell it from others, as people write them, weightiest first
	Tickets []int    // places of its tickets without a fix, most typical first
	Ended   int      // tickets alike that a fix ended
}

// Find returns the gaps among tickets, the largest first: clusters with enough tickets
// that no fix ended, of which surely fewer were ended than params say. An ended context
// ends it with its error.
func Find(ctx context.Context, tickets []Ticket, p Params) ([]Cluster, error) {
	s := read(tickets, p.orDefaults())
	for pass := range 1 + passes {
		if err := s.assign(ctx, pass == 0); err != nil {
			return nil, err
		}
		s.recentre()
	}
	found := s.gaps()
	slices.SortFunc(found, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(len(b.Tickets), len(a.Tickets)), cmp.Compare(a.Tickets[0], b.Tickets[0]))
	})
	return found, ctx.Err()
}

// weighed is a term and what it weighs.
type weighed struct {
	term   int32
	weight float64
}

// search is one clustering.
type search struct {
	Params
	tickets  []Ticket
	vectors  [][]weighed // by ticket: unit vectors, ascending by term; nil for one without words
	order    []int       // oldest first
	cluster  []int32     // by ticket; -1 for none
	middles  [][]weighed // by cluster
	surfaces []string    // by term, as it is written most
}

// read makes unit vectors of the tickets' distinct terms, weighed by how rare they are:
// log(1 + N/df). Terms of fewer tickets than make a gap say nothing of it and only lengthen
// them; those of more than half of all say nothing at all, and neither do plain numbers.
func read(tickets []Ticket, p Params) *search {
	s := &search{Params: p, tickets: tickets, vectors: make([][]weighed, len(tickets)), cluster: make([]int32, len(tickets))}
	ids := make(map[string]int32)
	var holding []int
	var written []map[string]int
	of := make([][]int32, len(tickets))
	for i := range tickets {
		s.order = append(s.order, i)
		s.cluster[i] = -1
		for _, w := range text.Words(tickets[i].Text, tickets[i].Language) {
			if !strings.ContainsFunc(w.Term, unicode.IsLetter) {
				continue
			}
			id, known := ids[w.Term]
			if !known {
				id = int32(len(holding))
				ids[w.Term], holding, written = id, append(holding, 0), append(written, make(map[string]int))
			}
			written[id][strings.ToLower(w.Surface)]++
			of[i] = append(of[i], id)
		}
		slices.Sort(of[i])
		of[i] = slices.Compact(of[i])
		for _, id := range of[i] {
			holding[id]++
		}
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return tickets[a].At.Compare(tickets[b].At) })
	s.surfaces = make([]string, len(written))
	for id, forms := range written {
		s.surfaces[id] = commonest(forms)
	}
	for i, terms := range of {
		var v []weighed
		for _, id := range terms {
			if n := holding[id]; n >= max(2, p.Least) && float64(n) <= commonShare*float64(len(tickets)) {
				v = append(v, weighed{id, math.Log(1 + float64(len(tickets))/float64(n))})
			}
		}
		s.vectors[i] = unit(weightiest(v, termsKept))
	}
	return s
}

func commonest(forms map[string]int) string {
	best := ""
	for form, n := range forms {
		if best == "" || n > forms[best] || n == forms[best] && form < best {
			best = form
		}
	}
	return best
}

// weightiest keeps the n of most weight, ascending by term.
func weightiest(v []weighed, n int) []weighed {
	if len(v) > n {
		slices.SortFunc(v, func(a, b weighed) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.term, b.term)) })
		v = v[:n]
	}
	slices.SortFunc(v, func(a, b weighed) int { return cmp.Compare(a.term, b.term) })
	return v
}

// unit makes a vector one of length 1; nil for one without a direction.
func unit(v []weighed) []weighed {
	var square float64
	for _, w := range v {
		square += w.weight * w.weight
	}
	if square == 0 {
		return nil
	}
	for i := range v {
		v[i].weight /= math.Sqrt(square)
	}
	return v
}

func dot(a, b []weighed) (sum float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].term < b[j].term:
			i++
		case a[i].term > b[j].term:
			j++
		default:
			sum += a[i].weight * b[j].weight
			i, j = i+1, j+1
		}
	}
	return sum
}

// assign gives every ticket to the nearest middle within the radius. In the first pass a
// ticket that is near none leads a cluster of its own: leaders stand for theirs until the
// middles are found.
func (s *search) assign(ctx context.Context, leading bool) error {
	lists := make(map[int32][]weighed) // of a term, the clusters whose middle has it (as term), and its weight there
	add := func(cluster int, middle []weighed) {
		for _, w := range middle {
			lists[w.term] = append(lists[w.term], weighed{int32(cluster), w.weight})
		}
	}
	for c, m := range s.middles {
		add(c, m)
	}
	sums := make([]float64, len(s.middles))
	var touched []int32
	for n, i := range s.order {
		if n%ctxEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		touched = touched[:0]
		for _, w := range s.vectors[i] {
			for _, at := range lists[w.term] {
				if sums[at.term] == 0 {
					touched = append(touched, at.term)
				}
				sums[at.term] += w.weight * at.weight
			}
		}
		best, likeness := int32(-1), s.Radius
		for _, c := range touched {
			if sums[c] > likeness || sums[c] == likeness && (best < 0 || c < best) {
				best, likeness = c, sums[c]
			}
			sums[c] = 0
		}
		if best < 0 && leading && s.vectors[i] != nil && len(s.middles) < s.Most {
			best = int32(len(s.middles))
			s.middles, sums = append(s.middles, s.vectors[i]), append(sums, 0)
			add(int(best), s.vectors[i])
		}
		s.cluster[i] = best
	}
	return nil
}

// recentre makes the middle of each cluster the mean of its tickets. One that lost all of
// them has none.
func (s *search) recentre() {
	sums := make([]map[int32]float64, len(s.middles))
	for _, i := range s.order {
		c := s.cluster[i]
		if c < 0 {
			continue
		}
		if sums[c] == nil {
			sums[c] = make(map[int32]float64)
		}
		for _, w := range s.vectors[i] {
			sums[c][w.term] += w.weight
		}
	}
	for c := range s.middles {
		s.middles[c] = middle(sums[c])
	}
}

func middle(sum map[int32]float64) []weighed {
	v := make([]weighed, 0, len(sum))
	for term, weight := range sum {
		v = append(v, weighed{term, weight})
	}
	return unit(weightiest(v, middleTerms))
}

// gaps are the clusters that no fix ends, those that are near each other as one.
func (s *search) gaps() []Cluster {
	members := make([][]int, len(s.middles))
	ended := make([]int, len(s.middles))
	for _, i := range s.order {
		c := s.cluster[i]
		switch {
		case c < 0:
		case s.tickets[i].Fate.Gap():
			members[c] = append(members[c], i)
		case s.tickets[i].Fate == Ended:
			ended[c]++
		}
	}
	var bare []int
	for c := range members {
		if len(members[c]) > 0 && !s.covered(ended[c], len(members[c])) {
			bare = append(bare, c)
		}
	}
	slices.SortStableFunc(bare, func(a, b int) int { return cmp.Compare(len(members[b]), len(members[a])) })
	var joined [][]int // clusters, the largest first
	for _, c := range bare {
		at := slices.IndexFunc(joined, func(to []int) bool { return dot(s.middles[to[0]], s.middles[c]) >= s.Near })
		if at < 0 {
			joined = append(joined, []int{c})
		} else {
			joined[at] = append(joined[at], c)
		}
	}
	var out []Cluster
	for _, parts := range joined {
		var g Cluster
		sum := make(map[int32]float64)
		for _, c := range parts {
			g.Ended += ended[c]
			g.Tickets = append(g.Tickets, members[c]...)
		}
		for _, i := range g.Tickets {
			for _, w := range s.vectors[i] {
				sum[w.term] += w.weight
			}
		}
		if len(g.Tickets) < s.Least || s.covered(g.Ended, len(g.Tickets)) {
			continue
		}
		out = append(out, s.described(g, middle(sum)))
	}
	return out
}

// covered reports whether fixes may end so many of such tickets that there is no gap.
func (s *search) covered(ended, others int) bool {
	return ended > 0 && engine.Wilson(ended, ended+others).High >= s.Covered
}

// described puts the tickets in order and names the gap.
func (s *search) described(g Cluster, middle []weighed) Cluster {
	likeness := make(map[int]float64, len(g.Tickets))
	for _, i := range g.Tickets {
		likeness[i] = dot(s.vectors[i], middle)
	}
	slices.SortFunc(g.Tickets, func(a, b int) int {
		return cmp.Or(cmp.Compare(likeness[b], likeness[a]), cmp.Compare(a, b))
	})
	slices.SortFunc(middle, func(a, b weighed) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.term, b.term)) })
	for _, w := range middle[:min(len(middle), labelTerms)] {
		g.Terms = append(g.Terms, s.surfaces[w.term])
	}
	return g
}
