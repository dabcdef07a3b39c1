package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/rapportengine/rapport/training/evaluate"
)

// What is required of something the report will not have is refused before the work.
func TestRequirementsAreRefusedBeforeTheWork(t *testing.T) {
	orders, customers := shopFiles(t)
	// Fitting this would take longer than anybody waits for a test; the file of what is
	// left behind is begun with the work, too.
	out := filepath.Join(t.TempDir(), "left")
	slow := []string{
		"eval", "--events", orders, "--customers", customers, "--by", "country", "--split", "rolling:2", "--models", "popular,factor",
		"--set", "factor.epochs=1000", "--set", "factor.dims=512", "--out", out,
	}
	for condition, want := range map[string]string{
		"ndcg@10: popular > ease":                 `no model "ease" is evaluated; there are popular, factor`,
		"ndcg@10: best~embed > popular":           `no model "best~embed" is evaluated`,
		"ndcg@20: factor > popular":               "ndcg@20 is not measured; there are ndcg@10, recall@10",
		"ndcg_full@10: factor > popular":          "ndcg_full@10 is not measured",
		"diversity@10: factor > 0.1":              "diversity@10 is not measured", // the items say nothing of themselves
		"ndcg: factor > popular":                  "ndcg is not measured",
		"ndcg@10 colt: factor > popular":          `"colt" is no slice of this evaluation; there are `,
		"ndcg@10 country=NL: factor > popular":    "country=DE, country=FR, cut 1, cut 2",
		"coverage@10 cut 1: factor > popular":     "coverage@10 of cut 1 is not measured",
		"ndgc@10: factor > popular":               "no metric is called",
		"ndcg@10: factor beats popular":           "compares nothing",
		"ndcg@10 country=FR: factor > popularity": `no model "popularity"`,
	} {
		got := rapport(t, append(slow, "--require", condition)...).want(t, exitUsage, want)
		if strings.Contains(got.err, "evaluating: done") {
			t.Errorf("%s: found after the work", condition)
		}
		if left, err := filepath.Glob(filepath.Join(out, "*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left are %v (%v)", condition, left, err)
		}
	}
	rapport(t, "eval", "--events", orders, "--models", "popular", "--baskets", "--require", "ndcg@10 cold: popular > 0").want(t, exitUsage, "it has none")
}

// cutRow is what of splits.parquet tells which cuts lie before a row.
type cutRow struct {
	Part string `parquet:"part"`
	Cut  *int64 `parquet:"cut,optional"`
	At   int64  `parquet:"at,timestamp(microsecond)"`
}

// Of rolling cuts the split says of each interaction how many lie before it.
func TestTheSplitSaysWhichCut(t *testing.T) {
	orders, _ := shopFiles(t)
	for split, cuts := range map[string]int{"rolling:3": 3, "time:0.8": 0} {
		dir := filepath.Join(t.TempDir(), "left")
		rapport(t, "eval", "--events", orders, "--models", "popular", "--split", split, "--out", dir).want(t, exitOK)
		rows, err := parquet.ReadFile[cutRow](filepath.Join(dir, "splits.parquet"))
		if err != nil || len(rows) != 400 {
			t.Fatalf("%s: %d rows (%v), want 400", split, len(rows), err)
		}
		slices.SortStableFunc(rows, func(a, b cutRow) int { return int((a.At - b.At) / 1e6) })
		var last int64
		seen := make(map[int64]bool)
		for i, row := range rows {
			switch {
			case cuts == 0 && row.Cut != nil:
				t.Fatalf("%s: row %d is at cut %d of none", split, i, *row.Cut)
			case cuts == 0:
				continue
			case row.Cut == nil:
				t.Fatalf("%s: row %d has no cut", split, i)
			case *row.Cut < last || (*row.Cut > 0) != (row.Part == "test"):
				t.Fatalf("%s: row %d (%s) is at cut %d after one at %d", split, i, row.Part, *row.Cut, last)
			}
			last = *row.Cut
			seen[last] = true
		}
		if cuts > 0 && (len(seen) != cuts+1 || last != int64(cuts)) {
			t.Errorf("%s: the cuts are %v", split, seen)
		}
	}
}

