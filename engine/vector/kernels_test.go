package vector

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// onEveryPath runs test once with every set of kernels the processor can run.
func onEveryPath(t *testing.T, test func(t *testing.T)) {
	was := kernels
	defer func() { kernels = was }()
	for p := plain; p <= best(); p++ {
		kernels = p
		t.Run(p.String(), test)
	}
}

// sameBits reports whether a and b are the same numbers, NaN being one.
func sameBits(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// floats reads float32 from data, some of which are NaN, infinite or denormal, and goes
// on with random ones.
func floats(data []byte, rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if len(data) >= 4 {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data))
			data = data[4:]
		} else {
			x[i] = float32(rng.NormFloat64())
		}
	}
	return x
}

// trial is one call of every kernel, on slices that begin anywhere in memory.
type trial struct {
	d, count int
	a, b, c  []float32 // d each
	rows     []float32 // count x d
	qs       []float32 // 5 x d
	picks    []uint32
	weights  []float32
	sum      []float64 // d, as wide
	wide     []float64
	alpha    float32
	scores   []float32 // 64 x count
	bytes    []uint8   // count x wide
	signed   []int8    // wide
	scales   []float32 // count
	// place lends out memory for n floats in which to work.
	place func(n int) []float32
}

func newTrial(data []byte, d, count, skew int, seed uint64) *trial {
	rng := rand.New(rand.NewPCG(seed, 1))
	part := func(n int) []float32 { return floats(data, rng, n+skew)[skew:] }
	x := &trial{d: d, count: count, a: part(d), b: part(d), c: part(d), rows: part(count * d), qs: part(5 * d)}
	x.alpha, x.scores, x.scales = float32(rng.NormFloat64()), part(64*count), part(count)
	for range 2 * count {
		x.picks = append(x.picks, rng.Uint32N(uint32(count)))
		x.weights = append(x.weights, float32(rng.ExpFloat64()))
	}
	x.sum, x.wide = make([]float64, d), make([]float64, d)
	for i := range x.sum {
		x.sum[i], x.wide[i] = float64(x.a[i])*rng.NormFloat64(), rng.NormFloat64()
	}
	wide := paddedBytes(d)
	x.bytes, x.signed = make([]uint8, count*wide), make([]int8, wide)
	for i := range x.bytes {
		x.bytes[i] = uint8(rng.Uint32())
	}
	for i := range x.signed {
		x.signed[i] = int8(rng.IntN(255) - 127)
	}
	x.place = func(n int) []float32 { return make([]float32, n+skew)[skew:] }
	return x
}

// copied returns a copy of v where the trial wants it.
func (x *trial) copied(v []float32) []float32 {
	to := x.place(len(v))
	copy(to, v)
	return to
}

// run returns what every kernel makes of the trial, by name.
func (x *trial) run() map[string][]float32 {
	out := map[string][]float32{"Dot": {Dot(x.a, x.b)}}
	scores := func(n int) []float32 { return x.place(n) }
	out["DotRows"] = scores(x.count)
	DotRows(out["DotRows"], x.rows, x.a)
	picks := x.picks
	if x.d == 0 {
		picks = nil // there is no row
	}
	out["DotPicked"] = scores(len(picks))
	DotPicked(out["DotPicked"], x.rows, x.a, picks)
	if x.d > 0 {
		out["DotMany"] = scores(5 * x.count)
		DotMany(out["DotMany"], x.rows, x.qs, x.d)
	}
	out["TimesPicked"] = x.copied(x.c)
	TimesPicked(out["TimesPicked"], x.rows, x.a, picks, x.weights[:len(picks)])
	for _, target := range []float32{0, 1, x.alpha} {
		name := fmt.Sprintf("MissPicked %v", target)
		out[name] = x.copied(x.c)
		MissPicked(out[name], x.rows, x.a, picks, x.weights[:len(picks)], target)
	}
	out["Axpy"] = x.copied(x.b)
	Axpy(x.alpha, x.a, out["Axpy"])
	out["AxpyBoth y"], out["AxpyBoth sum"] = x.copied(x.b), x.copied(x.c)
	AxpyBoth(x.alpha, x.a, out["AxpyBoth y"], out["AxpyBoth sum"])
	out["AddSaturated"], out["AddPositive"] = x.copied(x.b), x.copied(x.b)
	AddSaturated(x.alpha, 1.5, x.a, out["AddSaturated"])
	AddPositive(x.alpha, x.a, out["AddPositive"])
	out["AddAbove"], out["AddAbove none"] = x.copied(x.b), x.copied(x.b)
	AddAbove(x.alpha, x.a, x.b, out["AddAbove"])
	AddAbove(float32(math.Inf(-1)), x.a, x.c, out["AddAbove none"])
	sum := append([]float64(nil), x.sum...)
	AddTo(sum, x.a)
	out["AddTo"] = inQuarters(sum)
	AddScaled(sum, float64(x.alpha), x.b)
	out["AddScaled"] = inQuarters(sum)
	Prefetch(x.a)
	steps, widened := make([]int32, x.d), scores(x.d)
	for i := range steps {
		steps[i] = int32(math.Float32bits(x.a[i]))
	}
	WidenSteps(widened, steps, 0.37)
	for _, left := range steps {
		widened = append(widened, float32(left))
	}
	out["WidenSteps"] = widened
	narrowed := scores(x.d)
	most := Narrow(narrowed, sum)
	out["Narrow"] = append(append(narrowed, most), inQuarters(sum)...)
	whole := x.d &^ 7
	out["dotWide"] = inQuarters([]float64{dotWide(x.sum[:whole], x.wide)})
	wide := append([]float64(nil), x.wide...)
	axpyWide(float64(x.alpha), x.sum, wide)
	out["axpyWide"] = inQuarters(wide)
	scaleWide(float64(x.alpha), x.sum, wide)
	out["scaleWide"] = inQuarters(wide)
	words := make([]uint64, x.count)
	atLeast(words, x.scores, x.alpha)
	for _, w := range words {
		out["atLeast"] = append(out["atLeast"], float32(uint32(w)), float32(uint32(w>>32)))
	}
	out["bytesRows"] = scores(x.count)
	bytesRows(out["bytesRows"], x.bytes, x.scales, x.signed, 128)
	out["bytesPicked"] = scores(len(x.picks))
	bytesPicked(out["bytesPicked"], x.bytes, x.scales, x.signed, x.picks, 128)
	return out
}

