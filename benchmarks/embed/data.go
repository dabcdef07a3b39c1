package main

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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

// session is what one visitor clicked, oldest first.
type session struct {
	at    time.Time // of the first click
	items []engine.ItemNum
	times []time.Time
}

// clicks are the sessions of both files by the time they began.
type clicks struct {
	ids         *catalogue.IDs
	train, test []session
	sha256      string // of both files, one after the other
}

func read(folder string) (*clicks, error) {
	c := &clicks{ids: catalogue.NewIDs()}
	sum := sha256.New()
	var err error
	if c.train, err = c.file(filepath.Join(folder, "yoochoose-clicks-100k_train_full.tsv.gz"), sum); err != nil {
		return nil, err
	}
	if c.test, err = c.file(filepath.Join(folder, "yoochoose-clicks-100k_test.tsv.gz"), sum); err != nil {
		return nil, err
	}
	c.sha256 = hex.EncodeToString(sum.Sum(nil))
	return c, nil
}

// file reads one file of the columns SessionId, ItemId and Time (Unix seconds).
func (c *clicks) file(name string, sum io.Writer) ([]session, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := gzip.NewReader(io.TeeReader(f, sum))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	type click struct {
		at   time.Time
		item engine.ItemNum
	}
	of := map[string][]click{}
	lines := bufio.NewScanner(plain)
	lines.Scan() // the header
	for lines.Scan() {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) != 3 {
			return nil, fmt.Errorf("%s: %q: three columns belong here", name, lines.Text())
		}
		seconds, err := strconv.ParseFloat(columns[2], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		at := time.UnixMicro(int64(seconds * 1e6)).UTC()
		item, _ := c.ids.Assign(engine.ItemID(columns[1]))
		of[columns[0]] = append(of[columns[0]], click{at, item})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var out []session
	for _, key := range keys {
		slices.SortStableFunc(of[key], func(a, b click) int { return a.at.Compare(b.at) })
		s := session{at: of[key][0].at}
		for _, click := range of[key] {
			s.items, s.times = append(s.items, click.item), append(s.times, click.at)
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b session) int { return a.at.Compare(b.at) })
	return out, nil
}

// sequences returns the sessions as a fit takes them.
func sequences(sessions []session, ids *catalogue.IDs) *model.Sequences {
	var nums []engine.ItemNum
	for _, s := range sessions {
		nums = append(nums, s.items...)
	}
	out := &model.Sequences{Rows: model.NewRows(nums, ids)}
	for _, s := range sessions {
		var steps []model.Step
		for i, item := range s.items {
			row, _ := out.Rows.Row(item)
			steps = append(steps, model.Step{Row: uint32(row), Type: engine.View, At: s.times[i], Weight: 1})
			if s.times[i].After(out.Newest) {
				out.Newest = s.times[i]
			}
		}
		out.Add(steps)
	}
	return out
}

// cut splits sessions into those before the last tenth and the last tenth.
func cut(sessions []session) (before, last []session) {
	at := len(sessions) * 9 / 10
	return sessions[:at], sessions[at:]
}
