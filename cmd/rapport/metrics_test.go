package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/training/evaluate"
)

// measured runs rapport metrics and returns its report.
func measured(t *testing.T, args ...string) *evaluate.Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	rapport(t, append([]string{"metrics", "--json", file}, args...)...).want(t, exitOK)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := new(evaluate.Report)
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	qrels = "q1 0 a 1\nq1 0 b 1\nq2 0 c 2\nq2 0 a 0\nq3 0 a 0\nq4 0 d 1\n"
	// q1: x a b, hits at 2 and 3; q2: c first; q3 has nothing right; q4 has no list; q5 is judged by nobody.
	trecRun = "q1 Q0 b 9 1.5 mine\nq1 Q0 x 1 7 mine\nq1 Q0 a 2 3 mine\nq2 Q0 c 1 1 mine\nq3 Q0 a 1 1 mine\nq5 Q0 a 1 1 mine\n"
)

func TestMetricsByHandFromEveryForm(t *testing.T) {
	for name, files := range map[string][2]string{
		"trec":   {trecRun, qrels},
		"csv":    {"query,item,score\nq1,b,1.5\nq1,x,7\nq1,a,3\nq2,c,1\nq3,a,1\nq5,a,1\n", "query,item,relevance\nq1,a,1\nq1,b,1\nq2,c,2\nq2,a,0\nq3,a,0\nq4,d,1\n"},
		"ranks":  {"qid\titem_id\trank\nq1\tb\t3\nq1\ta\t2\nq1\tx\t1\nq2\tc\t1\nq3\ta\t1\nq5\ta\t1\n", "qid\tdocid\tgrade\nq1\ta\t1\nq1\tb\t1\nq2\tc\t2\nq3\ta\t0\nq4\td\t1\n"},
		"ndjson": {`{"query":"q1","items":["x","a","b"]}` + "\n" + `{"query":"q2","items":[{"item_id":"c"}]}` + "\n" + `{"query":"q5","items":["a"]}` + "\n", `{"query":"q1","relevant":["a","b"]}` + "\n" + `{"query":"q2","relevant":{"c":2}}` + "\n" + `{"query":"q3","relevant":[]}` + "\n" + `{"query":"q4","relevant":["d"]}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := measured(t, "--run", write(t, "run", files[0]), "--judgements", write(t, "judged", files[1]), "--k", "1,2")
			if r.Dataset.Customers != 4 || r.Dataset.TestCustomers != 3 || r.Dataset.Targets != 4 {
				t.Errorf("%+v: want 3 of 4 queries with something right, 4 items", r.Dataset)
			}
			for metric, want := range map[string]float64{
				"mrr": (1./2 + 1 + 0) / 3, "map": ((1./2+2./3)/2 + 1 + 0) / 3, "precision@1": 1. / 3, "precision@2": (1./2 + 1./2) / 3,
				"hr@2": 2. / 3, "recall@2": (1./2 + 1) / 3, "ndcg@1": 1. / 3,
			} {
				if got := r.Models[0].Metrics[metric].Value; got < want-1e-12 || got > want+1e-12 {
					t.Errorf("%s = %v, want %v", metric, got, want)
				}
			}
			said := strings.Join(r.Warnings, "\n")
			if !strings.Contains(said, "no list for 1 of the 3 queries") || !strings.Contains(said, "1 queries that nobody judged") {
				t.Errorf("warnings: %s", said)
			}
		})
	}
	r := measured(t, "--run", write(t, "run", trecRun), "--judgements", write(t, "judged", qrels), "--keep", "--only", "mrr")
	if got, want := r.Models[0].Metrics["mrr"].Value, (1./2+1)/4; r.Models[0].Name != "mine" || got != want {
		t.Errorf("%s with queries for which nothing is right: mrr %v, want %v", r.Models[0].Name, got, want)
	}
}

func TestMetricsComparesRuns(t *testing.T) {
	var mine, theirs, judged strings.Builder
	for i := range 40 {
		q := fmt.Sprint("q", i)
		judged.WriteString(`{"query":"` + q + `","relevant":["r"]}` + "\n")
		mine.WriteString(`{"query":"` + q + `","items":["r","x"]}` + "\n")
		theirs.WriteString(`{"query":"` + q + `","items":["x","r"]}` + "\n")
	}
	runs := []string{"--run", write(t, "mine.ndjson", mine.String()), "--run", write(t, "theirs.ndjson", theirs.String()), "--judgements", write(t, "judged.ndjson", judged.String())}
	r := measured(t, runs...)
	if len(r.Paired) != 3 || r.Paired[0].A != "mine" || r.Paired[0].B != "theirs" || r.Paired[0].Metric != "map" || r.Paired[0].Difference != 0.5 || r.Paired[0].Holm > 0.001 {
		t.Errorf("compared: %+v, want mine ahead of theirs by map, mrr and ndcg@10", r.Paired)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	rapport(t, append([]string{"metrics", "--html", page, "--require", "mrr: mine > theirs", "--require", "map: mine >= 1"}, runs...)...).
		want(t, exitOK, "mine vs theirs", "40 queries are judged", "met")
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "mine is surely better than theirs") {
		t.Errorf("the page (%v) does not say who is better", err)
	}
	rapport(t, append([]string{"metrics", "--require", "mrr: theirs > mine"}, runs...)...).want(t, exitUnmet, "not met")
	rapport(t, append([]string{"metrics", "--require", "mrr: ours > mine"}, runs...)...).want(t, exitUsage, "no lists of ours")
}

func TestMetricsRefuses(t *testing.T) {
	run, judged := write(t, "run", trecRun), write(t, "judged", qrels)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"nothing is right for any query", []string{"--run", run}},
		{"needs the catalogue", []string{"--run", run, "--judgements", judged, "--only", "coverage@10"}},
		{`no metric is called "ndgc"`, []string{"--run", run, "--judgements", judged, "--only", "ndgc@10"}},
		{"ndcg@10 is named twice", []string{"--run", run, "--judgements", judged, "--k", "10,10"}},
		{"no such file", []string{"--run", "nowhere", "--judgements", judged}},
		{"empty.csv has no lists", []string{"--run", run, "--run", write(t, "empty.csv", ""), "--judgements", judged}},
		{"bad.csv: refused line 2: score: a number is wanted", []string{"--run", write(t, "bad.csv", "query,item,score\na,x,high\n"), "--judgements", judged}},
		{"grades.csv: refused line 2: grade", []string{"--run", run, "--judgements", write(t, "grades.csv", "query,item,grade\nq1,a,high\n")}},
		{"one of them on standard output", []string{"--run", run, "--judgements", judged, "--json", "-", "--html", "-"}},
		{"a rank or score and items without", []string{"--run", write(t, "mixed.csv", "query,item,score\na,x,1\na,y,\n"), "--judgements", judged}},
	} {
		rapport(t, append([]string{"metrics"}, c.args...)...).want(t, exitUsage, c.want)
	}
	rapport(t, "metrics", "--run", write(t, "bad.trec", trecRun+"q1 Q0 d\n"), "--judgements", judged).want(t, exitOK, "bad.trec: refused line 7")
}

// The similar questions of AskUbuntu in the order of BM25, as Lei et al. 2016 print them
// (MAP 52.0, MRR 66.0, P@1 51.9, P@5 42.1).
func TestMetricsOfAskUbuntu(t *testing.T) {
	file := os.Getenv("RAPPORT_ASKUBUNTU")
	if file == "" {
		t.Skip("RAPPORT_ASKUBUNTU=dev.txt.gz measures the development part of github.com/taolei87/askubuntu")
	}
	rapport(t, "metrics", "--run", file, "--form", "askubuntu", "--only", "map,mrr,precision@1,precision@5").
		want(t, exitOK, "200 queries are judged, in 189", "0.5203", "0.6599", "0.5185", "0.4212")
}
