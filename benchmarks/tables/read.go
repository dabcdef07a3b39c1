package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// reading is a set on its way in.
type reading struct {
	folder string
	data   *offline.Data
	sum    hash.Hash
	err    error
}

func newReading(folder string) *reading {
	return &reading{folder: folder, data: new(offline.Data), sum: sha256.New()}
}

// done returns what was read.
func (r *reading) done() (*offline.Data, error) {
	r.data.SHA256 = hex.EncodeToString(r.sum.Sum(nil))
	if r.err == nil && len(r.data.Rows) == 0 {
		r.err = fmt.Errorf("%s: no interactions", r.folder)
	}
	return r.data, r.err
}

// open reads a file, gzipped or not, or a file in a zip archive ("archive.zip/file").
func (r *reading) open(name string) io.Reader {
	if archive, inside, is := strings.Cut(name, ".zip/"); is {
		return r.inside(filepath.Join(r.folder, archive+".zip"), inside)
	}
	text, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil {
		r.err = errors.Join(r.err, err)
		return bytes.NewReader(nil)
	}
	r.sum.Write(text)
	if !strings.HasSuffix(name, ".gz") {
		return bytes.NewReader(text)
	}
	plain, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		r.err = errors.Join(r.err, fmt.Errorf("%s: %w", name, err))
		return bytes.NewReader(nil)
	}
	return plain
}

func (r *reading) inside(archive, name string) io.Reader {
	z, err := zip.OpenReader(archive)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return bytes.NewReader(nil)
	}
	defer z.Close()
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return filepath.Base(f.Name) == name && !strings.Contains(f.Name, "__MACOSX") })
	if i < 0 {
		r.err = errors.Join(r.err, fmt.Errorf("%s holds no %s", archive, name))
		return bytes.NewReader(nil)
	}
	f, err := z.File[i].Open()
	if err != nil {
		r.err = errors.Join(r.err, err)
		return bytes.NewReader(nil)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	r.err = errors.Join(r.err, err)
	r.sum.Write(text)
	return bytes.NewReader(text)
}

// items adds the items of a file. What cannot be read of them is left out: they are
// beside the point.
func (r *reading) items(name string, o record.Options) {
	for entry, err := range record.Items(r.open(name), o) {
		if _, one := errors.AsType[*record.Rejected](err); err != nil && !one {
			r.err = errors.Join(r.err, fmt.Errorf("%s: %w", name, err))
			return
		}
		if err == nil {
			r.data.AddItem(entry.Value)
		}
	}
}

// events adds those events of a file that are kept.
func (r *reading) events(name string, entries iter.Seq2[record.Entry[engine.RecordEvent], error], part *evaluate.Part, keep func(*engine.Interaction) bool) {
	for entry, err := range entries {
		if _, one := errors.AsType[*record.Rejected](err); err != nil && !one {
			r.err = errors.Join(r.err, fmt.Errorf("%s: %w", name, err))
			return
		}
		if err != nil {
			continue
		}
		e := entry.Value
		if keep != nil {
			e.Lines = slices.DeleteFunc(e.Lines, func(line engine.Interaction) bool { return !keep(&line) })
		}
		r.data.AddEvent(e)
		if part != nil {
			r.data.Parts = append(r.data.Parts, slices.Repeat([]evaluate.Part{*part}, len(e.Lines))...)
		}
	}
}

func liked(line *engine.Interaction) bool { return line.Value >= 4 }

func movielensSmall(folder string) (*offline.Data, error) {
	r := newReading(folder)
	o := record.Options{Preset: "movielens", Type: engine.Rating}
	r.items("movies.csv.gz", o)
	r.events("ratings", record.Events(r.open("ratings.csv.gz"), o), nil, liked)
	return r.done()
}

func movielens100K(folder string) (*offline.Data, error) {
	r := newReading(folder)
	o := record.Options{Preset: "movielens", Type: engine.Rating}
	r.items("u.item.gz", o)
	r.events("ratings", record.Events(r.open("u.data.gz"), o), nil, liked)
	return r.done()
}

