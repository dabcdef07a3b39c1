package offline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/offline"
)

// TestBestWithoutASource puts the best beside itself without one and without two of its
// sources.
func TestBestWithoutASource(t *testing.T) {
	o := options(tastes(), "last-out")
	o.Models = []string{"best~ease", "best", "best~ease~factor"}
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, absent := range [][]string{{"ease"}, nil, {"ease", "factor"}} {
		m := report.Models[i]
		if m.Name != o.Models[i] || len(m.Settings) == 0 {
			t.Errorf("%s stands at place %d with weights %v", m.Name, i, m.Settings)
		}
		for _, name := range absent {
			if w, has := m.Settings[name]; has && w != 0. {
				t.Errorf("%s weighs %s with %v", m.Name, name, w)
			}
		}
	}
	if p := report.Paired[0]; p.A != "best" || p.B != "best~ease" {
		t.Errorf("compared first: %s with %s", p.A, p.B)
	}
	var invalid *engine.Invalid
	o.Models = []string{"best~nothing"}
	if _, err := offline.Run(t.Context(), o); !errors.As(err, &invalid) || invalid.Field != "models" {
		t.Errorf("a best without a source there is not: %v", err)
	}
}

// Who is a stranger to both gets the same list of both: what they differ in is the source.
func TestStrangersAreNoDifference(t *testing.T) {
	d := tastes()
	newest := d.Rows[len(d.Rows)-1].At
	for i := range d.Rows {
		if d.Rows[i].At.After(newest) {
			newest = d.Rows[i].At
		}
	}
	for c := range 200 { // come once, all after a while the same few things, the validation part's and the test's
		d.AddEvent(bought(1000+c, 2*(c%3), newest.Add(time.Duration(c+1)*time.Hour)))
	}
	o := options(d, "time:0.8")
	o.Models = []string{"best", "best~ease"}
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	with, without := report.Models[0].Slices["cold"], report.Models[1].Slices["cold"]
	if with.Customers < 50 || with.Metrics["ndcg@5"].Value == 0 || with.Metrics["ndcg@5"].Value != without.Metrics["ndcg@5"].Value {
		t.Errorf("for %d strangers the best reaches %v, and without ease %v", with.Customers, with.Metrics["ndcg@5"].Value, without.Metrics["ndcg@5"].Value)
	}
}
