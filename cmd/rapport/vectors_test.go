package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// evenness writes vectors that tell even items of checkerboard from odd ones, for items
// 0 to count, and returns the array's name.
func evenness(t *testing.T, count int) string {
	t.Helper()
	var array, ids bytes.Buffer
	w := record.NumPyWriter(&array, &ids, count, 2)
	for n := range count {
		v := record.Vector{Item: engine.ItemID(strconv.Itoa(n)), Values: []float32{1, float32(n%2)*2 - 1}}
		if err := w.Write(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := write(t, "own.npy", array.String())
	if err := os.WriteFile(name+idsSuffix, ids.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestEvalOwnVectors: vectors that say who likes what win over popularity, and one of
// them being no number is told of by its place.
func TestEvalOwnVectors(t *testing.T) {
	events, vectors := write(t, "ratings.csv", checkerboard()), evenness(t, 32)
	args := []string{"eval", "--events", events, "--preset", "movielens", "--models", "popular,own", "--set", "own.causes=50", "--k", "5"}
	rapport(t, append(args, "--vectors", vectors, "--require", "hr@5: own > popular")...).want(t, exitOK, "own", "met", "2 of 32 vectors are of items that nothing else names")
	rapport(t, append(args, "--vectors", vectors+","+vectors+idsSuffix)...).want(t, exitOK, "own")
	rapport(t, args...).want(t, exitUsage, "no item has an embedding")
	rapport(t, append(args, "--vectors", vectors+","+write(t, "ids.txt", "a\nb\n"))...).want(t, exitFailed, "own.npy: there are 2 ids for 32 rows")
	rapport(t, append(args, "--vectors", write(t, "other.npy", "x"))...).want(t, exitUsage, "ids of the rows of")
}

// TestImportOwnVectors: items get their vectors and keep the rest; the array of a wrong
// row changes nothing.
func TestImportOwnVectors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	var items strings.Builder
	for n := range 3 {
		items.WriteString(`{"item_id": "` + strconv.Itoa(n) + `", "title": "Lamp ` + strconv.Itoa(n) + `"}` + "\n")
	}
	rapport(t, "import", "--dir", dir, "--as", "items", write(t, "items.ndjson", items.String())).want(t, exitOK)
	vectors := evenness(t, 3)
	rapport(t, "import", "--dir", dir, "--as", "vectors", vectors+","+write(t, "short.txt", "0\n1\n")).want(t, exitFailed, "2 ids for 3 rows")
	out := filepath.Join(t.TempDir(), "items.ndjson")
	exported := func() string {
		rapport(t, "export", "--dir", dir, "--as", "items", "--out", out).want(t, exitOK)
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := exported(); strings.Contains(text, "embedding") {
		t.Errorf("half an array was taken: %s", text)
	}
	rapport(t, "import", "--dir", dir, "--as", "vectors", vectors).want(t, exitOK, "3")
	if text := exported(); strings.Count(text, `"embedding":[1,`) != 3 || !strings.Contains(text, "Lamp 2") {
		t.Errorf("exported %s", text)
	}
	rapport(t, "import", "--dir", dir, "--as", "vectors", "--reject", filepath.Join(t.TempDir(), "no"), write(t, "v.ndjson", `{"item_id": "9", "vector": [1]}`)).want(t, exitFailed, "nothing was accepted")
}
