package evaluate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawClaims(t *rapid.T) []Claim {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Claim {
		c := Claim{Chance: float64(rapid.IntRange(0, 20).Draw(t, "chance")) / 20, Nothing: rapid.Bool().Draw(t, "nothing")}
		c.Right = !c.Nothing && rapid.Bool().Draw(t, "right")
		return c
	}), 1, 40).Draw(t, "claims")
}

// TestSeparationIsPairs holds the area under the curve against its definition over all
// pairs, and the rejected share against counting.
func TestSeparationIsPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := drawClaims(t)
		var pairs, won, some, none float64
		for _, a := range claims {
			if a.Nothing {
				none++
				continue
			}
			some++
			for _, b := range claims {
				if b.Nothing {
					pairs++
					switch {
					case a.Chance > b.Chance:
						won++
					case a.Chance == b.Chance:
						won += 0.5
					}
				}
			}
		}
		if pairs == 0 {
			return
		}
		if got := separation(claims); math.Abs(got-won/pairs) > 1e-12 {
			t.Fatalf("separation %v, by pairs %v", got, won/pairs)
		}
		got := recallNothing(claims)
		best := 0.0 // over thresholds that let go no more than Rejected of what has an answer
		for step := range 22 {
			threshold := float64(step) / 20
			var lost, kept float64
			for _, c := range claims {
				if c.Chance < threshold {
					if c.Nothing {
						kept++
					} else {
						lost++
					}
				}
			}
			if lost <= Rejected*some {
				best = max(best, kept/none)
			}
		}
		if math.Abs(got-best) > 1e-12 {
			t.Fatalf("rejected %v of what has no answer, counting says %v", got, best)
		}
	})
}

func TestReliabilityAndCoverage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := drawClaims(t)
		var count int
		var right float64
		for _, b := range Reliability(claims) {
			count += b.Claims
			right += b.Right * float64(b.Claims)
		}
		var want float64
		for _, c := range claims {
			want += one(c.Right)
		}
		if count != len(claims) || math.Abs(right-want) > 1e-9 {
			t.Fatalf("the bins hold %d claims, %v right; want %d and %v", count, right, len(claims), want)
		}
		if got := Coverage(claims); len(claims) >= 10 {
			last := got[len(got)-1]
			if len(got) != 10 || math.Abs(last.Precision-want/float64(len(claims))) > 1e-9 {
				t.Fatalf("answering all of %d has precision %v, want %v", len(claims), last, want)
			}
			for i := 1; i < len(got); i++ {
				if got[i].Threshold > got[i-1].Threshold {
					t.Fatalf("thresholds rise: %v", got)
				}
			}
		}
	})
}

// TestCertaintyOfTheHonest has chances that are true, and others that are not.
func TestCertaintyOfTheHonest(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var honest, boastful []Claim
	for range 4_000 {
		p := rng.Float64()
		c := Claim{Chance: p, Right: rng.Float64() < p}
		honest = append(honest, c)
		c.Chance = (1 + p) / 2
		boastful = append(boastful, c)
	}
	a, b := Resampling{}.CertaintyMetrics(honest), Resampling{}.CertaintyMetrics(boastful)
	if a["ece"].Value > 0.03 || b["ece"].Value < 0.2 || a["brier"].Value > b["brier"].Value {
		t.Errorf("honest %v, boastful %v", a, b)
	}
	if math.Abs(a["brier"].Value-1./6) > 0.02 {
		t.Errorf("brier %v, want the mean of p(1-p), 1/6", a["brier"].Value)
	}
	if v := a["brier"]; v.Low > v.Value || v.High < v.Value || v.High-v.Low > 0.03 {
		t.Errorf("interval %v", v)
	}
	few := Resampling{}.CertaintyMetrics(honest[:150])
	if v := few["ece"]; v.Low > v.Value || v.High < v.Value {
		t.Errorf("of 150 answers the error is %v, its interval from %v to %v", v.Value, v.Low, v.High)
	}
	if _, ok := a["auroc_none"]; ok {
		t.Error("where every question has an answer, questions without were told apart")
	}
}

// TestCertaintyIntervalsHoldTheirValues: of few claims, too, an interval holds the value and
// stays within 0 and 1; of a single claim of a kind there is none.
func TestCertaintyIntervalsHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := drawClaims(t)
		some, none := byNothing(claims)
		for name, v := range (Resampling{Resamples: 40}).CertaintyMetrics(claims) {
			single := len(some) < 2 && len(none) < 2
			if strings.HasSuffix(name, "_none") {
				single = len(some) == 1 || len(none) == 1
			}
			if single != (v.Interval == nil) {
				t.Fatalf("%s of %d with and %d without an answer has the interval %v", name, len(some), len(none), v.Interval)
			}
			if !single && (v.Low < 0 || v.Low > v.Value || v.Value > v.High || v.High > 1) {
				t.Fatalf("%s is %v in [%v, %v]", name, v.Value, v.Low, v.High)
			}
		}
	})
}
