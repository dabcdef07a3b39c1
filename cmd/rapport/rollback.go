package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

type rollbackCommand struct {
	directory
	To int `required:"" placeholder:"VERSION" help:"The model that is to serve; rapport check lists those that are kept."`
}

func (rollbackCommand) Help() string {
	return `Makes an earlier model serve again; the last three are kept. A running server does the same by POST /v1/models/rollback.

Example:

  rapport rollback --to 3`
}

// Run makes an earlier model the current one.
func (r *rollbackCommand) Run(ctx context.Context, c *console) (err error) {
	w, err := open(ctx, openOptions{dir: r.Dir, log: c.log(slog.LevelWarn, "text")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	before := w.recommender.World().Models.Version
	if err := w.trainer.Rollback(ctx, r.To); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "model %d serves (it was %d)\n", r.To, before)
	return err
}
