package evaluate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Claim is the chance somebody gave their first answer, and what was true.
type Claim struct {
	Chance  float64
	Right   bool // the first answer
	Nothing bool // there was no right answer to be had
}

// Bin is a row of a reliability table: claims of like chance.
type Bin struct {
	Claims int     `json:"claims"`
	Chance float64 `json:"chance"` // their mean
	Right  float64 `json:"right"`  // the share that was
}

// Covered is a point of the trade-off a threshold makes: answering the surest Coverage of
// the questions, whose least chance is Threshold, Precision of the answers are right.
type Covered struct {
	Coverage  float64 `json:"coverage"`
	Threshold float64 `json:"threshold"`
	Precision float64 `json:"precision"`
}

// bins of a reliability table are of equal width.
const bins = 10

// Reliability returns the claims in ten bins of equal width, empty ones left out.
func Reliability(claims []Claim) []Bin {
	out := make([]Bin, bins)
	for _, c := range claims {
		b := &out[min(bins-1, int(c.Chance*bins))]
		b.Claims++
		b.Chance += c.Chance
		if c.Right {
			b.Right++
		}
	}
	out = slices.DeleteFunc(out, func(b Bin) bool { return b.Claims == 0 })
	for i := range out {
		out[i].Chance /= float64(out[i].Claims)
		out[i].Right /= float64(out[i].Claims)
	}
	return out
}

// Coverage returns the trade-off at every tenth.
func Coverage(claims []Claim) []Covered {
	sorted := slices.Clone(claims)
	slices.SortStableFunc(sorted, func(a, b Claim) int { return cmp.Compare(b.Chance, a.Chance) })
	var out []Covered
	var right float64
	for i, c := range sorted {
		if c.Right {
			right++
		}
		for len(out) < 10 && i+1 == (len(out)+1)*len(sorted)/10 {
			out = append(out, Covered{float64(len(out)+1) / 10, c.Chance, right / float64(i+1)})
		}
	}
	return out
}

// brier is the mean square of how far the chance of an answer was from what came of it
// (Brier 1950).
func brier(claims []Claim) float64 {
	var sum float64
	for _, c := range claims {
		d := c.Chance
		if c.Right {
			d--
		}
		sum += d * d
	}
	return sum / float64(len(claims))
}

// calibrationError is the mean distance between chance and share over the bins of
// Reliability, by their claims: the expected calibration error of Guo et al. 2017.
func calibrationError(claims []Claim) float64 {
	var sum float64
	for _, b := range Reliability(claims) {
		d := b.Chance - b.Right
		sum += float64(b.Claims) * max(d, -d)
	}
	return sum / float64(len(claims))
}

// byNothing parts the chances of what had an answer from those of what had none.
func byNothing(claims []Claim) (some, none []float64) {
	for _, c := range claims {
		if c.Nothing {
			none = append(none, c.Chance)
		} else {
			some = append(some, c.Chance)
		}
	}
	slices.Sort(some)
	slices.Sort(none)
	return some, none
}

// separation is the chance that what has an answer is answered more surely than what has
// none, ties counting half: the area under the ROC curve.
func separation(claims []Claim) float64 {
	some, none := byNothing(claims)
	var sum float64
	for _, x := range none {
		from, _ := slices.BinarySearch(some, x)
		to, _ := slices.BinarySearchFunc(some, x, func(a, b float64) int { // the first above
			if a <= b {
				return -1
			}
			return 1
		})
		sum += float64(len(some)-to) + float64(to-from)/2
	}
	return sum / float64(len(some)*len(none))
}

// Rejected is the share of what has an answer that is let go, so that what has none is not
// answered.
const Rejected = 0.05

// recallNothing is the share of what has no answer that stays below the threshold which
// Rejected of what has one stays below. What has none takes no part in setting it.
func recallNothing(claims []Claim) float64 {
	some, none := byNothing(claims)
	threshold := some[int(Rejected*float64(len(some)))]
	below, _ := slices.BinarySearch(none, threshold)
	return float64(below) / float64(len(none))
}

