package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine/record"
)

// fileForm says how files are written; import and eval read them alike.
type fileForm struct {
	Format string `enum:"auto,csv,ndjson,json,parquet" default:"auto" help:"How the files are written: ${enum}; gzip or zstd or not. csv is any delimited table."`
	Preset string `placeholder:"NAME" help:"Columns of a known data set, such as movielens."`
	Map    string `placeholder:"COLUMN=FIELD,..." help:"What the columns are: column=field; column=- leaves one out; field:=text is the same in every record."`
	Zone   string `placeholder:"ZONE" help:"Zone of times that name none, such as UTC or Europe/London."`
}

// formats are the values of --format.
var formats = map[string]record.Format{
	"auto": record.Auto, "csv": record.Table, "ndjson": record.NDJSON, "json": record.JSON, "parquet": record.Parquet,
}

// options returns what record needs to know.
func (f *fileForm) options() (record.Options, error) {
	if f.Preset != "" && !slices.Contains(record.Presets(), f.Preset) {
		return record.Options{}, usagef("--preset: there is no %q; there are %s", f.Preset, strings.Join(record.Presets(), ", "))
	}
	mapping, err := record.ParseMapping(f.Map)
	if err != nil {
		return record.Options{}, &usageError{err}
	}
	o := record.Options{Format: formats[f.Format], Preset: f.Preset, Mapping: mapping}
	if f.Zone != "" {
		if o.Zone, err = time.LoadLocation(f.Zone); err != nil {
			return o, usagef("--zone: there is no zone %q; UTC and Europe/London are such names", f.Zone)
		}
	}
	return o, nil
}

type importCommand struct {
	target
	fileForm
	As         string   `required:"" enum:"items,customers,events,orders,tickets,vectors" help:"What the files hold: ${enum}."`
	DryRun     bool     `help:"Read and check everything, write nothing."`
	ShiftToNow bool     `help:"Move all times by as much as brings the newest of them to now, to try old data as if it were fresh."`
	Mode       string   `enum:"put,replace" default:"put" help:"put adds and changes; replace takes one file of items as the whole catalogue and hides what is not in it."`
	Force      bool     `help:"With --mode replace: even if more than a fifth of the catalogue would be hidden."`
	Reject     string   `placeholder:"FILE" help:"Where refused records are listed; default the first file's name with .rejected, in the current directory."`
	Files      []string `arg:"" name:"file" help:"Files to read, gzip or zstd or not; - is standard input. Of vectors also FILE.npy,IDS: an array, and the ids of its rows one a line (default FILE.npy.ids.ndjson)."`
}

func (importCommand) Help() string {
	return `Records that are refused are listed with line, field and reason; the others are kept. An import that was interrupted can be run again and doubles nothing: events without an event_id get one from the file's digest and their line.

Examples:

  rapport import --as items catalogue.ndjson.gz
  rapport import --as events --map user=customer_id,sku=item_id,ts=at,type:=purchase orders.csv
  rapport import --as events --preset movielens ratings.csv
  rapport import --as orders --preset uci-online-retail --shift-to-now online_retail.csv.gz
  rapport import --as items --mode replace feed.ndjson.zst
  rapport import --as tickets --dry-run tickets.json
  rapport import --as tickets --preset zendesk --map custom_fields.27642=product_id tickets.ndjson
  rapport import --as vectors images.npy,images.ids.txt`
}

// Run imports the files one after the other.
func (i *importCommand) Run(ctx context.Context, c *console) (err error) {
	options, err := i.options()
	if err != nil {
		return err
	}
	if i.Mode == "replace" && (i.As != "items" || len(i.Files) != 1 || i.DryRun) {
		return usagef("--mode replace takes one file --as items, and no --dry-run")
	}
	if err := i.look(); err != nil {
		return err
	}
	if i.ShiftToNow {
		if options.Shift, err = i.age(c, options); err != nil {
			return err
		}
	}
	refused, err := i.rejects(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, refused.close()) }()
	job := intake{c: c, as: i.As, options: options, refused: refused, into: nowhere{}}
	if i.DryRun {
		err = i.each(ctx, &job)
	} else {
		err = i.into(ctx, c, &job)
	}
	job.tell(i.DryRun)
	if ctx.Err() != nil && !i.DryRun && job.got.read > 0 {
		c.say("What was accepted is kept. Run the same command again for the rest; nothing is doubled.")
	}
	if err == nil && job.got.read > 0 && job.got.accepted+job.got.duplicates == 0 {
		err = fmt.Errorf("nothing was accepted of %s records", count(job.got.read))
	}
	return err
}

