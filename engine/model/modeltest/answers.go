package modeltest

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// Answers measures what a source costs in one answer over the first so many items: Open
// alone, and with it Score. The queries take turns.
func Answers(b *testing.B, src model.Source, queries []*model.Query, items int) {
	b.Helper()
	nums, scores := make([]engine.ItemNum, items), make([]float32, items)
	for i := range nums {
		nums[i] = engine.ItemNum(i)
	}
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			src.Open(queries[i%len(queries)])
		}
	})
	b.Run("open+score", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			src.Open(queries[i%len(queries)]).Score(nums, scores)
		}
	})
}
