package factor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

// world returns invented data: items without customers included, in ids.
func world(customers, items int) (*model.Data, *catalogue.IDs, [][]engine.Interest) {
	ids, histories := worldOf(customers, items, 12)
	var b model.Builder
	for _, h := range histories {
		b.Add(h)
	}
	return b.Data(ids, 1), ids, histories
}

func worldOf(customers, items, length int) (*catalogue.IDs, [][]engine.Interest) {
	return modeltest.Items(items + 5), modeltest.Histories(1, customers, items, length)
}

func mustFit(t testing.TB, data *model.Data, p Params) *Model {
	t.Helper()
	m, err := Fit(context.Background(), data, p, nil)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

func contract(ids *catalogue.IDs, histories [][]engine.Interest, m *Model) modeltest.Contract {
	c := modeltest.Contract{Knows: func(n engine.ItemNum, _ float32) bool {
		_, ok := m.Rows().Row(n)
		return ok
	}}
	for n := range ids.Len() + 3 { // and numbers nobody gave
		c.Items = append(c.Items, engine.ItemNum(n))
	}
	for _, h := range histories[:6] {
		c.Queries = append(c.Queries, &model.Query{History: h})
	}
	c.Queries = append(c.Queries,
		&model.Query{},
		&model.Query{History: []engine.Interest{{Item: 3, Weight: 0}}},                       // only a dislike
		&model.Query{History: []engine.Interest{{Item: 9999, Weight: 1}}},                    // nothing known
		&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}, {Item: 2, Weight: 0}}}, // both
		&model.Query{History: histories[0], Anchors: []engine.ItemNum{4, 7}},                 // anchors win
		&model.Query{History: []engine.Interest{{Item: 1, Weight: 5}, {Item: 0, Weight: 0.2}}},
		&model.Query{History: []engine.Interest{{Item: 1, Weight: 1e-300}}}, // faded, not disliked
	)
	return c
}

func TestContract(t *testing.T) {
	data, ids, histories := world(80, 60)
	m := mustFit(t, data, Params{Dims: 13, Epochs: 3})
	c := contract(ids, histories, m)
	modeltest.Source(t, m, c)
	modeltest.Saved(t, m, Load, ids, c)
}

func TestLearns(t *testing.T) {
	modeltest.Learner(t, func(data *model.Data) model.Source {
		return mustFit(t, data, Params{Dims: 16})
	})
}

// fitted is a fit and what it is fitted on, as cells.
type fitted struct {
	*fit
	data *model.Data
}

func newFitted(data *model.Data, p Params) fitted { return fitted{begun(data, p), data} }

// begun is a fit before its first epoch.
func begun(data *model.Data, p Params) *fit {
	f := newFit(data, p)
	for row := range data.Rows.Len() {
		initialise(f.items.vector(row), data.Rows.ID(row), p)
	}
	f.items.sumGram(p.Alpha0, p.Workers)
	return f
}

// loss is the objective of the package comment, over every pair.
func (f fitted) loss() float64 {
	sum := 0.0
	for u, cells := range f.data.Customers {
		w := f.customers.vector(u)
		for i := range f.items.rows {
			s := dot(w, f.items.vector(i))
			sum += f.Alpha0 * s * s
		}
		for _, cell := range cells {
			c, t := confidence(cell.Weight)
			s := dot(w, f.items.vector(int(cell.Row)))
			sum += float64(c) * (t - s) * (t - s)
		}
	}
	return sum + f.penalty(f.customers, f.data.Customers, f.items.rows) + f.penalty(f.items, f.data.ByItem(), f.customers.rows)
}

func (f fitted) penalty(s *side, cells [][]model.Cell, others int) float64 {
	sum := 0.0
	for row := range cells {
		n := 0.0
		for _, cell := range cells[row] {
			c, _ := confidence(cell.Weight)
			n += float64(c)
		}
		sum += f.Lambda * math.Pow(n+f.Alpha0*float64(others), f.Nu) * dot(s.vector(row), s.vector(row))
	}
	return sum
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for k := range a {
		sum += float64(a[k]) * float64(b[k])
	}
	return sum
}

func TestEveryHalfStepLowersTheLoss(t *testing.T) {
	data, _, _ := world(60, 40)
	for _, nu := range []float64{1, 0.5} {
		f := newFitted(data, Params{Dims: 8, Lambda: 0.01, Alpha0: 0.3, Nu: nu, InitStdDev: 0.1, Workers: 2}.WithDefaults())
		if err := f.half(t.Context(), f.customers, f.byCustomer, f.items); err != nil {
			t.Fatal(err)
		}
		last := f.loss()
		for step := range 10 {
			to, cells, other := f.items, f.byItem, f.customers
			if step%2 == 1 {
				to, cells, other = f.customers, f.byCustomer, f.items
			}
			if err := f.half(t.Context(), to, cells, other); err != nil {
				t.Fatal(err)
			}
			now := f.loss()
			if now > last*(1+1e-6) {
				t.Errorf("nu %v, step %d: the loss rose from %v to %v", nu, step, last, now)
			}
			last = now
		}
	}
}

