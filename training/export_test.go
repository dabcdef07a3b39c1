package training

import (
	"context"

	"github.com/rapportengine/rapport/engine/tally"
)

// Due reports whether the loop would train now.
func (t *Trainer) Due(ctx context.Context) bool { return t.due(ctx) }

// AsOf returns the counters a case is asked with, counted for it alone.
func (c *Case) AsOf() *tally.Counters { return new(cursor).of(c) }
