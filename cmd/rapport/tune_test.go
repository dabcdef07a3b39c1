package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/training"
)

// TestTune follows a study from its trials to a training that takes what it found, and
// back.
func TestTune(t *testing.T) {
	dir := smallShop(t)
	study := filepath.Join(t.TempDir(), "study.ndjson")
	tune := []string{"tune", "--dir", dir, "--split", "time:0.8", "--target", "purchase", "--model", "ridge", "--trials", "6", "--study", study, "--seed", "2", "--json", "-"}
	got := rapport(t, append(tune, "--install")...).want(t, exitOK)
	var report tuneReport
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	found := report.Kinds[0]
	if len(found.Trials) != 6 || found.Kind != "ridge" || report.Metric != "ndcg@10" || report.Dataset.SHA256 == "" || report.Test == nil {
		t.Fatalf("report: %s", got.out)
	}
	if found.Installed != (found.Best > 0) {
		t.Fatalf("the best is trial %d, installed: %v", found.Best, found.Installed)
	}
	lines, err := os.ReadFile(study)
	if err != nil || strings.Count(string(lines), "\n") != 7 {
		t.Fatalf("%v: the study holds %s", err, lines)
	}
	// The same command has nothing left to do, and says the same.
	var again tuneReport
	if out := rapport(t, tune...).want(t, exitOK).out; json.Unmarshal([]byte(out), &again) != nil || again.Kinds[0].Best != found.Best || again.Kinds[0].Trials[5].Seconds != found.Trials[5].Seconds {
		t.Errorf("again: %s", out)
	}
	rapport(t, append(tune[:len(tune):len(tune)], "--repeats", "allow")...).want(t, exitUsage, `another study: repeats was "exclude" and is "allow"; name another file`)

	if found.Best == 0 {
		t.Fatal("on this log nothing is better than what it began with: there is nothing to install")
	}
	trained := func() (out struct {
		Tuned  []string
		Recipe struct{ Ridge struct{ Lambda float64 } }
	},
	) {
		text := rapport(t, "train", "--dir", dir, "--json", "-").want(t, exitOK).out
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	lambda := found.Settings["lambda"].(float64)
	if got := trained(); len(got.Tuned) != 1 || got.Tuned[0] != "ridge" || got.Recipe.Ridge.Lambda != lambda {
		t.Errorf("trained with %+v, found was %v", got, lambda)
	}
	rapport(t, "tune", "--dir", dir, "--model", "ridge", "--remove").want(t, exitOK, "chosen at each training again")
	if got := trained(); len(got.Tuned) != 0 || got.Recipe.Ridge.Lambda == lambda {
		t.Errorf("after it was taken back: trained with %+v", got)
	}
}

func TestTuneRefuses(t *testing.T) {
	events := write(t, "events.csv", "customer_id,item_id\n1,a\n1,b\n1,c\n2,a\n2,b\n2,d\n")
	fixed := []string{"--events", events, "--model", "ease"}
	for _, k := range training.DefaultSearch() {
		for name, value := range k.Values(k.Tries[0]) {
			if k.Name == "ease" {
				fixed = append(fixed, "--set", "ease."+name+"="+value)
			}
		}
	}
	for _, c := range []struct {
		about string
		args  []string
		want  string
	}{
		{"nothing to tune", []string{"--events", events, "--model", "popular"}, "popular has nothing to tune"},
		{"no such model", []string{"--events", events, "--model", "eese"}, `there is no model "eese"`},
		{"no data", []string{"--model", "ease"}, "--events FILE"},
		{"no place", []string{"--events", events, "--model", "ease", "--install"}, "--dir or --server"},
		{"both ways", []string{"--dir", "x", "--model", "ease", "--install", "--remove"}, "one of them"},
		{"no trial", []string{"--events", events, "--model", "ease", "--trials", "0"}, "--trials"},
		{"a peer", []string{"--dir", "x", "--model", "gorse-bpr", "--install"}, "no shop is served by gorse-bpr"},
		{"all fixed", fixed, "nothing of ease to tune"},
		{"no study", []string{"--events", events, "--model", "ease", "--study", events}, "no study"},
	} {
		t.Run(c.about, func(t *testing.T) { rapport(t, append([]string{"tune"}, c.args...)...).want(t, exitUsage, c.want) })
	}
}
