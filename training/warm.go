package training

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
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
func (t *Trainer) warm(ctx context.Context, s *Snapshot, versions []engine.ModelVersion) (*factor.Model, error) {
	t.mu.Lock()
	serves := t.serve
	t.mu.Unlock()
	at := slices.IndexFunc(versions, func(v engine.ModelVersion) bool { return v.Current })
	if !t.o.Warm || serves == nil || at < 0 || versions[at].Version != serves.Version {
		return nil, nil
	}
	var was Report
	if json.Unmarshal(versions[at].Report, &was) != nil || s.Seq < was.sourcesSeq() {
		return nil, nil
	}
	most := warmMost * float64(was.Events)
	fresh := max(float64(s.Events-was.Events), float64(was.Events-s.Events), float64(s.Seq-was.sourcesSeq()))
	if fresh > most || s.Refusers(was.sourcesSeq()) != was.Refusers {
		return nil, nil
	}
	if erased, err := t.store.ErasedSince(ctx, was.sourcesSeq()); err != nil || erased {
		return nil, err
	}
	at = slices.IndexFunc(serves.Fitted, func(f model.Saver) bool { return f.Name() == factor.Name })
	if at < 0 {
		return nil, nil
	}
	m, _ := serves.Fitted[at].(*factor.Model)
	return m, nil
}

// continues reports whether a fit with these settings is one of the model's.
func continues(m *factor.Model, p factor.Params) bool {
	was := m.Params()
	was.Workers, p.Workers = 1, 1
	return was == p.WithDefaults()
}
