package training

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/session"
)

// TestTake: what is given is not searched for, all else is; nothing given changes nothing.
func TestTake(t *testing.T) {
	whole := DefaultSearch()
	got, named, err := whole.Take(map[string]map[string]any{
		"factor": {"lambda": 0.0123, "dims": 48.0}, "session": {"gap": 7.2e12}, "ease": {},
	})
	if err != nil || !reflect.DeepEqual(named, []string{"factor", "session"}) {
		t.Fatalf("named %v, %v", named, err)
	}
	for i, k := range got {
		switch first := k.Tries[0].(type) {
		case factor.Params:
			want := whole[i].Tries[0].(factor.Params)
			want.Lambda, want.Dims = 0.0123, 48
			if len(k.Tries) != 1 || first != want {
				t.Errorf("factor is tried with %v, want %v alone", k.Tries, want)
			}
		case session.Params:
			if len(k.Tries) != 1 || first.Gap.Hours() != 2 {
				t.Errorf("session is tried with %v", k.Tries)
			}
		default:
			if len(k.Tries) != len(whole[i].Tries) {
				t.Errorf("%s is tried with %v", k.Name, k.Tries)
			}
		}
	}
	if again := DefaultSearch(); len(whole[0].Tries) != len(again[0].Tries) {
		t.Error("the search that was given has changed")
	}
	// What a study installs, all settings of a kind, comes back as it was.
	for _, k := range DefaultSearch() {
		all := make(map[string]any)
		for name, value := range k.Settings(k.Tries[0]) {
			all[name] = value
		}
		one, _, err := DefaultSearch().Take(map[string]map[string]any{k.Name: all})
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		for _, taken := range one {
			if taken.Name == k.Name && taken.Tries[0] != k.Tries[0] {
				t.Errorf("%s: %+v came back as %+v", k.Name, k.Tries[0], taken.Tries[0])
			}
		}
	}
}

func TestTakeRefuses(t *testing.T) {
	for _, c := range []struct {
		sources map[string]map[string]any
		field   string
	}{
		{map[string]map[string]any{"facter": {"lambda": 1.0}}, "facter"},
		{map[string]map[string]any{"factor": {"lamda": 1.0}}, "factor.lamda"},
		{map[string]map[string]any{"factor": {"dims": "many"}}, "factor.dims"},
		{map[string]map[string]any{"factor": {"dims": 2.5}}, "factor.dims"},
		{map[string]map[string]any{"factor": {"dims": 100_000.0}}, "factor.dims"},
		{map[string]map[string]any{"factor": {"epochs": 1e9}}, "factor.epochs"},
		{map[string]map[string]any{"ease": {"lambda": -5.0}}, "ease.lambda"},
		{map[string]map[string]any{"ridge": {"recent": 5.0}}, "ridge.recent"},
		{map[string]map[string]any{"itemknn": {"weighting": "loud"}}, "itemknn.weighting"},
		{map[string]map[string]any{"embed": {"method": "loud"}}, "embed.method"},
		{map[string]map[string]any{"own": {"causes": -1.0}}, "own.causes"},
		{map[string]map[string]any{"session": {"gap": "-30m"}}, "session.gap"},
		{map[string]map[string]any{"markov": {"steps": 4.0}}, "markov.steps"},
		{map[string]map[string]any{"rules": {"fall": "loud"}}, "rules.fall"},
		{map[string]map[string]any{"buy_again": {"prior": -1.0}}, "buy_again.prior"},
		{map[string]map[string]any{"tifu": {"alpha": 7.0}}, "tifu.alpha"},
		{map[string]map[string]any{"mapped": {"near": -7.0}}, "mapped.near"},
		{map[string]map[string]any{"profile": {"lambda": -1.0}}, "profile.lambda"},
	} {
		_, _, err := DefaultSearch().Take(c.sources)
		if invalid, ok := errors.AsType[*engine.Invalid](err); !ok || invalid.Field != c.field {
			t.Errorf("%v: %v, want %s refused", c.sources, err, c.field)
		}
	}
	// A training goes on all the same: what is stored may be of another version.
	var said strings.Builder
	all := DefaultSearch()
	means := &Means{Search: &all, Log: slog.New(slog.NewTextHandler(&said, nil))}
	search, named := means.searching(engine.Settings{Sources: map[string]map[string]any{"of-old": {"x": 1.0}}})
	if len(search) != len(DefaultSearch()) || named != nil || !strings.Contains(said.String(), "of-old") {
		t.Errorf("%d kinds, named %v, said %q", len(search), named, said.String())
	}
}
