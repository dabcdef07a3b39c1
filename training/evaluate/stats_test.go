package evaluate

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

func normals(seed uint64, n int, mu, sigma float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = mu + sigma*rng.NormFloat64()
	}
	return out
}

func TestMeanIntervalIsNearTheNormalOne(t *testing.T) {
	values := normals(1, 2000, 0.3, 0.2)
	got, in := Resampling{Seed: 5}.Mean(values)
	m, sd := stat.MeanStdDev(values, nil)
	se := sd / math.Sqrt(float64(len(values)))
	if math.Abs(got-m) > 1e-12 {
		t.Errorf("mean = %v, want %v", got, m)
	}
	for _, c := range []struct{ got, want float64 }{{in.Low, m - 1.96*se}, {in.High, m + 1.96*se}} {
		if math.Abs(c.got-c.want) > 0.15*se {
			t.Errorf("bound %v, want %v within 0.15 standard errors (%v)", c.got, c.want, se)
		}
	}
}

func TestMeanIntervalCovers(t *testing.T) {
	var held int
	const worlds = 400
	for w := range worlds {
		_, in := Resampling{Seed: uint64(w), Resamples: 400}.Mean(normals(uint64(w), 100, 1, 1))
		if in.Low <= 1 && 1 <= in.High {
			held++
		}
	}
	// 95 % of 400 are 380, with a standard deviation of 4.4; small samples hold a little less.
	if held < 362 || held > 394 {
		t.Errorf("the interval held the truth in %d of %d worlds, want about 380", held, worlds)
	}
}

func TestMeanOfLittle(t *testing.T) {
	if m, in := (Resampling{}).Mean(nil); m != 0 || in != (Interval{}) {
		t.Errorf("Mean(nil) = %v, %v, want zeros", m, in)
	}
	if m, in := (Resampling{}).Mean([]float64{0.25}); m != 0.25 || in != (Interval{0.25, 0.25}) {
		t.Errorf("Mean of one value = %v, %v, want it and nothing around", m, in)
	}
}

func TestCompareIsNearTheTTest(t *testing.T) {
	for _, shift := range []float64{0.004, 0.008, 0.012} {
		a, b := normals(11, 3000, 0.2+shift, 0.2), normals(12, 3000, 0.2, 0.2)
		got := Resampling{Seed: 3}.Compare(a, b)
		differences := make([]float64, len(a))
		for i := range a {
			differences[i] = a[i] - b[i]
		}
		m, sd := stat.MeanStdDev(differences, nil)
		n := float64(len(a))
		want := 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Survival(math.Abs(m)/(sd/math.Sqrt(n)))
		if math.Abs(got.P-want) > 0.02 || math.Abs(got.Difference-m) > 1e-12 {
			t.Errorf("shift %v: difference %v, p %v; the t-test says %v, %v", shift, got.Difference, got.P, m, want)
		}
		if half := 1.96 * sd / math.Sqrt(n); math.Abs(got.Low-(m-half)) > 0.15*half || math.Abs(got.High-(m+half)) > 0.15*half {
			t.Errorf("shift %v: [%v, %v], want about %v +- %v", shift, got.Low, got.High, m, half)
		}
	}
}

func TestSignFlipOfFewIsExact(t *testing.T) {
	// Of the 32 ways to give five ones a sign, 2 sum to 5 or -5; zeros change nothing.
	ones := []float64{1, 0, 1, 1, 0, 1, 1}
	if got := (Resampling{}).Compare(ones, make([]float64, 7)).P; math.Abs(got-2./32) > 0.01 {
		t.Errorf("p = %v, want about %v", got, 2./32)
	}
	if got := (Resampling{}).Compare(ones, ones).P; got != 1 {
		t.Errorf("p of a model against itself = %v, want 1", got)
	}
	far := normals(1, 500, 5, 1)
	if got, want := (Resampling{}).Compare(far, make([]float64, 500)).P, 1./10_001; got != want {
		t.Errorf("p = %v, want the smallest there is, %v", got, want)
	}
	// 0.1 + 0.2 - 0.3 is not 0 in binary: equal sums must count as equal.
	if got := (Resampling{}).Compare([]float64{0.1, 0.2, -0.3}, make([]float64, 3)).P; got != 1 {
		t.Errorf("p of differences that cancel = %v, want 1", got)
	}
}

