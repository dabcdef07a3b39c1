package offline_test

import (
	"testing"

	"github.com/rapportengine/rapport/training/offline"
)

// TestAStudyEnds: on the test part good settings beat senseless ones of the same kind, in
// one comparison by the study's metric.
func TestAStudyEnds(t *testing.T) {
	o := options(tastes(), "last-out")
	o.Set = nil
	s, err := offline.NewStudy(o)
	if err != nil {
		t.Fatal(err)
	}
	small := func(lambda string) map[string]string {
		return map[string]string{"lambda": lambda, "dims": "4", "epochs": "4"}
	}
	report, err := s.Final(t.Context(), []offline.Tried{{Name: "good", Kind: "factor", Settings: small("0.01")}, {Name: "bad", Kind: "factor", Settings: small("1e6")}})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Models) != 2 || len(report.Paired) != 1 || report.Dataset.TestCustomers != 200 {
		t.Fatalf("%d models, %d comparisons, %d customers", len(report.Models), len(report.Paired), report.Dataset.TestCustomers)
	}
	p, m := report.Paired[0], report.Models[0]
	if p.A != "good" || p.B != "bad" || p.Metric != "ndcg@10" || p.Low <= 0 || p.P > 0.01 {
		t.Errorf("compared: %+v", p)
	}
	if m.FitSeconds <= 0 || m.Settings["dims"] == nil || m.Metrics["ndcg@10"].Value < report.Models[1].Metrics["ndcg@10"].Value {
		t.Errorf("the first model: %+v", m)
	}
	if _, err := s.Final(t.Context(), []offline.Tried{{Name: "x", Kind: "popular"}}); err == nil {
		t.Error("what has no settings is tried")
	}
}
