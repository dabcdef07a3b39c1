package record

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/rapportengine/rapport/engine"
)

// wrote writes one record as Parquet and reads it back by the names of the columns.
func wrote[T any](t *testing.T, writer func(io.Writer, Format) Writer[T], record T) map[string]any {
	t.Helper()
	var b bytes.Buffer
	w := writer(&b, Parquet)
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	row := map[string]any{}
	if err := parquet.NewReader(bytes.NewReader(b.Bytes())).Read(&row); err != nil {
		t.Fatalf("read back: %v", err)
	}
	return row
}

func TestWhatAnEvaluationLeavesIsReadBack(t *testing.T) {
	asked := Asked{Query: "ann#2", Customer: "ann"}
	score, cut := 0.0, int64(0) // a score of 0 is one
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ got, want map[string]any }{
		"parted": {
			wrote(t, PartedWriter, Parted{engine.Interaction{Customer: "ann", Item: "x", Type: "purchase", At: at}, "valid", nil}),
			map[string]any{"part": "valid", "cut": nil, "customer_id": "ann", "item_id": "x", "type": "purchase", "at": at.UnixMicro()},
		},
		"parted at several cuts": {
			wrote(t, PartedWriter, Parted{engine.Interaction{Customer: "ann", Item: "x", Type: "purchase", At: at}, "train", &cut}),
			map[string]any{"part": "train", "cut": int64(0)}, // before the first is a place
		},
		"recommended": {
			wrote(t, RecommendedWriter, Recommended{"ease", asked, "x", 3, &score, false}),
			map[string]any{"model": "ease", "query": "ann#2", "customer_id": "ann", "item_id": "x", "rank": int64(3), "score": 0.0, "hit": false},
		},
		"recommended elsewhere": {
			wrote(t, RecommendedWriter, Recommended{"theirs", asked, "x", 1, nil, true}),
			map[string]any{"model": "theirs", "score": nil, "hit": true, "session_id": nil},
		},
		"wanted": {wrote(t, WantedWriter, Wanted{asked, "x", at}), map[string]any{"query": "ann#2", "item_id": "x", "at": at.UnixMicro()}},
		"scored": {wrote(t, ScoredWriter, Scored{"ease", asked, "ndcg@10", 0}), map[string]any{"metric": "ndcg@10", "value": 0.0, "model": "ease"}},
	} {
		for column, want := range c.want {
			got, is := c.got[column]
			if when, ok := got.(time.Time); ok {
				got = when.UnixMicro()
			}
			if !is || got != want {
				t.Errorf("%s: %s = %v (%T), want %v (%T)", name, column, got, got, want, want)
			}
		}
	}
}

// A list that was left for a notebook is one that rapport metrics reads.
func TestRecommendedIsAListing(t *testing.T) {
	for _, f := range []Format{NDJSON, Table, Parquet} {
		var b bytes.Buffer
		w := RecommendedWriter(&b, f)
		for i, item := range []engine.ItemID{"x", "y"} {
			score := 1 / float64(i+1)
			if err := w.Write(Recommended{"ease", Asked{"ann#2", "ann", ""}, item, i + 1, &score, true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, refused := shown(t, bytes.NewReader(b.Bytes()), AnyListing)
		if len(got) != 2 || got[0] != "ann#2/ease: x:1:1:-" || got[1] != "ann#2/ease: y:2:0.5:-" {
			t.Errorf("form %d: got %v, %v", f, got, refused)
		}
	}
}
