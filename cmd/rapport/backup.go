package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

type backupCommand struct {
	target
	To    string `required:"" placeholder:"FILE" help:"Where to write; it appears there once it is whole. - is standard output."`
	Since uint64 `placeholder:"POSITION" help:"Only what came after the backup that said this position."`
}

func (backupCommand) Help() string {
	return `Writes everything in the workspace to a file, while it goes on, or what came after an earlier backup. Keep the files of a chain: rapport restore takes them in the order they were made.

Examples:

  rapport backup --to monday.backup
  rapport backup --to tuesday.backup --since 48211
  rapport backup --to monday.backup --server http://shop.internal:8080 --key-file key`
}

// Run writes one backup.
func (b *backupCommand) Run(ctx context.Context, c *console) (err error) {
	if info, err := os.Stat(b.To); b.Since > 0 && err == nil && info.Mode().IsRegular() {
		return usagef("--to: %s is there already, and may be the backup that this one adds to; name another file", b.To)
	}
	r, err := b.reach(ctx, c, openOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	path := "/v1/backup"
	if b.Since > 0 {
		path += "?since=" + strconv.FormatUint(b.Since, 10)
	}
	got, err := r.download(ctx, c, "backing up", path, b.To)
	if err != nil {
		return err
	}
	said := c.out
	if b.To == "-" {
		said = c.err
	}
	_, err = fmt.Fprintf(said, "%s: %s bytes, up to position %s; the next one may say --since %s\n",
		b.To, count(got.bytes), got.trailer.Get("X-Rapport-Position"), got.trailer.Get("X-Rapport-Position"))
	return err
}

type restoreCommand struct {
	directory
	From     []string `required:"" placeholder:"FILE" help:"A whole backup, and after it those that add to it, in order; repeat the flag for each."`
	Replace  bool     `help:"The directory may hold a workspace: it is kept beside it under another name, and whom it had erased is erased again."`
	Damaged  bool     `help:"With --replace: go on where the workspace to be replaced cannot be read."`
	Receipts string   `placeholder:"FILE" help:"Receipt, or JSON list of receipts, of erasures made after the backup, for where the workspace that made them is lost."`
}

func (restoreCommand) Help() string {
	return `Makes a workspace of backups. Everything is verified before the directory is touched; on any error it is as it was.

Examples:

  rapport restore --from monday.backup --dir ./restored
  rapport restore --from monday.backup --from tuesday.backup --replace`
}

// Run restores into the directory.
func (r *restoreCommand) Run(ctx context.Context, c *console) (err error) {
	options := store.RestoreOptions{Replace: r.Replace, Damaged: r.Damaged, Log: c.log(slog.LevelWarn, "text")}
	if r.Receipts != "" {
		if options.Erasures, err = readReceipts(r.Receipts); err != nil {
			return usagef("--receipts: %w", err)
		}
	}
	var files []io.Reader
	for _, name := range r.From {
		f, err := os.Open(name)
		if err != nil {
			return usagef("--from: %w", err)
		}
		defer f.Close()
		files = append(files, f)
	}
	options.Increments = files[1:]
	done, err := store.Restore(ctx, r.Dir, files[0], options)
	if errors.Is(err, engine.ErrConflict) && !r.Replace {
		return fmt.Errorf("%w; name another --dir, or say --replace", err)
	}
	if errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("%s: %w", strings.Join(r.From, ", "), err)
	}
	if err != nil {
		return err
	}
	if err := writeCheck(c.out, &done.Report, nil); err != nil {
		return err
	}
	if done.Kept != "" {
		c.say("What was there before is kept in %s.", done.Kept)
	}
	if done.Erased > 0 {
		c.say("Erased again: %s.", count(done.Erased))
	}
	_, err = fmt.Fprintf(c.out, "%s is as of %s\n", r.Dir, done.Backup.At.Format("2006-01-02 15:04:05 MST"))
	return err
}

func readReceipts(name string) ([]engine.Erasure, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte{'{'}) {
		text = slices.Concat([]byte{'['}, text, []byte{']'}) // one receipt, as the server gives it
	}
	var list []engine.Erasure
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: a receipt, or a list of them, as GET /v1/erasures/{receipt} gives it is wanted: %w", name, err)
	}
	return list, nil
}

type upgradeCommand struct {
	directory
	DryRun bool `help:"Only say what would be done."`
}

func (upgradeCommand) Help() string {
	return `Brings a workspace up to the form that this version writes; every command that opens it does the same. Make a backup first.

Examples:

  rapport upgrade --dry-run
  rapport upgrade --dir /var/lib/rapport`
}

// Run upgrades, or says what it would take.
func (u *upgradeCommand) Run(_ context.Context, c *console) error {
	if err := exists(u.Dir); err != nil {
		return err
	}
	up, err := store.Upgrade(u.Dir, u.DryRun)
	if errors.Is(err, store.ErrNewerFormat) {
		return fmt.Errorf("%w: it has format %d, this program knows %d; use the newer program, or restore a backup", err, up.From, up.To)
	}
	if err != nil {
		return err
	}
	if len(up.Steps) == 0 {
		_, err = fmt.Fprintf(c.out, "%s has format %d, the newest that this version knows: nothing to do\n", u.Dir, up.From)
		return err
	}
	done := "upgraded from"
	if u.DryRun {
		done = "would be upgraded from"
	}
	fmt.Fprintf(c.out, "%s %s format %d to %d:\n", u.Dir, done, up.From, up.To)
	for _, step := range up.Steps {
		fmt.Fprintln(c.out, "-", step)
	}
	return nil
}
