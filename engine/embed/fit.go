package embed

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/rapportengine/rapport/engine/model"
)

// Fit learns the items' vectors from what was done in order. Items that stand alone in
// every sequence get none. Stopped by ctx it returns ctx's error, and on values that are
// no longer numbers an error, never a bad model. Sequences without neighbours give a
// model without rows.
func Fit(ctx context.Context, data *model.Sequences, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	c := newCorpus(data, p.MinCount)
	if p.Method == Auto {
		p.Method, c = PPMI, c.some(autoPairs/(2*p.Window))
	}
	fit := fitSGNS
	if p.Method == PPMI {
		fit = fitPPMI
	}
	vectors, err := fit(ctx, c, p)
	if err != nil {
		return nil, fmt.Errorf("fit embeddings, %s: %w", p.Method, err)
	}
	return p.unit(c.rows, vectors)
}

// errDiverged says that the values have grown out of a float32's range.
var errDiverged = errors.New("the embeddings are no longer finite numbers; a lower learning_rate helps")

// leastLength is the length below which a vector has no direction.
const leastLength = 1e-9

// unit returns the model of the vectors scaled to length 1, without the rows of those
// that have no direction.
func (p Params) unit(rows *model.Rows, vectors []float32) (*Model, error) {
	var kept []int
	to := vectors[:0]
	for row := range rows.Len() {
		v := vectors[row*p.Dims:][:p.Dims]
		length := math.Sqrt(squares(v))
		if math.IsNaN(length) || math.IsInf(length, 0) {
			return nil, errDiverged
		}
		if length < leastLength {
			continue
		}
		kept = append(kept, row)
		for _, x := range v {
			to = append(to, float32(float64(x)/length))
		}
	}
	return &Model{NewSpace(rows.Subset(kept), p.Dims, to, p.Causes, p.Decay), p}, nil
}

func squares(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}
