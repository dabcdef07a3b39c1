package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	if r.Dataset.Train != 4 || r.Dataset.Valid != 3 || r.Dataset.Test != 2 || r.Protocol.Split != "given files, validation last-out of train" {
		t.Errorf("dataset %+v, protocol %+v: want 7 to learn from, the last of a, b and c to choose on, and 2 to predict", r.Dataset, r.Protocol)
	}
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "1 of 3 records was refused") {
		t.Errorf("warnings %q do not tell of the refused record", r.Warnings)
	}
	rapport(t, "eval", "--events", write(t, "none.csv", "customer_id,item_id\n")).want(t, exitUsage, "no interactions", "hold no records")
	rapport(t, "eval", "--events", "missing.csv").want(t, exitUsage, "missing.csv")
}

// shopFiles are orders of two goods each, five of every customer, whose taste goes by
// their country, and the customers' records.
func shopFiles(t *testing.T) (orders, customers string) {
	t.Helper()
	var rows, people strings.Builder
	rows.WriteString("customer_id,item_id,type,at,order_id\n")
	people.WriteString("customer_id,attributes.country\n")
	for c := range 40 {
		fmt.Fprintf(&people, "c%d,%s\n", c, []string{"DE", "FR"}[c%2])
		for o := range 5 {
			for line := range 2 {
				fmt.Fprintf(&rows, "c%d,i%d,purchase,2026-01-%02dT10:%02d:00Z,o%d-%d\n", c, shopItem(c, o, line), 2+5*o, c, c, o)
			}
		}
	}
	return write(t, "orders.csv", rows.String()), write(t, "customers.csv", people.String())
}

// shopItem is a line of a customer's order; none of theirs is another.
func shopItem(customer, order, line int) int {
	return (customer/2+7*order+3*line)%40*2 + customer%2
}

func TestEvalProtocols(t *testing.T) {
	orders, customers := shopFiles(t)
	small := []string{"eval", "--events", orders, "--models", "popular,itemknn", "--k", "5"}
	for _, c := range []struct {
		args, want []string
	}{
		{[]string{"--split", "rolling:3"}, []string{"split rolling:3", "popular, cut 3", "all before the cut"}},
		{[]string{"--baskets"}, []string{"last-out of baskets", "ndcg_full@5", "40 customers to predict for, 80 targets"}},
		{[]string{"--cutoff", "2026-01-15", "--customers", customers, "--by", "country"}, []string{"split time:2026-01-15T00:00:00Z", "itemknn, country=FR"}},
		{[]string{"--cold-items", "0.2"}, []string{"split cold-items:0.2", "cold items", "eligible: the "}},
	} {
		rapport(t, slices.Concat(small, c.args)...).want(t, exitOK, c.want...)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--baskets", "--split", "time:0.8"}, "each customer's last basket is held out"},
		{[]string{"--baskets", "--sessions"}, "not both"},
		{[]string{"--cold-items", "0.2", "--split", "last-out"}, "a split of its own"},
		{[]string{"--cold-items", "2"}, "between 0 and 1"},
		{[]string{"--cutoff", "yesterday"}, "is no date"},
		{[]string{"--cutoff", "2026-01-15", "--split", "last-out"}, "a date cuts the split time"},
		{[]string{"--by", "country"}, "no customers with attributes"},
		{[]string{"--by", "town", "--customers", customers}, `no customer has an attribute "town"; there are country`},
		{[]string{"--split", "rolling:1"}, "from 2 to 20"},
		{[]string{"--cold-items", "0"}, "between 0 and 1"},
		{[]string{"--min-value", "NaN"}, "--min-value: a number is wanted"},
		{[]string{"--min-value", "9"}, "400 left out by --min-value"},
		{[]string{"--recommendations", write(t, "empty.csv", "")}, "empty.csv has no lists"},
		{[]string{"--json", filepath.Join(t.TempDir(), "nowhere", "report.json")}, "no such file"},
	} {
		rapport(t, slices.Concat(small, c.args)...).want(t, exitUsage, c.want)
	}
}

// TestEvalMeasuresOtherSystems puts lists of another system into the table: one that
// knows what was held out, but for one customer, and one that shows what is known.
func TestEvalMeasuresOtherSystems(t *testing.T) {
	orders, _ := shopFiles(t)
	var right, known strings.Builder
	right.WriteString("customer_id,item_id,rank\n")
	for c := range 40 {
		if c > 0 {
			fmt.Fprintf(&right, "c%d,i%d,2\nc%d,nobody-knows-this,1\n", c, shopItem(c, 4, 1), c)
		}
		fmt.Fprintf(&known, `{"customer_id":"c%d","items":["i%d","i%d"]}`+"\n", c, shopItem(c, 0, 0), shopItem(c, 0, 1))
	}
	rapport(t, "eval", "--events", orders, "--models", "popular", "--k", "2", "--baskets", "--repeats", "exclude",
		"--recommendations", write(t, "right.csv", right.String()), "--recommendations", write(t, "known.ndjson", known.String()),
		"--require", "mrr@2: right > popular", "--require", "hr@2: right >= 0.9").
		want(t, exitOK, "right: 1 of 40 customers have no list", "right: 39 of 40 customers are shown items that are not in the data", "known: 40 of 40 customers are shown items they already have", "met")
	rapport(t, "eval", "--events", orders, "--models", "popular", "--split", "rolling:2", "--recommendations", write(t, "right.csv", right.String())).
		want(t, exitUsage, "one list a customer")
}
