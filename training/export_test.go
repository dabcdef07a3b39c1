package training

import "github.com/rapportengine/rapport/engine/tally"

// AsOf returns the counters a case is asked with, counted for it alone.
func (c *Case) AsOf() *tally.Counters { return new(cursor).of(c) }
