package serving

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
)

// filled sets every field of a struct to something of its type, or leaves it empty: a
// field that a row gets one day is folded too, or this test fails.
func filled(t *testing.T, rng *rand.Rand, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() != reflect.Struct && rng.IntN(2) == 0 {
			continue
		}
		switch x := f.Addr().Interface().(type) {
		case *time.Time:
			*x = time.UnixMilli(rng.Int64N(4e14) - 6e13).UTC()
		case *engine.Hash16:
			*x = engine.HashOf(fmt.Sprint(rng.Uint64()))
		case *map[string]any:
			*x = map[string]any{"size": "M"}
		case *engine.ItemNum: // goes with Item
		default:
			switch f.Kind() {
			case reflect.Struct:
				filled(t, rng, f)
			case reflect.String:
				f.SetString([]string{"lamp", "é", fmt.Sprint("text-", rng.Uint64())}[rng.IntN(3)])
			case reflect.Uint16:
				f.SetUint(uint64(rng.IntN(1 << 16)))
			case reflect.Uint64:
				f.SetUint(rng.Uint64())
			case reflect.Int:
				f.SetInt(rng.Int64() - math.MaxInt64/2)
			case reflect.Float64:
				f.SetFloat([]float64{1, -2, 0.1, math.Copysign(0, -1), math.Inf(1)}[rng.IntN(5)])
			case reflect.Bool:
				f.SetBool(true)
			default:
				t.Fatalf("no value for a field %s %s", v.Type().Field(i).Name, f.Type())
			}
		}
	}
}

func TestFoldedStatesComeBack(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		ids := catalogue.NewIDs()
		var rows []engine.Row
		for range rng.IntN(30) {
			var r engine.Row
			if n := len(rows); n > 0 && rng.IntN(2) == 0 {
				r = rows[n-1] // and little else than that
			} else {
				filled(t, rng, reflect.ValueOf(&r).Elem())
			}
			r.Item, r.Num = "", 0
			if rng.IntN(4) > 0 {
				r.Item = engine.ItemID(fmt.Sprint("item-", rng.IntN(300)))
				r.Num, _ = ids.Assign(r.Item)
			}
			rows = append(rows, r)
		}
		if got := fold(rows, ids).Rows(); !reflect.DeepEqual(got, rows) {
			t.Fatalf("seed %d: got %+v\nwant %+v", seed, got, rows)
		}
	}
}

// usual is a state as shops have them: some views and purchases of one session after the
// other.
func usual(ids *catalogue.IDs, rows int) *recommend.Someone {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	who := &recommend.Someone{Subject: engine.OfCustomer("customer-1"), Bought: roaring.New(), Dismissed: roaring.New()}
	for i := range rows {
		r := engine.Row{Seq: uint64(1e6 + 700*i), Event: engine.HashOf(fmt.Sprint(i)), Received: at.Add(time.Second)}
		r.EventID, r.Type, r.Customer, r.Session = fmt.Sprint("e1-", i), engine.View, "customer-1", engine.SessionID(fmt.Sprint("v1-", i/4))
		r.Item, r.At, at = engine.ItemID(fmt.Sprint("item-", i*37%100)), at, at.Add(time.Hour)
		r.Num, _ = ids.Assign(r.Item)
		who.Rows = append(who.Rows, r)
	}
	return who
}

func TestFoldedStatesAreSmall(t *testing.T) {
	ids := catalogue.NewIDs()
	who := usual(ids, 100)
	if open, small := sizeOf(who), sizeOf(who.Pack(fold(who.Rows, ids))); small > open/6 {
		t.Errorf("a state of %d bytes folds to %d, want a sixth", open, small)
	}
}

func BenchmarkFold(b *testing.B) {
	ids := catalogue.NewIDs()
	who := usual(ids, 100)
	b.Run("fold", func(b *testing.B) {
		for b.Loop() {
			fold(who.Rows, ids)
		}
	})
	f := fold(who.Rows, ids)
	b.Run("unfold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.Rows()
		}
	})
}
