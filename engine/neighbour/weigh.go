package neighbour

import (
	"math"

	"github.com/rapportengine/rapport/engine/model"
)

// weigh returns the matrix of what is wanted with each cell as the cosine takes it:
// dislikes are no part of it, and cells of no worth are left out.
func weigh(data *model.Data, p ItemParams) *model.Data {
	wanted := &model.Data{Rows: data.Rows, Customers: make([][]model.Cell, len(data.Customers))}
	lengths := make([]float64, data.Rows.Len())
	total := 0.0
	all := make([]model.Cell, 0, data.Cells()) // a slice that grows would be there twice
	for u, cells := range data.Customers {
		from := len(all)
		for _, c := range cells {
			if c.Weight > 0 {
				all = append(all, c)
				lengths[c.Row] += float64(c.Weight)
				total += float64(c.Weight)
			}
		}
		wanted.Customers[u] = all[from:len(all):len(all)]
	}
	mean := total / float64(max(len(lengths), 1))
	for _, cells := range wanted.Customers {
		idf := rarity(len(lengths), len(cells))
		for i := range cells {
			w := float64(cells[i].Weight)
			switch p.Weighting {
			case BM25:
				b := max(p.B, 0)
				w = idf * w * (p.K1 + 1) / (w + p.K1*(1-b+b*lengths[cells[i].Row]/mean))
			case TFIDF:
				w = idf * math.Sqrt(w)
			}
			cells[i].Weight = float32(w)
		}
	}
	return wanted
}

// rarity is the idf of a customer who wants so many of the items, above 0 also for who
// wants them all.
func rarity(items, wanted int) float64 { return math.Log1p(float64(items) / float64(max(wanted, 1))) }
