package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// world is the items and what each customer had, in order, each item once.
type world struct {
	ids       *catalogue.IDs
	items     []catalogue.Entry
	customers [][]engine.ItemNum
	pairs     int
}

// load reads the two files of a set.
func load(prefix string) (*world, error) {
	w := &world{ids: catalogue.NewIDs()}
	if err := lines(prefix+"_items.jsonl.gz", w.addItem); err != nil {
		return nil, err
	}
	place := make(map[string]int)
	first := true
	err := lines(prefix+"_sequences.tsv.gz", func(line string) error {
		if first {
			first = false
			return nil
		}
		return w.addSequence(line, place)
	})
	return w, err
}

// lines calls take with every line of a packed file.
func lines(name string, take func(line string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	read := bufio.NewReader(unpacked)
	for n := 1; ; n++ {
		line, err := read.ReadString('\n')
		if line = strings.TrimRight(line, "\n"); line != "" {
			if err := take(line); err != nil {
				return fmt.Errorf("%s: line %d: %w", name, n, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

func (w *world) addItem(line string) error {
	var raw struct {
		ID          int    `json:"item_id"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Brand       string `json:"brand"`
	}
	if err := json.Unmarshal([]byte(line), &raw); err != nil {
		return err
	}
	item := &engine.Item{ID: engine.ItemID(strconv.Itoa(raw.ID)), Title: raw.Title, Text: raw.Description, TextFormat: "html"}
	if raw.Brand != "" {
		item.Attributes = engine.Attributes{"brand": raw.Brand}
	}
	n, _ := w.ids.Assign(item.ID)
	w.items = append(w.items, catalogue.Entry{Num: n, Item: item})
	return nil
}

// addSequence adds what a customer had before, and then: part, customer, items parted by
// spaces, item.
func (w *world) addSequence(line string, place map[string]int) error {
	fields := strings.Split(line, "\t")
	if len(fields) != 4 {
		return fmt.Errorf("4 columns belong here, not %d", len(fields))
	}
	at, known := place[fields[1]]
	if !known {
		at = len(w.customers)
		place[fields[1]] = at
		w.customers = append(w.customers, nil)
	}
	for _, id := range append(strings.Fields(fields[2]), fields[3]) {
		n, known := w.ids.Num(engine.ItemID(id))
		if !known {
			return fmt.Errorf("there is no item %q", id)
		}
		if !slices.Contains(w.customers[at], n) {
			w.customers[at] = append(w.customers[at], n)
			w.pairs++
		}
	}
	return nil
}
