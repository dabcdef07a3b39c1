package training

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
)

// Helper is a process that does a job: Assist runs there.
type Helper struct {
	In  io.WriteCloser // what Assist reads
	Out io.Reader      // what it writes
	// Kill ends the process, if it has not ended; Wait waits until it has, and says how. The
	// end of the context it was started with kills it, too.
	Kill func()
	Wait func() error
}

// progressed is how far a training is.
type progressed struct {
	Step  string  `json:"step"`
	Share float64 `json:"share"`
}

// told is how a training ended. Without an error its models follow.
type told struct {
	Report  *Report `json:"report,omitempty"`
	Error   string  `json:"error,omitempty"`
	Refused bool    `json:"refused,omitempty"` // the error wraps ErrRefused
}

// err returns the error that was told of.
func (t *told) err() error {
	switch {
	case t.Error == "":
		return nil
	case t.Refused:
		return refusal(t.Error)
	}
	return errors.New(t.Error)
}

// refusal is an error in another's words, that wraps ErrRefused.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) Unwrap() error   { return ErrRefused }

// Assist does a job that a Trainer elsewhere sends, and writes what it comes to. It ends early
// with in: then nobody waits for it any more. What it returns is why it could not tell.
func Assist(ctx context.Context, in io.Reader, out io.Writer, m Means) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if m.Log == nil {
		m.Log = slog.New(slog.DiscardHandler)
	}
	from, to := newReceiver(in), newSender(out)
	f, err := hearJob(from)
	if err != nil {
		return fmt.Errorf("a training apart: %w", err)
	}
	f.ended = cancel
	var lost error // what could not be told
	m.Step = func(step string, share float64) {
		if lost = errors.Join(to.tell(kindProgress, progressed{step, share}), to.flush()); lost != nil {
			cancel()
		}
	}
	models, report, err := f.do(ctx, f, &m)
	if lost != nil || ctx.Err() != nil {
		return errors.Join(lost, ctx.Err())
	}
	end := told{Report: report}
	if err != nil {
		end.Error, end.Refused = err.Error(), errors.Is(err, ErrRefused)
	}
	if report != nil && report.Events >= largeLog {
		f.Serves = nil
		debug.FreeOSMemory() // the server takes more while it saves, and this process needs the models alone
	}
	if lost = to.tell(kindTold, end); lost == nil && err == nil {
		lost = to.long(models.Save)
	}
	return errors.Join(lost, to.flush())
}

// apart has a helper do a job. Where it dies of it, the report says no more than up to where
// the log was to be read: once is enough to try.
func (t *Trainer) apart(ctx context.Context, h *Helper, job *Job, means *Means) (*made, error) {
	read := &Report{Version: job.Version, Seq: t.store.Seq()}
	to, from, fed := newSender(h.In), newReceiver(h.Out), make(chan error, 1)
	go func() {
		err := feed(ctx, to, t.store, job, means)
		if err != nil {
			h.Kill()
		}
		fed <- err
	}()
	end := func() (unfed, died error) {
		died = h.Wait()
		unfed = <-fed
		_ = h.In.Close()
		return unfed, died
	}
	got, err := hearTold(from, means.Step)
	if err != nil {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			h.Kill()
		}
		unfed, died := end()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case unfed != nil && !to.broken: // the log could not be read
			return nil, unfed
		}
		return &made{report: read}, fmt.Errorf("the process that trained did not come to an end: %w", errors.Join(died, err))
	}
	stop := func() {
		h.Kill()
		_, _ = end()
	}
	if err := got.err(); err != nil {
		stop()
		if got.Report == nil {
			return nil, err
		}
		return &made{report: got.Report}, err
	}
	return &made{got.Report, from.long(), stop}, nil
}

// hearTold waits until it is told how a training ended, and passes on how far it is.
func hearTold(from *receiver, step func(string, float64)) (end told, err error) {
	for {
		if err := from.next(); err != nil {
			return end, err
		}
		switch from.kind {
		case kindProgress:
			var p progressed
			if err := from.as(&p); err != nil {
				return end, err
			}
			if step != nil {
				step(p.Step, p.Share)
			}
		case kindTold:
			return end, from.as(&end)
		default:
			return end, fmt.Errorf("%w: %q before the end", errGarbled, from.kind)
		}
	}
}
