package training

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/tally"
)

// TestManyCasesShareCounters and still see nothing of what came after them.
func TestManyCasesShareCounters(t *testing.T) {
	const customers = 2*countersMost + 1
	ids := catalogue.NewIDs()
	n, _ := ids.Assign("lamp")
	s := NewSnapshot(ids, engine.DefaultSettings())
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for c := range customers {
		row := engine.Row{Num: n}
		row.Item, row.Type, row.At = "lamp", engine.Purchase, day.Add(time.Duration(c)*time.Minute)
		s.Add(engine.Subject{Kind: engine.CustomerSubject, ID: fmt.Sprint(c)}, []engine.Row{row})
	}
	cases := s.NextCases(day, day.AddDate(1, 0, 0), func(engine.Type) bool { return true }, 0)
	held := map[*tally.Counters]bool{}
	for i, c := range cases {
		held[c.Counters] = true
		if all := c.Counters.At(tally.AllTime, c.Now).All(); all > float64(i) || all < float64(i-2) {
			t.Fatalf("case %d counts %v purchases of the %d before it", i, all, i)
		}
	}
	if len(cases) != customers || len(held) > countersMost || len(held) < countersMost/2 {
		t.Errorf("%d cases hold %d counters", len(cases), len(held))
	}
}
