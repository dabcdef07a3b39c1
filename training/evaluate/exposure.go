package evaluate

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Background is what the metrics of all lists together measure against. What is left
// empty leaves out the metrics that need it.
type Background struct {
	// Items could have been shown to somebody: the catalogue of the evaluation, no
	// item twice. Coverage and gini need it.
	Items []engine.ItemNum
	// Customers is how many there were to learn from, and Reach how many of them had
	// an item. Novelty needs both.
	Customers int
	Reach     map[engine.ItemNum]int
	// Similarity of two items, 1 for alike; not ok where nothing is known of one of
	// them. Diversity needs it.
	Similarity func(a, b engine.ItemNum) (similarity float64, ok bool)
}

// coverage is the items that stand in the first k of somebody's list / all items.
func coverage(lists [][]engine.ItemNum, k int, bg *Background) (float64, bool) {
	if len(bg.Items) == 0 || len(lists) == 0 {
		return 0, false
	}
	var shown int
	for _, n := range exposures(lists, k, bg.Items) {
		if n > 0 {
			shown++
		}
	}
	return float64(shown) / float64(len(bg.Items)), true
}

// gini says how unevenly the places of all lists are shared among the n items, 0 (every
// item as often as the next) to nearly 1 (always the same few):
//
//	sum over j = 1..n of (2j - n - 1) x(j) / (n sum of x)
//
// with x(j) the j-th smallest number of lists an item stands in, never shown ones
// included (Fleder and Hosanagar 2009 use it for recommendations).
func gini(lists [][]engine.ItemNum, k int, bg *Background) (float64, bool) {
	shown := exposures(lists, k, bg.Items)
	slices.Sort(shown)
	n := len(shown)
	var weighted, total float64
	for i, x := range shown {
		weighted += float64(2*i+1-n) * float64(x)
		total += float64(x)
	}
	if total == 0 {
		return 0, false
	}
	return weighted / (float64(n) * total), true
}

// novelty is the mean over all places of all lists of an item's self-information in
// bits (Zhou et al. 2010),
//
//	-log2((reach + 1) / (customers + 1))
//
// where adding one keeps an item that nobody had finite, and above all others.
func novelty(lists [][]engine.ItemNum, k int, bg *Background) (float64, bool) {
	if bg.Customers == 0 {
		return 0, false
	}
	var bits float64
	var places int
	for _, list := range lists {
		for _, n := range list[:min(k, len(list))] {
			bits -= math.Log2(float64(bg.Reach[n]+1) / float64(bg.Customers+1))
			places++
		}
	}
	if places == 0 {
		return 0, false
	}
	return bits / float64(places), true
}

// diversity is the mean over lists of the mean of 1 - similarity over the pairs of the
// first k (Smyth and McClave 2001). Pairs of which nothing is known are left out, and
// so are lists without any other.
func diversity(lists [][]engine.ItemNum, k int, bg *Background) (float64, bool) {
	if bg.Similarity == nil {
		return 0, false
	}
	var sum float64
	var counted int
	for _, list := range lists {
		if d, ok := unlikeness(list[:min(k, len(list))], bg.Similarity); ok {
			sum += d
			counted++
		}
	}
	if counted == 0 {
		return 0, false
	}
	return sum / float64(counted), true
}

func unlikeness(list []engine.ItemNum, similarity func(a, b engine.ItemNum) (float64, bool)) (float64, bool) {
	var sum float64
	var pairs int
	for i, a := range list {
		for _, b := range list[:i] {
			if s, ok := similarity(a, b); ok {
				sum += 1 - s
				pairs++
			}
		}
	}
	if pairs == 0 {
		return 0, false
	}
	return sum / float64(pairs), true
}

// exposures counts, for each of items, the places it holds in the first k of the lists.
// Items outside are not counted: shares stay between 0 and 1 whatever a foreign list
// holds.
func exposures(lists [][]engine.ItemNum, k int, items []engine.ItemNum) []int {
	at := make(map[engine.ItemNum]int, len(items))
	for i, n := range items {
		at[n] = i
	}
	shown := make([]int, len(items))
	for _, list := range lists {
		for _, n := range list[:min(k, len(list))] {
			if i, ok := at[n]; ok {
				shown[i]++
			}
		}
	}
	return shown
}
