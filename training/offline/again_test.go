package offline_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rapportengine/rapport/training/offline"
)

// fading is what 300 customers buy one thing a day of, item j of a taste j times as seldom
// as its first: in the first half of the time each by their own of two tastes, then by
// neither.
func fading() *offline.Data {
	var d offline.Data
	rng := rand.New(rand.NewPCG(7, 8))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for c := range 300 {
		had := make(map[int]bool)
		for n := range 12 {
			for {
				taste := c % 2
				if n >= 6 {
					taste = rng.IntN(2)
				}
				item := int(20 * rng.Float64() * rng.Float64())
				if item = 2*item + taste; !had[item] {
					had[item] = true
					d.AddEvent(bought(c, item, at.Add(time.Duration(n)*24*time.Hour+time.Duration(c)*time.Minute)))
					break
				}
			}
		}
	}
	return &d
}

// TestBlendIsChosenAgainAtEachCut has customers whose tastes tell what they buy until the
// first cut and nothing from there on: what was asked at the first cut shows it, and the
// blend of the second leans on what everybody buys.
func TestBlendIsChosenAgainAtEachCut(t *testing.T) {
	leans := func(split string) float64 {
		o := options(fading(), split)
		o.Models = []string{"popular", "ease", "best"}
		report, err := offline.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var all, of float64
		for name, w := range report.Models[2].Settings {
			all += w.(float64)
			switch name {
			case "popular", "popular_month", "popular_days", "trending":
				of += w.(float64)
			}
		}
		return of / all
	}
	before, after := leans("time:0.5"), leans("rolling:2")
	if before > 0.5 || after < before+0.2 {
		t.Errorf("what everybody buys has %.2f of the weight before tastes fade, %.2f at the cut after it: want at least 0.2 more", before, after)
	}
}
