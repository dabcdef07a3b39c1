package training_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// deed is one event of the second day on.
func deed(customer, session string, what engine.Type, i int, hour int) engine.Command {
	return engine.RecordEvent{Lines: []engine.Interaction{{
		Customer: engine.CustomerID(customer), Session: engine.SessionID(session), Type: what, Item: item(i),
		At: start.Add(time.Duration(hour) * time.Hour),
	}}}
}

func TestSequences(t *testing.T) {
	s, err := store.Open("", store.Options{InMemory: true, Now: func() time.Time { return start.AddDate(1, 0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Start(t.Context(), func([]engine.Committed) {})
	write(t, s,
		deed("ann", "", engine.Purchase, 1, 9), deed("ann", "", engine.View, 2, 3), deed("ann", "", engine.Purchase, 1, 20),
		deed("ann", "", "waved_at", 2, 4), deed("ann", "", engine.Return, 2, 30),
		deed("", "visit", engine.View, 3, 2), deed("", "visit", engine.View, 1, 1),
		deed("bob", "", engine.Dismiss, 3, 5), // wants nothing
		deed("carla", "", engine.Purchase, 3, 40),
		engine.PutCustomer{Customer: engine.Customer{ID: "carla", Consent: map[engine.Purpose]bool{engine.Train: false}}},
	)
	snap, err := training.Read(t.Context(), s, engine.DefaultSettings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := snap.Material()
	got := m.Sequences()
	if got.Rows != m.Data().Rows || !got.Newest.Equal(start.Add(20*time.Hour)) {
		t.Errorf("rows are not those of Data, or newest is %v", got.Newest)
	}
	var told []string
	for steps := range got.All() {
		text := ""
		for _, step := range steps {
			text += string(got.Rows.ID(int(step.Row))) + " " + string(step.Type) + ", "
		}
		told = append(told, text)
	}
	slices.Sort(told)
	// Item 2 is wanted by nobody on balance and has no row; carla does not consent.
	if want := []string{"i1 purchase, i1 purchase, ", "i1 view, i3 view, "}; !slices.Equal(told, want) {
		t.Errorf("sequences %q, want %q", told, want)
	}
}

// TestRecipesAreReadBack also reads the form of the version before other sources came.
func TestRecipesAreReadBack(t *testing.T) {
	r := training.Recipe{Seed: 7, Sources: []training.Setting{
		{Kind: training.Factor(), Params: factor.Params{Dims: 8, Lambda: 0.1}},
		{Kind: training.EASE(), Params: neighbour.Params{Lambda: 50, MaxItems: 10}},
	}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(text), `{"ease": {"lambda": 50, "max_items": 10}, "factor": {"dims": 8, "lambda": 0.1}, "seed": 7}`} {
		var back training.Recipe
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatal(err)
		}
		if back.Seed != 7 || len(back.Sources) != 2 || back.Sources[0].Params != r.Sources[0].Params || back.Sources[1].Params != r.Sources[1].Params {
			t.Errorf("%s read back as %+v", text, back)
		}
	}
	var back training.Recipe
	if err := json.Unmarshal([]byte(`{"magic": {}, "seed": 7}`), &back); err == nil || !strings.Contains(err.Error(), "magic") {
		t.Errorf("a recipe with a source nobody knows: %v", err)
	}
}

// TestEverySourceThatIsFittedCanServe fits all that the default search tries.
func TestEverySourceThatIsFittedCanServe(t *testing.T) {
	snap, err := training.Read(t.Context(), shop(t, 40), engine.DefaultSettings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, f := snap.Material(), training.Fitter{Workers: 2, Seed: 1}
	for _, k := range training.DefaultSearch() {
		source, err := f.Fit(t.Context(), m, training.Setting{Kind: k, Params: k.Tries[0]})
		if err != nil {
			t.Error(err)
			continue
		}
		if _, ok := source.(model.Saver); !ok || source.Name() != k.Name {
			t.Errorf("%s is fitted as %q and can be saved: %v", k.Name, source.Name(), ok)
		}
		if _, ok := source.(interface{ Rows() *model.Rows }); ok == (k.Name == bridge.Name) {
			t.Errorf("%s says which items it knows: %v; all but what speaks of new items do", k.Name, ok)
		}
	}
}

// TestDataComeBack: what is fitted on order lets them go, and who asks again has the same.
func TestDataComeBack(t *testing.T) {
	snap, err := training.Read(t.Context(), shop(t, 40), engine.DefaultSettings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := snap.Material()
	first := m.Data()
	if m.Data() != first {
		t.Error("data are made twice while nothing lets them go")
	}
	seqs := m.Sequences()
	again := m.Data()
	if again == first {
		t.Fatal("data are kept beside what is fitted on order")
	}
	if again.Rows != first.Rows || seqs.Rows != first.Rows || m.Rows() != first.Rows || !reflect.DeepEqual(again, first) {
		t.Error("data are others than before")
	}
}
