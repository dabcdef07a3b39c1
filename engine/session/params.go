// Package session is the source "session": VMIS-kNN (Kersbergen, Sprangers and
// Schelter, "Serenade: low-latency session-based recommendation in e-commerce at
// scale", SIGMOD 2022) with the decays of STAN (Garg et al., "Sequence and time aware
// neighborhood for session-based recommendations", SIGIR 2019) and VSTAN (Ludewig et al.,
// "Empirical analysis of session-based recommendation algorithms", 2021) as settings. The
// visit that is under way is compared with the newest visits that hold one of its items;
// what the most similar ones hold as well is proposed.
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
	// Plain + IDF x ln(pairs / n) where that is above 0, else 1, with pairs the sum of n
	// over all items. Without Plain it scales all scores; below 0 rarity does not count.
	// Default 1.
	IDF float64 `json:"idf"`
	// Plain is what an item counts besides its rarity: 0 in VMIS-kNN, 1 in VSTAN.
	Plain float64 `json:"plain"`

	// The decays of STAN; 0, the default of each, is VMIS-kNN. Distances count in items.

	// Click fades what the i-th newest item of the visit under way, from 0, adds to a
	// similarity: exp(-i/Click) in place of the line (L-i)/L.
	Click float64 `json:"click"`
	// Match fades a neighbour by the newest item it shares, the i-th from 0:
	// exp(-i/Match) in place of the line 0.9 - 0.1 i; below 0 there is no fading.
	Match float64 `json:"match"`
	// Length is the power of a neighbour's number of items by which its similarity is
	// divided; 0.5 gives the cosine.
	Length float64 `json:"length"`
	// Age fades a neighbour by its age at the fit: exp(-age/Age).
	Age time.Duration `json:"age"`
	// Near fades an item of a neighbour by how far it stands there from the newest item
	// that is shared: exp(-distance/Near), or nothing where that is below 2^-24.
	Near float64 `json:"near"`

	// Quantile leaves out visits that are longer than this share of all, such as those
	// of crawlers; 1 keeps all. Default 0.995.
	Quantile float64 `json:"quantile"`
	// Gap is how long nothing may happen within one visit; default an hour.
	Gap time.Duration `json:"gap"`
}

const (
	maxM = 100_000
	maxL = 32 // a visit's items are bits of a word

	maxPlain  = 1e6
	maxLength = 8
)

// Ever is a Gap that ends no visit: what a customer did at any time is compared.
const Ever = 100 * 365 * 24 * time.Hour

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

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

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
	case !(p.Plain >= 0 && p.Plain <= maxPlain):
		return engine.Invalidf(engine.CodeInvalidField, "plain", "a number from 0 to %g, not %v", maxPlain, p.Plain)
	case !(p.Click >= 0 && p.Click <= math.MaxFloat64):
		return engine.Invalidf(engine.CodeInvalidField, "click", "a finite number of at least 0, not %v", p.Click)
	case math.IsNaN(p.Match) || math.IsInf(p.Match, 0):
		return engine.Invalidf(engine.CodeInvalidField, "match", "a finite number, not %v", p.Match)
	case !(p.Length >= 0 && p.Length <= maxLength):
		return engine.Invalidf(engine.CodeInvalidField, "length", "a number from 0 to %d, not %v", maxLength, p.Length)
	case p.Age < 0:
		return engine.Invalidf(engine.CodeInvalidField, "age", "a duration of at least 0, not %v", p.Age)
	case !(p.Near >= 0 && p.Near <= math.MaxFloat64):
		return engine.Invalidf(engine.CodeInvalidField, "near", "a finite number of at least 0, not %v", p.Near)
	case p.Gap < 0:
		return engine.Invalidf(engine.CodeInvalidField, "gap", "a duration above 0, not %v", p.Gap)
	}
	return nil
}
