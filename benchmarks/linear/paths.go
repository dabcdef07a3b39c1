package main

import (
	"context"
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// pathParams are those of RP3beta (Paudel et al., "Updatable, accurate, diverse, and
// scalable recommendations for interactive applications", 2016, equation 5): the paths
// from an item i over a customer who wants it to another item j that they want, each step
// one of equal chances to the power of Alpha, divided by how many want j to the power of
// Beta:
//
//	weight(i,j) = sum over customers u of both: (1/|U_i| x 1/|I_u|)^Alpha / |U_j|^Beta
//
// The K highest to each item are kept.
type pathParams struct {
	K     int     `json:"k"`
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
}

func fitPaths(_ context.Context, data *model.Data, p pathParams) (model.Source, error) {
	byItem := data.ByItem()
	n := len(byItem)
	m := &matrix{make([][]uint32, n), make([][]float64, n)}
	sums := vector.NewSums(n)
	for j, cells := range byItem {
		for _, u := range cells {
			had := data.Customers[u.Row]
			w := math.Pow(float64(len(had)), -p.Alpha)
			for _, c := range had {
				sums.Add(c.Row, w)
			}
		}
		top := vector.NewTop(p.K)
		sums.Drain(func(i int, v float64) {
			if i != j {
				top.Push(engine.ItemNum(i), float32(v*math.Pow(float64(len(byItem[i])), -p.Alpha)))
			}
		})
		for _, s := range top.Best() {
			m.columns[s.Item] = append(m.columns[s.Item], uint32(j))
			m.values[s.Item] = append(m.values[s.Item], float64(s.Score)*math.Pow(float64(len(cells)), -p.Beta))
		}
	}
	return &dense{rows: data.Rows, score: m.addTo}, nil
}
