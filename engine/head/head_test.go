package head

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine/text"
)

var vocabulary = strings.Fields("my card was charged twice where is the refund lamp broken E-404 grün payment pending why how late parcel")

// drawQuestions makes questions of few words, some with a vector, some that nothing solves.
func drawQuestions(t *rapid.T, labels int) []Question {
	out := make([]Question, rapid.IntRange(2, 30).Draw(t, "questions"))
	for i := range out {
		out[i].Text = strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 6).Draw(t, "text"), " ")
		out[i].Labels = rapid.SliceOfNDistinct(rapid.IntRange(0, labels-1), 0, 2, rapid.ID).Draw(t, "labels")
		if rapid.Bool().Draw(t, "vector") {
			angle := rapid.Float64Range(0, 6).Draw(t, "angle")
			out[i].Vector = []float32{float32(math.Cos(angle)), float32(math.Sin(angle))}
		}
	}
	return out
}

// plainScores solves (K + ridge) w = y by elimination without some questions, and returns the
// scores for q.
func plainScores(m *Model, questions []Question, without []int, labels int, q Question) []float64 {
	var known []int
	for i := range questions {
		if !slices.Contains(without, i) {
			known = append(known, i)
		}
	}
	n := len(known)
	rows := make([][]float64, n) // K + ridge | y
	for r, i := range known {
		rows[r] = make([]float64, n+labels)
		k := m.Likeness(questions[i])
		for c, j := range known {
			rows[r][c] = float64(k[j])
		}
		rows[r][r] += m.options.Ridge
		for _, l := range questions[i].Labels {
			rows[r][n+l] = 1
		}
	}
	for i := range rows {
		for j := range rows {
			if f := rows[j][i] / rows[i][i]; j != i {
				for c := range rows[j] {
					rows[j][c] -= f * rows[i][c]
				}
			}
		}
	}
	out := make([]float64, labels)
	k := m.Likeness(q)
	for r, i := range known {
		for l := range out {
			out[l] += float64(k[i]) * rows[r][n+l] / rows[r][r]
		}
	}
	return out
}

func TestHeadIsRidge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const labels = 4
		questions := drawQuestions(t, labels)
		parts := make([][]int, 3) // of all but some, and one that there is no room for
		for i := range len(questions) + 1 {
			if p := rapid.IntRange(0, 3).Draw(t, "part"); p < 3 {
				parts[p] = append(parts[p], i)
			}
		}
		m, held, err := Fit(context.Background(), questions, labels, parts, Options{}, rapid.IntRange(1, 3).Draw(t, "workers"))
		if err != nil {
			t.Fatal(err)
		}
		near := func(what string, got []float32, want []float64) {
			for l := range want {
				if math.Abs(float64(got[l])-want[l]) > 2e-3 {
					t.Fatalf("%s: scores %v, want %v", what, got, want)
				}
			}
		}
		asked := drawQuestions(t, labels)[0]
		near("asked", m.Scores(m.Likeness(asked)), plainScores(m, questions, nil, labels, asked))

		// What is held of a question is what a fit without it says of it: the same kernel,
		// so that its words still count in how rare words are.
		at := rapid.IntRange(0, len(questions)-1).Draw(t, "left out")
		near("left out", held.Each[at*labels:][:labels], plainScores(m, questions, []int{at}, labels, questions[at]))
		for _, part := range parts {
			for _, i := range part[:min(3, len(part))] {
				if i < len(questions) {
					near("left out with its part", held.Parts[i*labels:][:labels], plainScores(m, questions, part, labels, questions[i]))
				}
			}
		}
		for i, x := range m.Likeness(questions[at]) {
			if x < 0 || x > 1+1e-5 {
				t.Fatalf("likeness %v to question %d", x, i)
			}
		}
	})
}

// TestHeadLearns has questions of two subjects in random words: the head tells them apart,
// also misspelt, and is sure of neither for a text of strange words.
func TestHeadLearns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	about := [][]string{strings.Fields("card charged payment refund bank account"), strings.Fields("lamp light bulb broken dark switch")}
	var questions []Question
	for i := range 60 {
		words := about[i%2]
		questions = append(questions, Question{Text: "please my " + words[rng.IntN(6)] + " and " + words[rng.IntN(6)], Labels: []int{i % 2}})
	}
	m, _, err := Fit(context.Background(), questions, 2, nil, DefaultOptions(), 2)
	if err != nil {
		t.Fatal(err)
	}
	scores := func(text string) []float32 { return m.Scores(m.Likeness(Question{Text: text})) }
	if s := scores("the paymnet on my acount"); s[0] < 1.3*s[1] {
		t.Errorf("a misspelt payment scores %v", s)
	}
	if s := scores("zzz qqq www"); s[0] > 0.35 || s[1] > 0.35 {
		t.Errorf("strange words score %v", s)
	}
	few, _, err := Fit(context.Background(), questions, 2, nil, Options{Pieces: .5, Strict: 2, Ridge: .1, MaxQuestions: 10}, 1)
	if err != nil || few.Questions() != 10 {
		t.Errorf("%d questions were learnt, want the first 10 (%v)", few.Questions(), err)
	}
	none, held, err := Fit(context.Background(), nil, 2, nil, Options{}, 1)
	if err != nil || len(held.Each) != 0 || len(none.Scores(none.Likeness(questions[0]))) != 0 {
		t.Errorf("of nothing: %v, held %v", err, held)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Fit(ended, questions, 2, nil, Options{}, 1); err == nil {
		t.Error("a fit that was ended has no error")
	}
}

// TestRowsAreTheirLists holds that features that many questions have say in rows what their lists
// do, to the bit.
func TestRowsAreTheirLists(t *testing.T) {
	laid := 0
	rapid.Check(t, func(t *rapid.T) {
		m, _, err := Fit(context.Background(), drawQuestions(t, 3), 3, nil, Options{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		words, pieces := text.Grams(drawQuestions(t, 3)[0].Text)
		for _, of := range []struct {
			*block
			features []uint64
		}{{m.words, words}, {m.pieces, pieces}} {
			slices.Sort(of.features)
			v, plain := of.vector(of.features), *of.block
			plain.whole = make([][]float32, len(plain.lists))
			got, want := make([]float32, m.questions), make([]float32, m.questions)
			of.cosines(got, v, 0.7)
			plain.cosines(want, v, 0.7)
			if !slices.Equal(got, want) {
				t.Fatalf("in rows %v, in lists %v", got, want)
			}
			for _, row := range of.whole {
				if row != nil {
					laid++
				}
			}
		}
	})
	if laid == 0 {
		t.Error("no feature lay in a row")
	}
}

func TestWorkersChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		questions := drawQuestions(t, 3)
		a, heldA, errA := Fit(context.Background(), questions, 3, nil, Options{}, 1)
		b, heldB, errB := Fit(context.Background(), questions, 3, nil, Options{}, 4)
		if errA != nil || errB != nil || !reflect.DeepEqual(a.weights, b.weights) || !slices.Equal(heldA.Each, heldB.Each) {
			t.Fatalf("one worker and four differ: %v %v", errA, errB)
		}
	})
}
