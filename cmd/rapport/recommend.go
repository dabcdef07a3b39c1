package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

type recommendCommand struct {
	target
	Customers string `required:"" placeholder:"FILE|all|ID,..." help:"For whom: a file of one id a line (- is standard input), everybody, or ids."`
	Scenario  string `default:"home" help:"The place the lists are for."`
	Count     int    `default:"10" help:"Items in a list."`
	Filter    string `placeholder:"EXPRESSION" help:"Narrows the scenario's filter, as in docs/filters.md."`

	ReturnProperties []string       `placeholder:"NAME,..." help:"Properties of the items to write with them, such as title,price; * is all."`
	Explain          engine.Explain `enum:"none,sources,full" default:"sources" help:"How much of the why to write: ${enum}."`
	Consent          string         `enum:"outreach,any" default:"outreach" help:"outreach leaves out who refused to be written to; any is for lists that nobody is sent."`
	Out              string         `default:"-" help:"Where to write, one JSON object a line; - is standard output."`
}

func (recommendCommand) Help() string {
	return `Writes a list for each customer, for a mail run or a notebook: {"customer_id": ..., "items": [...], "basis": ...}. It leaves no impressions.

Examples:

  rapport recommend --customers all --scenario home --count 10 --out lists.ndjson
  rapport recommend --customers 12619,15298
  rapport recommend --customers recipients.txt --scenario articles --count 3 --return-properties title,url --out mail.ndjson
  rapport recommend --customers all --filter 'price < 20' --server http://shop.internal:8080 --key-file key --out mail.ndjson`
}

// Run writes lists for many customers.
func (r *recommendCommand) Run(ctx context.Context, c *console) (err error) {
	if r.Count < 1 || r.Count > engine.MaxCount {
		return usagef("--count: a list has 1 to %d items", engine.MaxCount)
	}
	w, err := r.reach(ctx, c, openOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := r.validate(ctx, w); err != nil {
		return err
	}
	customers, err := r.recipients(ctx, w)
	if err != nil {
		return err
	}
	if r.Consent == "outreach" {
		if customers, err = r.willing(ctx, c, w, customers); err != nil {
			return err
		}
	}
	b := c.bar("recommending", int64(len(customers)))
	err = writeFile(c, r.Out, func(out io.Writer) error { return r.write(ctx, w, customers, out, b) })
	b.end(err)
	if err == nil {
		c.say("%s lists", count(len(customers)))
	}
	return err
}

// request is what is asked for one customer.
func (r *recommendCommand) request(id engine.CustomerID) *engine.Request {
	return &engine.Request{
		Customer: id, Scenario: r.Scenario, Count: r.Count, Filter: r.Filter, Record: new(false),
		ReturnProperties: r.ReturnProperties, Explain: r.Explain,
	}
}

// validate asks once without a customer, so that a mistake shows before the first list.
func (r *recommendCommand) validate(ctx context.Context, w *remote) error {
	req := r.request("")
	req.ValidateOnly = true
	return w.post(ctx, recommendPath, req, nil)
}

const recommendPath = "/v1/recommendations"

// recipients returns for whom, as the flag says.
func (r *recommendCommand) recipients(ctx context.Context, w *remote) ([]engine.CustomerID, error) {
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

// willing returns the customers without those who refused to be written to.
func (r *recommendCommand) willing(ctx context.Context, c *console, w *remote, customers []engine.CustomerID) ([]engine.CustomerID, error) {
	refused, err := w.refused(ctx, engine.Outreach)
	if err != nil {
		return nil, err
	}
	all := len(customers)
	customers = slices.DeleteFunc(customers, func(id engine.CustomerID) bool { return refused[id] })
	if left := all - len(customers); left > 0 {
		c.say("left out: %s who refused to be written to (--consent any writes lists for them, too)", count(left))
	}
	return customers, nil
}

// namesFile reports whether a text is meant as the name of a file rather than as an id.
func namesFile(text string) bool {
	return strings.ContainsRune(text, filepath.Separator) || slices.Contains([]string{".txt", ".csv"}, filepath.Ext(text))
}

// everybody returns all customers with a record or a history, by id.
func (r *remote) everybody(ctx context.Context) ([]engine.CustomerID, error) {
	answer, err := r.send(ctx, http.MethodGet, "/v1/export/subjects", "", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var out []engine.CustomerID
	for lines := json.NewDecoder(answer.Body); ; {
		var one struct {
			Customer engine.CustomerID `json:"customer_id"`
		}
		if err := lines.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("list customers: %w", err)
		}
		if one.Customer != "" {
			out = append(out, one.Customer)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// chunk is how many lists are asked for at once.
const chunk = 64

// waves is how many chunks are asked for side by side. They are written in the order of
// customers.
const waves = 4

func (r *recommendCommand) write(ctx context.Context, w *remote, customers []engine.CustomerID, out io.Writer, b *bar) error {
	done := 0
	for wave := range slices.Chunk(customers, waves*chunk) {
		lists, err := r.wave(ctx, w, wave)
		if err != nil {
			return err
		}
		for _, l := range lists {
			if _, err := out.Write(l); err != nil {
				return err
			}
		}
		done += len(wave)
		b.at(int64(done), count(done)+" lists")
	}
	return nil
}

// wave asks for a wave's chunks side by side.
func (r *recommendCommand) wave(ctx context.Context, w *remote, customers []engine.CustomerID) ([][]byte, error) {
	parts := slices.Collect(slices.Chunk(customers, chunk))
	lists, errs := make([][]byte, len(parts)), make([]error, len(parts))
	var wait sync.WaitGroup
	for i, part := range parts {
		wait.Go(func() { lists[i], errs[i] = r.lists(ctx, w, part) })
	}
	wait.Wait()
	return lists, errors.Join(errs...)
}

// lists asks for some customers and returns their lines.
func (r *recommendCommand) lists(ctx context.Context, w *remote, customers []engine.CustomerID) ([]byte, error) {
	type call struct {
		Method string          `json:"method"`
		Path   string          `json:"path"`
		Body   *engine.Request `json:"body"`
	}
	calls := make([]call, len(customers))
	for i, id := range customers {
		calls[i] = call{http.MethodPost, recommendPath, r.request(id)}
	}
	var answers []struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	if err := w.post(ctx, "/v1/batch", map[string]any{"requests": calls}, &answers); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, a := range answers {
		if a.Status != http.StatusOK {
			p := new(refusal)
			if err := json.Unmarshal(a.Body, p); err != nil {
				return nil, fmt.Errorf("customer %s: status %d", customers[i], a.Status)
			}
			return nil, fmt.Errorf("customer %s: %w", customers[i], p)
		}
		if err := writeList(&out, customers[i], a.Body); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// writeList writes an answer as a line that begins with whose it is.
func writeList(out *bytes.Buffer, id engine.CustomerID, answer json.RawMessage) error {
	whose, err := json.Marshal(map[string]engine.CustomerID{"customer_id": id})
	if err != nil {
		return err
	}
	out.Write(whose[:len(whose)-1])
	out.WriteByte(',')
	out.Write(bytes.TrimSpace(answer)[1:])
	out.WriteByte('\n')
	return nil
}