// inQuarters splits float64 so that they compare as float32 do.
func inQuarters(x []float64) []float32 {
	var out []float32
	for _, v := range x {
		if v != v {
			v = math.NaN()
		}
		b := math.Float64bits(v)
		for range 4 {
			out = append(out, float32(uint16(b)))
			b >>= 16
		}
	}
	return out
}

// againstPlain fails where a set of kernels gives other bits than plain Go.
func againstPlain(t *testing.T, x *trial) {
	t.Helper()
	was := kernels
	defer func() { kernels = was }()
	kernels = plain
	want := x.run()
	for p := plain + 1; p <= best(); p++ {
		kernels = p
		for name, got := range x.run() {
			if !sameBits(got, want[name]) {
				t.Errorf("%s with %v, d = %d, %d rows: %v, want %v", name, p, x.d, x.count, got, want[name])
			}
		}
	}
}

func TestKernelsGiveTheBitsOfPlainGo(t *testing.T) {
	for d := range 301 {
		againstPlain(t, newTrial(nil, d, 1+d%11, d%5, uint64(d)))
	}
}

func FuzzKernels(f *testing.F) {
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1e-42, math.MaxFloat32, 1, -1e-45}
	var data []byte
	for _, v := range special {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	f.Add(data, 17, 5, 1, uint64(1))
	f.Add([]byte{}, 64, 9, 0, uint64(2))
	f.Add(data[12:], 300, 3, 3, uint64(3))
	f.Add(data[:4], 0, 1, 2, uint64(4))
	f.Fuzz(func(t *testing.T, data []byte, d, count, skew int, seed uint64) {
		if d < 0 || d > 300 || count < 1 || count > 20 || skew < 0 || skew > 16 {
			t.Skip()
		}
		againstPlain(t, newTrial(data, d, count, skew, seed))
	})
}

// TestDotIsTheSum holds plain Go against sums in float64, and so, with the test above,
// all of them.
func TestDotIsTheSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for n := range 301 {
		x, y := randomRow(rng, n), randomRow(rng, n)
		var want, scale float64
		for i := range x {
			want += float64(x[i]) * float64(y[i])
			scale += math.Abs(float64(x[i]) * float64(y[i]))
		}
		if got := dotPlain(x, y); !near(float64(got), want, scale, 1e-6) {
			t.Errorf("Dot of %d = %v, want %v", n, got, want)
		}
	}
}

// TestScansAreDots holds all that scores rows against Dot, to the bit.
func TestScansAreDots(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 6))
		for _, size := range []struct{ rows, d, vectors int }{{1, 1, 1}, {3, 7, 4}, {9, 64, 5}, {130, 100, 9}, {2000, 17, 6}} {
			rows, qs := randomRow(rng, size.rows*size.d), randomRow(rng, size.vectors*size.d)
			many, one, some := make([]float32, size.rows*size.vectors), make([]float32, size.rows), make([]float32, size.rows)
			DotMany(many, rows, qs, size.d)
			picks := make([]uint32, size.rows)
			for i, p := range rng.Perm(size.rows) {
				picks[i] = uint32(p)
			}
			for j := range size.vectors {
				q := qs[j*size.d:][:size.d]
				DotRows(one, rows, q)
				DotPicked(some, rows, q, picks)
				for i := range one {
					want := Dot(q, rows[i*size.d:])
					if one[i] != want || many[j*size.rows+i] != want {
						t.Fatalf("%+v: row %d and vector %d: %v by DotRows, %v by DotMany, want %v", size, i, j, one[i], many[j*size.rows+i], want)
					}
					if want = Dot(q, rows[int(picks[i])*size.d:]); some[i] != want {
						t.Fatalf("%+v: pick %d: %v, want %v", size, i, some[i], want)
					}
				}
			}
		}
	})
}

