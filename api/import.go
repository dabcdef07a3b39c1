package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// Bounds of one commit of an import, and of what its answer lists.
const (
	importChunk    = 1_000
	importBytes    = 4 << 20 // inflated
	importRejected = 1_000
)

// importParams are the parameters of an import.
var importParams = []string{"format", "preset", "map", "zone", "source", "dated", "shift", "mode", "force"}

// intake is one import under way.
type intake struct {
	s       *Server
	what    string // one of record.Kinds
	options record.Options
	feed    *feed // of mode=replace, else nil
	dated   bool  // the records are events: they need ids and times
	body    io.Reader
	raw     *spooled // the body, where it was laid down
	out     Outcome
}

// importRecords takes any number of records, a thousand to a commit. What was accepted
// before an error is kept, and the same import again doubles nothing.
func (s *Server) importRecords(c *gin.Context) error {
	k, err := s.newIntake(c)
	if err != nil {
		return err
	}
	if k.raw != nil {
		defer k.raw.Close()
	}
	err = k.run(c)
	if k.dated && k.out.Accepted > 0 {
		s.rec.Recount() // what was sent long ago and comes again is stored once, and was counted twice
	}
	if err != nil {
		return k.ended(err)
	}
	if k.out.Refused > 0 && k.out.Accepted+k.out.Duplicates == 0 {
		return refused(&k.out, k.out.Refused)
	}
	return send(c, &k.out)
}

// ended is the problem of an import that stopped on the way: it says what is kept.
func (k *intake) ended(err error) error {
	p := explain(err)
	if p == nil {
		return err
	}
	if p.Outcome == nil {
		p.Outcome = &k.out
	}
	return p
}

func (s *Server) newIntake(c *gin.Context) (*intake, error) {
	what, err := pathID(c, "what")
	if err != nil {
		return nil, err
	}
	k := &intake{s: s, what: what, body: c.Request.Body, dated: what == "events" || what == "orders", out: Outcome{Rejected: []record.Rejected{}}}
	if !slices.Contains(record.Kinds(), what) {
		return nil, fmt.Errorf("an import of %q: %w; there are %s", shorten(what), engine.ErrNotFound, strings.Join(record.Kinds(), ", "))
	}
	if k.feed, err = feedOf(c); err != nil {
		return nil, err
	}
	if k.feed != nil && what != "items" {
		return nil, engine.Invalidf(engine.CodeInvalidField, "mode", "only items come as a feed that replaces all; put is wanted")
	}
	if k.options, err = s.importOptions(c); err != nil {
		return nil, err
	}
	return k, k.layDown()
}

// importOptions reads how the records are written.
func (s *Server) importOptions(c *gin.Context) (record.Options, error) {
	o := record.Options{
		Format: record.Auto, Preset: c.Query("preset"), Source: c.Query("source"),
		KeepPrivate: s.rec.Settings().KeepPrivate, MaxInflated: s.limits.BodyBytes,
	}
	if coding := strings.ToLower(strings.TrimSpace(c.GetHeader("Content-Encoding"))); !slices.Contains([]string{"", "identity", "gzip", "x-gzip", "zstd"}, coding) {
		return o, unknownCoding(coding)
	}
	var err error
	if name, given := c.GetQuery("format"); given {
		if o.Format, err = formatNamed(name); err != nil {
			return o, err
		}
	} else if kind := c.GetHeader("Content-Type"); kind != "" && kind != "application/octet-stream" {
		if o.Format, err = format(c); err != nil {
			return o, err
		}
	}
	if o.Preset != "" && !slices.Contains(record.Presets(), o.Preset) {
		return o, engine.Invalidf(engine.CodeInvalidField, "preset", "one of %s is wanted, got %q", strings.Join(record.Presets(), ", "), shorten(o.Preset))
	}
	if o.Mapping, err = record.ParseMapping(c.Query("map")); err != nil {
		return o, err
	}
	if zone := c.Query("zone"); zone != "" {
		if o.Zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			return o, engine.Invalidf(engine.CodeInvalidField, "zone", "a zone such as UTC or Europe/London is wanted, got %q", shorten(zone))
		}
	}
	if o.Source != "" {
		if err := engine.CheckID("source", o.Source); err != nil {
			return o, err
		}
	}
	return o, s.importTimes(c, &o)
}

// importTimes reads what the times of the records are to be: moved by shift, and where an
// event has none, before dated, when the file was written.
func (s *Server) importTimes(c *gin.Context, o *record.Options) (err error) {
	o.Now = s.now()
	dated := o.Now
	if text, given := c.GetQuery("dated"); given {
		if dated, err = time.Parse(time.RFC3339, text); err != nil || dated.After(s.now()) {
			return engine.Invalidf(engine.CodeInvalidField, "dated", "a time by RFC 3339 that has passed is wanted, such as 2026-05-01T12:00:00Z, got %q", shorten(text))
		}
	}
	o.Base = dated.Add(-record.UndatedFor)
	if text, given := c.GetQuery("shift"); given {
		if o.Shift, err = time.ParseDuration(text); err != nil {
			return engine.Invalidf(engine.CodeInvalidField, "shift", "a time such as 8760h or -30m is wanted, got %q", shorten(text))
		}
	}
	return nil
}

