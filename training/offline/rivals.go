package offline

import (
	"slices"

	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/peer"
)

// rivalSpaces are where a tuning looks for the peers' settings, as it does for ours: a
// comparison is fair where both were looked for alike.
var rivalSpaces = map[string][]training.Range{
	peer.BPR: {
		{Name: "lr", Low: 0.005, High: 0.5, Log: true},
		{Name: "reg", Low: 0.001, High: 0.3, Log: true},
		{Name: "epochs", Low: 20, High: 200, Log: true, Whole: true},
	},
	peer.ALS: {
		{Name: "alpha", Low: 0.01, High: 2, Log: true},
		{Name: "reg", Low: 0.003, High: 1, Log: true},
		{Name: "epochs", Low: 5, High: 60, Log: true, Whole: true},
	},
}

// IsPeer reports whether a model is of those we compare with, which serve no shop.
func IsPeer(name string) bool { return slices.Contains(peer.Names(), name) }
