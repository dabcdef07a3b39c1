package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func readNumPy(array []byte, ids string) (got []Vector, err error) {
	for v, err := range NumPyVectors(bytes.NewReader(array), strings.NewReader(ids)) {
		if err != nil {
			return got, err
		}
		got = append(got, v)
	}
	return got, nil
}

// TestNumPyRoundTrip reads what NumPyWriter writes, with ids in all their forms.
func TestNumPyRoundTrip(t *testing.T) {
	want := []Vector{{"a", []float32{1, -2.5, 0}}, {"b c", []float32{3e-38, 1, 2}}, {"é", []float32{7, 8, math.MaxFloat32}}}
	var array, ids bytes.Buffer
	w := NumPyWriter(&array, &ids, 3, 3)
	for _, v := range want {
		if err := w.Write(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{ids.String(), "\"a\"\n\"b c\"\n\"\\u00e9\"\n", "{\"item_id\":\"a\",\"vector\":[1]}\n{\"item_id\":\"b c\"}\r\n{\"item_id\":\"é\"}"} {
		got, err := readNumPy(array.Bytes(), text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ids %q: read %v, %v, want %v", text, got, err, want)
		}
	}
}

// array is a file with the given header and numbers.
func array(version byte, header string, numbers ...any) []byte {
	var b bytes.Buffer
	b.WriteString("\x93NUMPY" + string(version) + "\x00")
	if version == 1 {
		_ = binary.Write(&b, binary.LittleEndian, uint16(len(header)))
	} else {
		_ = binary.Write(&b, binary.LittleEndian, uint32(len(header)))
	}
	b.WriteString(header)
	for _, x := range numbers {
		_ = binary.Write(&b, binary.LittleEndian, x)
	}
	return b.Bytes()
}

// header is as numpy.save writes it.
func header(kind, order, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", kind, order, shape)
}

func TestNumPyForms(t *testing.T) {
	want := []Vector{{"a", []float32{1, 2}}}
	for name, file := range map[string][]byte{
		"float64":              array(1, header("<f8", "False", "(1, 2)"), 1.0, 2.0),
		"version 2":            array(2, header("<f4", "False", "(1, 2)"), float32(1), float32(2)),
		"one row by columns":   array(1, header("<f4", "True", "(1, 2)"), float32(1), float32(2)),
		"the other byte order": array(1, header(">f4", "False", "(1, 2)"), uint32(0x803f), uint32(0x40)),
	} {
		if got, err := readNumPy(file, "a\n"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestNumPyRefuses(t *testing.T) {
	four := []any{float32(1), float32(2), float32(3), float32(4)}
	good := array(1, header("<f4", "False", "(2, 2)"), four...)
	for _, c := range []struct {
		file      []byte
		ids, want string
	}{
		{[]byte("item,vector\na,1\n"), "a", "no NumPy array"},
		{good[:9], "a\nb", "header is cut short"},
		{good[:len(good)-1], "a\nb", "row 2, item b: the array is cut short"},
		{append(bytes.Clone(good), 0), "a\nb", "more than the 2 rows of 2 numbers"},
		{good, "a", "1 ids for 2 rows"},
		{good, "a\nb\nc", "more ids than the 2 rows"},
		{good, "a\na", "item a has row 1 already"},
		{good, "a\n\n", "line 2"},
		{good, "\"a\n", "no JSON text"},
		{array(1, header("<i8", "False", "(2, 2)")), "a\nb", "float32 or float64"},
		{array(1, header("<f2", "False", "(2, 2)")), "a\nb", "float32 or float64"},
		{array(1, header("<f4", "True", "(2, 2)"), four...), "a\nb", "column by column"},
		{array(1, header("<f4", "False", "(4,)"), four...), "a\nb", "two dimensions"},
		{array(1, header("<f4", "False", "(2, 0)")), "a\nb", "from 1 to"},
		{array(1, header("<f4", "False", "(1, 5000)")), "a", "from 1 to"},
		{array(1, "{'descr': '<f4'}"), "a", "order and shape"},
		{array(9, header("<f4", "False", "(2, 2)"), four...), "a\nb", "version 9"},
		{array(1, header("<f4", "False", "(2, 2)"), float32(1), float32(2), float32(3), float32(math.NaN())), "a\nb", "row 2, item b: number 2 is NaN"},
		{array(1, header("<f8", "False", "(1, 1)"), 1e300), "a", "number 1 is 1e+300"},
	} {
		if got, err := readNumPy(c.file, c.ids); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("read %v, %v; want an error with %q", got, err, c.want)
		}
	}
}

func FuzzNumPy(f *testing.F) {
	f.Add(array(1, header("<f4", "False", "(2, 1)"), float32(1), float32(2)), "a\n\"b\"")
	f.Add(array(2, header(">f8", "True", "(1, 1)"), 1.5), "{\"item_id\":\"a\"}")
	f.Fuzz(func(t *testing.T, file []byte, ids string) {
		got, _ := readNumPy(file, ids)
		for _, v := range got {
			if v.Item == "" || len(v.Values) == 0 {
				t.Errorf("read the vector %v", v)
			}
		}
	})
}

// TestVectorsAreCommands: what VectorWriter writes is read again as the commands that
// give items their embeddings, and changes nothing else of them.
func TestVectorsAreCommands(t *testing.T) {
	for _, form := range []Format{NDJSON, Parquet} {
		var file bytes.Buffer
		w := VectorWriter(&file, form)
		for _, v := range []Vector{{"a", []float32{1, 2}}, {"b", []float32{3, 4}}} {
			if err := w.Write(v); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for entry, err := range Commands("vectors", bytes.NewReader(file.Bytes()), Options{Format: form}) {
			if err != nil {
				t.Fatalf("%v: %v", form, err)
			}
			update := entry.Value.(engine.UpdateItem)
			got, err := update.Update(engine.Item{ID: update.ID, Title: "A lamp"}, true)
			if err != nil || got.Title != "A lamp" || len(got.Embedding) != 2 {
				t.Errorf("%v: item %+v, %v", form, got, err)
			}
			if _, err := update.Update(engine.Item{}, false); !errors.Is(err, engine.ErrNotFound) {
				t.Errorf("%v: a vector of an item that is not there: %v", form, err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%v: %d commands, want 2", form, n)
		}
	}
	for text, want := range map[string]string{
		`{"item_id":"a"}`:                         "vector",
		`{"item_id":"a","vector":[]}`:             "vector",
		`{"item_id":"a","vector":[1,"x"]}`:        "vector[1]",
		`{"vector":[1]}`:                          "item_id",
		`{"item_id":"a","vector":[1],"title":""}`: "title",
	} {
		for _, err := range Commands("vectors", strings.NewReader(text), Options{Format: NDJSON}) {
			if rejected, ok := errors.AsType[*Rejected](err); !ok || rejected.Field != want {
				t.Errorf("%s: %v, want %s refused", text, err, want)
			}
		}
	}
}
