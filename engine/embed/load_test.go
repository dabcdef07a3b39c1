package embed

import (
	"bytes"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// bitmap returns all items of the model.
func (m *Model) bitmap() *roaring.Bitmap {
	all := roaring.New()
	for row := range m.rows.Len() {
		all.Add(uint32(m.rows.Num(row)))
	}
	return all
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but do not fit
// together: neither may panic.
func FuzzLoad(f *testing.F) {
	data, ids, _ := world(8, 6)
	var saved bytes.Buffer
	if err := mustFit(f, data, Params{Dims: 2, Epochs: 1}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", 2, 4)
	f.Fuzz(func(t *testing.T, raw []byte, id string, dims, values int) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		p := Params{}.WithDefaults()
		p.Dims = dims
		w.JSON(p)
		w.Texts([]string{id, "item-2"})
		w.Float32s(make([]float32, min(max(values, 0), 1000)))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			s := src.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}})
			s.Score([]engine.ItemNum{1, 2}, make([]float32, 2))
			s.Propose(src.(*Model).bitmap(), 2, nil)
		}
	})
}
