package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// click is one line of a file.
type click struct {
	item engine.ItemID
	at   time.Time
}

// read returns the sessions of a file of SessionId, ItemId and Time in seconds, parted by
// tabs: each oldest first, in the order of their first lines.
func read(name string) ([][]click, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sessions, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, s := range sessions {
		slices.SortStableFunc(s, func(a, b click) int { return a.at.Compare(b.at) })
	}
	return sessions, nil
}

func parse(r io.Reader) ([][]click, error) {
	place := map[string]int{}
	var sessions [][]click
	lines := bufio.NewScanner(r)
	lines.Scan() // the header
	for n := 2; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d: 3 columns belong here, not %d", n, len(fields))
		}
		seconds, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		at, known := place[fields[0]]
		if !known {
			at = len(sessions)
			place[fields[0]] = at
			sessions = append(sessions, nil)
		}
		whole, part := math.Modf(seconds)
		sessions[at] = append(sessions[at], click{engine.ItemID(fields[1]), time.Unix(int64(whole), int64(part*1e9))})
	}
	return sessions, lines.Err()
}

// sequences lays sessions out as a fit wants them.
func sequences(sessions [][]click) (*model.Sequences, *catalogue.IDs) {
	ids := catalogue.NewIDs()
	var nums []engine.ItemNum
	for _, s := range sessions {
		for _, c := range s {
			num, _ := ids.Assign(c.item)
			nums = append(nums, num)
		}
	}
	seqs := &model.Sequences{Rows: model.NewRows(nums, ids)}
	for _, s := range sessions {
		steps := make([]model.Step, len(s))
		for i, c := range s {
			num, _ := ids.Num(c.item)
			row, _ := seqs.Rows.Row(num)
			steps[i] = model.Step{Row: uint32(row), Type: engine.Click, At: c.at, Weight: 1}
			if c.at.After(seqs.Newest) {
				seqs.Newest = c.at
			}
		}
		seqs.Add(steps)
	}
	return seqs, ids
}

// history returns clicks as a request knows them: one entry an item, newest first.
func history(clicks []click, ids *catalogue.IDs) []engine.Interest {
	var out []engine.Interest
	seen := map[engine.ItemNum]bool{}
	for _, c := range slices.Backward(clicks) {
		num, ok := ids.Num(c.item)
		if !ok {
			num = strange
		}
		if ok && seen[num] {
			continue
		}
		seen[num] = true
		out = append(out, engine.Interest{Item: num, Weight: 1, Type: engine.Click, At: c.at})
	}
	return out
}

// strange stands for an item that was never trained on.
const strange = engine.ItemNum(math.MaxUint32)

// quantile returns the value below which the share q of values lies.
func quantile[T cmp.Ordered](values []T, q float64) T {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}
