package training

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/follow"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/own"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/engine/session"
)

// spaces are what a tuning looks through, by kind: from well below to well above what
// was best on any data set so far. Settings that are not named keep the first of the
// kind's tries.
var spaces = map[string][]Range{
	factor.Name: {
		{Name: "lambda", Low: 0.0003, High: 0.3, Log: true},
		{Name: "alpha0", Low: 0.01, High: 3, Log: true},
		{Name: "dims", Low: 16, High: 256, Log: true, Whole: true},
		{Name: "epochs", Low: 4, High: 24, Whole: true},
	},
	neighbour.Name: {
		{Name: "lambda", Low: 1, High: 10_000, Log: true},
		{Name: "recent", Low: 0.4, High: 1},
	},
	neighbour.RidgeName: {
		{Name: "k", Low: 20, High: 400, Log: true, Whole: true},
		{Name: "lambda", Low: 1, High: 2000, Log: true},
		{Name: "shrink", Low: 1, High: 300, Log: true},
		{Name: "recent", Low: 0.4, High: 1},
	},
	neighbour.ItemName: {
		{Name: "weighting", Words: []string{string(neighbour.Plain), string(neighbour.TFIDF), string(neighbour.BM25)}},
		{Name: "k", Low: 10, High: 1000, Log: true, Whole: true},
		{Name: "shrink", Low: 1, High: 1000, Log: true},
		{Name: "k1", Low: 0.2, High: 3},
		{Name: "b", Low: 0.05, High: 1},
		{Name: "recent", Low: 0.4, High: 1},
	},
	embed.Name: {
		{Name: "dims", Low: 32, High: 256, Log: true, Whole: true},
		{Name: "window", Low: 1, High: 40, Log: true, Whole: true},
		{Name: "smoothing", Low: 0.3, High: 1},
		{Name: "shift", Low: 1, High: 10, Log: true},
		{Name: "power", Low: 0.05, High: 1},
		{Name: "causes", Low: 1, High: 100, Log: true, Whole: true},
		{Name: "decay", Low: 0.5, High: 1},
	},
	session.Name: {
		{Name: "m", Low: 100, High: 5000, Log: true, Whole: true},
		{Name: "k", Low: 20, High: 1500, Log: true, Whole: true},
		{Name: "l", Low: 1, High: 10, Whole: true},
		{Name: "click", Low: 0.5, High: 50, Log: true, Off: true},
		{Name: "match", Low: 0.3, High: 10, Log: true, Off: true},
		{Name: "plain", Words: []string{"0", "1"}},
		{Name: "length", Low: 0.1, High: 1, Off: true},
		{Name: "near", Low: 0.3, High: 100, Log: true, Off: true},
		{Name: "age", Low: float64(24 * time.Hour), High: float64(365 * 24 * time.Hour), Log: true, Time: true, Off: true},
	},
	follow.MarkovName: {
		{Name: "back", Low: 0, High: 1},
		{Name: "from", Low: 0.1, High: 1},
		{Name: "to", Low: 0.05, High: 1, Off: true},
	},
	follow.RulesName: {
		{Name: "steps", Low: 1, High: 30, Log: true, Whole: true},
		{Name: "fall", Words: []string{string(follow.Div), string(follow.Quadratic), string(follow.Linear), string(follow.Log), string(follow.Same)}},
		{Name: "back", Low: 0, High: 1},
		{Name: "from", Low: 0.1, High: 1},
		{Name: "to", Low: 0.05, High: 1, Off: true},
		{Name: "causes", Low: 1, High: 50, Log: true, Whole: true},
		{Name: "decay", Low: 0.2, High: 1},
	},
	own.Name: {
		{Name: "causes", Low: 1, High: 100, Log: true, Whole: true},
		{Name: "decay", Low: 0.3, High: 1},
	},
	basket.Name: {
		{Name: "k", Low: 20, High: 1500, Log: true, Whole: true},
		{Name: "alpha", Low: 0.02, High: 1},
		{Name: "within", Low: 0.5, High: 1},
		{Name: "groups", Low: 1, High: 15, Whole: true},
		{Name: "between", Low: 0.3, High: 1},
	},
	repeat.Name: {
		{Name: "prior", Low: 1, High: 300, Log: true},
		{Name: "soon", Low: 0.05, High: 1},
		{Name: "horizon", Low: float64(24 * time.Hour), High: float64(60 * 24 * time.Hour), Log: true, Time: true},
	},
}

// Range is where the values of one setting lie that are worth a try. A place in it is a
// number from 0 to 1.
type Range struct {
	Name      string
	Low, High float64
	Log       bool // equal steps are by equal factors
	Whole     bool // whole numbers only
	Time      bool // of nanoseconds; written as "36h0m0s"
	// Off says that 0 is tried, too, which turns off what the setting is about. It has
	// the first fifth of the places.
	Off bool
	// Words are the values, where they are few; all else but Name is empty then.
	Words []string
}

// offShare is how much of a range stands for 0, where 0 is tried.
const offShare = 0.2

// At returns the value at a place, as Search.Fix reads it.
func (r *Range) At(place float64) string {
	if len(r.Words) > 0 {
		return r.Words[min(int(place*float64(len(r.Words))), len(r.Words)-1)]
	}
	if r.Off {
		if place < offShare {
			return r.write(0)
		}
		place = (place - offShare) / (1 - offShare)
	}
	low, high := r.Low, r.High
	if r.Log {
		return r.write(math.Exp(math.Log(low) + place*(math.Log(high)-math.Log(low))))
	}
	return r.write(low + place*(high-low))
}

// write rounds to what people can read: three digits, whole minutes.
func (r *Range) write(x float64) string {
	switch {
	case r.Time:
		return time.Duration(x).Round(time.Minute).String()
	case r.Whole:
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// Place returns where a value lies, in the middle of what At makes of it; ok is false
// for what is no value of the setting. What lies outside is at the edge.
func (r *Range) Place(value string) (place float64, ok bool) {
	if n := len(r.Words); n > 0 {
		i := slices.Index(r.Words, value)
		return (float64(i) + 0.5) / float64(n), i >= 0
	}
	x, err := strconv.ParseFloat(value, 64)
	if d, is := time.ParseDuration(value); err != nil && is == nil && r.Time {
		x, err = float64(d), nil
	}
	if err != nil {
		return 0, false
	}
	if r.Off && x == 0 {
		return offShare / 2, true
	}
	low, high := r.Low, r.High
	if r.Log {
		low, high, x = math.Log(low), math.Log(high), math.Log(max(x, math.SmallestNonzeroFloat64))
	}
	place = min(max((x-low)/(high-low), 0), 1)
	if r.Off {
		place = offShare + place*(1-offShare)
	}
	return place, true
}

// Values returns the space's settings in params of the kind, as Search.Fix reads them.
func (k Kind) Values(params any) map[string]string {
	all, out := k.Settings(params), make(map[string]string, len(k.Space))
	for i := range k.Space {
		r := &k.Space[i]
		out[r.Name] = fmt.Sprint(all[r.Name])
		if ns, err := strconv.ParseInt(out[r.Name], 10, 64); err == nil && r.Time {
			out[r.Name] = time.Duration(ns).String()
		}
	}
	return out
}
