package factor

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

// grown returns a world before and after some of it happened: customers, items and cells
// that came, and an item that nobody wants any more.
func grown() (before, after *model.Data) {
	ids, histories := worldOf(200, 60, 12)
	var old, now model.Builder
	for u, h := range histories {
		if u%50 != 0 {
			old.Add(slices.DeleteFunc(slices.Clone(h), func(in engine.Interest) bool { return in.Item >= 57 || int(in.Item)%40 == u%40 }))
		}
		now.Add(slices.DeleteFunc(slices.Clone(h), func(in engine.Interest) bool { return in.Item == 3 }))
	}
	return old.Data(ids, 1), now.Data(ids, 1)
}

// lossOf is the objective with customers solved for.
func lossOf(t *testing.T, data *model.Data, m *Model) float64 {
	t.Helper()
	p := m.params
	p.Steps = -1
	f := newFitted(data, p)
	f.items = m.items
	if err := f.half(t.Context(), f.customers, f.byCustomer, f.items); err != nil {
		t.Fatal(err)
	}
	return f.loss()
}

// TestRefitIsWorthAFit holds one epoch from an earlier fit against many from the start.
func TestRefitIsWorthAFit(t *testing.T) {
	before, after := grown()
	p := Params{Dims: 8, Lambda: 0.01, Alpha0: 0.3}
	m, err := mustFit(t, before, p).Refit(t.Context(), after, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	whole, short := lossOf(t, after, mustFit(t, after, p)), lossOf(t, after, mustFit(t, after, Params{Dims: 8, Lambda: 0.01, Alpha0: 0.3, Epochs: 4}))
	if again := lossOf(t, after, m); again > short || again > 1.01*whole {
		t.Errorf("an epoch from the last fit comes to a loss of %v; four from the start to %v, all to %v", again, short, whole)
	}
	if got, want := m.Params(), mustFit(t, before, p).Params(); got.Epochs != want.Epochs || got.Dims != want.Dims {
		t.Errorf("settings are %+v, want those of the fit before, %+v", got, want)
	}
}

func TestRefitKnowsWhatIsThere(t *testing.T) {
	before, after := grown()
	m, err := mustFit(t, before, Params{Dims: 8}).Refit(t.Context(), after, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := m.Rows().Row(3); there {
		t.Error("an item that nobody wants any more is still there")
	}
	row, there := m.Rows().Row(58)
	if !there || dot(m.Vector(row), m.Vector(row)) == 0 {
		t.Error("an item that came has no vector")
	}
	var first, second bytes.Buffer
	if err := m.Save(&first); err != nil {
		t.Fatal(err)
	}
	if m, err = mustFit(t, before, Params{Dims: 8}).Refit(t.Context(), after, 1, 3); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("three workers give another model than one")
	}
}

func TestRefitRefuses(t *testing.T) {
	before, after := grown()
	m := mustFit(t, before, Params{Dims: 4, Epochs: 1})
	var invalid *engine.Invalid
	for _, of := range [][2]int{{0, 1}, {1, 0}, {maxEpochs + 1, 1}} {
		if _, err := m.Refit(t.Context(), after, of[0], of[1]); !errors.As(err, &invalid) {
			t.Errorf("Refit with %d epochs and %d workers: %v, want *engine.Invalid", of[0], of[1], err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Refit(done, after, 1, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Refit when cancelled: %v", err)
	}
	var none model.Builder
	if m, err := m.Refit(t.Context(), none.Data(modeltest.Items(3), 1), 1, 1); err != nil || m.Rows().Len() != 0 {
		t.Errorf("Refit of no data: %v", err)
	}
}
