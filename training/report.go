package training

import (
	"fmt"
	"io"
	"time"

	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Report is what a training did and found; it is kept with the model.
type Report struct {
	Version     int                `json:"version"`
	Seq         uint64             `json:"seq"`      // the newest command it may have seen
	LogTime     time.Time          `json:"log_time"` // of the newest event it saw
	Customers   int                `json:"customers"`
	Items       int                `json:"items"`
	Events      int                `json:"events"`
	ChooseFrom  time.Time          `json:"choose_from,omitzero"`
	CompareFrom time.Time          `json:"compare_from,omitzero"`
	Recipe      Recipe             `json:"recipe"`
	Blend       rank.Blend         `json:"blend"`
	Chosen      map[string]Chosen  `json:"chosen"` // by task
	Table       *evaluate.Report   `json:"table,omitempty"`
	Comparison  string             `json:"comparison"`
	Refused     string             `json:"refused,omitempty"` // why
	Seconds     map[string]float64 `json:"seconds"`           // spent fitting, by source
	Took        float64            `json:"took_seconds"`
}

// Chosen says on how much a task's blend was chosen and what it reached there.
type Chosen struct {
	Cases int     `json:"cases"`
	NDCG  float64 `json:"ndcg@10"` // 0 where there were too few cases to choose
}

// Write writes the report for people.
func (r *Report) Write(w io.Writer) error {
	verdict := fmt.Sprintf("model %d is ready", r.Version)
	if r.Refused != "" {
		verdict = "refused: " + r.Refused
	}
	if _, err := fmt.Fprintf(w, "%d events of %d customers and sessions with %d items, in %.1f s: %s (%s)\n",
		r.Events, r.Customers, r.Items, r.Took, verdict, r.Comparison); err != nil {
		return err
	}
	if r.Table == nil {
		return nil
	}
	return r.Table.WriteTable(w)
}
