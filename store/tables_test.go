package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rapportengine/rapport/store"
)

// TestDamagedTablesAreNoticed damages Badger's files as a broken copy or a bad disk does. Nothing is
// deleted that a better copy of the rest would make whole.
func TestDamagedTablesAreNoticed(t *testing.T) {
	sound := t.TempDir()
	s := open(t, sound, store.Options{})
	s.Start(t.Context(), nil)
	fill(t, s, "some")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := func(t *testing.T, damage func(dir, table string, size int64) error) string {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
			t.Fatal(err)
		}
		tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
		if err != nil || len(tables) == 0 {
			t.Fatalf("%d tables, %v", len(tables), err)
		}
		info, err := os.Stat(tables[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(dir, tables[0], info.Size()); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	refused := map[string]func(dir, table string, size int64) error{
		"no list of tables": func(dir, _ string, _ int64) error { return os.Remove(filepath.Join(dir, "MANIFEST")) },
		"a table cut short": func(_, table string, size int64) error { return os.Truncate(table, size/2) },
		"an empty table":    func(_, table string, _ int64) error { return os.Truncate(table, 0) },
	}
	for name, damage := range refused {
		t.Run(name, func(t *testing.T) {
			dir := damaged(t, damage)
			before, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if s, err := store.Open(dir, store.Options{}); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("Open: %v, want ErrCorrupt", err)
				if err == nil {
					s.Close()
				}
			}
			if after, err := os.ReadDir(dir); err != nil || len(after) != len(before) {
				t.Errorf("of %d files %d are left, %v", len(before), len(after), err)
			}
		})
	}
	t.Run("an empty table of a store in use", func(t *testing.T) {
		dir := damaged(t, func(string, string, int64) error { return nil })
		s := open(t, dir, store.Options{})
		defer s.Close()
		tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
		if err != nil || len(tables) == 0 {
			t.Fatalf("%d tables, %v", len(tables), err)
		}
		// Who has the store open empties a table before it is deleted.
		if err := errors.Join(os.WriteFile(tables[0]+".new", nil, 0o600), os.Rename(tables[0]+".new", tables[0])); err != nil {
			t.Fatal(err)
		}
		var locked *store.LockedError
		if _, err := store.Open(dir, store.Options{}); !errors.As(err, &locked) {
			t.Errorf("Open: %v, want that the store is in use", err)
		}
	})
	t.Run("a byte", func(t *testing.T) {
		dir := damaged(t, func(_, table string, size int64) error {
			f, err := os.OpenFile(table, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{0xff, 0xfe, 0xfd}, size/3)
			return errors.Join(err, f.Close())
		})
		s := open(t, dir, store.Options{})
		defer s.Close()
		if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) == 0 {
			t.Errorf("Check: %v, %q; want a problem", err, report.Problems)
		}
	})
}
