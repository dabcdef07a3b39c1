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
	"strconv"
	"strings"

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
	Consent          engine.Consent `enum:"outreach,any" default:"outreach" help:"outreach leaves out who refused to be written to; any is for lists that nobody is sent."`
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
	customers, twice, err := r.recipients()
	if err != nil {
		return err
	}
	if twice > 0 {
		c.say("named twice: %s, who get one list each", count(twice))
	}
	w, err := r.reach(ctx, c, openOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	b := c.bar("recommending", int64(len(customers))) // everybody is counted when they are asked for
	l := &listing{request: r.request(), remote: w, bar: b}
	err = writeFile(c, r.Out, func(out io.Writer) error { return l.write(ctx, customers, out) })
	b.end(err)
	if err != nil {
		return err
	}
	if l.leftOut > 0 {
		c.say("left out: %s who refused to be written to (--consent any writes lists for them, too)", count(l.leftOut))
	}
	c.say("%s", l.made())
	return nil
}

// request is what is asked for each.
func (r *recommendCommand) request() engine.BulkRequest {
	return engine.BulkRequest{Consent: r.Consent, Request: engine.Request{
		Scenario: r.Scenario, Count: r.Count, Filter: r.Filter, ReturnProperties: r.ReturnProperties, Explain: r.Explain,
	}}
}

// recipients returns for whom, as the flag says, each once, and how many it names more than
// once; nil for everybody.
func (r *recommendCommand) recipients() (_ []engine.CustomerID, twice int, err error) {
	if r.Customers == "all" {
		return nil, 0, nil
	}
	inline := false
	var from io.Reader = strings.NewReader(strings.ReplaceAll(r.Customers, ",", "\n"))
	if r.Customers == "-" {
		from = os.Stdin
	} else if f, err := os.Open(r.Customers); err == nil {
		defer f.Close()
		from = f
	} else if namesFile(r.Customers) {
		return nil, 0, usagef("--customers: %w", err)
	} else {
		inline = true
	}
	out, named := []engine.CustomerID{}, make(map[engine.CustomerID]int)
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		id := strings.TrimSpace(lines.Text())
		if id == "" {
			continue
		}
		if inline && id == "all" {
			return nil, 0, usagef("--customers: all is everybody, and stands alone; who has the id all is named in a file")
		}
		if err := engine.CheckID("--customers", id); err != nil {
			return nil, 0, usagef("line %d: %w", n, err)
		}
		one := engine.CustomerID(id)
		switch named[one]++; named[one] {
		case 1:
			out = append(out, one)
		case 2:
			twice++
		}
	}
	if err := lines.Err(); err != nil {
		return nil, 0, fmt.Errorf("read customers from %s: %w", r.Customers, err)
	}
	if len(out) == 0 {
		return nil, 0, usagef("--customers: %q names nobody; all is everybody", r.Customers)
	}
	return out, twice, nil
}

// namesFile reports whether a text is meant as the name of a file rather than as an id.
func namesFile(text string) bool {
	return strings.ContainsRune(text, filepath.Separator) || slices.Contains([]string{".txt", ".csv"}, filepath.Ext(text))
}

// listing writes the lists of many as they come.
type listing struct {
	request engine.BulkRequest
	remote  *remote
	bar     *bar

	lists, leftOut int
}

// write asks for the lists of all these customers, of everybody for nil, and writes them.
func (l *listing) write(ctx context.Context, customers []engine.CustomerID, out io.Writer) error {
	if customers == nil {
		return l.some(ctx, nil, out)
	}
	for some := range slices.Chunk(customers, engine.MaxBulkCustomers) {
		if err := l.some(ctx, some, out); err != nil {
			return err
		}
	}
	return nil
}

// some asks for as many customers as one request takes.
func (l *listing) some(ctx context.Context, customers []engine.CustomerID, out io.Writer) error {
	l.request.Customers = customers
	body, err := json.Marshal(&l.request)
	if err != nil {
		return err
	}
	answer, err := l.remote.send(ctx, http.MethodPost, "/v1/recommendations/bulk", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	had, read := l.lists, &toldReader{from: answer.Body}
	if _, err := io.Copy(io.MultiWriter(out, l), read); err != nil {
		if read.failed {
			return fmt.Errorf("the lists of %s broke off after %d: %w", l.remote.where, l.lists, err)
		}
		return err
	}
	if told, err := strconv.Atoi(answer.Trailer.Get("X-Rapport-Lists")); err != nil || told != l.lists-had {
		return fmt.Errorf("the lists of %s broke off after %d", l.remote.where, l.lists)
	}
	leftOut, err := strconv.Atoi(answer.Trailer.Get("X-Rapport-Left-Out"))
	l.leftOut += leftOut
	return err
}

// Write counts the lists that went by.
func (l *listing) Write(lines []byte) (int, error) {
	l.lists += bytes.Count(lines, []byte{'\n'})
	l.bar.at(int64(l.lists+l.leftOut), l.made())
	return len(lines), nil
}

// made says how many lists were written.
func (l *listing) made() string {
	if l.lists == 1 {
		return "1 list"
	}
	return count(l.lists) + " lists"
}

// toldReader tells a failure to read from one to write.
type toldReader struct {
	from   io.Reader
	failed bool
}

func (r *toldReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.failed = err != nil && err != io.EOF
	return n, err
}
