package training_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// measured is a contender with so many values of NDCG@10 about a mean, and a coverage.
func measured(n int, mean, coverage float64) *training.Measured {
	metrics := training.GateMetrics()
	m := &training.Measured{Each: make(map[evaluate.Metric][]float64)}
	for i := range n {
		m.Each[metrics[0]] = append(m.Each[metrics[0]], mean*(0.5+float64(i%3)/2))
	}
	m.Report.Metrics = map[string]evaluate.Value{metrics[0].String(): {Value: mean}, metrics[1].String(): {Value: coverage}}
	return m
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		candidate *training.Measured
		incumbent *training.Measured
		refused   bool
	}{
		"the same":                      {measured(600, 0.2, 0.5), measured(600, 0.2, 0.5), false},
		"better":                        {measured(600, 0.3, 0.5), measured(600, 0.2, 0.5), false},
		"a tenth worse":                 {measured(600, 0.18, 0.5), measured(600, 0.2, 0.5), true},
		"a hundredth worse":             {measured(600, 0.198, 0.5), measured(600, 0.2, 0.5), false},
		"worse, on too few to say":      {measured(299, 0.1, 0.5), measured(299, 0.2, 0.5), false},
		"half the coverage":             {measured(600, 0.2, 0.25), measured(600, 0.2, 0.5), false},
		"less than half the coverage":   {measured(600, 0.2, 0.24), measured(600, 0.2, 0.5), true},
		"what serves never hit a thing": {measured(600, 0, 0.5), measured(600, 0, 0.5), false},
	} {
		if err := training.Judge(c.candidate, c.incumbent); errors.Is(err, training.ErrRefused) != c.refused || (err == nil) == c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bytesOf is a fitted source and an encoder as they would be saved.
func bytesOf(t *testing.T, source model.Saver, encoder *text.Encoder) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := errors.Join(source.Save(&out), encoder.Save(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestTheFutureIsPlantedAndNotSeen plants an item that everybody buys at once, in the
// part that compares, and looks for it where choosing looks: in what is fitted, counted,
// encoded and asked before.
func TestTheFutureIsPlantedAndNotSeen(t *testing.T) {
	ids := catalogue.NewIDs()
	var items []catalogue.Entry
	for i := range 30 {
		n, _ := ids.Assign(item(i))
		items = append(items, catalogue.Entry{Num: n, Item: &engine.Item{ID: item(i), Title: fmt.Sprint("Thing ", i)}})
	}
	marker, _ := ids.Num(item(29))
	cut := start.AddDate(0, 0, 10)
	planted := func(with bool) *training.Snapshot {
		s := training.NewSnapshot(ids, engine.DefaultSettings())
		s.Items = s.Items.With(items)
		for c := range 80 {
			who := engine.OfCustomer(engine.CustomerID(fmt.Sprint("c", c)))
			var rows []engine.Row
			buy := func(i int, at time.Time) {
				n, _ := ids.Num(item(i))
				rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{Type: engine.Purchase, Customer: engine.CustomerID(who.ID), Item: item(i), At: at, Quantity: 1}})
			}
			for day := range 14 {
				buy((c*7+day*3)%29, start.AddDate(0, 0, day).Add(time.Duration(c)*time.Minute))
			}
			if with {
				buy(29, cut.Add(time.Hour))
			}
			s.Add(who, rows)
		}
		return s
	}
	with, without := planted(true), planted(false)
	// What is fitted on the past is the same to the bit.
	fitter := &training.Fitter{Workers: 2, Seed: 1}
	recipe := training.Recipe{Sources: []training.Setting{{Kind: training.Factor(), Params: factor.Params{Dims: 4, Epochs: 3}.WithDefaults()}}}
	var before [2][]byte
	for i, s := range []*training.Snapshot{with, without} {
		past := s.Before(cut)
		if _, known := past.Material().Data().Rows.Row(marker); known {
			t.Error("the planted item is in what is fitted")
		}
		sources, err := fitter.All(t.Context(), past.Material(), recipe)
		if err != nil {
			t.Fatal(err)
		}
		before[i] = bytesOf(t, sources[0].(model.Saver), fitter.Encoder(past))
		if counted := past.Counters().Value(marker, 0, cut); counted != 0 {
			t.Errorf("the planted item is counted %v times", counted)
		}
		if past.Newest.After(cut) {
			t.Error("the past ends after the cut")
		}
	}
	if !slices.Equal(before[0], before[1]) {
		t.Error("what is fitted on the past depends on what was planted in the future")
	}
	// The questions before the cut know nothing of it, those of its own moment neither.
	wanted := func(typ engine.Type) bool { return typ == engine.Purchase }
	for _, c := range slices.Concat(
		with.NextCases(start.AddDate(0, 0, 5), cut, wanted, 0), with.AgainCases(start.AddDate(0, 0, 5), cut, wanted, 0),
		with.NextCases(cut.Add(time.Hour), cut.Add(time.Hour+1), wanted, 0)) {
		if c.Now.Before(cut) && slices.Contains(c.Targets, marker) {
			t.Errorf("%s is asked for the planted item before it was there", c.Who.Subject)
		}
		if c.AsOf().Value(marker, 0, c.Now) != 0 || c.Someone().Bought.Contains(uint32(marker)) {
			t.Errorf("%s at %v: the planted item is counted or owned", c.Who.Subject, c.Now)
		}
		for _, r := range c.Someone().Rows {
			if r.Num == marker || !r.At.Before(c.Now) {
				t.Errorf("%s at %v knows of %v", c.Who.Subject, c.Now, r.At)
			}
		}
	}
	// Where it may be seen, it is: the plant is no dud.
	if with.Counters().Value(marker, 0, with.Newest) == 0 {
		t.Error("the plant was never bought")
	}
}
