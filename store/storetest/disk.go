package storetest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// FilesHolding returns how many files under dir contain word, not empty, as it is on disk. Badger compresses blocks, but a
// word's first occurrence in a block stands there as it is.
func FilesHolding(t *testing.T, dir, word string) (found int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(word)) {
			found++
		}
		if errors.Is(err, fs.ErrNotExist) { // a compaction deletes files under our feet
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
