package offline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// TestGivenFilesWithoutValidation holds the choice of settings and blend against that
// where the same rows come with a validation file.
func TestGivenFilesWithoutValidation(t *testing.T) {
	d := tastes()
	for i := range d.Rows {
		part := evaluate.Train
		if i%10 == 9 { // the newest of each customer
			part = evaluate.Test
		}
		d.Parts = append(d.Parts, part)
	}
	carved, err := offline.Run(t.Context(), options(d, ""))
	if err != nil {
		t.Fatal(err)
	}
	if p := carved.Protocol; p.Split != "given files, validation last-out of train" {
		t.Errorf("split %q", p.Split)
	}
	if d := carved.Dataset; d.Valid != 200 || d.Train != 1600 || d.Test != 200 {
		t.Errorf("dataset %+v", d)
	}
	if slices.ContainsFunc(carved.Warnings, func(w string) bool { return strings.Contains(w, "validation") }) {
		t.Errorf("warnings %q", carved.Warnings)
	}
	given := tastes()
	for i := range given.Rows {
		given.Parts = append(given.Parts, []evaluate.Part{evaluate.Train, evaluate.Valid, evaluate.Test}[max(0, i%10-7)])
	}
	want, err := offline.Run(t.Context(), options(given, ""))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range want.Models {
		if got := carved.Models[i].Metrics["ndcg@5"].Value; got != m.Metrics["ndcg@5"].Value {
			t.Errorf("%s reaches %v, with a validation file %v", m.Name, got, m.Metrics["ndcg@5"].Value)
		}
	}
}
