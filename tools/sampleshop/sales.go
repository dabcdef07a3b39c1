package main

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Four whole months before the Christmas peak: long enough for repeat orders,
// short enough that the demo imports and trains in seconds.
var (
	periodStart = time.Date(2011, time.July, 1, 0, 0, 0, 0, time.UTC)
	periodEnd   = time.Date(2011, time.November, 1, 0, 0, 0, 0, time.UTC)
)

// productLimit keeps the products sold most often. What falls away is the tail
// of codes with a handful of lines each.
const productLimit = 2500

// row is one line of the original file as it stands.
type row struct {
	invoice, code, description, customer string
	number                               int // place in its invoice, from 1
	quantity                             int
	at                                   time.Time
	pence                                int64
}

// line is a row that is a sale (quantity > 0) or a return (quantity < 0) of a product.
type line = row

func readRows(path string) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	const want = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
	if got := strings.TrimPrefix(strings.Join(header, ","), "\ufeff"); got != want {
		return nil, fmt.Errorf("%s: columns are %s, want %s", path, got, want)
	}
	var rows []row
	numbers := map[string]int{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		one, err := parseRow(record)
		if err != nil {
			return nil, fmt.Errorf("%s row %d: %w", path, len(rows)+2, err)
		}
		numbers[one.invoice]++
		one.number = numbers[one.invoice]
		rows = append(rows, one)
	}
}

func parseRow(record []string) (row, error) {
	quantity, err := strconv.Atoi(record[3])
	if err != nil {
		return row{}, err
	}
	at, err := time.Parse(time.DateTime, record[4])
	if err != nil {
		return row{}, err
	}
	price, err := strconv.ParseFloat(record[5], 64)
	if err != nil {
		return row{}, err
	}
	return row{
		invoice: record[0],
		// Letters of a code are written in both cases for the same product.
		code:        strings.ToUpper(record[1]),
		description: strings.Join(strings.Fields(record[2]), " "),
		customer:    record[6],
		quantity:    quantity,
		at:          at,
		pence:       int64(math.Round(price * 100)),
	}, nil
}

// productCode tells products from postage, bank charges, manual entries, samples,
// gift vouchers, discounts and fees, whose codes are words.
var productCode = regexp.MustCompile(`^([0-9]{5}[A-Z]{0,2}|DCGS[A-Z0-9]+)$`)

// services hide behind product codes.
var services = []string{"NEXT DAY CARRIAGE", "PACKING CHARGE"}

// sales keeps the product lines of the period, in the order of the file.
func sales(rows []row) []line {
	var kept []line
	for _, r := range rows {
		if !r.at.Before(periodStart) && r.at.Before(periodEnd) && isSale(r) {
			kept = append(kept, r)
		}
	}
	slices.SortStableFunc(kept, func(a, b line) int { return a.at.Compare(b.at) })
	return kept
}

// isSale refuses stock adjustments (no price, or a note such as "damaged" in lower
// case as description), bad-debt entries (invoice A...) and services. A negative
// quantity is a return only on a cancellation (invoice C...).
func isSale(r row) bool {
	switch {
	case r.pence <= 0, r.quantity == 0, strings.HasPrefix(r.invoice, "A"):
		return false
	case (r.quantity < 0) != strings.HasPrefix(r.invoice, "C"):
		return false
	case !productCode.MatchString(r.code):
		return false
	case !strings.ContainsFunc(r.description, func(c rune) bool { return c >= 'A' && c <= 'Z' }):
		return false
	}
	return !slices.Contains(services, strings.ToUpper(r.description))
}

// keepBestSelling keeps the lines of the n products with the most lines, ties by code.
func keepBestSelling(lines []line, n int) []line {
	count := map[string]int{}
	for _, l := range lines {
		if l.quantity > 0 {
			count[l.code]++
		}
	}
	codes := keys(count)
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	keep := map[string]bool{}
	for _, code := range codes[:min(n, len(codes))] {
		keep[code] = true
	}
	return slices.DeleteFunc(lines, func(l line) bool { return !keep[l.code] })
}

func pounds(pence int64) string { return fmt.Sprintf("%d.%02d", pence/100, pence%100) }

func keys[V any](m map[string]V) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