// CertaintyMetrics measures claims: brier and ece, and where some questions have no answer
// auroc_none and recall_none, each with the interval of drawing questions anew.
func (r Resampling) CertaintyMetrics(claims []Claim) map[string]Value {
	out := make(map[string]Value)
	if len(claims) == 0 {
		return out
	}
	out["brier"] = r.of(claims, brier)
	out["ece"] = r.of(claims, calibrationError)
	if some, none := byNothing(claims); len(some) > 0 && len(none) > 0 {
		out["auroc_none"] = r.of(claims, separation)
		out["recall_none"] = r.of(claims, recallNothing)
		if len(some) == 1 || len(none) == 1 { // drawn anew it is the same one: how far it speaks for others is unknown
			out["auroc_none"], out["recall_none"] = Value{Value: out["auroc_none"].Value}, Value{Value: out["recall_none"].Value}
		}
	}
	return out
}

// certaintyResamples are fewer than of a mean: each sorts all claims.
const certaintyResamples = 500

// of is the statistic of the claims with its percentile bootstrap interval, moved by as much
// as the draws lie above or below the statistic in the mean: of a mean of distances, as ece
// is, drawing anew adds noise that only adds (Efron and Tibshirani 1993, section 10.2).
// Claims that have an answer and those that have none are drawn apart, as many of each as
// there are. The interval holds the value and ends at 0 and 1; where no kind has two claims
// there is nothing to draw, and none.
func (r Resampling) of(claims []Claim, statistic func([]Claim) float64) Value {
	sorted := slices.Clone(claims)
	slices.SortStableFunc(sorted, func(a, b Claim) int { return int(one(a.Nothing) - one(b.Nothing)) })
	some, _ := slices.BinarySearchFunc(sorted, true, func(c Claim, _ bool) int { return int(2*one(c.Nothing)) - 1 })
	value := statistic(claims)
	if some < 2 && len(sorted)-some < 2 {
		return Value{Value: value}
	}
	drawn := make([]float64, min(cmp.Or(r.Resamples, defaultResamples), certaintyResamples))
	r.each(len(drawn), "claims", func(b int, source *rand.PCG) {
		rng := rand.New(source)
		again := make([]Claim, len(sorted))
		for i := range again {
			if i < some {
				again[i] = sorted[rng.IntN(some)]
			} else {
				again[i] = sorted[some+rng.IntN(len(sorted)-some)]
			}
		}
		drawn[b] = statistic(again)
	})
	slices.Sort(drawn)
	bias := mean(drawn) - value
	// Of few claims most draws can lie on one side of their mean, and the value with them.
	low, high := min(value, quantile(drawn, 0.025)-bias), max(value, quantile(drawn, 0.975)-bias)
	return Value{value, &Interval{max(0, low), min(1, high)}}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// certaintyColumns are the reliability and the coverage of the last model that has them:
// of a ladder, the highest rung.
func (r *Report) certaintyColumns() (out [][]column) {
	for i := range r.Models {
		m := &r.Models[len(r.Models)-1-i]
		if len(m.Reliability) == 0 {
			continue
		}
		reliability := []column{{m.Name + ", claimed"}, {"was right"}, {"answers"}}
		for _, b := range m.Reliability {
			reliability[0] = append(reliability[0], fmt.Sprintf("%.3f", b.Chance))
			reliability[1] = append(reliability[1], fmt.Sprintf("%.3f", b.Right))
			reliability[2] = append(reliability[2], fmt.Sprint(b.Claims))
		}
		coverage := []column{{m.Name + ", answered"}, {"are right"}, {"threshold"}}
		for _, c := range m.Coverage {
			coverage[0] = append(coverage[0], fmt.Sprintf("%.0f %%", 100*c.Coverage))
			coverage[1] = append(coverage[1], fmt.Sprintf("%.3f", c.Precision))
			coverage[2] = append(coverage[2], fmt.Sprintf("%.3f", c.Threshold))
		}
		return append(out, reliability, coverage)
	}
	return nil
}

func (r *Report) certaintyGrids() (out []namedGrid) {
	titles := []string{"Claimed and true chances", "Coverage and precision"}
	for i, columns := range r.certaintyColumns() {
		out = append(out, namedGrid{titles[i], newGrid(columns)})
	}
	return out
}
