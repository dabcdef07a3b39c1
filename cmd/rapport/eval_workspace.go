package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"os"
	"path/filepath"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/offline"
)

// workspaceData is what an evaluation takes from a workspace: files in a folder of their
// own, and what its settings and people say.
type workspaceData struct {
	folder    string
	settings  engine.Settings
	unwilling map[engine.CustomerID]bool // those who do not want models to learn from them
}

// remove deletes the files.
func (d *workspaceData) remove() error { return os.RemoveAll(d.folder) }

// load reads the data, from the workspace or the files, whose bytes go into sum; done is to
// be called when it is no longer needed.
func (e *evalData) load(ctx context.Context, c *console, o *offline.Options, sum hash.Hash) (refused []string, done func() error, err error) {
	done = func() error { return nil }
	var unwilling map[engine.CustomerID]bool
	if e.Dir+e.Server != "" {
		d, err := e.fetch(ctx, c)
		if err != nil {
			return nil, done, err
		}
		done, unwilling = d.remove, d.unwilling
		if len(e.Types) == 0 {
			o.Settings = d.settings
		}
	}
	if refused, err = e.read(ctx, c, o, sum, unwilling); err != nil {
		return nil, done, errors.Join(err, done())
	}
	refused = append(refused, e.untyped(o.Data)...)
	o.Data.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if o.Rule.Name == "cold-items" {
		o.Data.Renumber(o.Seed)
	}
	refused = append(refused, disliked(o)...)
	return refused, done, nil
}

// fetch lays down the events, items and customers of the workspace as files to evaluate on.
func (e *evalData) fetch(ctx context.Context, c *console) (_ *workspaceData, err error) {
	t := target{directory: directory{e.Dir}, Server: e.Server, KeyFile: e.KeyFile}
	r, err := t.reach(ctx, c, openOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	d := new(workspaceData)
	if d.folder, err = os.MkdirTemp("", "rapport-eval-*"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.remove())
		}
	}()
	for what, file := range map[string]*string{"events": &e.Events, "items": &e.Items, "customers": &e.Customers} {
		*file = filepath.Join(d.folder, what+".ndjson")
		if _, err := r.download(ctx, c, "reading "+what, "/v1/export/"+what+"?format=ndjson", *file); err != nil {
			return nil, err
		}
	}
	if d.settings, err = r.settings(ctx); err != nil {
		return nil, err
	}
	d.unwilling, err = r.refused(ctx, engine.Train)
	return d, err
}

// settings returns the interaction types' weights that the workspace works with.
func (r *remote) settings(ctx context.Context) (engine.Settings, error) {
	s := engine.DefaultSettings()
	answer, err := r.send(ctx, http.MethodGet, "/v1/settings/interaction-types", "", nil)
	if err != nil {
		return s, err
	}
	defer answer.Body.Close()
	if s.Types, err = record.TypeSettings(answer.Body); err != nil {
		return s, fmt.Errorf("read the settings of %s: %w", r.where, err)
	}
	return s, nil
}

// refused returns the customers who refused consent to a purpose.
func (r *remote) refused(ctx context.Context, p engine.Purpose) (map[engine.CustomerID]bool, error) {
	answer, err := r.send(ctx, http.MethodGet, "/v1/export/customers?format=ndjson", "", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	out := make(map[engine.CustomerID]bool)
	for entry, err := range record.Customers(answer.Body, record.Options{}) {
		if err != nil {
			return nil, fmt.Errorf("read the customers of %s: %w", r.where, err)
		}
		if !entry.Value.Allows(p) {
			out[entry.Value.ID] = true
		}
	}
	return out, nil
}
