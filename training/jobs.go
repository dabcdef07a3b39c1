package training

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Train asks the loop (Run) for a training and returns at once; the job says how it
// goes. While one that was asked for has not ended, its job comes back with an error
// that wraps engine.ErrConflict.
func (t *Trainer) Train(context.Context) (engine.Job, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range slices.Backward(t.jobs) {
		if j.State == engine.JobRunning {
			return j, fmt.Errorf("job %s has not ended: %w", j.ID, engine.ErrConflict)
		}
	}
	now := t.o.Now()
	job := engine.Job{ID: fmt.Sprintf("train-%d", now.UnixNano()), Kind: "train", State: engine.JobRunning, Step: "waiting", Started: now}
	t.jobs = append(t.jobs, job)
	t.jobs = t.jobs[max(0, len(t.jobs)-jobsKept):]
	t.asked <- job.ID // has room: at most one job is running
	return job, nil
}

// do runs a job that was asked for.
func (t *Trainer) do(ctx context.Context, id string) {
	report, err := t.Now(ctx, func(step string, share float64) {
		t.update(id, func(j *engine.Job) { j.Step, j.Progress = step, share })
	})
	t.update(id, func(j *engine.Job) { t.end(j, report, err) })
	t.tell(ctx, report, err)
}

func (t *Trainer) end(j *engine.Job, report *Report, err error) {
	now := t.o.Now()
	j.Ended, j.State = &now, stateOf(err)
	if err != nil {
		j.Detail = err.Error()
		return
	}
	j.Progress, j.Version, j.Detail = 1, report.Version, report.Comparison
}

// stateOf says how a training ended.
func stateOf(err error) engine.JobState {
	switch {
	case err == nil:
		return engine.JobSucceeded
	case errors.Is(err, ErrRefused):
		return engine.JobRefused
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return engine.JobCancelled
	}
	return engine.JobFailed
}

// Ended counts the trainings that have ended since the start, by how: those that were asked
// for, and those that began because enough was new.
func (t *Trainer) Ended() map[engine.JobState]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.ended)
}

func (t *Trainer) update(id string, change func(*engine.Job)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.jobs, func(j engine.Job) bool { return j.ID == id }); i >= 0 {
		change(&t.jobs[i])
	}
}

// Job returns a job that was started here; false where it is unknown or long gone.
func (t *Trainer) Job(id string) (engine.Job, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.jobs, func(j engine.Job) bool { return j.ID == id }); i >= 0 {
		return t.jobs[i], true
	}
	return engine.Job{}, false
}
