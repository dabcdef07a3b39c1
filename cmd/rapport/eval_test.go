package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/training/evaluate"
)

// checkerboard is a log whose truth is known: customers of even numbers like even
// items, the others odd ones. Header and columns are MovieLens's.
func checkerboard() string {
	var b strings.Builder
	b.WriteString("userId,movieId,rating,timestamp\n")
	at := 1_000_000_000
	for u := range 60 {
		for i := range 12 {
			rating := 5.0
			if i == 3 {
				rating = 1 // left out by --min-value
			}
			at++
			fmt.Fprintf(&b, "%d,%d,%g,%d\n", u, (u*7+i*2)%30/2*2+u%2, rating, at)
		}
	}
	return b.String()
}

func TestEvalMeasuresModels(t *testing.T) {
	events := write(t, "ratings.csv", checkerboard())
	file := filepath.Join(t.TempDir(), "report.json")
	rapport(t, "eval", "--events", events, "--preset", "movielens", "--min-value", "4", "--models", "popular,ease",
		"--set", "ease.lambda=10,factor.dims=4,factor.epochs=1", "--k", "5,10", "--seed", "3", "--json", file, "--require", "ndcg@10: ease > popular").
		want(t, exitOK, "popular", "ease", "ndcg@10", "met")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r evaluate.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(checkerboard()))
	if r.Dataset.Interactions != 60*11 || r.Dataset.SHA256 != hex.EncodeToString(sum[:]) || r.Protocol.MinValue == nil || *r.Protocol.MinValue != 4 || r.Protocol.Seed != 3 {
		t.Errorf("the report says %+v, %+v: want 660 interactions of the file's digest, min_value 4, seed 3", r.Dataset, r.Protocol)
	}
	if len(r.Models) != 2 || r.Models[1].Name != "ease" || r.Models[1].Metrics["hr@10"].Value < 0.9 {
		t.Errorf("models: %+v, want ease to find nearly all", r.Models)
	}
	rapport(t, "eval", "--events", events, "--preset", "movielens", "--models", "popular,ease",
		"--set", "ease.lambda=10,factor.dims=4,factor.epochs=1", "--require", "ndcg@10: popular > ease").
		want(t, exitUnmet, "not met", "requirement not met")
}

func TestEvalKnowsThePeers(t *testing.T) {
	events := write(t, "ratings.csv", checkerboard())
	said := rapport(t, "eval", "--events", events, "--preset", "movielens", "--min-value", "4", "--models", "popular,gorse-bpr,gorse-als",
		"--set", "gorse-bpr.dims=16", "--set", "gorse-bpr.lr=0.1", "--set", "gorse-als.dims=16", "--require", "ndcg@10: gorse-als > popular", "--require", "ndcg@10: gorse-bpr > popular")
	if strings.Contains(said.err, "-tags noasm") {
		t.Skip(said.err)
	}
	said.want(t, exitOK, "gorse-bpr", "gorse-als", "met")
	rapport(t, "eval", "--events", events, "--preset", "movielens", "--models", "gorse-als", "--set", "gorse-als.dims=20").
		want(t, exitUsage, "a multiple of 16")
}

func TestEvalOfGivenFilesAndStdout(t *testing.T) {
	train := write(t, "train.csv", "customer_id,item_id\na,1\na,2\nb,1\nb,2\nc,2\nc,3\nd,1\n")
	test := write(t, "test.csv", "customer_id,item_id\nb,3\nd,2\n,9\n")
	said := rapport(t, "eval", "--train", train, "--test", test, "--models", "popular", "--json", "-").want(t, exitOK)
	var r evaluate.Report
	if err := json.Unmarshal([]byte(said.out), &r); err != nil {
		t.Fatalf("%s: %v", said.out, err)
	}
	if r.Dataset.Train != 7 || r.Dataset.Test != 2 || r.Protocol.Split != "given files" {
		t.Errorf("dataset %+v, protocol %+v: want 7 to learn from and 2 to predict", r.Dataset, r.Protocol)
	}
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "1 of 3 records were refused") {
		t.Errorf("warnings %q do not tell of the refused record", r.Warnings)
	}
	rapport(t, "eval", "--events", write(t, "none.csv", "customer_id,item_id\n")).want(t, exitUsage, "no interactions")
	rapport(t, "eval", "--events", "missing.csv").want(t, exitUsage, "missing.csv")
}
