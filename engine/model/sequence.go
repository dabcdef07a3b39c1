package model

import (
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Step is one thing done in a Sequence.
type Step struct {
	Row    uint32      // of the item in Sequences.Rows
	Type   engine.Type // what was done
	At     time.Time
	Weight float32 // Settings.Worth of the row, before it fades; above 0: wanted
}

// Sequences are what sources that learn from order and repetition are fitted on: for each
// customer or session everything it did, oldest first, repeats included. They are not
// changed by a fit.
type Sequences struct {
	Rows *Rows
	Of   [][]Step
	// Newest is the time of the newest step; ages count back from it.
	Newest time.Time
}
