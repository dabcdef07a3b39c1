package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

// listed is a line of rapport recommend.
type listed struct {
	Customer engine.CustomerID `json:"customer_id"`
	engine.Answer
}

// lists reads what rapport recommend wrote.
func lists(t *testing.T, text string) []listed {
	t.Helper()
	var out []listed
	for line := range strings.Lines(text) {
		var l listed
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		out = append(out, l)
	}
	return out
}

// From files to lists, and back to an earlier model.
func TestJourney(t *testing.T) {
	dir := smallShop(t)
	if got := lookInto(t, dir); got.interactions != sampleEvents+sampleOutcomes || got.items != sampleItems {
		t.Fatalf("the store holds %+v, want %d interactions and %d items", got, sampleEvents+sampleOutcomes, sampleItems)
	}

	// Before any training content and popularity answer.
	said := rapport(t, "recommend", "--dir", dir, "--customers", "nobody", "--count", "3").want(t, exitOK)
	cold := lists(t, said.out)
	if len(cold) != 1 || len(cold[0].Items) != 3 || cold[0].Basis != engine.BasisPopular || cold[0].RecommendationID != "" {
		t.Errorf("for somebody unknown: %s, want 3 popular items and no impression", said.out)
	}

	file := filepath.Join(t.TempDir(), "report.json")
	rapport(t, "train", "--dir", dir, "--seed", "7", "--json", file).want(t, exitOK, "model 1 is ready")
	var report training.Report
	if text, err := os.ReadFile(file); err != nil || json.Unmarshal(text, &report) != nil || report.Version != 1 || report.Events < sampleEvents {
		t.Errorf("the training report is %+v (%v), want version 1 and at least %d events", report, err, sampleEvents)
	}

	out := filepath.Join(t.TempDir(), "lists.ndjson")
	rapport(t, "recommend", "--dir", dir, "--customers", "all", "--count", "5", "--out", out).want(t, exitOK, " lists")
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	personal := 0
	all := lists(t, string(text))
	for _, l := range all {
		if len(l.Items) != 5 {
			t.Errorf("customer %s got %d items, want 5", l.Customer, len(l.Items))
		}
		if l.Basis == engine.BasisPersonal {
			personal++
		}
	}
	if len(all) != sampleCustomers || personal < len(all)*9/10 {
		t.Errorf("%d of %d lists are personal, want nearly all of %d", personal, len(all), sampleCustomers)
	}

	rapport(t, "suggest", "--dir", dir, "my lamp arrived broken", "--product", sampleshop.Lamp).want(t, exitOK, sampleshop.LampFix, " %\naction: ")
	rapport(t, "check", "--dir", dir, "--deep").want(t, exitOK, count(sampleEvents+sampleOutcomes)+" interactions", count(sampleItems)+" items", "model 1", ", current")

	rapport(t, "train", "--dir", dir).want(t, exitOK, "model 2 is ready")
	rapport(t, "rollback", "--dir", dir, "--to", "1").want(t, exitOK, "model 1 serves (it was 2)")
	rapport(t, "rollback", "--dir", dir, "--to", "9").want(t, exitFailed, "model 9", "not found")
	said = rapport(t, "recommend", "--dir", dir, "--customers", string(all[0].Customer)).want(t, exitOK)
	for source, version := range lists(t, said.out)[0].Models {
		if version != 1 {
			t.Errorf("after the rollback %s is of model %d, want 1", source, version)
		}
	}
}

// The lists are the same whatever the order in which workers make them, and after a
// restart.
func TestRecommendTwiceGivesTheSame(t *testing.T) {
	dir := smallShop(t)
	ask := func() []listed {
		said := rapport(t, "recommend", "--dir", dir, "--customers", "all", "--scenario", "articles", "--count", "3").want(t, exitOK)
		return lists(t, said.out)
	}
	first, second := ask(), ask()
	if len(first) == 0 || len(first) != len(second) {
		t.Fatalf("%d lists, then %d", len(first), len(second))
	}
	for i := range first {
		if first[i].Customer != second[i].Customer || len(first[i].Items) != len(second[i].Items) {
			t.Fatalf("list %d differs: %+v and %+v", i, first[i], second[i])
		}
		for j := range first[i].Items {
			if first[i].Items[j].Item != second[i].Items[j].Item {
				t.Errorf("customer %s, rank %d: %s, then %s", first[i].Customer, j+1, first[i].Items[j].Item, second[i].Items[j].Item)
			}
		}
	}
}

func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("RAPPORT_KEY", "")
	dir := filepath.Join(t.TempDir(), "data")
	events := write(t, "events.csv", "customer_id,item_id,type\nann,lamp,view\n")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"impotr"}, `did you mean "import"`},
		{[]string{"import", events}, "--as"},
		{[]string{"import", "--as", "invoices", events}, "--as"},
		{[]string{"import", "--as", "events", "--dir", dir, "--map", "nonsense", events}, "map"},
		{[]string{"import", "--as", "events", "--dir", dir, "--preset", "movielense", events}, "movielens"},
		{[]string{"import", "--as", "events", "--dir", dir, "--reject", events, events}, "one of the files to read"},
		{[]string{"import", "--as", "events", "--dir", dir, t.TempDir()}, "directory"},
		{[]string{"train", "--dir", dir}, "no workspace"},
		{[]string{"check", "--dir", events}, "not a directory"},
		{[]string{"rollback", "--dir", dir}, "--to"},
		{[]string{"serve", "--dir", dir, "--durability", "maybe"}, "--durability"},
		{[]string{"serve", "--dir", dir, "--train-every=-1h"}, "--train-every"},
		{[]string{"serve", "--dir", dir, "--addr", "127.0.0.1"}, "HOST:PORT"},
		{[]string{"serve", "--dir", dir, "--addr", "0.0.0.0:0"}, "no key is set"},
		{[]string{"serve", "--dir", dir, "--addr", ":0"}, "no key is set"},
		{[]string{"serve", "--dir", dir, "--addr", "[::]:0"}, "no key is set"},
		{[]string{"serve", "--dir", dir, "--key-file", write(t, "key", "\n")}, "should hold one key"},
		{[]string{"demo", "--addr", "0.0.0.0:0"}, "no key is set"},
		{[]string{"eval"}, "--events FILE, or --train FILE"},
		{[]string{"eval", "--events", events, "--train", events}, "not both"},
		{[]string{"eval", "--events", events, "--split", "halves"}, "split"},
		{[]string{"eval", "--events", events, "--types", "view"}, "TYPE:WEIGHT"},
		{[]string{"eval", "--events", events, "--models", "magic"}, "magic"},
		{[]string{"eval", "--events", events, "--require", "ndcg@10: magic > popular"}, "magic"},
		{[]string{"eval", "--events", events, "--require", "ndcg@7: best > popular"}, "ndcg@7"},
	} {
		rapport(t, c.args...).want(t, exitUsage, c.says)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("a command that was called wrongly made %s", dir)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	said := rapport(t).want(t, exitOK, "Commands:")
	for _, name := range []string{"demo", "serve", "import", "train", "recommend", "suggest", "eval", "check", "rollback", "version"} {
		if !strings.Contains(said.out, "  "+name+" ") {
			t.Errorf("rapport alone does not name %s", name)
		}
		rapport(t, name, "--help").want(t, exitOK, "Usage: rapport "+name, "Example", "    rapport "+name)
	}
	rapport(t, "version").want(t, exitOK, "rapport ", "commit", "go1.")
}
