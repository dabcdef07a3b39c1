package main

import (
	"context"
	"testing"
)

// Planted gaps are found, and little else is called one.
func TestPlantedGapsAreFound(t *testing.T) {
	found, err := findGaps(context.Background(), 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	found.print()
	if found.Recall.Value < 0.9 || found.Precision.Value < 0.9 || found.Held < 0.6 {
		t.Errorf("found %+v, want nine in ten gaps, nine in ten clusters of what has no fix, most of the tickets", *found)
	}
}
