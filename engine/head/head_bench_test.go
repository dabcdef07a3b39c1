package head

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
)

// BenchmarkAnswer is what a ticket costs a desk of 4,000 questions to 200 fixes, with
// vectors of sentences.
func BenchmarkAnswer(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	words := make([]string, 2_000)
	for i := range words {
		for range 3 + rng.IntN(6) {
			words[i] += string(rune('a' + rng.IntN(26)))
		}
	}
	questions := make([]Question, 4_000)
	for i := range questions {
		var s []string
		for range 12 {
			s = append(s, words[int(float64(len(words))*rng.Float64()*rng.Float64()*rng.Float64())])
		}
		q := Question{Text: strings.Join(s, " "), Labels: []int{rng.IntN(200)}, Vector: make([]float32, 512)}
		for d := range q.Vector {
			q.Vector[d] = float32(rng.NormFloat64() / 22.6)
		}
		questions[i] = q
	}
	m, _, err := Fit(context.Background(), questions, 200, nil, Options{}, 2)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m.Scores(m.Likeness(questions[7]))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(questions)), "ns/question")
}
