package training

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// knowsErased reports whether a model may hold words that somebody wrote who was erased after
// it was made, or while it was.
func (t *Trainer) knowsErased(ctx context.Context, v engine.ModelVersion) (bool, error) {
	var r Report
	if json.Unmarshal(v.Report, &r) != nil || (r.Desk == nil || r.Desk.Refused != "") && r.Triage == nil {
		return false, nil
	}
	return t.store.ErasedSince(ctx, r.Seq)
}

// forget has words of who was erased go although a training brought no new model: the sources
// that serve stay, as a new version, with what tickets teach now. Where the training did not
// fail at the gate, they stay without anything of tickets: it would fail there again.
func (t *Trainer) forget(ctx context.Context, failed *Report, versions []engine.ModelVersion, why error) error {
	t.mu.Lock()
	serves, latest := t.serve, t.loaded()
	t.mu.Unlock()
	var was engine.ModelVersion // of what serves
	var rest []engine.ModelVersion
	knows := false
	for _, v := range versions {
		if latest != nil && v.Version == latest.Version || latest == nil && v.Current {
			was = v
		} else if !v.Current {
			rest = append(rest, v)
			continue
		}
		erased, err := t.knowsErased(ctx, v)
		if err != nil {
			return fmt.Errorf("see who was erased since model %d: %w", v.Version, err)
		}
		knows = knows || erased
	}
	if !knows {
		return t.tidy(ctx, rest)
	}
	if serves == nil { // this process does not hold all of it
		var err error
		if serves, err = t.load(ctx, was.Version); err != nil {
			return fmt.Errorf("forget who was erased: model %d: %w", was.Version, err)
		}
	}
	report := new(Report)
	_ = json.Unmarshal(was.Report, report) // only what it tells is lost where it cannot be read
	report.SourcesSeq, report.Seq = report.sourcesSeq(), failed.Seq
	report.Version, report.Took = failed.Version, failed.Took
	report.Comparison = fmt.Sprintf("the sources of model %d, without what the erased had taught: what was learnt anew did not come to serve", serves.Version)
	report.Desk, report.Triage = nil, nil
	var taught *made
	if errors.Is(why, ErrRefused) {
		job := t.job(versions)
		job.TeachOnly, job.Serves = true, serves
		var err error
		taught, err = t.fit(ctx, job, nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			taught = nil
			t.o.Log.WarnContext(ctx, "the desk goes on without what tickets teach", "err", err)
		default:
			report.Seq, report.Desk, report.Triage = taught.report.Seq, taught.report.Desk, taught.report.Triage
			taught.report = report
		}
	}
	if taught == nil {
		taught = saving(recommend.NewModels(report.Version, serves.LogTime, serves.Fitted, serves.Encoder, serves.Blend), report)
	}
	if err := t.adopt(ctx, taught, versions); err != nil {
		return fmt.Errorf("forget who was erased: %w", err)
	}
	t.o.Log.InfoContext(ctx, "what the erased had taught serves no more", "model", report.Version, "sources_of", serves.Version)
	return nil
}
