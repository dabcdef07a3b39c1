package model

import (
	"iter"
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
	Of   Timelines
	// Newest is the time of the newest step; ages count back from it.
	Newest time.Time
}

// Timelines are the steps of so many customers and sessions. A step takes 56 bytes: they
// are told one timeline at a time, so that a log need not be held in this form.
type Timelines interface {
	Len() int
	// Steps returns those of one, oldest first: written to room, which is what it returned
	// before or has none, or held elsewhere. What is returned must not be changed.
	Steps(i int, room []Step) []Step
}

// Held are timelines that are in memory as they are.
type Held [][]Step

// Len implements Timelines.
func (h Held) Len() int { return len(h) }

// Steps implements Timelines.
func (h Held) Steps(i int, _ []Step) []Step { return h[i] }

// Add appends a timeline to those that are held.
func (s *Sequences) Add(steps []Step) {
	held, _ := s.Of.(Held)
	s.Of = append(held, steps)
}

// All yields the steps of each timeline in turn. They are lent for the call.
func (s *Sequences) All() iter.Seq[[]Step] {
	return func(yield func([]Step) bool) {
		if s.Of == nil {
			return
		}
		var room []Step
		for i := range s.Of.Len() {
			steps := s.Of.Steps(i, room)
			if !yield(steps) {
				return
			}
			if cap(steps) > cap(room) {
				room = steps[:0]
			}
		}
	}
}
