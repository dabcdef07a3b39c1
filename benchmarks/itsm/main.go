// Command itsm measures triage on the log of a real service desk (incident management
// event log, UCI): which group ends an incident, and how long it takes, from what is known
// when it is opened. It appends one JSON line to the results:
//
//	go run ./benchmarks/itsm -data ../data
//
// Incidents are learnt from up to a cut in time and asked after it. Known at opening are
// who called and who opened it, when, the contact, the place, category, subcategory,
// symptom, configuration item, impact, urgency and priority; the group it was first given
// to is not.
package main

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/triage"
	"github.com/rapportengine/rapport/training/evaluate"
)

// known are the columns that an incident has when it is opened.
var known = []string{
	"caller_id", "opened_by", "contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci", "impact", "urgency", "priority",
}

// incident is one ticket of the log.
type incident struct {
	opened   time.Time
	ticket   triage.Ticket
	category string
	group    string        // that had it last; "" for none
	took     time.Duration // until it was resolved; -1 where nobody knows
}

// figure is a mean with its interval.
type figure struct {
	Value float64 `json:"value"`
	evaluate.Interval
}

func main() {
	folder := flag.String("data", "../data", "folder of the data sets")
	share := flag.Float64("train", 0.8, "of the incidents that are learnt from, the oldest")
	seed := flag.Uint64("seed", 0, "of the order of learning and of intervals")
	results := flag.String("results", measure.Results, "file to append the JSON line to")
	measure.Main("itsm", "Who ends an incident, and when?", func(context.Context) error {
		all, err := read(filepath.Join(*folder, "itsm-incident-event-log", "incident_event_log.csv.gz"))
		if err != nil {
			return err
		}
		cut := int(*share * float64(len(all)))
		old := slices.Clone(all[:cut])
		out, err := run(old, all[cut:], *seed)
		if err != nil {
			return err
		}
		return measure.Append(*results, "itsm", fmt.Sprintf("%d incidents, %d learnt from", len(all), len(old)), out)
	})
}

// read reads the incidents, oldest first: the first line of each is what it was at its
// opening, the last what became of it.
func read(name string) (out []incident, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, err
	}
	column := make(map[string]int)
	for i, name := range rows[0] {
		column[name] = i
	}
	at := make(map[string]int)
	for _, row := range rows[1:] {
		get := func(name string) string {
			if v := row[column[name]]; v != "?" {
				return v
			}
			return ""
		}
		n, seen := at[get("number")]
		if !seen {
			n = len(out)
			at[get("number")] = n
			opened, err := moment(get("opened_at"))
			if err != nil {
				return nil, err
			}
			i := incident{opened: opened, category: get("category"), took: -1}
			for _, name := range known {
				i.ticket.Fields = append(i.ticket.Fields, triage.Field{Name: name, Value: get(name)})
			}
			i.ticket.Fields = append(i.ticket.Fields,
				triage.Field{Name: "hour", Value: strconv.Itoa(opened.Hour())}, triage.Field{Name: "weekday", Value: opened.Weekday().String()})
			out = append(out, i)
		}
		if g := get("assignment_group"); g != "" {
			out[n].group = g
		}
		if resolved, err := moment(get("resolved_at")); err == nil && !resolved.Before(out[n].opened) {
			out[n].took = resolved.Sub(out[n].opened)
		}
	}
	slices.SortStableFunc(out, func(a, b incident) int { return a.opened.Compare(b.opened) })
	return out, nil
}

func moment(s string) (time.Time, error) { return time.Parse("2/1/2006 15:04", strings.TrimSpace(s)) }

