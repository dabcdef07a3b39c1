package main

import (
	"testing"

	"github.com/rapportengine/rapport/benchmarks/invent"
)

// TestTheGateSeesPlantedFaults on two small shops: too small for a third of the events,
// large enough for nine tenths of them. The command has the rates.
func TestTheGateSeesPlantedFaults(t *testing.T) {
	for seed := range uint64(2) {
		trial, err := newTrial(t.Context(), invent.Shop{Customers: 1500, Items: 200, Events: 12, Seed: seed}, 2)
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := trial.all(t.Context(), 0.9)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			if want := v.fault != "identical"; (v.refused == 1) != want {
				t.Errorf("shop %d, %s: %s", seed, v.fault, v)
			}
		}
	}
}
