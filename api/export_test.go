package api

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sbinet/npyio"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/recommend"
	encoder "github.com/rapportengine/rapport/engine/text"
)

// What was exported and imported elsewhere is exported there as the same bytes.
func TestExportComesBack(t *testing.T) {
	h, list := lived(t)
	for _, form := range []string{"ndjson", "csv", "parquet"} {
		there := newHouse(t)
		for _, what := range []string{"items", "customers", "events", "tickets"} {
			path := "/v1/export/" + what + "?format=" + form
			g := h.call("GET", path).want(200)
			if d := g.header.Get("Content-Disposition"); d != `attachment; filename="`+what+"."+form+`"` {
				t.Errorf("%s: Content-Disposition is %q", path, d)
			}
			if seq := g.header.Get(seqHeader); seq != strconv.FormatUint(h.store.Seq(), 10) {
				t.Errorf("%s: as of %q, want %d", path, seq, h.store.Seq())
			}
			there.call("POST", "/v1/import/"+what+"?format="+form, anyBody, g.body).want(200)
			if again := there.call("GET", path).want(200); !bytes.Equal(again.body, g.body) {
				t.Errorf("%s, there and back: got %q, want %q", path, again.body, g.body)
			}
			if head := h.call("HEAD", path).want(200); len(head.body) != 0 || head.header.Get("Content-Type") != g.header.Get("Content-Type") {
				t.Errorf("HEAD %s: got %q as %v", path, head.body, head.header)
			}
		}
	}
	if body := h.call("GET", "/v1/export/impressions").want(200).body; !bytes.Contains(body, []byte(list)) {
		t.Errorf("impressions: got %s, want %s among them", body, list)
	}
	if body := h.call("GET", "/v1/export/items").want(200).body; bytes.Count(body, []byte("\n")) != 15 {
		t.Errorf("items: got %s, want a line each", body)
	}
}

func TestExportRefuses(t *testing.T) {
	h := newHouse(t)
	h.call("GET", "/v1/export/users").refused(404, "not_found")
	h.call("GET", "/v1/export/factors").refused(404, "not_found")
	h.call("GET", "/v1/export/embeddings?format=npy").refused(404, "not_found")
	for path, field := range map[string]string{
		"/v1/export/items?format=npy": "format", "/v1/export/subjects?format=parquet": "format", "/v1/export/factors?format=csv": "format", "/v1/export/items?format=json": "format",
	} {
		if p := h.call("GET", path).refused(422, "invalid_field"); p.Field != field {
			t.Errorf("%s: field %q", path, p.Field)
		}
	}
	h.call("GET", "/v1/export/items?since=3").refused(422, "unknown_parameter")
}

// vectors is a fitted source that has vectors and does nothing.
type vectors struct {
	model.Source
	name string
	rows *model.Rows
}

func (v vectors) Name() string         { return v.name }
func (v vectors) Save(io.Writer) error { return nil }
func (v vectors) Vectors() (*model.Rows, int, []float32) {
	return v.rows, 2, []float32{1, 2, 3, 4, 5, 6}
}

// Vectors come as lines, as a table and as an array, their rows in the same order.
func TestExportVectors(t *testing.T) {
	h := stocked(t)
	ids := h.store.IDs()
	rows := model.NewRows([]engine.ItemNum{0, 2, 4}, ids)
	was := h.rec.World().Models
	h.rec.Swap(recommend.NewModels(7, was.LogTime, []model.Saver{vectors{name: "factor", rows: rows}, vectors{name: "embed", rows: rows}}, encoder.Untrained(recommend.EncoderDims), was.Blend))
	for _, what := range []string{"factors", "embeddings"} {
		g := h.call("GET", "/v1/export/"+what).want(200)
		var names []string
		for line := range strings.Lines(string(g.body)) {
			var row struct {
				Item   string    `json:"item_id"`
				Vector []float32 `json:"vector"`
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil || len(row.Vector) != 2 {
				t.Fatalf("%s: %s (%v)", what, line, err)
			}
			names = append(names, row.Item)
		}
		if want := []string{"lamp-0", "lamp-1", "lamp-2"}; !slices.Equal(names, want) || g.header.Get(modelHeader) != "7" {
			t.Errorf("%s of model %q: got %v, want %v of 7", what, g.header.Get(modelHeader), names, want)
		}
		npy := h.call("GET", "/v1/export/"+what+"?format=npy").want(200)
		r, err := npyio.NewReader(bytes.NewReader(npy.body))
		if err != nil {
			t.Fatal(err)
		}
		var values []float32
		if err := r.Read(&values); err != nil || !slices.Equal(r.Header.Descr.Shape, []int{3, 2}) || !slices.Equal(values, []float32{1, 2, 3, 4, 5, 6}) {
			t.Errorf("%s as npy: got %v of shape %v (%v)", what, values, r.Header.Descr.Shape, err)
		}
		if p := h.call("GET", "/v1/export/"+what+"?format=parquet").want(200); !bytes.HasPrefix(p.body, []byte("PAR1")) || !bytes.HasSuffix(p.body, []byte("PAR1")) {
			t.Errorf("%s as parquet: got %d bytes that are none", what, len(p.body))
		}
	}
}
