package embed

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/rapportengine/rapport/engine"
)

// TestPPMIIsTheDenseDecomposition compares with the plain way: probabilities from every
// pair of every sentence, a dense matrix, LAPACK. As signs of singular vectors are free,
// inner products of items are compared.
func TestPPMIIsTheDenseDecomposition(t *testing.T) {
	data, _, _ := world(60, 25)
	c := newCorpus(data, 1)
	for _, p := range []Params{
		{Window: 4, Subsample: 0.02, Smoothing: 0.75, Shift: 1.5, Power: 0.5},
		{Window: 1, Subsample: 1, Smoothing: 1, Shift: 1, Power: 1},
	} {
		p = p.WithDefaults()
		p.Dims = c.rows.Len() // all of it, so that nothing is truncated
		vectors, err := fitPPMI(t.Context(), c, p)
		if err != nil {
			t.Fatal(err)
		}
		got := mat.NewDense(c.rows.Len(), p.Dims, widen(vectors))
		var products mat.Dense
		products.Mul(got, got.T())
		want := densePPMI(t, c, p)
		for i := range c.rows.Len() {
			for j := range c.rows.Len() {
				if a, b := products.At(i, j), want.At(i, j); math.Abs(a-b) > 1e-4*(1+math.Abs(b)) {
					t.Fatalf("items %d and %d have the inner product %v, by LAPACK %v", i, j, a, b)
				}
			}
		}
	}
}

// TestNoDirectionNoRow holds that an item that is near others only as often as chance has
// it, whose information is 0, gets no row.
func TestNoDirectionNoRow(t *testing.T) {
	data, ids := clusters(1, 200) // items 0 to 9, near each other as chance has it
	if m := mustFit(t, data, Params{Method: PPMI, Shift: 1e6}); m.Rows().Len() != 0 {
		t.Errorf("%d items have a vector where no pair is a million times what chance has", m.Rows().Len())
	}
	ids.Assign("left shoe")
	ids.Assign("right shoe")
	shoes := sequencesOf(ids, [][]engine.Interest{{{Item: 10, Weight: 1}, {Item: 11, Weight: 1}}})
	for steps := range data.All() {
		shoes.Add(steps)
	}
	m := mustFit(t, shoes, Params{Method: PPMI, Shift: 20, Dims: 8})
	if n := m.Rows().Len(); n != 2 || m.Rows().ID(0) != "left shoe" || len(m.vectors) != 2*8 {
		t.Errorf("%d items have a vector, of %d numbers in all; want the two shoes", n, len(m.vectors))
	}
}

// densePPMI returns U S^(2 Power) U'.
func densePPMI(t *testing.T, c *corpus, p Params) *mat.Dense {
	t.Helper()
	n, keep, all := c.rows.Len(), c.keep(p.Subsample), 0.0
	joint := mat.NewDense(n, n, nil)
	for s := range c.sentences() {
		for i, a := range c.sentence(s) {
			for j, b := range c.sentence(s) {
				distance := math.Abs(float64(i - j))
				if a == b || distance > float64(p.Window) {
					continue
				}
				w := keep[a] * keep[b] * (float64(p.Window) - distance + 1) / float64(p.Window)
				joint.Set(int(a), int(b), joint.At(int(a), int(b))+w)
				all += w
			}
		}
	}
	smooth, sum := make([]float64, n), 0.0
	for b := range n {
		smooth[b] = math.Pow(mat.Sum(joint.ColView(b)), p.Smoothing)
		sum += smooth[b]
	}
	var m mat.Dense
	m.Apply(func(a, b int, v float64) float64 {
		both, alone := v/all, mat.Sum(joint.RowView(a))/all
		return max(0, math.Log(both/(alone*smooth[b]/sum))-math.Log(p.Shift))
	}, joint)
	var whole mat.SVD
	if !whole.Factorize(&m, mat.SVDFull) {
		t.Fatal("LAPACK failed")
	}
	var u, scaled, out mat.Dense
	whole.UTo(&u)
	values := whole.Values(nil)
	scaled.Apply(func(_, j int, v float64) float64 { return v * math.Pow(values[j], 2*p.Power) }, &u)
	out.Mul(&scaled, u.T())
	return &out
}
