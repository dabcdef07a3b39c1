package store

import (
	"bytes"
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
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

// Of all that keys held, what stands is what Badger says they hold: written again, deleted, expired
// and written anew, as of any moment.
func TestVersionsThatStand(t *testing.T) {
	s := openTest(t, "")
	rapid.Check(t, func(t *rapid.T) {
		var subject engine.Hash16 // of a history that is nobody's yet
		copy(subject[:], rapid.SliceOfN(rapid.Byte(), len(subject), len(subject)).Draw(t, "subject"))
		var reads []*badger.Txn
		for range rapid.IntRange(1, 8).Draw(t, "commits") {
			err := s.db.Update(func(txn *badger.Txn) error {
				for range rapid.IntRange(1, 4).Draw(t, "writes") {
					key := eventKey(subject, engine.Hash16{}, rapid.Uint16Range(0, 3).Draw(t, "line"))
					e := badger.NewEntry(key, rapid.SliceOfN(rapid.Byte(), 1, 3).Draw(t, "value"))
					switch rapid.SampledFrom([]string{"set", "set", "delete", "expire"}).Draw(t, "does") {
					case "delete":
						if err := txn.Delete(key); err != nil {
							return err
						}
						continue
					case "expire":
						e.ExpiresAt = 1
					}
					if err := txn.SetEntry(e); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			txn := s.db.NewTransaction(false)
			defer txn.Discard()
			reads = append(reads, txn)
		}
		all := func(it *badger.Iterator, stands func(*badger.Item) bool) (out [][]byte) {
			defer it.Close()
			for it.Seek(hashKey(eventLetter, subject)); it.ValidForPrefix(hashKey(eventLetter, subject)); it.Next() {
				if !stands(it.Item()) {
					continue
				}
				value, err := it.Item().ValueCopy(nil)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, it.Item().KeyCopy(nil), value)
			}
			return out
		}
		for i, txn := range reads {
			var held versions
			got := all(histories(txn), held.stand)
			want := all(iterator(txn, eventLetter), func(*badger.Item) bool { return true })
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("as of commit %d stands\n%x, want\n%x", i, got, want)
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
