package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// impression is one answer of the news site: what was shown, and what of it was clicked.
type impression struct {
	user    engine.CustomerID
	at      time.Time
	shown   []engine.ItemID
	clicked []engine.ItemID
}

// news is a part of MIND.
type news struct {
	ids         *catalogue.IDs
	items       []catalogue.Entry
	users       []engine.CustomerID // in the order of their first impression
	history     map[engine.CustomerID][]engine.ItemID
	impressions []impression // oldest first
	begins      time.Time    // before the first impression, after all of the histories
}

// read reads behaviors.tsv and news.tsv, gzipped. Articles are numbered by their ids,
// which are without order, so that ties between them favour none.
func read(folder string) (*news, error) {
	n := &news{ids: catalogue.NewIDs(), history: map[engine.CustomerID][]engine.ItemID{}}
	articles := map[engine.ItemID]*engine.Item{}
	name := func(id engine.ItemID) {
		if articles[id] == nil {
			articles[id] = &engine.Item{ID: id, Kind: engine.Content}
		}
	}
	err := lines(filepath.Join(folder, "behaviors.tsv.gz"), 5, func(f []string) error {
		at, err := time.Parse("1/2/2006 3:04:05 PM", f[2])
		if err != nil {
			return err
		}
		i := impression{user: engine.CustomerID(f[1]), at: at}
		for _, s := range strings.Fields(f[4]) {
			id, mark, _ := strings.Cut(s, "-")
			i.shown = append(i.shown, engine.ItemID(id))
			name(engine.ItemID(id))
			if mark == "1" {
				i.clicked = append(i.clicked, engine.ItemID(id))
			}
		}
		if _, known := n.history[i.user]; !known {
			n.users = append(n.users, i.user)
			n.history[i.user] = nil
			for _, id := range strings.Fields(f[3]) {
				n.history[i.user] = append(n.history[i.user], engine.ItemID(id))
				name(engine.ItemID(id))
			}
		}
		n.impressions = append(n.impressions, i)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(n.impressions, func(a, b impression) int { return a.at.Compare(b.at) })
	n.begins = n.impressions[0].at.Add(-time.Hour)
	err = lines(filepath.Join(folder, "news.tsv.gz"), 8, func(f []string) error {
		if item := articles[engine.ItemID(f[0])]; item != nil {
			item.Categories, item.Title, item.Text = []string{f[1] + "/" + f[2]}, f[3], f[4]
		}
		return nil
	})
	for _, item := range articles {
		n.items = append(n.items, catalogue.Entry{Item: item})
	}
	slices.SortFunc(n.items, func(a, b catalogue.Entry) int { return cmp.Compare(a.Item.ID, b.Item.ID) })
	for i := range n.items {
		n.items[i].Num, _ = n.ids.Assign(n.items[i].Item.ID)
	}
	return n, err
}

// lines calls take with the columns of each line of a gzipped table parted by tabs.
func lines(name string, columns int, take func(fields []string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	all := bufio.NewScanner(unzipped)
	all.Buffer(nil, 1<<20)
	for n := 1; all.Scan(); n++ {
		fields := strings.Split(all.Text(), "\t")
		if len(fields) != columns {
			return fmt.Errorf("%s, line %d: %d columns belong here, not %d", name, n, columns, len(fields))
		}
		if err := take(fields); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	return all.Err()
}

// histories are four weeks long, and undated.
const histories = 28 * 24 * time.Hour

// past returns the rows of a user's history, spread evenly over its weeks.
func (n *news) past(user engine.CustomerID) []engine.Row {
	ids := n.history[user]
	var rows []engine.Row
	for i, id := range ids {
		at := n.begins.Add(-histories + histories*time.Duration(i+1)/time.Duration(len(ids)+1))
		rows = append(rows, n.row(user, id, engine.Click, at))
	}
	return rows
}

// rows returns what an impression says: what was on the screen, and what was clicked.
func (n *news) rows(i *impression) []engine.Row {
	var rows []engine.Row
	for _, id := range i.shown {
		rows = append(rows, n.row(i.user, id, engine.Seen, i.at))
	}
	for _, id := range i.clicked {
		rows = append(rows, n.row(i.user, id, engine.Click, i.at))
	}
	return rows
}

func (n *news) row(user engine.CustomerID, id engine.ItemID, what engine.Type, at time.Time) engine.Row {
	num, _ := n.ids.Num(id)
	return engine.Row{Num: num, Interaction: engine.Interaction{Customer: user, Item: id, Type: what, At: at}}
}