// run learns from the old and asks the new.
func run(old, asked []incident, seed uint64) (map[string]figure, error) {
	tickets, groups, took := make([]triage.Ticket, len(old)), make([]string, len(old)), make([]triage.Took, len(old))
	for i := range old {
		tickets[i], groups[i], took[i] = old[i].ticket, old[i].group, triage.Took{Time: old[i].took}
		// What was not over at the cut is not known then, but for that.
		if so := asked[0].opened.Sub(old[i].opened); old[i].took > so || old[i].took < 0 {
			groups[i], took[i] = "", triage.Took{Time: so, Open: true}
			old[i].group, old[i].took = "", -1
		}
	}
	cost, err := measure.Began()
	if err != nil {
		return nil, err
	}
	classes, times := triage.FitClasses(tickets, groups, seed), triage.FitTimes(tickets, took, seed)
	spent, err := cost.Lap()
	if err != nil {
		return nil, err
	}
	byCategory, usual := modes(old), medians(old)
	values := make(map[string][]float64)
	add := func(name string, x float64) { values[name] = append(values[name], x) }
	var claims []evaluate.Claim
	for i := range asked {
		a := &asked[i]
		if a.group != "" {
			got := classes.Of(&a.ticket)
			place := slices.IndexFunc(got, func(c triage.Chance) bool { return c.Name == a.group })
			mode := slices.Index(byCategory(a.category), a.group)
			for _, k := range []int{1, 3} {
				add(fmt.Sprintf("group hr@%d", k), one(place >= 0 && place < k))
				add(fmt.Sprintf("group hr@%d of the category's commonest", k), one(mode >= 0 && mode < k))
			}
			claims = append(claims, evaluate.Claim{Chance: got[0].Chance, Right: place == 0})
		}
		if a.took >= 0 {
			said := times.Of(&a.ticket)
			hours := a.took.Hours()
			add("hours pinball 0.5", triage.Pinball(0.5, hours, said.Likely.Hours()))
			add("hours pinball 0.5 of the category's median", triage.Pinball(0.5, hours, usual(a.category)))
			add("hours pinball 0.5, median less category's", triage.Pinball(0.5, hours, said.Likely.Hours())-triage.Pinball(0.5, hours, usual(a.category)))
			add("within low and high", one(a.took >= said.Low && a.took <= said.High))
		}
	}
	chance := evaluate.Resampling{Seed: seed}
	out := make(map[string]figure)
	for name, v := range values {
		mean, interval := chance.Mean(v)
		out[name] = figure{mean, interval}
	}
	for name, v := range chance.CertaintyMetrics(claims) {
		out["group "+name] = figure{v.Value, *v.Interval}
	}
	var names []string
	for name := range out {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Printf("learnt from %d incidents in %.1f s of CPU, asked %d\n", len(old), spent.CPU, len(asked))
	for _, name := range names {
		fmt.Printf("%-50s %9.4f [%.4f, %.4f]\n", name, out[name].Value, out[name].Low, out[name].High)
	}
	return out, nil
}

// modes returns the groups of each category, most frequent first.
func modes(old []incident) func(category string) []string {
	count := make(map[string]map[string]int)
	for i := range old {
		for _, category := range []string{old[i].category, "all of them"} {
			if count[category] == nil {
				count[category] = make(map[string]int)
			}
			if old[i].group != "" {
				count[category][old[i].group]++
			}
		}
	}
	ranked := make(map[string][]string)
	for category, groups := range count {
		for g := range groups {
			ranked[category] = append(ranked[category], g)
		}
		slices.SortFunc(ranked[category], func(a, b string) int {
			if d := groups[b] - groups[a]; d != 0 {
				return d
			}
			return strings.Compare(a, b)
		})
	}
	return func(category string) []string {
		if r := ranked[category]; r != nil {
			return r
		}
		return ranked["all of them"]
	}
}

// medians returns the median hours of each category.
func medians(old []incident) func(category string) float64 {
	hours := make(map[string][]float64)
	for i := range old {
		if old[i].took >= 0 {
			for _, category := range []string{old[i].category, "all of them"} {
				hours[category] = append(hours[category], old[i].took.Hours())
			}
		}
	}
	for _, list := range hours {
		slices.Sort(list)
	}
	return func(category string) float64 {
		list := hours[category]
		if len(list) == 0 {
			list = hours["all of them"]
		}
		return list[len(list)/2]
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
