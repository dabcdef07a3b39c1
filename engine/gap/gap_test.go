package gap

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var begin = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func drawTickets(t *rapid.T) []Ticket {
	words := []string{"lamp", "lamps", "flickers", "parcel", "late", "colour", "wrong", "laces", "green", "box", "the", "E17", "Größe", ""}
	out := make([]Ticket, rapid.IntRange(0, 60).Draw(t, "tickets"))
	for i := range out {
		out[i] = Ticket{
			Text:     strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 6).Draw(t, "words"), " "),
			Language: rapid.SampledFrom([]string{"", "en", "de"}).Draw(t, "language"),
			At:       begin.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "hour")) * time.Hour),
			Fate:     Fate(rapid.IntRange(int(Waits), int(Without)).Draw(t, "fate")),
		}
	}
	return out
}

// assignPlainly is assign without its lists: every ticket against every middle.
func (s *search) assignPlainly(leading bool) {
	for _, i := range s.order {
		best, likeness := int32(-1), s.Radius
		for c := range s.middles {
			if d := dot(s.vectors[i], s.middles[c]); d > likeness || d == likeness && best < 0 && d > 0 {
				best, likeness = int32(c), d
			}
		}
		if best < 0 && leading && s.vectors[i] != nil && len(s.middles) < s.Most {
			best = int32(len(s.middles))
			s.middles = append(s.middles, s.vectors[i])
		}
		s.cluster[i] = best
	}
}

// Tickets go to the nearest middle, found by lists of terms or one after the other.
func TestTicketsGoToTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tickets := drawTickets(t)
		p := Params{Most: rapid.IntRange(1, 8).Draw(t, "most"), Radius: rapid.SampledFrom([]float64{0.2, 0.35, 0.8}).Draw(t, "radius")}.orDefaults()
		fast, plain := read(tickets, p), read(tickets, p)
		for pass := range 3 {
			if err := fast.assign(context.Background(), pass == 0); err != nil {
				t.Fatal(err)
			}
			plain.assignPlainly(pass == 0)
			if !slices.Equal(fast.cluster, plain.cluster) || !reflect.DeepEqual(fast.middles, plain.middles) {
				t.Fatalf("pass %d: %v, want %v", pass, fast.cluster, plain.cluster)
			}
			fast.recentre()
			plain.recentre()
		}
	})
}

// What is found holds what it says: tickets without a fix, each once, enough of them, and not
// surely more ended than not; the same again.
func TestGapsHoldWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tickets := drawTickets(t)
		p := Params{Least: rapid.IntRange(1, 5).Draw(t, "least")}
		found, err := Find(context.Background(), tickets, p)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[int]bool)
		for n, c := range found {
			if len(c.Tickets) < p.Least || len(c.Terms) == 0 || len(c.Terms) > labelTerms || c.Ended > len(c.Tickets) {
				t.Fatalf("found %+v", c)
			}
			if n > 0 && len(found[n-1].Tickets) < len(c.Tickets) {
				t.Fatalf("the larger comes later: %+v", found)
			}
			for _, i := range c.Tickets {
				if seen[i] || !tickets[i].Fate.Gap() {
					t.Fatalf("ticket %d, %+v, is in %+v, or twice", i, tickets[i], c)
				}
				seen[i] = true
			}
		}
		if again, err := Find(context.Background(), tickets, p); err != nil || !reflect.DeepEqual(again, found) {
			t.Fatalf("found %+v, then %+v, %v", found, again, err)
		}
	})
}

// Two troubles, one of which fixes end, and noise: the other is the gap, by its words.
func TestAGapIsNamed(t *testing.T) {
	var tickets []Ticket
	for i := range 10 {
		tickets = append(tickets,
			Ticket{Text: fmt.Sprintf("Hello, the laces came in the wrong colour, order %d", i), Fate: Without, At: begin.Add(time.Duration(i) * time.Hour)},
			Ticket{Text: "Hello, my lamp flickers", Fate: []Fate{Ended, Ended, Failed, Ended}[i%4]},
			Ticket{Text: fmt.Sprintf("Hello, something else %d of its own %c", i, 'a'+i), Fate: Waits})
	}
	found, err := Find(context.Background(), tickets, Params{})
	if err != nil || len(found) != 1 || len(found[0].Tickets) != 10 || !slices.Contains(found[0].Terms, "laces") || slices.Contains(found[0].Terms, "hello") {
		t.Errorf("found %+v, %v, want the laces alone", found, err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Find(stopped, tickets, Params{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

// Twenty thousand tickets, the most that are looked at.
func BenchmarkFind(b *testing.B) {
	var tickets []Ticket
	for i := range 20_000 {
		tickets = append(tickets, Ticket{
			Text: fmt.Sprintf("Hello, my thing%d of brand%d does not do%d what it should, since %d days, order A%d", i%300, i%37, i%53, i%9, i),
			At:   begin.Add(time.Duration(i) * time.Minute), Fate: Fate(i % 5),
		})
	}
	for b.Loop() {
		if _, err := Find(context.Background(), tickets, Params{}); err != nil {
			b.Fatal(err)
		}
	}
}
