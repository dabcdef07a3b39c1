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

// deskFiles writes fixes and questions, and returns their names.
func deskFiles(t *testing.T) (solutions, questions string) {
	t.Helper()
	var fixes, asked strings.Builder
	themes := []string{"card payment refund", "lamp bulb socket", "parcel courier delivery"}
	for i, words := range themes {
		fmt.Fprintf(&fixes, "{\"item_id\": \"f%d\", \"title\": %q}\n", i, words)
		for n := range 20 {
			word := strings.Fields(words)[n%3]
			fmt.Fprintf(&asked, "{\"text\": \"what about my %s number %d\", \"relevant\": [\"f%d\"]}\n", word, n, i)
		}
	}
	for n := range 12 {
		fmt.Fprintf(&asked, "{\"text\": \"tell me a joke %d\", \"relevant\": []}\n", n)
	}
	return write(t, "fixes.ndjson", fixes.String()), write(t, "asked.ndjson", asked.String())
}

func TestEvalSolutions(t *testing.T) {
	solutions, questions := deskFiles(t)
	page := filepath.Join(t.TempDir(), "page.html")
	said := rapport(t, "eval-solutions", "--solutions", solutions, "--questions", questions, "--folds", "4", "--json", "-", "--html", page,
		"--require", "accuracy: best >= 0.9", "--require", "hr@3: best >= text").want(t, exitOK)
	var report evaluate.Report
	if err := json.Unmarshal([]byte(said.out), &report); err != nil {
		t.Fatal(err)
	}
	if d := report.Dataset; d.Solutions != 3 || d.Cases != 72 || d.Nothing != 12 || d.SHA256 == "" || len(report.Models) != 6 {
		t.Errorf("counted %+v, %d models", d, len(report.Models))
	}
	best := report.Models[5]
	for _, name := range []string{"hr@1", "hr@3", "mrr", "map", "accuracy", "brier", "ece", "auroc_none", "recall_none"} {
		if v, ok := best.Metrics[name]; !ok || v.Interval == nil {
			t.Errorf("%s of %s is %v", name, best.Name, v)
		}
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "Claimed and true chances") {
		t.Errorf("the page lacks its reliability table (%v)", err)
	}
}

func TestEvalSolutionsMistakes(t *testing.T) {
	solutions, questions := deskFiles(t)
	broken := write(t, "broken.ndjson", "{\"relevant\": [\"f1\"]}\n{\"text\": \"no answer told\"}\n")
	for _, c := range []struct{ args, want string }{
		{"--solutions " + solutions + " --questions " + broken, "there is no question to ask"},
		{"--solutions " + solutions + " --questions " + questions + " --folds 1", "--folds: from 2 on"},
		{"--solutions " + solutions + " --questions " + questions + " --folds 99", "at most as many as questions"},
		{"--solutions " + solutions + " --questions " + questions + " --shots 3", "--train FILE or --folds N"},
		{"--solutions " + solutions + " --questions " + questions + " --folds 2 --k 0", "--k: numbers from 1"},
		{"--solutions " + solutions + " --questions " + questions + " --folds 2 --require ndcg@10:best>0", "ndcg@10 is not measured"},
		{"--solutions " + solutions + " --questions " + questions + " --folds 2 --require accuracy:bm25>0", `no model "bm25"`},
		{"--solutions " + solutions + " --questions " + questions + " --folds 2 --head-questions 0", "--head-questions: a number from 1 on, not 0"},
		{"--solutions nowhere.ndjson --questions " + questions, "nowhere.ndjson"},
	} {
		rapport(t, append([]string{"eval-solutions"}, strings.Fields(c.args)...)...).want(t, exitUsage, c.want)
	}
}

// TestEvalSolutionsRefusesFixes: a fix without words and one whose id stood before are refused
// by line, the others are taken.
func TestEvalSolutionsRefusesFixes(t *testing.T) {
	_, questions := deskFiles(t)
	for _, c := range []struct{ second, want string }{
		{`{"item_id": "f0", "title": "again"}`, `1 of 2 records was refused, the first at line 2: item_id: "f0" stands in line 1 already`},
		{`{"item_id": "f1"}`, "1 of 2 records was refused, the first at line 2: title: a title or a text is needed"},
	} {
		solutions := write(t, "fixes.ndjson", "{\"item_id\": \"f0\", \"title\": \"card payment\"}\n"+c.second+"\n")
		said := rapport(t, "eval-solutions", "--solutions", solutions, "--questions", questions, "--folds", "2", "--json", "-").want(t, exitOK)
		var report evaluate.Report
		if err := json.Unmarshal([]byte(said.out), &report); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(report.Warnings, "\n"); report.Dataset.Solutions != 1 || !strings.Contains(all, c.want) {
			t.Errorf("%d solutions, warned is %q; want 1 and %q", report.Dataset.Solutions, all, c.want)
		}
	}
}
