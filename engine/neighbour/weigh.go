package neighbour

import (
	"math"

	"github.com/rapportengine/rapport/engine/model"
)

// wanting is the matrix of what is wanted, dislikes are no part of it, with each cell as a similarity
// takes it. It is made customer by customer whenever it is read: of sixteen million cells a copy takes
// 128 MB, at the moment when a fit holds most.
type wanting struct {
	data  *model.Data
	weigh func(cells []model.Cell) // gives what one customer wants other weights; nil: it has its own
}

// all calls yield for each customer in turn with what they want, lent until it returns.
func (w *wanting) all(yield func(customer int, cells []model.Cell)) {
	var room []model.Cell
	for u, cells := range w.data.Customers {
		room = room[:0]
		for _, c := range cells {
			if c.Weight > 0 {
				room = append(room, c)
			}
		}
		if w.weigh != nil {
			w.weigh(room)
		}
		yield(u, room)
	}
}

// ones has each cell weigh 1.
func ones(cells []model.Cell) {
	for i := range cells {
		cells[i].Weight = 1
	}
}

// weigh weighs cells as settings say.
func weigh(data *model.Data, p ItemParams) *wanting {
	wanted := &wanting{data: data}
	lengths := make([]float64, data.Rows.Len())
	total := 0.0
	wanted.all(func(_ int, cells []model.Cell) {
		for _, c := range cells {
			lengths[c.Row] += float64(c.Weight)
			total += float64(c.Weight)
		}
	})
	mean := total / float64(max(len(lengths), 1))
	wanted.weigh = func(cells []model.Cell) {
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