// TestSolveIsTheTextbook solves one row by Gaussian elimination of the equation as the
// paper has it: every item stands in the sum, the unobserved with weight a0.
func TestSolveIsTheTextbook(t *testing.T) {
	data, _, _ := world(30, 20)
	p := Params{Dims: 7, Lambda: 0.05, Alpha0: 0.4}.WithDefaults()
	f := begun(data, p)
	for u, cells := range data.Customers {
		got, err := f.solvers[0].Solve(f.byCustomer.of(u), f.items)
		if err != nil {
			t.Fatal(err)
		}
		want := textbook(p, cells, f.items)
		for k := range want {
			if math.Abs(got[k]-want[k]) > 1e-9*(1+math.Abs(want[k])) {
				t.Fatalf("customer %d: solved %v, by hand %v", u, got, want)
			}
		}
	}
}

func textbook(p Params, cells []model.Cell, items *side) []float64 {
	d, n := p.Dims, 0.0
	a := make([][]float64, d) // with the right side as column d
	for k := range a {
		a[k] = make([]float64, d+1)
	}
	add := func(h []float32, weight, target float64) {
		for i := range d {
			for j := range d {
				a[i][j] += weight * float64(h[i]) * float64(h[j])
			}
			a[i][d] += weight * target * float64(h[i])
		}
	}
	for i := range items.rows {
		add(items.vector(i), p.Alpha0, 0)
	}
	for _, cell := range cells {
		if cell.Weight > 0 {
			add(items.vector(int(cell.Row)), float64(cell.Weight), 1)
			n += float64(cell.Weight)
		} else {
			add(items.vector(int(cell.Row)), 1, 0)
			n++
		}
	}
	for i := range d {
		a[i][i] += p.Lambda * (n + p.Alpha0*float64(items.rows))
	}
	for i := range d {
		for j := range d {
			if j == i {
				continue
			}
			f := a[j][i] / a[i][i]
			for k := range a[j] {
				a[j][k] -= f * a[i][k]
			}
		}
	}
	w := make([]float64, d)
	for i := range w {
		w[i] = a[i][d] / a[i][i]
	}
	return w
}

func TestSameBitsForAnyWorkers(t *testing.T) {
	data, _, _ := world(700, 300)
	var first bytes.Buffer
	if err := mustFit(t, data, Params{Dims: 16, Epochs: 2, Seed: 3, Workers: 1}).Save(&first); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{2, 3, 8} {
		var got bytes.Buffer
		if err := mustFit(t, data, Params{Dims: 16, Epochs: 2, Seed: 3, Workers: workers}).Save(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), first.Bytes()) {
			t.Errorf("%d workers give another model than one", workers)
		}
	}
}

func TestInitialValuesDependOnSeedAndIDAlone(t *testing.T) {
	p := Params{Dims: 6}.WithDefaults()
	draw := func(id engine.ItemID, seed uint64) []float32 {
		v := make([]float32, p.Dims)
		p.Seed = seed
		initialise(v, id, p)
		return v
	}
	if !slices.Equal(draw("a", 1), draw("a", 1)) {
		t.Error("the same seed and id give other values")
	}
	if slices.Equal(draw("a", 1), draw("a", 2)) || slices.Equal(draw("a", 1), draw("b", 1)) {
		t.Error("another seed or id gives the same values")
	}
}

func TestExplanationIsComplete(t *testing.T) {
	data, ids, histories := world(80, 60)
	m := mustFit(t, data, Params{Dims: 16, Epochs: 4})
	for _, h := range histories[:20] {
		s := m.Open(&model.Query{History: h}).(*scorer)
		for n := range engine.ItemNum(ids.Len()) {
			row, ok := m.rows.Row(n)
			if !ok {
				continue
			}
			size := 0.0
			for k, v := range m.items.vector(row) {
				size += math.Abs(float64(v) * float64(s.person[k]))
			}
			if base, _ := s.Explain(n, nil); math.Abs(base) > 1e-5*size {
				t.Errorf("item %d: the history explains all but %v, of magnitude %v", n, base, size)
			}
		}
	}
}

