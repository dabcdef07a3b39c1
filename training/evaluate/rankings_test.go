package evaluate

import (
	"fmt"
	"testing"
)

// TestQueriesOfOneAreDrawnTogether has four people who ask ten times each, two of whom are
// always answered right: what is known is what four people say, not forty.
func TestQueriesOfOneAreDrawnTogether(t *testing.T) {
	measure := func(told bool) Value {
		var judged Judgements
		run := &Rankings{Name: "run"}
		for q := range 40 {
			query, who := fmt.Sprint("q", q), q%4
			judged.Add(query, "right", 1)
			if told {
				judged.Of(query, fmt.Sprint("who", who))
			}
			item := "wrong"
			if who < 2 {
				item = "right"
			}
			if err := run.Add(query, item, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		s := Scoring{Metrics: []Metric{{Name: "hr", K: 10}}}
		return s.Measure(&judged, []*Rankings{run}).Models[0].Metrics["hr@10"]
	}
	alone, together := measure(false), measure(true)
	if alone.Value != 0.5 || together.Value != 0.5 {
		t.Fatalf("means %v and %v, want .5", alone.Value, together.Value)
	}
	if together.Low != 0 || together.High != 1 || alone.Low < 0.3 || alone.High > 0.7 {
		t.Errorf("[%v, %v] of forty that know nothing of one another, [%v, %v] of four who ask ten times: want the second from 0 to 1",
			alone.Low, alone.High, together.Low, together.High)
	}
}
