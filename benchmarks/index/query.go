package main

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/benchmarks/within"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// query is somebody who asks.
type query struct {
	vector   []float32
	had      []int           // rows that are not to be found
	eligible *roaring.Bitmap // items that are
}

func newQuery(f *within.Factors, customer int) query {
	rows, _, _ := f.Model.Vectors()
	q := query{vector: f.Person(customer), eligible: roaring.New()}
	for row := range rows.Len() {
		q.eligible.Add(uint32(rows.Num(row)))
	}
	q.eligible.RunOptimize()
	for _, r := range f.Rows(customer) {
		if row, ok := rows.Row(engine.ItemNum(r.Num)); ok {
			q.had = append(q.had, row)
			q.eligible.Remove(uint32(r.Num))
		}
	}
	return q
}

// scan is a search of all rows' bytes.
type scan struct {
	table *vector.Table
	find  vector.Search
	mask  []uint64
}

func newScan(t *vector.Table) *scan {
	s := &scan{table: t, mask: make([]uint64, (t.Len()+63)/64)}
	fill(s.mask, 0, t.Len(), true)
	return s
}

func (s *scan) best(q *query) []vector.Scored {
	for _, row := range q.had {
		s.mask[row/64] &^= 1 << (row % 64)
	}
	found := s.table.Best(&s.find, q.vector, wanted, s.mask)
	for _, row := range q.had {
		s.mask[row/64] |= 1 << (row % 64)
	}
	return found
}
