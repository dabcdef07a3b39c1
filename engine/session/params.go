// Package session is the source "session": VMIS-kNN (Kersbergen, Sprangers and
// Schelter, "Serenade: low-latency session-based recommendation in e-commerce at
// scale", SIGMOD 2022). The visit that is under way is compared with the newest visits
// that hold one of its items; what the most similar ones hold as well is proposed.
//
// Offline, timelines are cut into visits and each item gets the list of its newest M
// visits. A request merges the lists of the visit's items, so its cost is bounded by
// L x M and by the items of K visits, whatever the catalogue and the log.
package session

import (
	"math"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	M int `json:"m"` // newest visits compared with, of those that hold an item of the visit; default 500
	K int `json:"k"` // most similar of them that count; default 100
	L int `json:"l"` // newest items of the visit that are looked at; default 4
	// IDF is the weight of rarity: an item that n of the visits hold counts
	// IDF x ln(pairs / n) where that is above 0, else 1, with pairs the sum of n over all
	// items. It scales all scores; below 0 rarity does not count. Default 1.
	IDF float64 `json:"idf"`
	// Quantile leaves out visits that are longer than this share of all, such as those
	// of crawlers; 1 keeps all. Default 0.995.
	Quantile float64 `json:"quantile"`
	// Gap is how long nothing may happen within one visit; default an hour.
	Gap time.Duration `json:"gap"`
}

const (
	maxM = 100_000
	maxL = 32 // a visit's items are bits of a word
)

// WithDefaults returns p with the default for what is zero. M, K and L are the best on
// the validation part of Serenade's example of those tried, M from 500 to 2500, K from 50
// to 1000, L from 2 to 9 (go run ./benchmarks/session -serenade DIR -part valid -m 500 -k
// 100 -l 4); there M and K hardly matter. Serenade itself documents 500, 500 and 2.
func (p Params) WithDefaults() Params {
	if p.M == 0 {
		p.M = 500
	}
	if p.K == 0 {
		p.K = 100
	}
	if p.L == 0 {
		p.L = 4
	}
	if p.IDF == 0 {
		p.IDF = 1
	}
	if p.Quantile == 0 {
		p.Quantile = 0.995
	}
	if p.Gap == 0 {
		p.Gap = time.Hour
	}
	return p
}

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case p.M < 1 || p.M > maxM:
		return engine.Invalidf(engine.CodeInvalidField, "m", "a whole number from 1 to %d, not %d", maxM, p.M)
	case p.K < 1:
		return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number above 0, not %d", p.K)
	case p.L < 1 || p.L > maxL:
		return engine.Invalidf(engine.CodeInvalidField, "l", "a whole number from 1 to %d, not %d", maxL, p.L)
	case math.IsNaN(p.IDF) || math.IsInf(p.IDF, 0):
		return engine.Invalidf(engine.CodeInvalidField, "idf", "a finite number, not %v", p.IDF)
	case !(p.Quantile > 0 && p.Quantile <= 1):
		return engine.Invalidf(engine.CodeInvalidField, "quantile", "a number above 0 and up to 1, not %v", p.Quantile)
	case p.Gap < 0:
		return engine.Invalidf(engine.CodeInvalidField, "gap", "a duration above 0, not %v", p.Gap)
	}
	return nil
}
