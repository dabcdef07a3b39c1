// Package sampleshop holds a real gift shop, small enough to ship inside the
// binary: what "rapport demo" imports and what a first-time reader experiments with.
// Purchases and products come from the UCI Online Retail data (see README.md);
// help articles and tickets are written for the demo and say so. It holds data
// only: importing and shifting times to the present belong to the importer.
package sampleshop

import (
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

//go:embed events.csv.gz items.ndjson.gz articles.ndjson tickets.ndjson
var files embed.FS

// File is one file of the shop and what its records are.
type File struct {
	Name   string // for Open
	As     string // the record type: items, events or tickets
	Format string // csv or ndjson
}

// Files lists the shop in an order in which nothing refers to what comes later.
var Files = []File{
	{"items.ndjson", "items", "ndjson"},
	{"articles.ndjson", "items", "ndjson"},
	{"events.csv", "events", "csv"},
	{"tickets.ndjson", "tickets", "ndjson"},
}

// NewestEvent is the time of the last event. Nothing in the shop is later, so an
// importer that adds time.Since(NewestEvent) to every time makes the shop end now.
var NewestEvent = time.Date(2011, time.October, 31, 17, 13, 0, 0, time.UTC)

const (
	// Customer buys cake cases, doilies and baking moulds, and reorders the same
	// ones month after month: good for personal lists and for "buy again".
	Customer = "12619"
	// LampCustomer bought Lamp and a dozen other lamps and light strings, the last
	// ones a day before NewestEvent: good for a complaint about a lamp.
	LampCustomer = "15298"
	// Lamp is a lamp LampCustomer owns and LampFix applies to.
	Lamp = "23084"
	// LampFix is the solution for a lamp that stays dark.
	LampFix = "fix-lamp-broken"
)

// Open returns the text of one of Files, decompressed.
func Open(name string) (io.ReadCloser, error) {
	if f, err := files.Open(name); err == nil && !strings.HasSuffix(name, ".gz") {
		return f, nil
	}
	f, err := files.Open(strings.TrimSuffix(name, ".gz") + ".gz")
	if err != nil {
		return nil, fmt.Errorf("sample shop has no file %q: %w", name, err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sample shop file %q: %w", name, err), f.Close())
	}
	return unpacked{z, f}, nil
}

// unpacked closes the decompressor and the file below it.
type unpacked struct {
	*gzip.Reader
	file io.Closer
}

func (u unpacked) Close() error { return errors.Join(u.Reader.Close(), u.file.Close()) }
