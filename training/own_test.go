package training_test

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/own"
	"github.com/rapportengine/rapport/training"
)

// TestOwnVectorsAreFittedWhereThereAreAny: a shop whose items bring none has no such
// source, not even beside the others.
func TestOwnVectorsAreFittedWhereThereAreAny(t *testing.T) {
	snap, err := training.Read(t.Context(), shop(t, 40), engine.DefaultSettings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := training.Selector{Search: training.DefaultSearch(), Fitter: &training.Fitter{Workers: 1}, Beside: []string{own.Name}}
	if r := s.Default(snap.Material()); r.Of(own.Name) != nil || len(r.Sources) == 0 {
		t.Errorf("without vectors: %+v", r.Sources)
	}
	item := *snap.Items.Item(0)
	item.Embedding = []float32{1, 2}
	snap.Items = snap.Items.With([]catalogue.Entry{{Num: 0, Item: &item}})
	m := snap.Material()
	r := s.Default(m)
	if r.Of(own.Name) == nil {
		t.Fatalf("with a vector: %+v", r.Sources)
	}
	source, err := s.Fitter.Fit(t.Context(), m, training.Setting{Kind: training.Own(), Params: own.Params{}})
	if err != nil || source.(*own.Model).Rows().Len() != 1 {
		t.Errorf("fitted %v, %v; want one row", source, err)
	}
}
