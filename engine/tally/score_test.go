package tally

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// What is kept of a chunk is what the function says of it now, whatever was counted since,
// whichever moment was asked for before, and whoever asks.
func TestKeptScoresAreThoseOfTheMoment(t *testing.T) {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		num := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(250, 300), rapid.IntRange(900, 1000))
		c, now := New(engine.DefaultSettings()), start
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second, time.Hour, 700 * day}).Draw(t, "later"))
			if rapid.Bool().Draw(t, "counts") {
				n := engine.ItemNum(num.Draw(t, "num"))
				c = c.With([]engine.Row{{Num: n, Interaction: engine.Interaction{Item: "x", Type: engine.Purchase, At: now}}})
			}
			asked := now.Add(rapid.SampledFrom([]time.Duration{0, -time.Hour, time.Minute}).Draw(t, "asked"))
			span := rapid.SampledFrom([]Span{Month, Days}).Draw(t, "span")
			at := c.Moment(asked)
			view := c.AtMoment(span, at)
			s := &Score{Slot: int(span), Key: Key{At: at.UnixMilli()}, Of: func(n engine.ItemNum) float32 { return float32(view.Value(n)) }}
			var items []engine.ItemNum
			if rapid.Bool().Draw(t, "all") {
				for n := range engine.ItemNum(1100) {
					items = append(items, n)
				}
			} else {
				for range rapid.IntRange(0, 20).Draw(t, "some") {
					items = append(items, engine.ItemNum(num.Draw(t, "item")))
				}
			}
			out := make([]float32, len(items))
			c.Scores(s, items, out)
			for i, n := range items {
				if out[i] != s.Of(n) {
					t.Fatalf("item %d: kept %v, is %v", n, out[i], s.Of(n))
				}
			}
		}
	})
}

// A moment stays for a minute, or as long as is said, and never lies that before what it is asked for.
func TestMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(engine.DefaultSettings())
		newest := time.UnixMilli(rapid.Int64Range(-1e12, 2e12).Draw(t, "newest"))
		c = c.With([]engine.Row{{Num: 1, Interaction: engine.Interaction{Item: "x", Type: engine.Purchase, At: newest}}})
		now := time.UnixMilli(rapid.Int64Range(-1e12, 2e12).Draw(t, "now"))
		latest := now
		if newest.After(now) {
			latest = newest
		}
		grain := time.Minute
		if rapid.Bool().Draw(t, "coarse") {
			grain = time.Duration(rapid.IntRange(1, 1e9).Draw(t, "grain")) * time.Millisecond
			c = c.Coarse(grain).With(nil)
		}
		m := c.Moment(now)
		if m.UnixMilli()%grain.Milliseconds() != 0 || m.After(latest) || !m.Add(grain).After(latest) {
			t.Fatalf("the moment of %v with a row at %v is %v, of %v each", now, newest, m, grain)
		}
	})
}