func TestFitRefuses(t *testing.T) {
	data, _, _ := world(10, 10)
	var invalid *engine.Invalid
	for _, p := range []Params{
		{Dims: -1},
		{Dims: 1 << 20},
		{Lambda: -1},
		{Lambda: math.NaN()},
		{Alpha0: math.Inf(1)},
		{Nu: 9},
		{Epochs: -1},
		{InitStdDev: -1},
		{Workers: -1},
	} {
		if _, err := Fit(t.Context(), data, p, nil); !errors.As(err, &invalid) {
			t.Errorf("Fit with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	stop := errors.New("enough")
	epochs := 0
	_, err := Fit(t.Context(), data, Params{Dims: 4}, func(n int) error {
		if epochs++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || epochs != 2 {
		t.Errorf("stopped after %d epochs with %v, want 2 and %v", epochs, err, stop)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(done, data, Params{Dims: 4}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit when cancelled: %v", err)
	}
	for name, weight := range map[string]float32{"infinite": float32(math.Inf(1)), "NaN": float32(math.NaN())} {
		bad := *data
		bad.Customers = slices.Clone(data.Customers)
		bad.Customers[0] = slices.Clone(bad.Customers[0])
		bad.Customers[0][0].Weight = weight
		if m, err := Fit(t.Context(), &bad, Params{Dims: 4}, nil); err == nil && !finite(m) {
			t.Errorf("Fit with an %s weight gave a model of no numbers", name)
		}
	}
}

func finite(m *Model) bool {
	return !slices.ContainsFunc(m.items.vectors, func(v float32) bool { return v-v != 0 })
}

func TestFitOfNothing(t *testing.T) {
	var b model.Builder
	m := mustFit(t, b.Data(modeltest.Items(3), 1), Params{Dims: 4, Workers: 2})
	s := m.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}})
	if !s.Empty() || m.Rows().Len() != 0 {
		t.Errorf("a model of no data: %d rows, Empty is %v", m.Rows().Len(), s.Empty())
	}
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but do not fit
// together: neither may panic.
func FuzzLoad(f *testing.F) {
	data, ids, _ := world(8, 6)
	var saved bytes.Buffer
	if err := mustFit(f, data, Params{Dims: 2, Epochs: 1}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", 2, 2, 3)
	f.Add([]byte(nil), "item-1", -5, 7, 0)
	f.Add([]byte("rapport "), "", 1<<40, 0, 1)
	f.Fuzz(func(t *testing.T, raw []byte, id string, dims, vectors, gram int) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(head{Params{Dims: dims, Lambda: 1, Alpha0: 1, Epochs: 1, InitStdDev: 1}, vectors})
		w.Texts([]string{id, "item-2"})
		w.Float32s(make([]float32, min(max(vectors, 0), 1000)))
		w.Float64s(make([]float64, min(max(gram, 0), 1000)))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			src.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}}).Score([]engine.ItemNum{1, 2}, make([]float32, 2))
		}
	})
}

// TestMatrixIsTheData holds both directions of the matrix against the cells: the same, in
// their order but for dislikes, which come last.
func TestMatrixIsTheData(t *testing.T) {
	data, _, _ := world(60, 40)
	check := func(name string, m *matrix, cells [][]model.Cell) {
		for row, of := range cells {
			want := slices.Clone(of)
			slices.SortStableFunc(want, func(a, b model.Cell) int {
				_, s := confidence(a.Weight)
				_, t := confidence(b.Weight)
				return cmp.Compare(t, s)
			})
			got := m.of(row)
			if len(got.picks) != len(want) || len(got.confidences) != len(want) {
				t.Fatalf("%s %d has %d cells, want %d", name, row, len(got.picks), len(want))
			}
			for i, cell := range want {
				c, target := confidence(cell.Weight)
				if got.picks[i] != cell.Row || got.confidences[i] != c || (i < got.wanted) != (target == 1) {
					t.Fatalf("%s %d, cell %d is %d with %v, wanted %v; want %+v", name, row, i, got.picks[i], got.confidences[i], i < got.wanted, cell)
				}
			}
		}
	}
	check("customer", byCustomer(data), data.Customers)
	check("item", byItem(data), data.ByItem())
}