// Rows without a time have no order but the file's, which is not taken for one of time
// without a word.
func TestEvalOfRowsWithoutATime(t *testing.T) {
	var grouped, mixed, some strings.Builder
	for _, b := range []*strings.Builder{&grouped, &mixed} {
		b.WriteString("customer_id,item_id\n")
	}
	some.WriteString("customer_id,item_id,at\n")
	for i := range 60 {
		fmt.Fprintf(&grouped, "c%d,i%d\n", i/6, i*7%31)
		fmt.Fprintf(&mixed, "c%d,i%d\n", i%10, i*7%31)
		at := ""
		if i%3 > 0 {
			at = fmt.Sprintf("2026-01-%02dT00:00:00Z", 1+i/2)
		}
		fmt.Fprintf(&some, "c%d,i%d,%s\n", i%10, i*7%31, at)
	}
	byCustomer, byTime, partly := write(t, "g.csv", grouped.String()), write(t, "m.csv", mixed.String()), write(t, "s.csv", some.String())
	eval := func(file string, flags ...string) spoken {
		return rapport(t, append([]string{"eval", "--events", file, "--models", "popular"}, flags...)...)
	}
	const whole = "whole customers would be held out; last-out or random:0.8"
	eval(byCustomer, "--split", "time:0.8").want(t, exitUsage, whole)
	eval(byCustomer, "--split", "rolling:2").want(t, exitUsage, whole)
	eval(byTime, "--cutoff", "2026-01-01").want(t, exitUsage, "no date parts them; last-out or random:0.8")
	eval(byTime, "--split", "time:0.8").want(t, exitOK, "warning: NO INTERACTION HAS A TIME (at): time:0.8 cuts at a place of the file")
	eval(partly, "--split", "time:0.8").want(t, exitOK, "warning: 20 OF 60 INTERACTIONS HAVE NO TIME (at)")
	rapport(t, "tune", "--events", byCustomer, "--split", "time:0.8", "--model", "ease").want(t, exitUsage, whole)
	for _, said := range []spoken{eval(byCustomer), eval(byCustomer, "--split", "random:0.8"), eval(sortedByTime(t), "--split", "time:0.8")} {
		if said.want(t, exitOK); strings.Contains(said.out, "TIME (at)") {
			t.Errorf("warned of times: %s", said.out)
		}
	}
}

// sortedByTime are rows with a time, the first of them the one that a row without gets.
func sortedByTime(t *testing.T) string {
	var b strings.Builder
	b.WriteString("customer_id,item_id,at\n")
	for i := range 60 {
		fmt.Fprintf(&b, "c%d,i%d,%d\n", i%10, i*7%31, i)
	}
	return write(t, "t.csv", b.String())
}

// Who had all that is held out of them is not asked, and that is said and counted.
func TestEvalCountsWhoIsNotAsked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	events := write(t, "e.csv", "customer_id,item_id\na,1\na,2\na,1\nb,1\nb,2\nb,2\nc,1\nc,2\nc,3\nd,2\nd,3\nd,1\n")
	counted := func(flags ...string) (asked, repeated int, said string) {
		t.Helper()
		got := rapport(t, append([]string{"eval", "--events", events, "--models", "popular", "--json", file}, flags...)...).want(t, exitOK)
		var r evaluate.Report
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &r) != nil {
			t.Fatal(err)
		}
		return r.Dataset.TestCustomers, r.Dataset.Repeated, got.out
	}
	if asked, repeated, said := counted(); asked != 2 || repeated != 2 || !strings.Contains(said, "warning: 2 of 4 customers with something held out are not asked") {
		t.Errorf("%d are asked, %d not: %s", asked, repeated, said)
	}
	if asked, repeated, said := counted("--repeats", "allow"); asked != 4 || repeated != 0 || strings.Contains(said, "not asked") {
		t.Errorf("with repeats %d are asked, %d not: %s", asked, repeated, said)
	}
}

// Vectors of several lengths are of several spaces.
func TestEvalRefusesVectorsOfSeveralLengths(t *testing.T) {
	events := write(t, "e.csv", "customer_id,item_id\na,1\na,2\na,3\nb,1\nb,2\nb,3\n")
	vectors := write(t, "v.ndjson", `{"item_id":"1","vector":[1,0]}`+"\n\n"+`{"item_id":"2","vector":[0,1]}`+"\n"+`{"item_id":"3","vector":[0,1,1]}`+"\n")
	rapport(t, "eval", "--events", events, "--models", "own", "--vectors", vectors).
		want(t, exitUsage, "v.ndjson, row 4: the vector of 3 has 3 numbers, those before it have 2")
}

// The digest of a report is of all that it was made of.
func TestTheDigestIsOfOtherSystemsListsToo(t *testing.T) {
	orders, _ := shopFiles(t)
	lists := "customer_id,item_id,rank\nc1,i0,1\n"
	var whole bytes.Buffer
	text, err := os.ReadFile(orders)
	if err != nil {
		t.Fatal(err)
	}
	whole.Write(text)
	whole.WriteString(lists)
	sum := sha256.Sum256(whole.Bytes())
	said := rapport(t, "eval", "--events", orders, "--models", "popular", "--recommendations", write(t, "theirs.csv", lists), "--json", "-").want(t, exitOK)
	var r evaluate.Report
	if err := json.Unmarshal([]byte(said.out), &r); err != nil || r.Dataset.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("the digest is %s (%v), want %x: of the data, then the lists", r.Dataset.SHA256, err, sum)
	}
}

