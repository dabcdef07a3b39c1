package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapportengine/rapport/engine"
)

type rollbackCommand struct {
	target
	To int `required:"" placeholder:"VERSION" help:"The model that is to serve; rapport check lists those that are kept."`
}

func (rollbackCommand) Help() string {
	return `Makes an earlier model serve again; the last three are kept.

Examples:

  rapport rollback --to 3
  rapport rollback --to 3 --server http://shop.internal:8080 --key-file key`
}

// Run makes an earlier model the current one.
func (r *rollbackCommand) Run(ctx context.Context, c *console) (err error) {
	w, err := r.reach(ctx, c, openOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	before, err := w.serving(ctx)
	if err != nil {
		return err
	}
	if err := w.post(ctx, "/v1/models/rollback", map[string]int{"to": r.To}, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "model %d serves (it was %d)\n", r.To, before.Version)
	return err
}

// serving returns the model that serves; the zero value where none does.
func (r *remote) serving(ctx context.Context) (engine.ModelVersion, error) {
	var list struct {
		Models []engine.ModelVersion `json:"models"`
	}
	if err := r.get(ctx, "/v1/models", &list); err != nil {
		return engine.ModelVersion{}, err
	}
	for _, m := range list.Models {
		if m.Current {
			return m, nil
		}
	}
	return engine.ModelVersion{}, nil
}