// plainRefine is refine as the textbook has it, in float64, with the equation's matrix
// written out.
func plainRefine(p Params, w []float32, cells []model.Cell, other *side, count int) []float64 {
	d, n := p.Dims, 0.0
	right, x := make([]float64, d), make([]float64, d)
	a := make([][]float64, d)
	for i := range a {
		a[i], x[i] = make([]float64, d), float64(w[i])
		for j := range a[i] {
			a[i][j] = p.Alpha0 * other.gram.At(i, j)
		}
	}
	for _, cell := range cells {
		c, t := confidence(cell.Weight)
		n += float64(c)
		h := other.vector(int(cell.Row))
		for i := range d {
			right[i] += float64(c) * t * float64(h[i])
			for j := range d {
				a[i][j] += float64(c) * float64(h[i]) * float64(h[j])
			}
		}
	}
	times := func(v []float64) []float64 {
		out := make([]float64, d)
		for i := range a {
			out[i] = p.Lambda * math.Pow(n+p.Alpha0*float64(other.rows), p.Nu) * v[i]
			for j := range v {
				out[i] += a[i][j] * v[j]
			}
		}
		return out
	}
	inner := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	r := times(x)
	for i := range r {
		r[i] = right[i] - r[i]
	}
	direction, size := slices.Clone(r), inner(r, r)
	for range count {
		image := times(direction)
		length := size / inner(direction, image)
		for i := range x {
			x[i] += length * direction[i]
			r[i] -= length * image[i]
		}
		before := size
		size = inner(r, r)
		for i := range direction {
			direction[i] = r[i] + size/before*direction[i]
		}
	}
	return x
}

// Steps are those of the textbook, wherever they begin.
func TestStepsAreTheTextbook(t *testing.T) {
	data, _, _ := world(60, 40)
	for _, dims := range []int{1, 12, 33} {
		f := begun(data, Params{Dims: dims, Lambda: 0.01, Alpha0: 0.3}.WithDefaults())
		for u, cells := range data.Customers {
			for count := 1; count <= 4; count++ {
				got := slices.Clone(f.items.vector(u % f.items.rows))
				want := plainRefine(f.Params, got, cells, f.items, count)
				f.solvers[0].Steps = count
				if err := f.solvers[0].move(got, f.byCustomer.of(u), f.items); err != nil {
					t.Fatal(err)
				}
				for k := range want {
					if math.Abs(float64(got[k])-want[k]) > 1e-4*(1+math.Abs(want[k])) {
						t.Fatalf("%d dims, customer %d, %d steps: %v, by the textbook %v", dims, u, count, got, want)
					}
				}
			}
		}
	}
}

// Enough steps come to what Solve finds; each one brings the vector nearer, in the norm
// in which conjugate gradients do.
func TestStepsComeToTheSolution(t *testing.T) {
	data, _, _ := world(60, 40)
	f := begun(data, Params{Dims: 12, Lambda: 0.01, Alpha0: 0.3}.WithDefaults())
	for u := range 20 {
		k := f.byCustomer.of(u)
		want := slices.Clone(must(f.solvers[0].Solve(k, f.items)))
		ridge := float32(f.ridge(k.total(), f.items.rows))
		far := math.Inf(1)
		for _, count := range []int{1, 3, 6, 40} {
			s := newSteps(f.Dims)
			got := make([]float32, f.Dims)
			s.refine(got, k, ridge, f.items, count)
			diff := make([]float32, f.Dims)
			for k := range diff {
				diff[k] = got[k] - float32(want[k])
			}
			s.apply(diff, k, ridge, f.items)
			now := dot(diff, s.image)
			if now > far+1e-9 {
				t.Fatalf("%d steps: %v from the solution, farther than fewer steps with %v", count, now, far)
			}
			far = now
		}
		if far > 1e-9 {
			t.Errorf("40 steps end %v from the solution", far)
		}
	}
}

// TestFoldIsTheSolution folds histories in, by steps where they are short and by a solve
// where they are long. Less regularisation makes more of what rounding does.
func TestFoldIsTheSolution(t *testing.T) {
	data, _, _ := world(300, 40)
	for p, most := range map[Params]float64{
		{Dims: 16}: 1e-5, {Dims: 3}: 1e-5, {Dims: 16, Lambda: 10, Alpha0: 5}: 1e-5,
		{Dims: 33, Lambda: 1e-3, Alpha0: 0.01}: 1e-4,
	} {
		p.Epochs = 3
		m := mustFit(t, data, p)
		s := newSolver(m.params)
		got := make([]float32, m.params.Dims)
		for _, cells := range data.Customers {
			var k known
			k.fill(cells)
			want := slices.Clone(must(s.Solve(k, m.items)))
			if err := s.fold(got, k, m.items); err != nil {
				t.Fatal(err)
			}
			off, length := 0.0, 0.0
			for i := range want {
				off += (float64(got[i]) - want[i]) * (float64(got[i]) - want[i])
				length += want[i] * want[i]
			}
			if off = math.Sqrt(off / length); off > most {
				t.Errorf("%d dims, lambda %v, %d cells: folded in %v from what is solved for", p.Dims, p.Lambda, len(cells), off)
			}
		}
	}
}

func must(w []float64, err error) []float64 {
	if err != nil {
		panic(err)
	}
	return w
}
