package main

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

// inverted is an inverted file (Jegou, Douze and Schmid 2011) over rows laid cluster by
// cluster: their bytes are scanned as the product scans all.
type inverted struct {
	dims    int
	centres []float32 // a row each
	ends    []int     // of each cluster in rows
	rows    []uint32  // as they were numbered, cluster by cluster
	places  []uint32  // of each row in rows
	radius  []float32 // the farthest row of each cluster from its centre
	table   *vector.Table
	find    vector.Search
	scores  []float32
	mask    []uint64
}

// build learns the centres from a sample and lays the rows out. k-means is by Euclidean
// distance: rows near to one another have like products with any query.
func (f *inverted) build(ctx context.Context, rows []float32, o *options) error {
	n, d := len(rows)/f.dims, f.dims
	k := min(o.clusters, n)
	rng := rand.New(rand.NewPCG(12, 12))
	size := min(n, k*o.sample)
	sample := make([]float32, 0, size*d)
	for _, at := range rng.Perm(n)[:size] {
		sample = append(sample, rows[at*d:][:d]...)
	}
	f.centres = slices.Clone(sample[:k*d])
	of := make([]int32, size)
	for range o.passes {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.assign(sample, of)
		f.move(sample, of)
	}
	of = make([]int32, n)
	f.assign(rows, of)
	f.ends = make([]int, k)
	for _, c := range of {
		f.ends[c]++
	}
	starts, sum := make([]int, k), 0
	for c, count := range f.ends {
		starts[c] = sum
		sum += count
		f.ends[c] = sum
	}
	f.rows, f.radius = make([]uint32, n), make([]float32, k)
	laid := make([]float32, n*d)
	for i, c := range of {
		row := rows[i*d:][:d]
		f.rows[starts[c]] = uint32(i)
		copy(laid[starts[c]*d:], row)
		starts[c]++
		f.radius[c] = max(f.radius[c], distance(row, f.centres[int(c)*d:][:d]))
	}
	f.places = make([]uint32, n)
	for at, row := range f.rows {
		f.places[row] = uint32(at)
	}
	f.table = vector.NewTable(laid, d)
	f.mask = make([]uint64, (n+63)/64)
	f.scores = make([]float32, k)
	return nil
}

// assign finds the nearest centre of each row.
func (f *inverted) assign(rows []float32, of []int32) {
	d := f.dims
	k := len(f.centres) / d
	half := make([]float32, k)
	for c := range half {
		v := f.centres[c*d:][:d]
		half[c] = vector.Dot(v, v) / 2
	}
	const some = 64
	dots := make([]float32, some*k)
	for from := 0; from < len(of); from += some {
		count := min(some, len(of)-from)
		vector.DotMany(dots[:count*k], f.centres, rows[from*d:][:count*d], d)
		for i := range count {
			best, at := float32(math.Inf(-1)), 0
			for c, dot := range dots[i*k:][:k] {
				if v := dot - half[c]; v > best {
					best, at = v, c
				}
			}
			of[from+i] = int32(at)
		}
	}
}

// move puts each centre into the mean of its rows; one without rows stays.
func (f *inverted) move(rows []float32, of []int32) {
	d := f.dims
	sums, counts := make([]float64, len(f.centres)), make([]float64, len(f.centres)/d)
	for i, c := range of {
		vector.AddTo(sums[int(c)*d:][:d], rows[i*d:][:d])
		counts[c]++
	}
	for c, count := range counts {
		if count > 0 {
			for j := range d {
				f.centres[c*d+j] = float32(sums[c*d+j] / count)
			}
		}
	}
}

// span is where a cluster's rows lie.
func (f *inverted) span(c int) (from, to int) {
	if c > 0 {
		from = f.ends[c-1]
	}
	return from, f.ends[c]
}

// best are the clusters whose centres score best.
func (f *inverted) best(q []float32, probes int) []vector.Scored {
	vector.DotRows(f.scores, f.centres, q)
	top := vector.NewTop(probes)
	top.Offer(0, f.scores)
	return top.Best()
}

// search returns the best of the rows in some clusters.
func (f *inverted) search(q *query, probes int) []vector.Scored {
	clusters := f.best(q.vector, probes)
	for _, c := range clusters {
		from, to := f.span(int(c.Item))
		fill(f.mask, from, to, true)
	}
	for _, row := range q.had {
		at := f.places[row]
		f.mask[at/64] &^= 1 << (at % 64)
	}
	found := f.table.Best(&f.find, q.vector, wanted, f.mask)
	for _, c := range clusters {
		from, to := f.span(int(c.Item))
		fill(f.mask, from, to, false)
	}
	return found
}

// fill sets or clears bits.
func fill(mask []uint64, from, to int, set bool) {
	for w := from / 64; w*64 < to; w++ {
		word := ^uint64(0)
		if from > w*64 {
			word &= ^uint64(0) << (from - w*64)
		}
		if to < w*64+64 {
			word &= 1<<(to-w*64) - 1
		}
		if set {
			mask[w] |= word
		} else {
			mask[w] &^= word
		}
	}
}

// judge finds recall, and the share of rows that are looked at.
func (f *inverted) judge(p *probe, queries []query, truth [][]vector.Scored) {
	hits, all, rows := 0, 0, 0
	for i := range queries {
		q := &queries[i]
		for _, c := range f.best(q.vector, p.Probes) {
			from, to := f.span(int(c.Item))
			rows += to - from
		}
		found := f.search(q, p.Probes)
		all += len(truth[i])
		for _, t := range truth[i] {
			if slices.ContainsFunc(found, func(s vector.Scored) bool { return f.rows[s.Item] == uint32(t.Item) }) {
				hits++
			}
		}
	}
	p.Recall = float64(hits) / float64(all)
	p.Rows = float64(rows) / float64(len(queries)*len(f.rows))
}

// left is the share of rows in clusters that may hold one of the best ten: no row of a
// cluster scores more than its centre does, and the query's length times the radius.
func (f *inverted) left(queries []query, truth [][]vector.Scored) float64 {
	rows := 0
	for i := range queries {
		q := queries[i].vector
		vector.DotRows(f.scores, f.centres, q)
		length, least := norm(q), truth[i][len(truth[i])-1].Score
		for c, score := range f.scores {
			if score+length*f.radius[c] >= least {
				from, to := f.span(c)
				rows += to - from
			}
		}
	}
	return float64(rows) / float64(len(queries)*len(f.rows))
}

// leftByLength is the share of rows that are long enough to be among the best ten.
func leftByLength(rows []float32, d int, queries []query, truth [][]vector.Scored) float64 {
	lengths := make([]float32, len(rows)/d)
	for i := range lengths {
		lengths[i] = norm(rows[i*d:][:d])
	}
	slices.Sort(lengths)
	left := 0
	for i, q := range queries {
		at, _ := slices.BinarySearch(lengths, truth[i][len(truth[i])-1].Score/norm(q.vector))
		left += len(lengths) - at
	}
	return float64(left) / float64(len(queries)*len(lengths))
}

func norm(v []float32) float32 { return float32(math.Sqrt(float64(vector.Dot(v, v)))) }

func distance(a, b []float32) float32 {
	sum := 0.0
	for i := range a {
		x := float64(a[i]) - float64(b[i])
		sum += x * x
	}
	return float32(math.Sqrt(sum))
}