// TestPickedProjections holds TimesPicked and MissPicked against the sums they stand for, in float64.
func TestPickedProjections(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		const d, rows = 40, 9
		h, v := randomRow(rng, rows*d), randomRow(rng, d)
		picks, weights := []uint32{3, 8, 0, 3, 5, 1}, randomRow(rng, 6)
		hold := func(name string, factor func(weight, dot float64) float64, add func(out []float32)) {
			want, scale := make([]float64, d), 0.0
			for i, p := range picks {
				row := h[int(p)*d:][:d]
				for k := range row {
					want[k] += factor(float64(weights[i]), float64(Dot(v, row))) * float64(row[k])
					scale = max(scale, math.Abs(want[k]))
				}
			}
			got := make([]float32, d)
			add(got)
			for k := range got {
				if !near(float64(got[k]), want[k], scale, 1e-5) {
					t.Errorf("%s: element %d is %v, want %v", name, k, got[k], want[k])
				}
			}
		}
		hold("TimesPicked", func(weight, dot float64) float64 { return weight * dot },
			func(out []float32) { TimesPicked(out, h, v, picks, weights) })
		for _, target := range []float64{0, 1, -2.5} {
			hold(fmt.Sprint("MissPicked of ", target), func(weight, dot float64) float64 { return weight * (target - dot) },
				func(out []float32) { MissPicked(out, h, v, picks, weights, float32(target)) })
		}
	})
}

// TestRowsThatAreNot holds that a number beyond the matrix is refused, wherever it stands
// in the groups the kernels take.
func TestRowsThatAreNot(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rows, q := make([]float32, 10*8), make([]float32, 8)
		for _, wrong := range []uint32{10, 11, math.MaxUint32} {
			for at := range 11 {
				picks := make([]uint32, 11)
				picks[at] = wrong
				for name, call := range map[string]func(){
					"DotPicked":   func() { DotPicked(make([]float32, 11), rows, q, picks) },
					"TimesPicked": func() { TimesPicked(q, rows, q, picks, make([]float32, 11)) },
					"MissPicked":  func() { MissPicked(q, rows, q, picks, make([]float32, 11), 1) },
				} {
					want := fmt.Sprintf("vector: row %d of 10", wrong)
					if got := panics(call); got != want {
						t.Errorf("%s with pick %d of row %d: %v, want a panic: %s", name, at, wrong, got, want)
					}
				}
			}
		}
	})
}

func panics(call func()) (said any) {
	defer func() { said = recover() }()
	call()
	return nil
}

func TestKernelsDoNotAllocate(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		x := newTrial(nil, 70, 9, 1, 1)
		out, many := make([]float32, 2*x.count), make([]float32, 5*x.count)
		for name, call := range map[string]func(){
			"Dot": func() { x.alpha = Dot(x.a, x.b) }, "DotRows": func() { DotRows(out[:x.count], x.rows, x.a) },
			"DotPicked": func() { DotPicked(out, x.rows, x.a, x.picks) }, "DotMany": func() { DotMany(many, x.rows, x.qs, x.d) },
			"TimesPicked": func() { TimesPicked(x.c, x.rows, x.a, x.picks, x.weights) },
			"MissPicked":  func() { MissPicked(x.c, x.rows, x.a, x.picks, x.weights, 1) },
			"Axpy":        func() { Axpy(0, x.a, x.b) }, "AxpyBoth": func() { AxpyBoth(0, x.a, x.b, x.c) },
			"AddSaturated": func() { AddSaturated(1, 1, x.a, x.b) }, "AddPositive": func() { AddPositive(1, x.a, x.b) },
			"AddAbove": func() { AddAbove(0, x.a, x.b, x.b) },
			"AddTo":    func() { AddTo(x.sum, x.a) }, "AddScaled": func() { AddScaled(x.sum, 1, x.a) },
		} {
			if n := testing.AllocsPerRun(20, call); n != 0 {
				t.Errorf("%s allocates %v times", name, n)
			}
		}
	})
}

// TestTileWideGivesTheBitsOfPlainGo holds every shape of the tile of float64.
func TestTileWideGivesTheBitsOfPlainGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 13))
	for _, size := range [][3]int{{8, 8, 1}, {8, 16, 5}, {16, 24, 33}, {8, 72, 64}, {24, 8, 0}} {
		m, n, k := size[0], size[1], size[2]
		lda, ldb, ldc := m+rng.IntN(3), n+rng.IntN(3), n+rng.IntN(3)
		row := func(n int) []float64 {
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			return x
		}
		a, b, c := row(k*lda+m), row(k*ldb+n), row(m*ldc)
		want := append([]float64(nil), c...)
		tilePlain(want, ldc, a, lda, b, ldb, m, n, k, -1)
		onEveryPath(t, func(t *testing.T) {
			got := append([]float64(nil), c...)
			tileWide(got, ldc, a, lda, b, ldb, m, n, k, -1)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%v: element %d is %v, want %v", size, i, got[i], want[i])
				}
			}
		})
	}
}
