package factor

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// BenchmarkEpoch is of the size of MovieLens 100K's positives.
func BenchmarkEpoch(b *testing.B) {
	ids, histories := worldOf(943, 1447, 110)
	var builder model.Builder
	for _, h := range histories {
		builder.Add(h)
	}
	data := builder.Data(ids, 1)
	for _, d := range []int{64, 128} {
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			f := begun(data, Params{Dims: d, Workers: runtime.GOMAXPROCS(0)}.WithDefaults())
			for b.Loop() {
				if err := f.epoch(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(data.Cells()), "cells")
		})
	}
}

func BenchmarkRequest(b *testing.B) {
	ids, histories := worldOf(500, 2500, 60)
	var builder model.Builder
	for _, h := range histories {
		builder.Add(h)
	}
	m := mustFit(b, builder.Data(ids, 1), Params{Dims: 64, Epochs: 1, Workers: 2})
	q := &model.Query{}
	for n := range engine.ItemNum(50) {
		q.History = append(q.History, engine.Interest{Item: n * 7, Weight: 1})
	}
	items := make([]engine.ItemNum, 2500)
	for n := range items {
		items[n] = engine.ItemNum(n)
	}
	out := make([]float32, len(items))
	b.Run("fold-in of 50", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Open(q)
		}
	})
	b.Run("score 2500", func(b *testing.B) {
		s := m.Open(q)
		for b.Loop() {
			s.Score(items, out)
		}
	})
	b.Run("explain 10", func(b *testing.B) {
		for b.Loop() {
			s := m.Open(q)
			for n := range engine.ItemNum(10) {
				s.Explain(n, nil)
			}
		}
	})
}