// into imports into the workspace, wherever that is.
func (i *importCommand) into(ctx context.Context, c *console, job *intake) (err error) {
	w, far, err := i.open(ctx, c, openOptions{create: true})
	if err != nil {
		return err
	}
	if w == nil {
		defer func() { err = errors.Join(err, far.Close()) }()
		return i.send(ctx, far, job)
	}
	boundGarbage(ctx, startBounds) // nearly all that it takes stays, as at a start
	if i.Mode == "replace" {
		near, err := w.within(ctx)
		if err != nil {
			return err
		}
		return errors.Join(i.send(ctx, near, job), near.Close())
	}
	job.options.KeepPrivate = w.recommender.Settings().KeepPrivate
	settings := w.recommender.Settings()
	defer func() { job.tellTypes(settings) }()
	return w.importing(ctx, func() error {
		job.into = intoStore{w.store}
		return i.each(ctx, job)
	})
}

// age is how long ago the newest time in the files is.
func (i *importCommand) age(c *console, options record.Options) (time.Duration, error) {
	now := time.Now()
	var newest time.Time
	for _, name := range i.Files {
		if name == "-" {
			return 0, usagef("--shift-to-now reads the files twice, which standard input cannot be")
		}
		in, err := openInput(name, false)
		if err != nil {
			return 0, err
		}
		b := c.bar("looking for the newest time in "+name, in.size)
		options.Base = in.dated.Add(-record.UndatedFor)
		found, err := record.Newest(record.Commands(i.As, in.source(), options))
		b.end(err)
		if err := errors.Join(err, in.Close()); err != nil {
			return 0, &fileError{name: in.name, err: err}
		}
		if found.After(newest) {
			newest = found
		}
	}
	if newest.IsZero() {
		return 0, usagef("--shift-to-now: no record in the files says when")
	}
	age := now.Sub(newest).Truncate(time.Second)
	c.say("Times are moved by %s, so that the newest is now.", age)
	return age, nil
}

// look refuses names that are no files before anything is begun.
func (i *importCommand) look() error {
	for _, name := range i.Files {
		if name == "-" {
			continue
		}
		info, err := os.Stat(i.main(name))
		if err != nil {
			return &usageError{err}
		}
		if info.IsDir() {
			return usagef("%s is a directory; name the files in it", name)
		}
	}
	return nil
}

// main is the file that a name is of, or the first of two.
func (i *importCommand) main(name string) string {
	if f, npy := npyOf(name); npy && i.As == vectorsKind {
		return f.array
	}
	return name
}

// openFile opens one of the files.
func (i *importCommand) openFile(ctx context.Context, name string, digest bool) (*input, error) {
	if f, npy := npyOf(name); npy && i.As == vectorsKind {
		return f.open(ctx)
	}
	return openInput(name, digest)
}

// vectorsKind is what own vectors of items are called.
const vectorsKind = "vectors"

// importing writes much, and closes the workspace with counters that count everything
// once.
func (w *workspace) importing(ctx context.Context, do func() error) (err error) {
	defer func() { err = errors.Join(err, w.Close()) }()
	before := w.store.Seq()
	err = do()
	if w.store.Seq() == before {
		return err
	}
	// Also where it broke off: what was sent again before that counts twice until then.
	return errors.Join(err, w.settle(context.WithoutCancel(ctx)))
}

func (i *importCommand) each(ctx context.Context, job *intake) error {
	for n, name := range i.Files {
		f, err := i.openFile(ctx, name, i.As == "events")
		if err != nil {
			return err
		}
		f.now = time.Now()
		if err := errors.Join(job.take(ctx, f), f.Close()); err != nil {
			return errors.Join(&fileError{name: f.name, unread: i.Files[n+1:], err: err}, job.refused.broken(err))
		}
	}
	return nil
}

// rejects prepares the list of what is refused. A dry run writes one only where it is
// told where.
func (i *importCommand) rejects(c *console) (*rejects, error) {
	path := i.Reject
	if path == "" && !i.DryRun {
		first := i.Files[0]
		if first == "-" {
			first = "stdin"
		}
		path = filepath.Base(i.main(first)) + ".rejected"
	}
	for _, name := range i.Files {
		if sameFile(path, name) {
			return nil, usagef("--reject: %s is one of the files to read", path)
		}
	}
	return &rejects{c: c, path: path}, nil
}

func sameFile(a, b string) bool {
	fa, errA := os.Stat(a)
	fb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}
