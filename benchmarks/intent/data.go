package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/training/desk"
)

// unzipped hands on the content of a gzipped file.
func unzipped(name string, read func(io.Reader) error) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return read(z)
}

// intents are solutions of that name, each once.
func intents(names []string) (out []engine.Item) {
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		out = append(out, engine.Item{ID: engine.ItemID(name), Title: strings.ReplaceAll(name, "_", " ")})
	}
	return out
}

// banking reads BANKING77: 10,003 questions of 77 intents.
func banking(folder string) (*desk.Evaluation, error) {
	e := new(desk.Evaluation)
	var names []string
	err := unzipped(filepath.Join(folder, "banking77", "train.csv.gz"), func(r io.Reader) error {
		rows, err := csv.NewReader(r).ReadAll()
		if err != nil {
			return err
		}
		for _, row := range rows[1:] {
			names = append(names, row[1])
			e.Questions = append(e.Questions, record.Question{Text: row[0], Relevant: []engine.ItemID{engine.ItemID(row[1])}})
		}
		return nil
	})
	e.Solutions = intents(names)
	return e, err
}

// clinc reads CLINC150: learnt from train and oos_train, asked val and oos_val.
func clinc(folder string) (*desk.Evaluation, error) {
	e := new(desk.Evaluation)
	var names []string
	err := unzipped(filepath.Join(folder, "clinc150", "data_full.json.gz"), func(r io.Reader) error {
		var parts map[string][][2]string
		if err := json.NewDecoder(r).Decode(&parts); err != nil {
			return err
		}
		take := func(part string) (out []record.Question) {
			for _, row := range parts[part] {
				q := record.Question{Text: row[0]}
				if row[1] != "oos" {
					q.Relevant = []engine.ItemID{engine.ItemID(row[1])}
					names = append(names, row[1])
				}
				out = append(out, q)
			}
			return out
		}
		e.Train = append(take("train"), take("oos_train")...)
		e.Questions = append(take("val"), take("oos_val")...)
		return nil
	})
	e.Solutions = intents(names)
	return e, err
}

// answers reads questions of Ask Ubuntu and of Web Applications, each with the answer its
// asker accepted: the answer to find among all of its forum. Chatbot has no answers.
func answers(folder, name string) (*desk.Evaluation, error) {
	e := new(desk.Evaluation)
	err := unzipped(filepath.Join(folder, "nlu-evaluation-corpora", name+"Corpus.json.gz"), func(r io.Reader) error {
		var corpus struct {
			Sentences []struct {
				Text   string
				Answer struct{ Text string }
			}
		}
		if err := json.NewDecoder(r).Decode(&corpus); err != nil {
			return err
		}
		for i, s := range corpus.Sentences {
			if s.Answer.Text == "" {
				continue
			}
			id := engine.ItemID(fmt.Sprint("answer-", i))
			e.Solutions = append(e.Solutions, engine.Item{ID: id, Text: s.Answer.Text, TextFormat: text.FormatHTML})
			e.Questions = append(e.Questions, record.Question{Text: s.Text, Relevant: []engine.ItemID{id}})
		}
		return nil
	})
	return e, err
}
