package record

import (
	"reflect"
	"strings"
	"testing"
)

func TestRounds(t *testing.T) {
	open := ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0\n0,2019-11-24 00:01:03.979311+00:00,2,3,1,0.25,cef3,0.0\n"
	for _, c := range []struct {
		in string
		o  Options
	}{
		{open, Options{Preset: "open-bandit"}},
		{open, Options{}},
		{"item_id,position,reward,propensity\n2,3,1,0.25\n", Options{}},
		{`{"item_id":"2","position":3,"reward":1,"propensity":0.25}`, Options{}},
		{"a,k,r,p\n2,3,1,0.25\n", Options{Mapping: mapping("a=item_id,k=position,r=reward,p=propensity")}},
	} {
		got, refused, end := gather(Rounds(strings.NewReader(c.in), c.o))
		if want := (Round{Action: "2", Position: 3, Reward: 1, Propensity: 0.25}); end != nil || refused != nil || len(got) != 1 || got[0].Value != want {
			t.Errorf("%q: got %+v, %v, %v; want %+v", c.in, got, refused, end, want)
		}
	}
}

func TestRoundsRefused(t *testing.T) {
	for _, c := range []struct{ row, field string }{
		{",1,0.5", "item_id"},
		{"a,1,", "propensity"},
		{"a,1,0", "propensity"},
		{"a,1,1e-200", "propensity"},
		{"a,1,1.5", "propensity"},
		{"a,1,-0.5", "propensity"},
		{"a,1,NaN", "propensity"},
		{"a,,0.5", "reward"},
	} {
		got, refused, end := gather(Rounds(strings.NewReader("item_id,reward,propensity\n"+c.row+"\n"), Options{}))
		if end != nil || len(got) != 0 || len(refused) != 1 || refused[0].Field != c.field {
			t.Errorf("%q: got %+v, %v, %v, want a refused %s", c.row, got, refused, end, c.field)
		}
	}
	answer := `{"recommendation_id":"r","request":{},"answer":{"items":[]}}`
	if _, refused, _ := gather(Rounds(strings.NewReader(answer), Options{})); len(refused) != 1 || !strings.Contains(refused[0].Want, "no chance was in it") {
		t.Errorf("an export of answers is refused by %v", refused)
	}
}

func TestProbabilities(t *testing.T) {
	got, refused, end := gather(Probabilities(strings.NewReader("context,item_id,position,probability\nx,a,1,0\nx,b,1,1\nx,b,1,2\n"), Options{}))
	var values []Probability
	for _, e := range got {
		values = append(values, e.Value)
	}
	want := []Probability{{Context: "x", Action: "a", Position: 1}, {Context: "x", Action: "b", Position: 1, Value: 1}}
	if end != nil || len(refused) != 1 || refused[0].Line != 4 || !reflect.DeepEqual(values, want) {
		t.Errorf("got %+v, %v, %v; want %+v", values, refused, end, want)
	}
}
