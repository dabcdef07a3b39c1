package policy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine/record"
)

func estimate(t *testing.T, log []record.Round, p Policy, o Options) *Result {
	t.Helper()
	got, err := Evaluate(t.Context(), log, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (r *Result) of(name string) Estimate {
	return r.Estimates[slices.IndexFunc(r.Estimates, func(e Estimate) bool { return e.Name == name })]
}

func tabled(t *testing.T, rows ...record.Probability) Policy {
	t.Helper()
	p, err := Table(rows)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestByHand: weights 1, 0.5/0.25 = 2, 0 and 0.5/0.5 = 1 with rewards 1, 3, 5 and 0.
func TestByHand(t *testing.T) {
	log := []record.Round{
		{Action: "a", Reward: 1, Propensity: 0.5},
		{Action: "b", Reward: 3, Propensity: 0.25},
		{Action: "c", Reward: 5, Propensity: 0.25},
		{Action: "a", Reward: 0, Propensity: 0.5},
	}
	p := tabled(t, record.Probability{Action: "a", Value: 0.5}, record.Probability{Action: "b", Value: 0.5})
	got := estimate(t, log, p, Options{})
	for name, want := range map[string]float64{Logged: 9. / 4, IPS: 7. / 4, SNIPS: 7. / 4} {
		if v := got.of(name).Value; math.Abs(v-want) > 1e-15 {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	if w := got.Weights; w.Mean != 1 || w.Max != 2 || w.ESS != 16./6 || w.Top != 0.5 || w.Unseen != 0 {
		t.Errorf("weights %+v", w)
	}
}

// TestRewardModel by hand: action a earned 1 and 0, b earned 1 and 1. Within cells the
// variance is (1/2 + 0) / (4 - 2) = 1/4; around the mean 3/4 the cells' means 1/2 and 1
// scatter by 4/16 = 1/4, less one free cell's 1/4: nothing is left, and both are 3/4.
func TestRewardModel(t *testing.T) {
	log := []record.Round{{Action: "a", Reward: 1}, {Action: "a"}, {Action: "b", Reward: 1}, {Action: "b", Reward: 1}}
	all := func(int) bool { return true }
	q := fitRewards(log, all)
	for _, a := range []string{"a", "b", "never seen"} {
		if got := q.of(cell{action: a}, levels); got != 0.75 {
			t.Errorf("%s earns %v, want what all do", a, got)
		}
	}
	// Ten times as many of the same: s = 5/38, t = (10/4 - s)/(40 - (20^2 + 20^2)/40).
	q = fitRewards(slices.Repeat(log, 10), all)
	s := 5. / 38
	v := (2.5 - s) / 20
	if got, want := q.of(cell{action: "a"}, levels), 0.75-0.25*v/(v+s/20); math.Abs(got-want) > 1e-12 {
		t.Errorf("a earns %v, want %v", got, want)
	}
}

// TestVariances: over many draws of cells of unequal sizes in two groups, the estimates are
// right on average.
func TestVariances(t *testing.T) {
	const draws, s, v = 4000, 2.0, 0.5
	sizes := [][]int{{2, 3, 5, 40, 1}, {7, 7, 2}, {4}}
	rng := rand.New(rand.NewPCG(5, 6))
	var within, between, squares float64
	for range draws {
		groups := make([][]*moments, len(sizes))
		for g, cells := range sizes {
			middle := 3 * rng.NormFloat64()
			for _, n := range cells {
				mean, one := middle+math.Sqrt(v)*rng.NormFloat64(), new(moments)
				for range n {
					one.add(mean + math.Sqrt(s)*rng.NormFloat64())
				}
				groups[g] = append(groups[g], one)
			}
		}
		a, b, ok := variances(groups)
		if !ok {
			t.Fatal("nothing is estimated")
		}
		within, between, squares = within+a/draws, between+b/draws, squares+b*b/draws
	}
	se := math.Sqrt((squares - between*between) / draws)
	if math.Abs(within-s) > 0.05 || math.Abs(between-v) > 4*se || se > 0.05 {
		t.Errorf("within %v, want %v; between %v (standard error %v), want %v", within, s, between, se, v)
	}
	if _, _, ok := variances([][]*moments{{{n: 1, sum: 1, squares: 1}, {n: 1}}}); ok {
		t.Error("cells of one value each say something of chance")
	}
}

// bandit is a world with known truth: two contexts, five actions, rewards of 0 or 1.
type bandit struct {
	earns  [2][5]float64
	logged [2][5]float64
	target [2][5]float64
}

func newBandit() *bandit {
	b := new(bandit)
	for x := range b.earns {
		for a := range b.earns[x] {
			b.earns[x][a] = 0.1 + 0.15*float64((a+3*x)%5)
			b.logged[x][a] = float64(1+(2*a+x)%5) / 15
			b.target[x][a] = float64(1+(4*a+2*x)%5) / 15
		}
	}
	return b
}

// truth is what the target earns a round.
func (b *bandit) truth() (sum float64) {
	for x := range b.target {
		for a, p := range b.target[x] {
			sum += p * b.earns[x][a] / 2
		}
	}
	return sum
}

func (b *bandit) policy(t *testing.T) Policy {
	var rows []record.Probability
	for x := range b.target {
		for a, p := range b.target[x] {
			rows = append(rows, record.Probability{Context: fmt.Sprint(x), Action: fmt.Sprint(a), Value: p})
		}
	}
	return tabled(t, rows...)
}

func (b *bandit) log(seed uint64, n int) []record.Round {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([]record.Round, n)
	for i := range out {
		x, u, a := rng.IntN(2), rng.Float64(), 0
		for ; a < 4 && u >= b.logged[x][a]; a++ {
			u -= b.logged[x][a]
		}
		out[i] = record.Round{Context: fmt.Sprint(x), Action: fmt.Sprint(a), Propensity: b.logged[x][a]}
		if rng.Float64() < b.earns[x][a] {
			out[i].Reward = 1
		}
	}
	return out
}

// many returns the mean of an estimator over logs, and its standard error. change is made
// to every log.
func many(t *testing.T, b *bandit, p Policy, name string, change func(*record.Round)) (mean, se float64) {
	const logs, rounds = 100, 1000
	var sum, squares float64
	for seed := range uint64(logs) {
		log := b.log(seed, rounds)
		for i := range log {
			change(&log[i])
		}
		v := estimate(t, log, p, Options{Seed: seed, Resamples: 1}).of(name).Value
		sum, squares = sum+v, squares+v*v
	}
	mean = sum / logs
	return mean, math.Sqrt((squares/logs - mean*mean) / (logs - 1))
}

// TestUnbiased: where propensities are right, IPS and DR are the truth on average, and
// SNIPS nearly; DR is where the propensities are wrong and the model right, and where the
// model is wrong and the propensities right.
func TestUnbiased(t *testing.T) {
	b := newBandit()
	as := func(*record.Round) {}
	wrong := func(r *record.Round) { r.Propensity = 0.5*r.Propensity + 0.1*float64(1+r.Action[0]%3) }
	for _, c := range []struct {
		about, estimator string
		change           func(*record.Round)
		biased           bool
	}{
		{"all right", IPS, as, false},
		{"all right", SNIPS, as, false},
		{"all right", DR, as, false},
		{"wrong propensities", IPS, wrong, true},
		{"wrong propensities", SNIPS, wrong, true},
		{"wrong propensities", DR, wrong, false},
	} {
		got, se := many(t, b, b.policy(t), c.estimator, c.change)
		if off := math.Abs(got-b.truth()) > 4*se; off != c.biased {
			t.Errorf("%s: %s is %.4f on average (standard error %.4f), the truth %.4f", c.about, c.estimator, got, se, b.truth())
		}
	}
	// The model's means are shrunk towards each other: it is near, and not unbiased.
	if got, _ := many(t, b, b.policy(t), DM, as); math.Abs(got/b.truth()-1) > 0.03 {
		t.Errorf("right model: dm is %.4f on average, the truth %.4f", got, b.truth())
	}
	// A policy that does not look at the context, so that a model which cannot see it is
	// wrong: what the logging policy shows to whom is mixed into the means.
	b.target[1] = b.target[0]
	var rows []record.Probability
	for a, p := range b.target[0] {
		rows = append(rows, record.Probability{Action: fmt.Sprint(a), Value: p})
	}
	blind := func(r *record.Round) { r.Context = "" }
	for name, biased := range map[string]bool{DM: true, DR: false, IPS: false} {
		got, se := many(t, b, tabled(t, rows...), name, blind)
		if off := math.Abs(got-b.truth()) > 4*se; off != biased {
			t.Errorf("wrong model: %s is %.4f on average (standard error %.4f), the truth %.4f", name, got, se, b.truth())
		}
	}
}

// TestIntervals: the 95 % intervals hold the truth about as often as they say.
func TestIntervals(t *testing.T) {
	b := newBandit()
	p := b.policy(t)
	held := make(map[string]int)
	const logs = 200
	for seed := range uint64(logs) {
		got := estimate(t, b.log(seed, 400), p, Options{Seed: seed, Resamples: 400})
		for _, e := range got.Estimates {
			if e.Low <= b.truth() && b.truth() <= e.High {
				held[e.Name]++
			}
		}
	}
	for _, name := range []string{IPS, SNIPS, DR} {
		if n := held[name]; n < 180 || n > 199 {
			t.Errorf("%d of %d intervals of %s hold the truth", n, logs, name)
		}
	}
}

// TestAnswersAreResampledWhole: lines of one answer that say the same are no more than one.
func TestAnswersAreResampledWhole(t *testing.T) {
	b := newBandit()
	log := b.log(1, 500)
	var thrice []record.Round
	for i, r := range log {
		r.ID = fmt.Sprint(i)
		thrice = append(thrice, r, r, r)
	}
	once, whole := estimate(t, log, b.policy(t), Options{}), estimate(t, thrice, b.policy(t), Options{})
	a, c := once.of(IPS), whole.of(IPS)
	if whole.Answers != 500 || math.Abs(a.Value-c.Value) > 1e-12 || math.Abs((a.High-a.Low)/(c.High-c.Low)-1) > 0.1 {
		t.Errorf("once %+v, thrice %+v", a, c)
	}
}

// TestSameSeedSameResult, and another order of a policy's rows changes nothing.
func TestSameSeedSameResult(t *testing.T) {
	b := newBandit()
	log := b.log(3, 300)
	one, two := estimate(t, log, b.policy(t), Options{Seed: 9}), estimate(t, log, b.policy(t), Options{Seed: 9})
	if !slices.Equal(one.Estimates, two.Estimates) {
		t.Errorf("%v, then %v", one.Estimates, two.Estimates)
	}
}

func TestWarnings(t *testing.T) {
	log := slices.Repeat([]record.Round{{Action: "a", Propensity: 0.999}}, 999)
	rare := append(slices.Clone(log), record.Round{Action: "b", Reward: 1, Propensity: 0.001})
	b := tabled(t, record.Probability{Action: "b", Value: 1})
	for _, c := range []struct {
		about string
		log   []record.Round
		p     Policy
		want  []string
	}{
		{"one round has all the weight", rare, b, []string{"USELESS WEIGHTS: 1000 rounds say as much as 1 would"}},
		{"nothing in common", log, b, []string{"by the same ids", ""}},
		{"wrong propensities", rare[:999], tabled(t, record.Probability{Action: "a", Value: 0.5}, record.Probability{Action: "z", Value: 0.5}), []string{"the weights' mean is 0.5005", "50 % of its probability"}},
	} {
		got := estimate(t, c.log, c.p, Options{Resamples: 1}).Warnings
		text := strings.Join(got, "\n")
		for _, want := range c.want {
			if len(got) == 0 || !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %q", c.about, want, got)
			}
		}
	}
	world := newBandit()
	if got := estimate(t, world.log(1, 2000), world.policy(t), Options{}).Warnings; len(got) > 0 {
		t.Errorf("a good log is warned of: %q", got)
	}
}

func TestPolicies(t *testing.T) {
	p := tabled(t,
		record.Probability{Action: "a", Value: 1},
		record.Probability{Action: "b", Position: 2, Value: 1},
		record.Probability{Action: "c", Context: "x", Value: 1},
		record.Probability{Action: "d", Round: "r", Value: 1},
	)
	for _, c := range []struct {
		round record.Round
		want  string
	}{
		{record.Round{}, "a"},
		{record.Round{Position: 2}, "b"},
		{record.Round{Position: 2, Context: "x"}, "c"},
		{record.Round{Position: 2, Context: "x", ID: "r"}, "d"},
		{record.Round{Context: "y"}, "a"},
	} {
		if d, err := p.Of(&c.round); err != nil || d.Probability(c.want) != 1 {
			t.Errorf("%+v: got %+v, %v, want %s", c.round, d, err, c.want)
		}
	}
	for _, c := range []struct {
		rows []record.Probability
		want string
	}{
		{[]record.Probability{{Action: "a", Value: 0.5}}, "in every round, the probabilities of the 1 actions add up to 0.5"},
		{[]record.Probability{{Action: "a", Value: 0.5}, {Action: "a", Value: 0.5}}, "a has two probabilities"},
		{[]record.Probability{{Action: "a", Context: "x", Position: 2}}, "in context x in position 2"},
	} {
		if _, err := Table(c.rows); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want ...%s...", c.rows, err, c.want)
		}
	}
	some := tabled(t, record.Probability{Action: "a", Context: "x", Value: 1})
	if _, err := Evaluate(t.Context(), []record.Round{{Action: "a", Context: "y", Propensity: 1}}, some, Options{}); err == nil || !strings.Contains(err.Error(), "in context y") {
		t.Errorf("a round the policy says nothing of: %v", err)
	}
	if _, err := Uniform([]string{"a", "b"}, 1); err == nil {
		t.Error("two actions are said to be one")
	}
}
