// Command sampleshop makes the bundled sample shop of Rapport, events.csv.gz and
// items.ndjson.gz, from the original UCI Online Retail file. The same input gives
// the same bytes, so a reviewer can rerun it and compare.
//
// It decides what is a sale, a return or neither (sales.go), how a product is
// named and described (product.go, words.go), and nothing else: no row, price or
// time is invented.
//
//	go run ./sampleshop [-out DIR] online_retail.csv[.gz]
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	out := flag.String("out", ".", "folder that receives the two files")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sampleshop [-out DIR] online_retail.csv[.gz]")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "sampleshop:", err)
		os.Exit(1)
	}
}

func run(source, out string) error {
	rows, err := readRows(source)
	if err != nil {
		return err
	}
	lines := keepBestSelling(sales(rows), productLimit)
	products := describe(lines)
	if err := writeEvents(filepath.Join(out, "events.csv.gz"), lines); err != nil {
		return err
	}
	if err := writeItems(filepath.Join(out, "items.ndjson.gz"), products); err != nil {
		return err
	}
	report(lines, products)
	return nil
}

// writeEvents writes one line per invoice line. An invoice is both the session
// and the order; its lines keep the number they have in the original invoice.
func writeEvents(path string, lines []line) error {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	if err := w.Write([]string{"event_id", "type", "customer_id", "session_id", "order_id", "item_id", "at", "quantity", "price", "currency"}); err != nil {
		return err
	}
	for _, l := range lines {
		kind, quantity := "purchase", l.quantity
		if quantity < 0 {
			kind, quantity = "return", -quantity
		}
		if err := w.Write([]string{
			l.invoice + "-" + strconv.Itoa(l.number), kind, l.customer, l.invoice, l.invoice, l.code,
			l.at.Format(time.RFC3339), strconv.Itoa(quantity), pounds(l.pence), "GBP",
		}); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return writeGzip(path, text.Bytes())
}

func writeItems(path string, products []product) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	for _, p := range products {
		if err := enc.Encode(p); err != nil {
			return fmt.Errorf("item %s: %w", p.ID, err)
		}
	}
	return writeGzip(path, text.Bytes())
}

// writeGzip leaves name and time out of the header: they would make every run
// differ from the last.
func writeGzip(path string, data []byte) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

// report prints the totals that the sample shop's README states and its test checks.
func report(lines []line, products []product) {
	customers := map[string]bool{}
	var returns, anonymous, bought, returned int
	var sold, refunded int64
	for _, l := range lines {
		if l.customer == "" {
			anonymous++
		} else {
			customers[l.customer] = true
		}
		if l.quantity < 0 {
			returns++
			returned -= l.quantity
			refunded -= int64(l.quantity) * l.pence
		} else {
			bought += l.quantity
			sold += int64(l.quantity) * l.pence
		}
	}
	other := 0
	for _, p := range products {
		if p.Categories[0] == unsorted {
			other++
		}
	}
	fmt.Printf("lines %d, returns %d, without customer %d, customers %d, items %d (%d unsorted)\n",
		len(lines), returns, anonymous, len(customers), len(products), other)
	fmt.Printf("bought %d for %s, returned %d for %s, newest %s\n", bought, pounds(sold), returned, pounds(refunded),
		lines[len(lines)-1].at.Format(time.RFC3339))
}
