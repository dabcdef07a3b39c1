package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio"

	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
)

// evaluated runs an evaluation of the checkerboard with some flags and returns where it
// left its files.
func evaluated(t *testing.T, flags ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "left")
	args := append([]string{
		"eval", "--events", write(t, "ratings.csv", checkerboard()), "--preset", "movielens", "--min-value", "4", "--out", dir,
		"--models", "popular,ease,factor", "--set", "ease.lambda=10", "--set", "factor.dims=4", "--set", "factor.epochs=2",
	}, flags...)
	rapport(t, args...).want(t, exitOK, "popular", "ease")
	return dir
}

func listings(t *testing.T, file string) []record.Listing {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []record.Listing
	for entry, err := range record.Listings(bytes.NewReader(b), record.Options{}, record.AnyListing) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry.Value)
	}
	return out
}

// What an evaluation leaves behind gives the evaluation's own figures again, by the
// command that measures anybody's lists.
func TestWhatEvalLeavesGivesItsFiguresAgain(t *testing.T) {
	for name, flags := range map[string][]string{
		"one question a customer": nil,
		"several":                 {"--split", "rolling:3"},
		"sessions":                {"--sessions", "--repeats", "allow"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := evaluated(t, flags...)
			var report, again evaluate.Report
			text, err := os.ReadFile(filepath.Join(dir, "report.json"))
			if err != nil || json.Unmarshal(text, &report) != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "again.json")
			rapport(t, "metrics", "--run", filepath.Join(dir, "recommendations.parquet"), "--judgements", filepath.Join(dir, "targets.parquet"), "--json", file).want(t, exitOK, "ease")
			text, err = os.ReadFile(file)
			if err != nil || json.Unmarshal(text, &again) != nil {
				t.Fatal(err)
			}
			if len(again.Models) != 3 || again.Dataset.TestCustomers != report.Dataset.Cases {
				t.Fatalf("%d models on %d queries, want 3 on %d", len(again.Models), again.Dataset.TestCustomers, report.Dataset.Cases)
			}
			for i, m := range report.Models {
				for _, metric := range []string{"ndcg@10", "recall@10", "hr@10", "mrr@10", "map@10", "precision@10"} {
					if got, want := again.Models[i].Metrics[metric].Value, m.Metrics[metric].Value; math.Abs(got-want) > 1e-12 {
						t.Errorf("%s of %s = %v, want %v", metric, m.Name, got, want)
					}
				}
			}
		})
	}
}

func TestWhatEvalLeaves(t *testing.T) {
	dir := evaluated(t)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := "factor-customers.npy factor-customers.npy.ids.ndjson factor.npy factor.npy.ids.ndjson recommendations.parquet report.json splits.parquet targets.parquet values.parquet"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	if got := len(listings(t, filepath.Join(dir, "splits.parquet"))); got != 60*11 {
		t.Errorf("the split has %d rows, want 660", got)
	}
	items, people := array(t, dir, "factor"), array(t, dir, "factor-customers")
	if len(items) == 0 || len(people) != 60 || len(items["0"]) != 4 || len(people["0"]) != 4 {
		t.Fatalf("%d items and %d customers have vectors, want 60 customers in 4 dimensions", len(items), len(people))
	}
	// Products of vectors are the scores of the lists: the greater the product the
	// better the rank.
	for _, l := range listings(t, filepath.Join(dir, "recommendations.parquet")) {
		one := l.Items[0]
		if l.Model != "factor" || *one.Rank != 1 {
			continue
		}
		best := dot(people[l.Query], items[string(one.Item)])
		for id := range items {
			even := strings.Contains("02468", id[len(id)-1:]) == strings.Contains("02468", l.Query[len(l.Query)-1:])
			if p := dot(people[l.Query], items[id]); !even && p > best {
				t.Errorf("customer %s: item %s of the other colour is above the first of the list", l.Query, id)
			}
		}
	}
}

func dot(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// array reads vectors by the ids of their rows.
func array(t *testing.T, dir, name string) map[string][]float32 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := npyio.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	shape := r.Header.Descr.Shape
	values := make([]float32, shape[0]*shape[1])
	if err := r.Read(&values); err != nil {
		t.Fatal(err)
	}
	ids, err := os.Open(filepath.Join(dir, name+".npy.ids.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer ids.Close()
	out := make(map[string][]float32)
	lines := json.NewDecoder(ids)
	for row := range shape[0] {
		var id string
		if err := lines.Decode(&id); err != nil {
			t.Fatal(err)
		}
		out[id] = values[row*shape[1]:][:shape[1]]
	}
	return out
}

// Nothing is left that is not whole.
func TestEvalThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	rapport(t, "eval", "--events", write(t, "e.csv", "customer_id,item_id\na,x\nb,y\n"), "--models", "popular", "--out", dir).want(t, exitUsage)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left are %v (%v)", entries, err)
	}
}

func TestLearningCurve(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	page := filepath.Join(t.TempDir(), "report.html")
	rapport(t, "eval", "--events", write(t, "ratings.csv", checkerboard()), "--preset", "movielens", "--min-value", "4", "--models", "popular,ease",
		"--set", "ease.lambda=10", "--learning-curve", "0.1,0.5,1", "--json", file, "--html", page).want(t, exitOK)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r evaluate.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Curve) != 6 || r.Curve[5].Share != 1 || r.Curve[5].Customers != 60 || r.Curve[5].Metrics["ndcg@10"].Value != r.Models[1].Metrics["ndcg@10"].Value {
		t.Fatalf("curve %+v: want two models at three shares, the last as in the table", r.Curve)
	}
	if few := r.Curve[1]; few.Customers == 0 || few.Customers > 20 || few.Metrics["ndcg@10"].Value == r.Curve[5].Metrics["ndcg@10"].Value {
		t.Errorf("ease learnt from a tenth: %+v, want few customers and other figures than from all", few)
	}
	html, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(html), "Learning curve") {
		t.Errorf("the page shows no curve (%v)", err)
	}
	rapport(t, "eval", "--events", write(t, "ratings.csv", checkerboard()), "--preset", "movielens", "--models", "popular", "--learning-curve", "0,1").
		want(t, exitUsage, "learning_curve", "shares above 0")
}
