package training

import (
	"context"
	"encoding/json"

	"github.com/rapportengine/rapport/engine/factor"
)

// Factors begin with those that serve where at most warmMost of the log is new; one in
// warmShare of their epochs then comes as near to the least loss as all of them from the
// start (factor.Model.Refit).
const (
	warmMost  = 0.03
	warmShare = 10
)

// warm returns the factors that the last fit of a training may begin with; nil for none. A
// trace of who was erased, or does not consent to training any more, must not live on: after
// either a fit begins anew.
func (j *Job) warm(ctx context.Context, log Log, s *Snapshot) (*factor.Model, error) {
	m := j.factors()
	if m == nil {
		return nil, nil
	}
	var was Report
	if json.Unmarshal(j.Serving, &was) != nil || s.Seq < was.sourcesSeq() {
		return nil, nil
	}
	most := warmMost * float64(was.Events)
	fresh := max(float64(s.Events-was.Events), float64(was.Events-s.Events), float64(s.Seq-was.sourcesSeq()))
	if fresh > most || s.Refusers(was.sourcesSeq()) != was.Refusers {
		return nil, nil
	}
	if erased, err := log.ErasedSince(ctx, j.since()); err != nil || erased {
		return nil, err
	}
	return m, nil
}

// continues reports whether a fit with these settings is one of the model's.
func continues(m *factor.Model, p factor.Params) bool {
	was := m.Params()
	was.Workers, p.Workers = 1, 1
	return was == p.WithDefaults()
}