func TestSignFlipHoldsItsLevel(t *testing.T) {
	var claims int
	const worlds = 400
	for w := range worlds {
		zero := make([]float64, 40)
		if (Resampling{Seed: uint64(w), Resamples: 10, Flips: 400}).Compare(normals(uint64(w), 40, 0, 1), zero).P <= 0.05 {
			claims++
		}
	}
	if claims < 7 || claims > 35 { // 20 +- 3.5 standard deviations
		t.Errorf("%d of %d comparisons of equals have p <= 0.05, want about 20", claims, worlds)
	}
}

func TestResamplingIsTheSameForAnyThreads(t *testing.T) {
	a, b := normals(1, 301, 0.1, 1), normals(2, 301, 0, 1)
	r := Resampling{Seed: 9, Resamples: 501, Flips: 1001}
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	want := r.Compare(a, b)
	for _, n := range []int{2, 3, 7} {
		runtime.GOMAXPROCS(n)
		if got := r.Compare(a, b); got != want {
			t.Errorf("with %d threads %v, with one %v", n, got, want)
		}
	}
	r.Seed++
	if got := r.Compare(a, b); got == want {
		t.Error("another seed gave the same resamples")
	}
}

// TestCustomersAreDrawnWhole repeats each customer's one value: ten copies say no more
// than one.
func TestCustomersAreDrawnWhole(t *testing.T) {
	one := normals(3, 200, 0.3, 0.2)
	var many, zeros []float64
	var whose []int
	for range 10 {
		for i, v := range one {
			many, zeros, whose = append(many, v), append(zeros, 0.28), append(whose, i)
		}
	}
	r := Resampling{Seed: 4}
	wantMean, want := r.Mean(one)
	gotMean, got := r.MeanBy(many, whose)
	if math.Abs(gotMean-wantMean) > 1e-12 || math.Abs(got.Low-want.Low) > 0.1*(want.High-want.Low) || math.Abs(got.High-want.High) > 0.1*(want.High-want.Low) {
		t.Errorf("ten copies: %v %v, one: %v %v", gotMean, got, wantMean, want)
	}
	a, b := r.Compare(one, zeros[:200]), r.CompareBy(many, zeros, whose)
	if math.Abs(a.P-b.P) > 0.02 {
		t.Errorf("p of ten copies %v, of one %v", b.P, a.P)
	}
	if naive := r.Compare(many, zeros); naive.P > a.P/2 {
		t.Errorf("taken one by one the copies have p %v, no less than %v: the test shows nothing", naive.P, a.P)
	}
}

// TestClustersOfUnevenSize: the mean is over values, not over customers, as worked out
// by hand: (1 + 1 + 1 + 0) / 4, and its interval spans what drawing {3 of 1} and {1 of
// 0} can give.
func TestClustersOfUnevenSize(t *testing.T) {
	m, in := Resampling{}.MeanBy([]float64{1, 0, 1, 1}, []int{0, 1, 0, 0})
	if m != 0.75 || in != (Interval{0, 1}) {
		t.Errorf("%v %v, want 0.75 [0, 1]", m, in)
	}
	if m, in := (Resampling{}).MeanBy([]float64{1, 0}, []int{1, 0}); m != 0.5 || in != (Interval{0, 1}) {
		t.Errorf("one value each: %v %v", m, in)
	}
	if c := (Resampling{}).CompareBy(nil, nil, []int{}); c.P != 1 {
		t.Errorf("nothing compared: %+v", c)
	}
}

func TestHolm(t *testing.T) {
	// Four tests: 0.005 x 4, 0.01 x 3, 0.03 x 2, then 0.04 x 1 raised to the one before.
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	want := []float64{0.03, 0.06, 0.06, 0.02}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Fatalf("Holm = %v, want %v", got, want)
		}
	}
	if got := Holm([]float64{0.6, 0.7}); !slices.Equal(got, []float64{1, 1}) {
		t.Errorf("Holm of large p = %v, want ones", got)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("Holm(nil) = %v", got)
	}
}

func BenchmarkCompare(b *testing.B) {
	x, y := normals(1, 1000, 0.1, 1), normals(2, 1000, 0, 1)
	for b.Loop() {
		Resampling{}.Compare(x, y)
	}
}