// Mistakes in flags are met by a sentence that says what would be right.
func TestEvalSaysWhatWouldBeRight(t *testing.T) {
	orders, customers := shopFiles(t)
	dir := t.TempDir()
	people := write(t, "people.csv", "customer,attributes.country\nc1,DE\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "--server URL is needed"},
		{[]string{"--train", orders}, exitUsage, "--test FILE is needed"},
		{[]string{"--test", orders}, exitUsage, "--train FILE is needed"},
		{[]string{"--events", dir}, exitUsage, "is a directory; name a file in it"},
		{[]string{"--events", orders, "--format", "parquet"}, exitFailed, "orders.csv, line 1: the Parquet file ends before its footer"},
		{[]string{"--events", orders, "--customers", people}, exitUsage, "--customers: "},
		{[]string{"--events", orders, "--vectors", customers}, exitUsage, "in this file itself: --map is for the columns of the events"},
		{[]string{"--events", orders, "--types", "purchase:1,veiw:0.2"}, exitOK, `--types veiw:0.2: there is no interaction of type "veiw"; there are purchase`},
		{[]string{"--events", orders, "--cutoff", "2030-01-01"}, exitUsage, "they are from 2026-01-02T10:00:00Z to 2026-01-22T10:39:00Z: cut after"},
		{[]string{"--events", orders, "--cold-items", "0.0001"}, exitUsage, "a share of 0.0001 holds out 0 of the items"},
		{[]string{"--events", orders, "--set", "eese.lambda=1"}, exitUsage, `"eese" has no settings to fix (in eese.lambda=1); factor, ease,`},
		{[]string{"--events", orders, "--set", "ease.lamda=1"}, exitUsage, `there is no setting "ease.lamda"; there are ease.lambda`},
		{[]string{"--events", orders, "--set", "ease.lambda=1"}, exitOK, "warning: ease.lambda=1 changes nothing: ease is not among the models"},
		{[]string{"--events", orders, "--json", filepath.Join(dir, "nowhere", "r.json")}, exitUsage, "--json: there is no place for "},
		{[]string{"--events", orders, "--html", dir}, exitUsage, "--html: "},
	} {
		got := rapport(t, append([]string{"eval", "--models", "popular"}, c.args...)...).want(t, c.code, c.want)
		if strings.Contains(got.err, "before that line stands") {
			t.Errorf("%v: nothing stands of what was read: %s", c.args, got.err)
		}
	}
	rapport(t, "tune", "--events", orders, "--model", "ease", "--study", filepath.Join(dir, "nowhere", "s")).want(t, exitUsage, "--study: open ")
}

// Who has no value of the attribute is in no group, and that is said.
func TestEvalSaysWhoIsInNoGroup(t *testing.T) {
	orders, _ := shopFiles(t)
	some := write(t, "some.csv", "customer_id,attributes.country\nc0,DE\nc1,FR\nc2,DE\nstranger,NL\n")
	got := rapport(t, "eval", "--events", orders, "--models", "popular", "--customers", some, "--by", "country").
		want(t, exitOK, "warning: 37 of 40 customers who are asked have no country, and are in no group", "popular, country=DE")
	if strings.Contains(got.out, "country=NL") {
		t.Errorf("nobody is asked in NL: %s", got.out)
	}
}

// A file of what was acted on with a 1 in each line is no file of bad ratings, though it
// reads as one.
func TestEvalSaysThatNothingWasLiked(t *testing.T) {
	file := func(value int) string {
		var b strings.Builder
		b.WriteString("customer_id,item_id,value\n")
		for c := range 30 {
			for i := range 6 {
				fmt.Fprintf(&b, "c%d,i%d,%d\n", c, (c*c+i*i+c*i)%23, value)
			}
		}
		return write(t, fmt.Sprintf("values-%d.csv", value), b.String())
	}
	const warning = "is below what its type calls liked"
	rapport(t, "eval", "--events", file(1), "--models", "popular", "--repeats", "allow").want(t, exitOK, warning)
	if got := rapport(t, "eval", "--events", file(5), "--models", "popular", "--repeats", "allow").want(t, exitOK); strings.Contains(got.out+got.err, warning) {
		t.Errorf("the same is said of stars:\n%s", got.err)
	}
}
