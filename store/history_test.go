package store

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// sortByTime against the sort of whole rows.
func TestSortByTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]engine.Row, rapid.IntRange(0, 40).Draw(t, "rows"))
		for i := range rows {
			rows[i].At = time.UnixMilli(rapid.Int64Range(-2, 2).Draw(t, "at")).UTC()
			rows[i].Seq = rapid.Uint64Range(0, 3).Draw(t, "seq")
			rows[i].Line = rapid.Uint16Range(0, 3).Draw(t, "line")
			rows[i].Num = engine.ItemNum(i) // who is who
		}
		want := slices.Clone(rows)
		byTime := func(a, b engine.Row) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Line, b.Line))
		}
		slices.SortStableFunc(want, byTime)
		sortByTime(rows)
		if !slices.IsSortedFunc(rows, byTime) {
			t.Fatalf("not in order: %+v", rows)
		}
		// Rows that are alike may stand in any order, but each stands once.
		byNum := func(a, b engine.Row) int { return cmp.Or(byTime(a, b), cmp.Compare(a.Num, b.Num)) }
		slices.SortFunc(rows, byNum)
		for i := range rows {
			if rows[i].Num != want[i].Num || byTime(rows[i], want[i]) != 0 {
				t.Fatalf("row %d is %+v, want %+v", i, rows[i], want[i])
			}
		}
	})
}

// A row that was read has nothing of the bytes it was read from.
func TestRowsKeepNothingOfTheirBytes(t *testing.T) {
	who := engine.OfCustomer("ann")
	for _, row := range []engine.Row{
		{Interaction: engine.Interaction{Type: engine.View, Customer: "ann", Item: "lamp", At: firstTime, Quantity: 2}, Seq: 7, Received: firstTime},
		{Interaction: engine.Interaction{Type: "wink", Customer: "ann", Item: "lamp", At: firstTime}, Seq: 7, Received: firstTime},
		{Interaction: engine.Interaction{Type: engine.Purchase, Customer: "ann", Session: "visit", OrderID: "o-1", At: firstTime, Properties: map[string]any{"a": "b"}}, Received: firstTime},
	} {
		value, err := appendRow(nil, &row, who)
		if err != nil {
			t.Fatal(err)
		}
		key := make([]byte, eventKeyBytes)
		got, err := decodeRow(key, value, who, oneName{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range value {
			value[i] = 0xff
		}
		if got.Type != row.Type || got.OrderID != row.OrderID || got.Session != row.Session || got.Customer != "ann" || len(got.Properties) != len(row.Properties) {
			t.Errorf("after its bytes have changed a row is %+v, want %+v", got, row)
		}
	}
}

type oneName struct{}

func (oneName) ID(engine.ItemNum) engine.ItemID { return "lamp" }
func (oneName) Len() int                        { return 1 }
