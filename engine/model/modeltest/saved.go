package modeltest

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// Saved tries Save and its Loader: the same scores to the bit, also in a store that
// numbers the items otherwise, and an error for bytes that were cut or changed. The
// queries may use History, Rows and Anchors only.
func Saved(t *testing.T, src model.Saver, load model.Loader, ids *catalogue.IDs, c Contract) {
	t.Helper()
	data := save(t, src)
	again, err := load(bytes.NewReader(data), ids)
	if err != nil {
		t.Fatalf("load what was saved: %v", err)
	}
	if twice := save(t, again.(model.Saver)); !bytes.Equal(twice, data) {
		t.Error("saved, loaded and saved, the bytes differ")
	}
	Source(t, again, c)
	same := func(n engine.ItemNum) engine.ItemNum { return n }
	sameScores(t, "loaded", src, again, c, same)

	others, to := renumbered(ids)
	moved, err := load(bytes.NewReader(data), others)
	if err != nil {
		t.Fatalf("load under other numbers: %v", err)
	}
	sameScores(t, "loaded under other numbers", src, moved, c, to)
	if _, err := load(bytes.NewReader(data), catalogue.NewIDs()); err != nil {
		t.Errorf("load where no item is known: %v", err)
	}
	Refuses(t, load, ids, data)
}

func save(t *testing.T, src model.Saver) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := src.Save(&out); err != nil {
		t.Fatalf("save: %v", err)
	}
	return out.Bytes()
}

// renumbered returns a table with the ids in reverse order behind one more, and the
// way from the old numbers to its.
func renumbered(ids *catalogue.IDs) (*catalogue.IDs, func(engine.ItemNum) engine.ItemNum) {
	others := catalogue.NewIDs()
	others.Assign("an item of this store only")
	for n := ids.Len() - 1; n >= 0; n-- {
		others.Assign(ids.ID(engine.ItemNum(n)))
	}
	return others, func(n engine.ItemNum) engine.ItemNum {
		if int(n) >= ids.Len() {
			return n + 1 // known to neither
		}
		to, _ := others.Num(ids.ID(n))
		return to
	}
}

// sameScores asks two sources the same, the second under other numbers.
func sameScores(t *testing.T, name string, a, b model.Source, c Contract, to func(engine.ItemNum) engine.ItemNum) {
	t.Helper()
	moved := make([]engine.ItemNum, len(c.Items))
	for i, n := range c.Items {
		moved[i] = to(n)
	}
	for i, q := range c.Queries {
		p := &model.Query{Now: q.Now, History: slices.Clone(q.History), Rows: slices.Clone(q.Rows), Anchors: slices.Clone(q.Anchors)}
		for k := range p.History {
			p.History[k].Item = to(p.History[k].Item)
		}
		for k := range p.Rows {
			p.Rows[k].Num = to(p.Rows[k].Num)
		}
		for k := range p.Anchors {
			p.Anchors[k] = to(p.Anchors[k])
		}
		want, got := make([]float32, len(c.Items)), make([]float32, len(c.Items))
		a.Open(q).Score(c.Items, want)
		b.Open(p).Score(moved, got)
		for k := range want {
			if math.Float32bits(got[k]) != math.Float32bits(want[k]) {
				t.Errorf("query %d, %s: item %d scores %v, %v before", i, name, c.Items[k], got[k], want[k])
			}
		}
	}
}

// Refuses tries that a loader refuses what is damaged: saved bytes cut at, and changed in,
// up to 300 places, and bytes of something else.
func Refuses(t *testing.T, load model.Loader, ids *catalogue.IDs, data []byte) {
	t.Helper()
	step := len(data)/300 + 1
	for at := 0; at < len(data); at += step {
		if _, err := load(bytes.NewReader(data[:at]), ids); err == nil {
			t.Errorf("cut after %d of %d bytes, it was loaded", at, len(data))
		}
		changed := slices.Clone(data)
		changed[at] ^= 1 << (at % 8)
		if _, err := load(bytes.NewReader(changed), ids); err == nil {
			t.Errorf("with byte %d of %d changed, it was loaded", at, len(data))
		}
	}
	for _, junk := range [][]byte{nil, []byte("not a model"), bytes.Repeat([]byte{0xff}, 4096)} {
		if _, err := load(bytes.NewReader(junk), ids); err == nil {
			t.Errorf("%d bytes of something else were loaded", len(junk))
		}
	}
}
