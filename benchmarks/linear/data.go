package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// deed is that a customer wanted an item: a row of a data set.
type deed struct {
	customer string
	item     engine.ItemID
	at       float64 // orders the rows
}

// part is what a row is for.
type part int

const (
	train part = iota
	valid
	test
)

// set is a data set and how it is parted.
type set struct {
	name  string
	file  string // below -data
	read  func(io.Reader) ([]deed, error)
	split func([]deed) []part
}

var sets = []set{
	{"movielens-100k", "movielens-100k/u.data.gz", readRatings, lastOut},
	{"uci-online-retail", "uci-online-retail/online_retail.csv.gz", readInvoices, byTime},
	{"beauty", "s3rec-sequences/Beauty.txt.gz", readSequences, lastOut},
	{"lastfm", "lastfm-hetrec2011/user_artists.dat.gz", readPlays, atRandom},
}

// parted is a data set, parted.
type parted struct {
	deeds []deed
	parts []part
}

func (s *set) load(dir string) (*parted, error) {
	f, err := os.Open(filepath.Join(dir, s.file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	deeds, err := s.read(unzipped)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	slices.SortStableFunc(deeds, func(a, b deed) int { return cmp.Compare(a.at, b.at) })
	return &parted{deeds, s.split(deeds)}, nil
}

// readRatings reads customer, item, stars and seconds; four stars and more are a wish.
func readRatings(r io.Reader) ([]deed, error) {
	var out []deed
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		at, err := strconv.ParseFloat(f[3], 64)
		if err != nil {
			return nil, err
		}
		if f[2] >= "4" {
			out = append(out, deed{f[0], engine.ItemID(f[1]), at})
		}
	}
	return out, lines.Err()
}

// readSequences reads a customer and then their items, oldest first.
func readSequences(r io.Reader) ([]deed, error) {
	var out []deed
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		for _, item := range f[1:] {
			out = append(out, deed{f[0], engine.ItemID(item), float64(len(out))})
		}
	}
	return out, lines.Err()
}

// readPlays reads customer, artist and plays, below a header; one play is a wish.
func readPlays(r io.Reader) ([]deed, error) {
	var out []deed
	lines := bufio.NewScanner(r)
	lines.Scan()
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		out = append(out, deed{f[0], engine.ItemID(f[1]), float64(len(out))})
	}
	return out, lines.Err()
}

// readInvoices reads the purchases of UCI Online Retail: rows of a customer, with a
// quantity above 0, that are no cancellation.
func readInvoices(r io.Reader) ([]deed, error) {
	table := csv.NewReader(r)
	if _, err := table.Read(); err != nil {
		return nil, err
	}
	var out []deed
	for {
		f, err := table.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		at, err := time.Parse(time.DateTime, f[4])
		if err != nil {
			return nil, err
		}
		if f[6] != "" && !strings.HasPrefix(f[0], "C") && !strings.HasPrefix(f[3], "-") {
			out = append(out, deed{f[6], engine.ItemID(f[1]), float64(at.Unix())})
		}
	}
}

// lastOut holds out the last row of each customer, and for validation the one before;
// who has fewer than three stays in training.
func lastOut(deeds []deed) []part {
	of := map[string][]int{}
	for i, d := range deeds {
		of[d.customer] = append(of[d.customer], i)
	}
	parts := make([]part, len(deeds))
	for _, rows := range of {
		if n := len(rows); n >= 3 {
			parts[rows[n-1]], parts[rows[n-2]] = test, valid
		}
	}
	return parts
}

// byTime cuts at the 70 % and 80 % quantile of the rows.
func byTime(deeds []deed) []part {
	parts := make([]part, len(deeds))
	first, second := deeds[len(deeds)*7/10].at, deeds[len(deeds)*8/10].at
	for i, d := range deeds {
		switch {
		case d.at >= second:
			parts[i] = test
		case d.at >= first:
			parts[i] = valid
		}
	}
	return parts
}

// atRandom draws 20 % of the rows for test and 10 % for validation.
func atRandom(deeds []deed) []part {
	random := rand.New(rand.NewPCG(1, 0))
	parts := make([]part, len(deeds))
	for i := range parts {
		switch x := random.Float64(); {
		case x < 0.2:
			parts[i] = test
		case x < 0.3:
			parts[i] = valid
		}
	}
	return parts
}

// question is a customer's history and what came next, without what was in it.
type question struct {
	query   model.Query
	targets []engine.ItemNum
}

// before returns all rows of the parts before one as a fit wants them, and the questions
// of the part: of at most so many customers, evenly chosen.
func (p *parted) before(of part, most int) (*model.Data, []question) {
	ids := catalogue.NewIDs()
	for _, d := range p.deeds {
		ids.Assign(d.item)
	}
	var order []string
	past, next := map[string][]engine.Interest{}, map[string][]engine.ItemNum{}
	for i, d := range p.deeds {
		num, _ := ids.Num(d.item)
		had := slices.ContainsFunc(past[d.customer], func(in engine.Interest) bool { return in.Item == num })
		switch {
		case had || slices.Contains(next[d.customer], num):
		case p.parts[i] < of:
			if past[d.customer] == nil {
				order = append(order, d.customer)
			}
			past[d.customer] = append(past[d.customer], engine.Interest{Item: num, Weight: 1})
		case p.parts[i] == of:
			next[d.customer] = append(next[d.customer], num)
		}
	}
	var b model.Builder
	var questions []question
	for _, customer := range order {
		b.Add(past[customer])
		if len(next[customer]) > 0 {
			questions = append(questions, question{model.Query{History: past[customer]}, next[customer]})
		}
	}
	if len(questions) > most {
		some := make([]question, 0, most)
		for i := range most {
			some = append(some, questions[i*len(questions)/most])
		}
		questions = some
	}
	return b.Data(ids, 1), questions
}
