package record

import (
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// unknownName refuses a name that is not among known and offers the nearest.
func unknownName(code, name, what string, known []string) problem {
	shown := shorten(name)
	if near := nearest(name, known); near != "" {
		return engine.Invalidf(code, shown, "no %s is called %q; did you mean %q?", what, shown, near)
	}
	if len(known) > 12 {
		return engine.Invalidf(code, shown, "no %s is called %q", what, shown)
	}
	return engine.Invalidf(code, shown, "no %s is called %q; known are %s", what, shown, strings.Join(slices.Sorted(slices.Values(known)), ", "))
}

// nearest returns the known name closest to name, "" if none is close: at most a third
// of its letters differ, or two of five. Case, dashes and underscores do not count; ties
// go to the first by alphabet.
func nearest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, at := "", 1+len(name)/3
	if len(name) == 5 {
		at = 3 // two letters swapped are two that differ
	}
	plain := bare(name)
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := engine.Distance(plain, bare(k)); d < at {
			best, at = k, d
		}
	}
	return best
}

func bare(s string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(s))
}

// shorten cuts text to what a message can hold.
func shorten(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "..."
}
