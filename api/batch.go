package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/store"
)

// Outcome says what became of a batch, record by record.
type Outcome struct {
	Accepted   int               `json:"accepted"`
	Duplicates int               `json:"duplicates"`
	Rejected   []record.Rejected `json:"rejected"`

	Hidden  *int `json:"hidden,omitempty"`  // items that a feed no longer holds
	Refused int  `json:"refused,omitempty"` // of an import: how many, where Rejected lists the first
}

// batch is a body's records as commands, with the line each stood in.
type batch struct {
	commands []engine.Command
	lines    []int
	rejected []record.Rejected
}

// collect reads all records before any is written, so that a body that turns out to be
// broken, cut off or too long has changed nothing.
func collect[T any](records iter.Seq2[record.Entry[T], error], command func(T) engine.Command) (*batch, error) {
	b := &batch{rejected: []record.Rejected{}}
	for entry, err := range records {
		if rejected, ok := errors.AsType[*record.Rejected](err); ok {
			b.rejected = append(b.rejected, *rejected)
			continue
		}
		if err != nil {
			return nil, err
		}
		b.commands = append(b.commands, command(entry.Value))
		b.lines = append(b.lines, entry.Line)
	}
	return b, nil
}

// options are what every reading of a body begins with.
func (s *Server) options(c *gin.Context) (record.Options, error) {
	f, err := format(c)
	return record.Options{
		Format: f, Now: s.now(), KeepPrivate: s.rec.Settings().KeepPrivate,
		MaxInflated: s.limits.BodyBytes, MaxRecords: s.limits.BatchRecords,
	}, err
}

// commit writes a batch and answers with its outcome.
func (s *Server) commit(c *gin.Context, b *batch, atomic bool) error {
	out, err := s.keep(c, b, atomic)
	if err != nil {
		return err
	}
	return send(c, out)
}

// keep writes a batch and returns its outcome, or the problem of one of which nothing
// was kept.
func (s *Server) keep(c *gin.Context, b *batch, atomic bool) (*Outcome, error) {
	all := len(b.commands) + len(b.rejected)
	if all == 0 {
		return nil, engine.Invalidf(engine.CodeMissingField, "", "at least one record is wanted, got none")
	}
	if atomic && len(b.rejected) > 0 {
		return nil, refused(&Outcome{Rejected: b.rejected}, all)
	}
	write := s.store.Append
	if atomic {
		write = s.store.AppendAtomic
	}
	results, err := write(c.Request.Context(), b.commands)
	if err != nil {
		return nil, fmt.Errorf("write %d records: %w", len(b.commands), err)
	}
	out, err := b.outcome(results)
	if err != nil {
		return nil, err
	}
	if atomic && len(out.Rejected) > 0 || len(out.Rejected) == all {
		return nil, refused(out, all)
	}
	return out, nil
}

// outcome joins what the reading and what the store refused.
func (b *batch) outcome(results []engine.Result) (*Outcome, error) {
	out := &Outcome{Rejected: b.rejected}
	for i, r := range results {
		switch {
		case r.Err == nil && r.Duplicate:
			out.Duplicates++
		case r.Err == nil:
			out.Accepted++
		case errors.Is(r.Err, store.ErrRolledBack):
		default:
			p := explain(r.Err)
			if p == nil {
				return nil, fmt.Errorf("record in line %d: %w", b.lines[i], r.Err)
			}
			out.Rejected = append(out.Rejected, record.Rejected{Line: b.lines[i], Field: p.Field, Code: p.Code, Want: p.Detail})
		}
	}
	slices.SortStableFunc(out.Rejected, func(a, b record.Rejected) int { return cmp.Compare(a.Line, b.Line) })
	return out, nil
}

// refused is the problem of a batch of which nothing was kept. It speaks of the first
// refusal, and lists all.
func refused(out *Outcome, all int) error {
	first := out.Rejected[0]
	p := newProblem(http.StatusUnprocessableEntity, first.Code, "%s", first.Want)
	n := max(out.Refused, len(out.Rejected))
	if first.Code == engine.CodeInvalidSyntax && n == all {
		p.Status = http.StatusBadRequest
	}
	if all > 1 {
		p.Detail = fmt.Sprintf("nothing was kept: %d of %d records were refused, the first in line %d: %s", n, all, first.Line, first.Want)
	}
	p.Field, p.Line, p.Outcome = first.Field, first.Line, out
	return p
}

// do writes one command and returns what became of it.
func (s *Server) do(ctx context.Context, command engine.Command) (engine.Result, error) {
	results, err := s.store.Append(ctx, []engine.Command{command})
	if err != nil {
		return engine.Result{}, err
	}
	return results[0], results[0].Err
}
