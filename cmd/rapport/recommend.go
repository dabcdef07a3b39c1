package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

type recommendCommand struct {
	directory
	Customers string `required:"" placeholder:"FILE|all|ID,..." help:"For whom: a file of one id a line (- is standard input), everybody, or ids."`
	Scenario  string `default:"home" help:"The place the lists are for."`
	Count     int    `default:"10" help:"Items in a list."`
	Out       string `default:"-" help:"Where to write, one JSON object a line; - is standard output."`
}

func (recommendCommand) Help() string {
	return `Writes a list for each customer, for a mail run or a notebook: {"customer_id": ..., "items": [...], "basis": ...}. It leaves no impressions.

Examples:

  rapport recommend --customers all --scenario home --count 10 --out lists.ndjson
  rapport recommend --customers 12619,15298
  rapport recommend --customers recipients.txt --scenario articles --count 3 --out mail.ndjson`
}

// Run writes lists for many customers.
func (r *recommendCommand) Run(ctx context.Context, c *console) (err error) {
	if r.Count < 1 || r.Count > engine.MaxCount {
		return usagef("--count: a list has 1 to %d items", engine.MaxCount)
	}
	w, err := open(ctx, openOptions{dir: r.Dir, log: c.log(slog.LevelWarn, "text")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := w.recommender.Scenario(r.Scenario); err != nil {
		return &usageError{err}
	}
	customers, err := r.recipients(ctx, w)
	if err != nil {
		return err
	}
	b := c.bar("recommending", int64(len(customers)))
	err = writeFile(c, r.Out, func(out io.Writer) error { return r.write(ctx, w, customers, out, b) })
	b.end(err)
	if err == nil {
		c.say("%s lists", count(len(customers)))
	}
	return err
}

// recipients returns for whom, as the flag says.
func (r *recommendCommand) recipients(ctx context.Context, w *workspace) ([]engine.CustomerID, error) {
	if r.Customers == "all" {
		return w.everybody(ctx)
	}
	var from io.Reader = strings.NewReader(strings.ReplaceAll(r.Customers, ",", "\n"))
	if r.Customers == "-" {
		from = os.Stdin
	} else if f, err := os.Open(r.Customers); err == nil {
		defer f.Close()
		from = f
	} else if namesFile(r.Customers) {
		return nil, usagef("--customers: %w", err)
	}
	var out []engine.CustomerID
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		id := strings.TrimSpace(lines.Text())
		if id == "" {
			continue
		}
		if err := engine.CheckID("--customers", id); err != nil {
			return nil, usagef("line %d: %w", n, err)
		}
		out = append(out, engine.CustomerID(id))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read customers from %s: %w", r.Customers, err)
	}
	return out, nil
}

// namesFile reports whether a text is meant as the name of a file rather than as an id.
func namesFile(text string) bool {
	return strings.ContainsRune(text, filepath.Separator) || slices.Contains([]string{".txt", ".csv"}, filepath.Ext(text))
}

// everybody returns all customers with a record or a history, by id.
func (w *workspace) everybody(ctx context.Context) ([]engine.CustomerID, error) {
	known := make(map[engine.CustomerID]struct{})
	err := w.store.Scan(ctx, func(s engine.Subject, _ []engine.Row) error {
		if s.Kind == engine.CustomerSubject {
			known[engine.CustomerID(s.ID)] = struct{}{}
		}
		return ctx.Err()
	})
	for cursor, more := "", err == nil; more; more = err == nil && cursor != "" {
		var page []engine.Customer
		page, cursor, err = w.store.Customers(ctx, cursor, engine.MaxCount)
		for _, customer := range page {
			known[customer.ID] = struct{}{}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	out := make([]engine.CustomerID, 0, len(known))
	for id := range known {
		out = append(out, id)
	}
	slices.Sort(out)
	return out, nil
}

// listed is a line of the output.
type listed struct {
	Customer engine.CustomerID `json:"customer_id"`
	engine.Answer
}

// chunk is how many lists are made before they are written, in the order of customers.
const chunk = 256

func (r *recommendCommand) write(ctx context.Context, w *workspace, customers []engine.CustomerID, out io.Writer, b *bar) error {
	enc := json.NewEncoder(out)
	done := 0
	for part := range slices.Chunk(customers, chunk) {
		lists, err := r.lists(ctx, w, part)
		if err != nil {
			return err
		}
		for _, l := range lists {
			if err := enc.Encode(l); err != nil {
				return err
			}
		}
		done += len(part)
		b.at(int64(done), count(done)+" lists")
	}
	return nil
}

// lists answers for some customers, on all processors.
func (r *recommendCommand) lists(ctx context.Context, w *workspace, customers []engine.CustomerID) ([]listed, error) {
	out := make([]listed, len(customers))
	errs := make([]error, len(customers))
	workers := runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for first := range workers {
		wait.Go(func() {
			for i := first; i < len(customers) && ctx.Err() == nil; i += workers {
				req := engine.Request{Customer: customers[i], Scenario: r.Scenario, Count: r.Count, Record: new(false)}
				out[i].Customer = customers[i]
				if out[i].Answer, errs[i] = w.recommender.Recommend(ctx, &req); errs[i] != nil {
					errs[i] = fmt.Errorf("customer %s: %w", customers[i], errs[i])
				}
			}
		})
	}
	wait.Wait()
	return out, errors.Join(ctx.Err(), errors.Join(errs...))
}
