package triage

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// house draws tickets whose queue hangs on two fields together and on a word, and whose
// time hangs on one field.
func house(n int) (tickets []Ticket, queues []string, took []Took) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range n {
		product, channel := []string{"lamp", "kettle"}[rng.IntN(2)], []string{"chat", "email"}[rng.IntN(2)]
		t := Ticket{Fields: []Field{{"product", product}, {"channel", channel}, {"caller", fmt.Sprint(rng.IntN(200))}, {"empty", ""}}, Text: "my thing is here"}
		queue := "first"
		if (product == "lamp") != (channel == "chat") { // neither says anything alone
			queue = "second"
		}
		if rng.IntN(4) == 0 {
			t.Text, queue = "the invoice is wrong", "billing"
		}
		hours := 4 * math.Exp(0.3*rng.NormFloat64())
		if product == "kettle" {
			hours *= 10
		}
		tickets, queues, took = append(tickets, t), append(queues, queue), append(took, Took{Time: time.Duration(hours * float64(time.Hour))})
	}
	return tickets, queues, took
}

func TestClassesFindWhatDecides(t *testing.T) {
	tickets, queues, _ := house(3_000)
	c := FitClasses(tickets[:2_000], queues[:2_000], 1)
	right, claimed := 0.0, 0.0
	for i := range tickets[2_000:] {
		got := c.Of(&tickets[2_000+i])
		var sum float64
		for _, x := range got {
			sum += x.Chance
		}
		if math.Abs(sum-1) > 1e-4 || len(got) != 3 {
			t.Fatalf("chances %v sum to %v", got, sum)
		}
		claimed += got[0].Chance
		if got[0].Name == queues[2_000+i] {
			right++
		}
	}
	if right < 990 || math.Abs(claimed-right) > 30 {
		t.Errorf("%.0f of 1000 right, claimed %.0f", right, claimed)
	}
	bill := Ticket{Fields: tickets[0].Fields, Text: "an invoice"}
	if got := c.Of(&bill)[0]; got.Name != "billing" {
		t.Errorf("an invoice goes to %v", got)
	}
	if signs := c.Signs(&bill, "billing", 2); len(signs) == 0 || !strings.Contains(signs[0].What, "invoic") {
		t.Errorf("what speaks for billing is %v", signs)
	}
	if c.Signs(&bill, "nowhere", 2) != nil {
		t.Error("signs of a class that is none")
	}
	if again := FitClasses(tickets[:2_000], queues[:2_000], 1); !reflect.DeepEqual(c, again) {
		t.Error("the same tickets gave another model")
	}
	if FitClasses(tickets, make([]string, len(tickets)), 1) != nil || FitClasses(nil, nil, 1) != nil {
		t.Error("classes were learnt where none is known")
	}
}

func TestTimesAreQuantiles(t *testing.T) {
	tickets, _, took := house(6_000)
	m := FitTimes(tickets[:4_000], took[:4_000], 1)
	below := map[string]float64{}
	for i := range tickets[4_000:] {
		said, truth := m.Of(&tickets[4_000+i]), took[4_000+i].Time
		if said.Low > said.Likely || said.Likely > said.High || said.Low < 0 {
			t.Fatalf("said %+v", said)
		}
		for name, d := range map[string]time.Duration{"low": said.Low, "likely": said.Likely, "high": said.High} {
			if truth < d {
				below[name] += 1. / 2_000
			}
		}
	}
	if math.Abs(below["low"]-0.1) > 0.06 || math.Abs(below["likely"]-0.5) > 0.06 || math.Abs(below["high"]-0.9) > 0.06 {
		t.Errorf("shares below %v, want 0.1, 0.5 and 0.9", below)
	}
	lamp, kettle := Ticket{Fields: []Field{{"product", "lamp"}}}, Ticket{Fields: []Field{{"product", "kettle"}}}
	if a, b := m.Of(&lamp).Likely.Hours(), m.Of(&kettle).Likely.Hours(); a > 10 || b < 20 {
		t.Errorf("a lamp takes %.1f hours, a kettle %.1f; want some 4 and 40", a, b)
	}
	// Half of the tickets are looked at after five hours: what is open then is not forgotten.
	for i := range took[:4_000] {
		if i%2 == 0 && took[i].Time > 5*time.Hour {
			took[i] = Took{5 * time.Hour, true}
		}
	}
	if b := FitTimes(tickets[:4_000], took[:4_000], 1).Of(&kettle).Likely.Hours(); b < 25 {
		t.Errorf("half of the kettles still being open, one takes %.1f hours, want some 40", b)
	}
	if FitTimes(tickets[:10], took[:10], 1) != nil {
		t.Error("ten tickets were enough")
	}
}

func TestPinball(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { // the median of three has the least loss of one half
		x := []float64{rapid.Float64Range(-9, 9).Draw(t, "a"), rapid.Float64Range(-9, 9).Draw(t, "b"), rapid.Float64Range(-9, 9).Draw(t, "c")}
		loss := func(got float64) (sum float64) {
			for _, truth := range x {
				sum += Pinball(0.5, truth, got)
			}
			return sum
		}
		median := x[0] + x[1] + x[2] - min(x[0], x[1], x[2]) - max(x[0], x[1], x[2])
		if other := rapid.Float64Range(-9, 9).Draw(t, "other"); loss(median) > loss(other)+1e-9 {
			t.Fatalf("of %v %v loses less than the median %v", x, other, median)
		}
	})
}

// TestStrangeTickets asks of anything: chances stay chances.
func TestStrangeTickets(t *testing.T) {
	tickets, queues, took := house(500)
	c, m := FitClasses(tickets, queues, 1), FitTimes(tickets, took, 1)
	rapid.Check(t, func(t *rapid.T) {
		ticket := Ticket{Text: rapid.String().Draw(t, "text")}
		for range rapid.IntRange(0, 3).Draw(t, "fields") {
			ticket.Fields = append(ticket.Fields, Field{rapid.StringN(0, 5, -1).Draw(t, "name"), rapid.StringN(0, 5, -1).Draw(t, "value")})
		}
		for _, x := range c.Of(&ticket) {
			if !(x.Chance >= 0 && x.Chance <= 1) {
				t.Fatalf("a chance of %v", x)
			}
		}
		if r := m.Of(&ticket); r.Low < 0 || r.High < r.Low {
			t.Fatalf("takes %+v", r)
		}
	})
}
