package record

import (
	"io"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// What an evaluation leaves for a notebook, a row each. A query is one question of the
// evaluation: by the customer's or session's name, and where one is asked more than once,
// with a number behind.

// Asked is whom a question of an evaluation was about.
type Asked struct {
	Query    string            `json:"query"`
	Customer engine.CustomerID `json:"customer_id,omitempty"`
	Session  engine.SessionID  `json:"session_id,omitempty"`
}

// Parted is an interaction and the part of the split it is in: train, valid or test.
type Parted struct {
	engine.Interaction
	Part string `json:"part"`
	Cut  *int64 `json:"cut,omitempty"` // of rolling cuts, how many lie before it; nil where there is one cut
}

// Recommended is a place of a list. Listings reads it back.
type Recommended struct {
	Model string `json:"model"`
	Asked
	Item  engine.ItemID `json:"item_id"`
	Rank  int           `json:"rank"`            // from 1
	Score *float64      `json:"score,omitempty"` // nil where the system told none
	Hit   bool          `json:"hit"`             // whether it was held out
}

// Wanted is an item that was held out for a question: the judgements of the lists.
type Wanted struct {
	Asked
	Item engine.ItemID `json:"item_id"`
	At   time.Time     `json:"at"` // the moment of the question
}

// Scored is what one metric says of one list.
type Scored struct {
	Model string `json:"model"`
	Asked
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
}

// PartedWriter writes the rows of a split, as EventWriter does.
func PartedWriter(w io.Writer, f Format) Writer[Parted] {
	columns := []column[Parted]{
		words("part", func(p *Parted) string { return p.Part }),
		maybe("cut", func(p *Parted) *int64 { return p.Cut }),
	}
	for _, c := range eventColumns {
		columns = append(columns, column[Parted]{name: c.name, as: c.as, json: c.json, few: c.few, get: func(p *Parted) any { return c.get(&p.Interaction) }})
	}
	return newWriter(w, f, columns, func(p Parted) any { return p })
}

// RecommendedWriter writes lists, as EventWriter does.
func RecommendedWriter(w io.Writer, f Format) Writer[Recommended] {
	columns := append(askedColumns(func(r *Recommended) *Asked { return &r.Asked }),
		words("model", func(r *Recommended) string { return r.Model }),
		words("item_id", func(r *Recommended) engine.ItemID { return r.Item }),
		wholes("rank", func(r *Recommended) int64 { return int64(r.Rank) }),
		maybe("score", func(r *Recommended) *float64 { return r.Score }),
		column[Recommended]{name: "hit", as: false, get: func(r *Recommended) any { return r.Hit }})
	return newWriter(w, f, columns, func(r Recommended) any { return r })
}

// WantedWriter writes what was held out, as EventWriter does.
func WantedWriter(w io.Writer, f Format) Writer[Wanted] {
	columns := append(askedColumns(func(t *Wanted) *Asked { return &t.Asked }),
		words("item_id", func(t *Wanted) engine.ItemID { return t.Item }),
		column[Wanted]{name: "at", as: time.Time{}, get: func(t *Wanted) any { return t.At }})
	return newWriter(w, f, columns, func(t Wanted) any { return t })
}

// ScoredWriter writes the values of metrics, as EventWriter does.
func ScoredWriter(w io.Writer, f Format) Writer[Scored] {
	columns := append(askedColumns(func(s *Scored) *Asked { return &s.Asked }),
		words("model", func(s *Scored) string { return s.Model }),
		words("metric", func(s *Scored) string { return s.Metric }),
		column[Scored]{name: "value", as: 0.0, get: func(s *Scored) any { return s.Value }})
	return newWriter(w, f, columns, func(s Scored) any { return s })
}

func askedColumns[T any](of func(*T) *Asked) []column[T] {
	return []column[T]{
		words("query", func(t *T) string { return of(t).Query }),
		words("customer_id", func(t *T) engine.CustomerID { return of(t).Customer }),
		words("session_id", func(t *T) engine.SessionID { return of(t).Session }),
	}
}
