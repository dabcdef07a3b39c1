package model

// Lasting is a Scorer of a person that may answer again: all it made of the query hangs on
// History, Rows and Customer, and on what Again looks at.
type Lasting interface {
	Scorer
	// Again returns what Open would for a query of the same person, in the same state, with
	// neither anchors nor text, for another goroutine; nil where that must be opened.
	Again(q *Query) Scorer
	// Bytes is about what it holds in memory of its own.
	Bytes() int
}

// Steady is a Lasting whose scores hang on the query's History, Rows, Customer and Content
// alone: while these stay, so do they.
type Steady interface {
	Lasting
	// Steady does nothing.
	Steady()
}

// Brief is a Lasting that can be kept as what it folded in, without what it made of that.
type Brief interface {
	Lasting
	Brief() Folded
}

// Lent is a Scorer that scores into memory which others may use after it.
type Lent interface {
	Scorer
	// Release ends it: nobody asks it, or what its Again returned, any more. It need not be called.
	Release()
}

// Folded is what a source folded in of a person, in little memory. It is immutable.
type Folded interface {
	// Open returns what Source.Open would for a query of the same person, in the same state,
	// with neither anchors nor text, without looking at it.
	Open() Scorer
	// Bytes is about what it holds in memory.
	Bytes() int
}

// Bytes is about what the scores take.
func (s *Sparse) Bytes() int { return 8*len(s.scored) + 4*len(s.values) }

// Common is a Scorer that knows no person: its scores hang on the query's Counters and
// Catalogue, and on the minutes of Now and of the newest that was counted, alone.
type Common interface {
	Scorer
	// Common does nothing.
	Common()
}

// Laborious is a Source whose Open takes work that is worth counting.
type Laborious interface {
	Source
	// Work is about how many steps, each of two to five nanoseconds, Open takes for a history
	// of so many items. It hangs on the fit alone, not on the machine.
	Work(history int) int
}
