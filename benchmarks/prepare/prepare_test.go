package prepare

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestPrune(t *testing.T) {
	root := t.TempDir()
	old := time.Now().Add(-2 * keptFor)
	for _, name := range []string{"rapport-1234", "S-1234", "rapport-5678", "S-5678", "gorse-movielens", "gorse-in-one", "factors-1.model"} {
		name := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Join(name, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(name) != "" || name[len(name)-4:] != "5678" {
			if err := os.Chtimes(name, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := prune(root); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if want := []string{"S-5678", "factors-1.model", "gorse-in-one", "gorse-movielens", "rapport-5678"}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

func TestSome(t *testing.T) {
	all := []string{"a", "b", "c", "d", "e", "f", "g"}
	for n, want := range map[int][]string{1: {"a"}, 3: {"a", "c", "e"}, 7: all, 20: all} {
		if got := Some(all, n); !slices.Equal(got, want) {
			t.Errorf("%d of %v are %v, want %v", n, all, got, want)
		}
	}
}

// The records of the shipped shop are counted as they are: what is measured on it names
// these numbers.
func TestSampleShop(t *testing.T) {
	w := &Workspace{Set: SampleShop}
	if err := w.ofSampleShop(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if len(w.files) != 4 || w.Items < 1000 || w.Events < 10*w.Items || w.Customers != len(w.People()) || w.Customers < 1000 {
		t.Errorf("%d files, %d items, %d events of %d customers", len(w.files), w.Items, w.Events, w.Customers)
	}
	unique := slices.Compact(slices.Sorted(slices.Values(w.People())))
	if len(unique) != w.Customers {
		t.Errorf("%d of %d customers are others", len(unique), w.Customers)
	}
}
