package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

type exportCommand struct {
	target
	As     string `required:"" enum:"items,customers,events,tickets,impressions,factors,embeddings" help:"What to write: ${enum}."`
	Format string `enum:"auto,ndjson,csv,parquet,npy" default:"auto" help:"How: ${enum}. auto goes by the name of the file; npy is for factors and embeddings."`
	Out    string `required:"" placeholder:"FILE" help:"Where to write; - is standard output."`
}

func (exportCommand) Help() string {
	return `Writes everything of a kind as of one moment, in the form rapport import reads. Factors and embeddings are those of the model that serves: one row an item, with .npy beside a list of the ids in the same order.

Examples:

  rapport export --as events --out events.parquet
  rapport export --as items --out - --format ndjson | jq .title
  rapport export --as embeddings --out embeddings.npy
  rapport export --as customers --out customers.csv --server http://shop.internal:8080 --key-file key`
}

// formatOf returns the form a file is to have, by the flag or by its name.
func (e *exportCommand) formatOf() (string, error) {
	if e.Format != "auto" {
		return e.Format, nil
	}
	switch ext := strings.TrimPrefix(filepath.Ext(e.Out), "."); {
	case e.Out == "-", ext == "jsonl":
		return "ndjson", nil
	case ext == "ndjson", ext == "csv", ext == "parquet", ext == "npy":
		return ext, nil
	}
	return "", usagef("--format: %s does not say what it is to be; name it .parquet, .ndjson, .csv or .npy, or give --format", e.Out)
}

// Run writes one file.
func (e *exportCommand) Run(ctx context.Context, c *console) (err error) {
	format, err := e.formatOf()
	if err != nil {
		return err
	}
	r, err := e.reach(ctx, c, openOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	got, err := r.download(ctx, c, "exporting "+e.As, "/v1/export/"+e.As+"?format="+format, e.Out)
	if err != nil {
		return err
	}
	if format == "npy" && e.Out != "-" {
		ids := e.Out + idsSuffix
		if err := r.writeIDs(ctx, c, e.As, got.header.Get(modelHeader), ids); err != nil {
			return err
		}
		c.say("the rows' items are in %s", ids)
	}
	if e.Out != "-" {
		c.say("%s: %s bytes", e.Out, count(got.bytes))
	}
	return nil
}

// modelHeader says of which model the vectors of an answer are.
const modelHeader = "X-Rapport-Model"

// writeIDs lists the items of a model's vectors, in the order of their rows.
func (r *remote) writeIDs(ctx context.Context, c *console, what, model, file string) error {
	answer, err := r.send(ctx, http.MethodGet, "/v1/export/"+what+"?format=ndjson", "", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if now := answer.Header.Get(modelHeader); now != model {
		return fmt.Errorf("list the rows' items: the vectors are of model %s, and model %s serves by now: export again", model, now)
	}
	return writeFile(c, file, func(out io.Writer) error {
		ids := json.NewEncoder(out)
		for rows := json.NewDecoder(answer.Body); ; {
			var row struct {
				Item engine.ItemID `json:"item_id"`
			}
			if err := rows.Decode(&row); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("list the rows' items: %w", err)
			}
			if err := ids.Encode(row.Item); err != nil {
				return err
			}
		}
	})
}

// downloaded is what came with a file.
type downloaded struct {
	bytes   int64
	header  http.Header
	trailer http.Header
}

// download writes the answer to a GET into a file, which appears once it is whole.
func (r *remote) download(ctx context.Context, c *console, label, path, file string) (got downloaded, err error) {
	answer, err := r.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return got, err
	}
	defer answer.Body.Close()
	b := c.bar(label, max(answer.ContentLength, 0))
	err = writeFile(c, file, func(out io.Writer) error {
		n, err := io.Copy(out, &watched{answer.Body, b, 0})
		got.bytes = n
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%s broke off after %s bytes: %w", r.where, count(n), err)
		}
		return err
	})
	b.end(err)
	if err != nil {
		return got, fmt.Errorf("%s: %w", label, err)
	}
	got.header, got.trailer = answer.Header, answer.Trailer
	return got, nil
}

// watched tells a bar how much was read.
type watched struct {
	io.Reader
	b *bar
	n int64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.n += int64(n)
	w.b.at(w.n, count(w.n>>10)+" KiB")
	return n, err
}
