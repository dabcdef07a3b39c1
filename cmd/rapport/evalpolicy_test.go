package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// openBandit is a log in the form of the Open Bandit data: weights under a uniform policy
// of two items are 1, 2, 1 and 2/3.
const openBandit = `,timestamp,item_id,position,click,propensity_score,user_feature_0
0,2019-11-24 00:01:03.979311+00:00,7,1,0,0.5,cef3
1,2019-11-24 00:01:04.979311+00:00,9,1,1,0.25,cef3
2,2019-11-24 00:01:05.979311+00:00,9,2,0,0.5,cef3
3,2019-11-24 00:01:06.979311+00:00,7,2,1,0.75,cef3
`

func TestEvalPolicy(t *testing.T) {
	log := write(t, "log.csv", openBandit)
	got := rapport(t, "eval-policy", "--impressions", log, "--preset", "open-bandit", "--policy", "uniform", "--json", "-")
	var report struct {
		Version, SHA256 string
		Estimates       []struct {
			Name  string
			Value float64
		}
		Weights struct{ Mean, ESS float64 }
	}
	got.want(t, exitOK, "USELESS WEIGHTS")
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || report.Version == "" || len(report.SHA256) != 64 {
		t.Fatalf("%v in %s", err, got.out)
	}
	if v := report.Estimates[1]; v.Name != "ips" || v.Value != (2+0.5/0.75)/4 {
		t.Errorf("ips is %+v", v)
	}
	// The same as a file, by other names of columns.
	renamed := write(t, "renamed.csv", strings.NewReplacer("item_id", "arm", "click", "bought", "propensity_score", "p").Replace(openBandit))
	halves := write(t, "policy.csv", "item_id,probability\n7,0.5\n9,0.5\n")
	again := rapport(t, "eval-policy", "--impressions", renamed, "--map", "arm=item_id,bought=reward,p=propensity", "--policy", halves)
	again.want(t, exitOK, "ips        0.666667", "effective sample size 3 ")
}

func TestEvalPolicyRefuses(t *testing.T) {
	log, none := write(t, "log.csv", openBandit), write(t, "none.csv", "item_id,click\n7,1\n")
	answers := write(t, "answers.ndjson", `{"recommendation_id":"r","at":"2026-01-01T00:00:00Z","request":{},"answer":{"items":[]}}`+"\n")
	short := write(t, "short.csv", "item_id,probability\n7,0.5\n")
	mistaken := write(t, "mistaken.csv", "item_id,probabilty\n7,1\n")
	plain, elsewhere := write(t, "plain.csv", "item_id,reward,propensity\na,1,0.5\n"), write(t, "elsewhere.csv", "item_id,probability,context\na,1,x\n")
	for _, c := range []struct {
		about string
		args  []string
		want  string
	}{
		{"no propensities", []string{"--impressions", none, "--policy", "uniform"}, "the probability with which the item was shown is needed"},
		{"our own answers", []string{"--impressions", answers, "--policy", "uniform"}, "no chance was in it"},
		{"no distribution", []string{"--impressions", log, "--policy", short}, "add up to 0.5"},
		{"an unknown column", []string{"--impressions", log, "--policy", mistaken}, `did you mean "probability"`},
		{"too few items", []string{"--impressions", log, "--policy", "uniform", "--actions", "1"}, "the log shows 2 actions"},
		{"items beside a file", []string{"--impressions", log, "--policy", short, "--actions", "3"}, "--policy uniform"},
		{"a policy for other rounds", []string{"--impressions", plain, "--policy", elsewhere}, "rows without these are for all rounds"},
		{"a policy that is misspelt", []string{"--impressions", log, "--policy", "unifrom"}, "--policy: uniform, or a file with item_id and probability"},
		{"no such file", []string{"--impressions", "nowhere.csv", "--policy", "uniform"}, "nowhere.csv"},
		{"nowhere to write", []string{"--impressions", log, "--policy", "uniform", "--json", filepath.Join(t.TempDir(), "nowhere", "result.json")}, "nowhere"},
		{"no such preset", []string{"--impressions", log, "--preset", "open-bandits", "--policy", "uniform"}, "open-bandit"},
	} {
		t.Run(c.about, func(t *testing.T) {
			rapport(t, append([]string{"eval-policy"}, c.args...)...).want(t, exitUsage, c.want)
		})
	}
}
