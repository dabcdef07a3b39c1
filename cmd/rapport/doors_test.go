package main

import (
	"strings"
	"testing"
)

// The keys for pages come from the environment, and what would open too much is refused.
func TestDoorsFrom(t *testing.T) {
	secret := strings.Repeat("s", leastSecret)
	for _, c := range []struct {
		name, publishable, secret string
		origins                   []string
		wrong                     string // part of the refusal
	}{
		{"nothing", "", "", nil, ""},
		{"a key", "pk", "", nil, ""},
		{"all of it", "pk", secret, []string{"https://shop.example", "http://localhost:3000"}, ""},
		{"an origin without a key", "", "", []string{"https://shop.example"}, "RAPPORT_PUBLISHABLE_KEY"},
		{"a secret without a key", "", secret, nil, "RAPPORT_PUBLISHABLE_KEY"},
		{"every origin", "pk", "", []string{"*"}, "--origin"},
		{"a short secret", "pk", secret[1:], nil, "16"},
		{"the API key", "the-key", "", nil, "everything"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("RAPPORT_PUBLISHABLE_KEY", c.publishable)
			t.Setenv("RAPPORT_TOKEN_SECRET", c.secret)
			d, err := doorsFrom(c.origins, "the-key")
			switch {
			case c.wrong != "":
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("got %v, want a refusal with %q", err, c.wrong)
				}
			case err != nil || d.publishable != c.publishable || d.secret != c.secret || len(d.origins) != len(c.origins):
				t.Errorf("got %+v and %v, want it taken", d, err)
			}
		})
	}
}
