package training

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Report is what a training did and found; it is kept with the model.
type Report struct {
	Version     int                `json:"version"`
	Seq         uint64             `json:"seq"`                   // the newest command it may have seen
	SourcesSeq  uint64             `json:"sources_seq,omitempty"` // the newest command the sources may have seen, where that is not Seq: they are an earlier model's
	LogTime     time.Time          `json:"log_time"`              // of the newest event it saw
	Customers   int                `json:"customers"`
	Items       int                `json:"items"`
	Events      int                `json:"events"`
	Refusers    uint64             `json:"refusers,omitempty,string"` // changes with who does not consent to training
	Warm        bool               `json:"warm,omitempty"`            // the factors began with those that served
	ChooseFrom  time.Time          `json:"choose_from,omitzero"`
	CompareFrom time.Time          `json:"compare_from,omitzero"`
	Recipe      Recipe             `json:"recipe"`
	Tuned       []string           `json:"tuned,omitempty"` // sources whose settings were given, not chosen
	Blend       rank.Blend         `json:"blend"`
	Chosen      map[string]Chosen  `json:"chosen"`           // by task
	Desk        *Taught            `json:"desk,omitempty"`   // nil where no ticket says anything
	Triage      *Sorted            `json:"triage,omitempty"` // nil where tickets say nothing about new ones
	Table       *evaluate.Report   `json:"table,omitempty"`
	Comparison  string             `json:"comparison"`
	Refused     string             `json:"refused,omitempty"` // why
	Seconds     map[string]float64 `json:"seconds"`           // spent fitting, by source
	Took        float64            `json:"took_seconds"`
}

// sourcesSeq returns up to where the sources have read the log.
func (r *Report) sourcesSeq() uint64 { return cmp.Or(r.SourcesSeq, r.Seq) }

// Chosen says on how much a blend was chosen, how, and what it reached there.
type Chosen struct {
	Cases  int     `json:"cases"`
	NDCG   float64 `json:"ndcg@10"`          // 0 where there were too few cases to choose
	Method Method  `json:"method,omitempty"` // that found the weights; empty where there were too few cases
	Single string  `json:"single,omitempty"` // the source that is best alone
	// Tried is the mean NDCG@10 of each method in cross-validation over persons.
	Tried map[Method]float64 `json:"tried,omitempty"`
	// Spared are the sources that added less than their work is worth, with what the mean
	// NDCG@10 in cross-validation loses without each; negative where it gains.
	Spared map[string]float64 `json:"spared,omitempty"`
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
	for _, task := range slices.Sorted(maps.Keys(r.Chosen)) {
		how := r.Chosen[task]
		if _, err := fmt.Fprintf(w, "%s: %s\n", task, how.words(r.Blend[rank.Task(task)])); err != nil {
			return err
		}
	}
	if r.Desk != nil {
		if _, err := fmt.Fprintf(w, "desk: %s\n", r.Desk.words()); err != nil {
			return err
		}
	}
	if r.Triage != nil {
		if _, err := fmt.Fprintf(w, "triage: %s\n", r.Triage.words()); err != nil {
			return err
		}
	}
	if r.Table == nil {
		return nil
	}
	return r.Table.WriteTable(w)
}

// words says what a blend asks, how heavy each source weighs, and how that was found.
func (c Chosen) words(scales map[string]rank.Scale) string {
	names := slices.SortedFunc(maps.Keys(scales), func(a, b string) int {
		return cmp.Or(cmp.Compare(scales[b].Weight, scales[a].Weight), cmp.Compare(a, b))
	})
	var text strings.Builder
	for _, name := range names {
		if w := scales[name].Weight; w != 0 {
			fmt.Fprintf(&text, "%s %.2g, ", name, w)
		}
	}
	switch c.Method {
	case "":
		fmt.Fprintf(&text, "by default: %d held-out questions, %d are needed to choose", c.Cases, blendLeast)
	case ByTask:
		fmt.Fprintf(&text, "as for the task, on %d held-out questions", c.Cases)
	default:
		fmt.Fprintf(&text, "by %s on %d held-out questions: ndcg@10 %.4f, cross-validated %.4f; the best source alone (%s) %.4f",
			c.Method, c.Cases, c.NDCG, c.Tried[c.Method], c.Single, c.Tried[BySingle])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Spared)) {
		fmt.Fprintf(&text, "; without %s, whose work is worth more than it adds: %+.4f", name, -c.Spared[name])
	}
	return text.String()
}

// words says what tickets taught, and what it is worth.
func (t *Taught) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s and %s of tries, %d %s ended some; ", evaluate.Counted(t.Tickets, "ticket"), evaluate.Counted(t.Outcomes, "outcome"), t.Fixes, evaluate.One(t.Fixes, "fix", "fixes"))
	switch p := t.Proof; {
	case p == nil:
		b.WriteString("too few to hold the newest out and measure")
	default:
		fmt.Fprintf(&b, "on the newest %d: hr@1 %.3f, %.3f without (%+.3f [%+.3f, %+.3f])", p.HeldOut, p.HR.Value, p.Plain.Value, p.Gain.Difference, p.Gain.Low, p.Gain.High)
		if p.Calibrated {
			fmt.Fprintf(&b, ", ece %.3f", p.ECE.Value)
		}
	}
	switch {
	case t.OutcomesAlone:
		fmt.Fprintf(&b, "; what fixes came to serves, what tickets say from %d of them on", teachLeast)
	case t.Refused != "":
		b.WriteString("; refused, the desk goes on without: " + t.Refused)
	case !t.Calibrated:
		b.WriteString("; chances are not calibrated")
	}
	return b.String()
}
