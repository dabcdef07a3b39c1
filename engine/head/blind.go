package head

import (
	"context"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

// blind returns the scores, questions x labels, of the questions of each part from the fit
// without all of that part: in closed form, as those without each alone are, with the block of
// the inverse that belongs to the part in place of one number of its diagonal. Where A is the
// inverse, y the labels and w = A y the weights, the part G left out is told y_G - (A_GG)^-1 w_G.
func (m *Model) blind(ctx context.Context, inverse []float32, parts [][]int, workers int) ([]float32, error) {
	n, labels := m.questions, m.labels
	solved := m.solved()
	scores := make([]float32, n*labels)
	for _, part := range parts {
		part = slices.DeleteFunc(slices.Clone(part), func(i int) bool { return i >= n }) // there was no room for it
		g := len(part)
		block, weights, told := make([]float32, g*g), make([]float32, labels*g), make([]float32, g*labels)
		for i, a := range part {
			for j, b := range part {
				block[i*g+j] = inverse[a*n+b]
			}
		}
		if err := vector.Invert(ctx, block, g, workers); err != nil {
			return nil, err
		}
		vector.Fork(workers, labels, func(_, l int) {
			row := weights[l*g:][:g]
			for _, j := range solved[l] {
				for i, a := range part {
					row[i] += inverse[j*n+a]
				}
			}
		})
		vector.MulNT(told, block, weights, g, labels, g, workers)
		for i, a := range part {
			to := scores[a*labels:][:labels]
			for l, x := range told[i*labels:][:labels] {
				to[l] = -x
			}
			for _, l := range m.labelsOf[a] {
				to[l]++
			}
		}
	}
	return scores, nil
}
