package bridge

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/text"
)

// BenchmarkAnswer is an answer over 5,000 items, every tenth of them new, for histories of
// some fifty: by "mapped" alone, by it after "factor" in the same answer, and by "profile".
func BenchmarkAnswer(b *testing.B) {
	const items, known = 5000, 4500
	ids, rng := catalogue.NewIDs(), rand.New(rand.NewPCG(3, 4))
	var entries []catalogue.Entry
	for i := range items {
		item := &engine.Item{ID: engine.ItemID(fmt.Sprint("item", i))}
		item.Title = fmt.Sprint("word", rng.IntN(300), " word", rng.IntN(300), " word", rng.IntN(300))
		n, _ := ids.Assign(item.ID)
		entries = append(entries, catalogue.Entry{Num: n, Item: item})
	}
	content := text.NewVectors(text.Untrained(128)).With(entries)
	histories := modeltest.Histories(5, 1000, known, 50)
	var build model.Builder
	for _, h := range histories {
		build.Add(h)
	}
	base, err := factor.Fit(b.Context(), build.Data(ids, 1), factor.Params{Epochs: 1}, nil)
	if err != nil {
		b.Fatal(err)
	}
	mapped, err := Fit(b.Context(), base, content, Params{})
	if err != nil {
		b.Fatal(err)
	}
	profile, err := FitProfile(b.Context(), base, people(), ProfileParams{Attributes: "region+age+tags+member"})
	if err != nil {
		b.Fatal(err)
	}
	var queries []*model.Query
	nums, scores := make([]engine.ItemNum, items), make([]float32, items)
	for i := range nums {
		nums[i] = engine.ItemNum(i)
	}
	for _, h := range histories[:50] {
		queries = append(queries, &model.Query{Content: content, History: h})
	}
	mapped.Prepare(content, nums, 1)
	b.Run("mapped", func(b *testing.B) { modeltest.Answers(b, mapped, queries, items) })
	b.Run("factor and mapped", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			q := *queries[i%len(queries)]
			q.Shared = new(model.Shared)
			base.Open(&q).Score(nums, scores)
			mapped.Open(&q).Score(nums, scores)
		}
	})
	b.Run("profile", func(b *testing.B) { modeltest.Answers(b, profile, []*model.Query{{Customer: northern}}, items) })
}