// formatNamed returns a format by the name it has in URLs.
func formatNamed(name string) (record.Format, error) {
	switch name {
	case "auto":
		return record.Auto, nil
	case "json":
		return record.JSON, nil
	case "ndjson":
		return record.NDJSON, nil
	case "csv":
		return record.Table, nil
	case "parquet":
		return record.Parquet, nil
	}
	return 0, engine.Invalidf(engine.CodeInvalidField, "format", "one of auto, json, ndjson, csv and parquet is wanted, got %q", shorten(name))
}

// layDown writes the body to a file first where it must be read twice: a feed is looked
// through before anything is written, and events without ids get theirs from the digest
// of the whole. A Parquet file is read from its end.
func (k *intake) layDown() (err error) {
	if k.feed == nil && k.options.Format != record.Parquet && (!k.dated || k.options.Source != "") {
		return nil
	}
	if k.raw, err = spool(k.body); err == nil && k.options.Source == "" {
		k.options.Source = k.raw.digest
	}
	return err
}

// run reads all records and writes them.
func (k *intake) run(c *gin.Context) error {
	ctx := c.Request.Context()
	if k.feed == nil {
		return k.take(ctx)
	}
	if err := k.look(ctx); err != nil {
		return err
	}
	absent, err := k.feed.absent(k.s)
	if err != nil {
		return err
	}
	if err := k.take(ctx); err != nil {
		return err
	}
	hidden, err := k.s.hide(c, absent)
	k.out.Hidden = &hidden
	return err
}

// open begins the reading, inflated, and counts its bytes. A file of Parquet is left to
// be read from any place.
func (k *intake) open() (from io.Reader, taken *int64, end func(), err error) {
	taken = new(int64)
	from = k.body
	if k.raw != nil {
		if err := k.raw.rewind(); err != nil {
			return nil, nil, nil, fmt.Errorf("read the body again: %w", err)
		}
		if k.raw.isParquet() {
			return k.raw, taken, func() {}, nil
		}
		from = k.raw
	}
	z := &inflating{from: from}
	return &body{from: &counted{z, taken}, Closer: io.NopCloser(nil)}, taken, z.release, nil
}

// counted counts the bytes that are read.
type counted struct {
	io.Reader
	n *int64
}

func (r *counted) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	*r.n += int64(n)
	return n, err
}

// look reads a feed to its end before anything is written, and refuses it if one of its
// records is.
func (k *intake) look(ctx context.Context) error {
	from, _, end, err := k.open()
	if err != nil {
		return err
	}
	defer end()
	n := 0
	for entry, err := range record.Commands(k.what, from, k.options) {
		if err := errors.Join(ctx.Err(), k.refuse(err)); err != nil {
			return err
		}
		if n++; err == nil {
			put, _ := entry.Value.(engine.PutItem) // a feed holds items alone
			k.feed.Add(&put.Item)
		}
	}
	switch {
	case n == 0:
		return engine.Invalidf(engine.CodeMissingField, "", "at least one item is wanted, got none")
	case k.out.Refused > 0:
		return refused(&k.out, n)
	}
	return nil
}

// take writes what it reads, chunk by chunk.
func (k *intake) take(ctx context.Context) error {
	from, taken, end, err := k.open()
	if err != nil {
		return err
	}
	defer end()
	chunk, begun := &batch{}, int64(0)
	for entry, err := range record.Commands(k.what, from, k.options) {
		if err := errors.Join(ctx.Err(), k.refuse(err)); err != nil {
			return errors.Join(err, k.keep(ctx, chunk))
		}
		if err != nil {
			continue
		}
		chunk.commands, chunk.lines = append(chunk.commands, entry.Value), append(chunk.lines, entry.Line)
		if len(chunk.commands) < importChunk && *taken-begun < importBytes {
			continue
		}
		if err := k.keep(ctx, chunk); err != nil {
			return err
		}
		chunk, begun = &batch{}, *taken
	}
	return k.keep(ctx, chunk)
}

// refuse counts the refusal of one record; any other error it returns.
func (k *intake) refuse(err error) error {
	rejected, one := errors.AsType[*record.Rejected](err)
	if !one {
		return err
	}
	if k.out.Refused++; len(k.out.Rejected) < importRejected {
		k.out.Rejected = append(k.out.Rejected, *rejected)
	}
	return nil
}

// keep writes a chunk and counts what became of it. One that was begun is finished, even
// if the caller hangs up, so that what is counted is what is kept.
func (k *intake) keep(ctx context.Context, chunk *batch) error {
	if len(chunk.commands) == 0 {
		return nil
	}
	results, err := k.s.store.Append(context.WithoutCancel(ctx), chunk.commands)
	if err != nil {
		return fmt.Errorf("write %d records: %w", len(chunk.commands), err)
	}
	out, err := chunk.outcome(results)
	if err != nil {
		return err
	}
	k.out.Accepted += out.Accepted
	k.out.Duplicates += out.Duplicates
	k.out.Refused += len(out.Rejected)
	k.out.Rejected = append(k.out.Rejected, out.Rejected[:min(len(out.Rejected), importRejected-len(k.out.Rejected))]...)
	return nil
}
