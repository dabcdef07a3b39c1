package main

import (
	"os"
	"strings"

	"github.com/rapportengine/rapport/api"
)

// doors are what a server offers beside its own routes: what pages in a browser may do,
// and whether every request leaves a line.
type doors struct {
	publishable string
	secret      string
	origins     []string
	accessLog   bool
}

// leastSecret is the length that a secret for customer tokens has at least: a shorter
// one can be found by trying.
const leastSecret = 16

// doorsFrom reads the keys from the environment, since a flag stands in every process
// list, and checks them and the origins. key is the API key.
func doorsFrom(origins []string, key string) (doors, error) {
	d := doors{
		publishable: strings.TrimSpace(os.Getenv("RAPPORT_PUBLISHABLE_KEY")),
		secret:      strings.TrimSpace(os.Getenv("RAPPORT_TOKEN_SECRET")),
		origins:     origins,
	}
	for _, origin := range origins {
		if err := api.CheckOrigin(origin); err != nil {
			return d, usagef("--origin: %w", err)
		}
	}
	switch {
	case d.publishable == "" && (len(origins) > 0 || d.secret != ""):
		return d, usagef("--origin and RAPPORT_TOKEN_SECRET are for pages in a browser, and those need RAPPORT_PUBLISHABLE_KEY")
	case d.publishable != "" && d.publishable == key:
		return d, usagef("RAPPORT_PUBLISHABLE_KEY is the API key, which opens everything; pages in a browser need one of their own")
	case d.secret != "" && len(d.secret) < leastSecret:
		return d, usagef("RAPPORT_TOKEN_SECRET has %d characters; at least %d are wanted", len(d.secret), leastSecret)
	}
	return d, nil
}