func lastfm(folder string) (*offline.Data, error) {
	r := newReading(folder)
	r.items("artists.dat.gz", mapped("id=item_id,name=title,url=-,pictureURL=-"))
	r.events("plays", record.Events(r.open("user_artists.dat.gz"), mapped("userID=customer_id,artistID=item_id,weight=-")), nil, nil)
	return r.done()
}

// mapped are the options of a table with other names for our fields; its events are
// equals, and come in the order of time.
func mapped(mapping string) record.Options {
	m, err := record.ParseMapping(mapping)
	if err != nil {
		panic(err) // it is written above
	}
	return record.Options{Mapping: m, Type: engine.Rating, Base: time.Unix(0, 0)}
}

func uci(folder string) (*offline.Data, error) {
	r := newReading(folder)
	o := record.Options{Preset: "uci-online-retail", Zone: time.UTC}
	r.items("online_retail.csv.gz", o)
	r.events("orders", record.Orders(r.open("online_retail.csv.gz"), o), nil, func(line *engine.Interaction) bool { return line.Customer != "" })
	return r.done()
}

// beauty reads a line a customer: their number, then their items, oldest first.
func beauty(folder string) (*offline.Data, error) {
	r := newReading(folder)
	var attributes map[string][]int
	if err := json.NewDecoder(r.open("Beauty_item2attributes.json.gz")).Decode(&attributes); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(r.open("Beauty.txt.gz"))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		for i, id := range fields[1:] {
			r.data.AddEvent(engine.RecordEvent{Lines: []engine.Interaction{{
				Customer: engine.CustomerID(fields[0]), Item: engine.ItemID(id), Type: engine.Rating, At: time.Unix(int64(i)*3600, 0).UTC(),
			}}})
		}
	}
	for _, known := range r.data.Items {
		item := engine.Item{ID: known.Item.ID}
		for _, a := range attributes[string(item.ID)] {
			item.Categories = append(item.Categories, fmt.Sprintf("a%d", a))
		}
		r.data.AddItem(item)
	}
	r.err = errors.Join(r.err, lines.Err())
	return r.done()
}

func yoochoose(folder string) (*offline.Data, error) {
	r := newReading(folder)
	r.sessions("yoochoose-clicks-100k_train_full.tsv.gz", evaluate.Train)
	r.sessions("yoochoose-clicks-100k_test.tsv.gz", evaluate.Test)
	r.holdOutNewest()
	return r.done()
}

func serenade(folder string) (*offline.Data, error) {
	r := newReading(folder)
	for _, part := range []evaluate.Part{evaluate.Train, evaluate.Valid, evaluate.Test} {
		r.sessions("example.zip/"+[]string{"train.txt", "valid.txt", "test.txt"}[part], part)
	}
	return r.done()
}

func (r *reading) sessions(name string, part evaluate.Part) {
	o := mapped("SessionId=session_id,ItemId=item_id,Time=at")
	o.Base = time.Time{}
	r.events(name, record.Events(r.open(name), o), &part, nil)
}

// validShare is the share of a train file's newest sessions that settings are chosen on,
// where no file is given for that.
const validShare = 0.15

// holdOutNewest makes the newest sessions of the train part the validation part.
func (r *reading) holdOutNewest() {
	ends := make(map[engine.SessionID]time.Time)
	for i, row := range r.data.Rows {
		if r.data.Parts[i] == evaluate.Train && row.At.After(ends[row.Session]) {
			ends[row.Session] = row.At
		}
	}
	var order []time.Time
	for _, at := range ends {
		order = append(order, at)
	}
	slices.SortFunc(order, time.Time.Compare)
	if len(order) == 0 {
		return
	}
	cut := order[int((1-validShare)*float64(len(order)))]
	for i, row := range r.data.Rows {
		if end, ok := ends[row.Session]; ok && r.data.Parts[i] == evaluate.Train && !end.Before(cut) {
			r.data.Parts[i] = evaluate.Valid
		}
	}
}
