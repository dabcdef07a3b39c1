package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Distance is the number of bytes to insert, delete or replace to make b of a
// (Levenshtein 1966): how far apart two names are, for "did you mean".
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// NearNames says in a clause which of the known names may have been meant by one that
// is not among them: "near it are colour, color", or the known ones where none is near.
func NearNames(name string, known []string) string {
	once := make([]string, 0, len(known))
	for _, k := range known {
		if !slices.Contains(once, k) {
			once = append(once, k)
		}
	}
	known = once
	type near struct {
		name string
		far  int
	}
	var found []near
	limit := min(1+len(name)/3, 3)
	for _, k := range known {
		lower, sought := strings.ToLower(k), strings.ToLower(name)
		switch far := Distance(lower, sought); {
		case far <= limit:
			found = append(found, near{k, far})
		case len(sought) > 2 && strings.Contains(lower, sought):
			found = append(found, near{k, limit + 1})
		}
	}
	if len(found) == 0 {
		const most = 10
		if len(known) > most {
			return fmt.Sprintf("there are %s and %d more", strings.Join(known[:most], ", "), len(known)-most)
		}
		return "there are " + strings.Join(known, ", ")
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.far, b.far) })
	var names []string
	for _, n := range found[:min(len(found), 3)] {
		names = append(names, n.name)
	}
	return "near it are " + strings.Join(names, ", ")
}
