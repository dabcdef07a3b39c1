package store

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Upgraded says what an upgrade did, or would do.
type Upgraded struct {
	From  uint64   `json:"from"` // format of the store
	To    uint64   `json:"to"`   // format of this program
	Steps []string `json:"steps,omitempty"`
}

// upgradeSteps are what it takes to come from the format of their place plus one.
var upgradeSteps = [formatVersion - 1]string{
	"note whose rows a merge has left where they were, so that they can move (a few bytes a merged customer or session)",
	"move what was shown to whom, and why, from tables into journals (as many bytes as they take)",
}

// Upgrade brings the store in dir up to this program's format, or with dryRun only says
// what that takes. Open does the same: this is for who wants to know first. The errors
// are ErrNewerFormat, whose Upgraded still says the store's format, ErrLocked, and one
// that wraps engine.ErrNotFound where there is no store.
func Upgrade(dir string, dryRun bool) (Upgraded, error) {
	up := Upgraded{To: formatVersion}
	if !isStore(dir) {
		return up, fmt.Errorf("%s holds no store: %w", dir, engine.ErrNotFound)
	}
	s := &Store{dir: dir, log: slog.New(slog.DiscardHandler), minFree: -1}
	if err := s.openDB(); err != nil {
		return up, err
	}
	err := s.db.View(func(txn *badger.Txn) (err error) {
		up.From, err = formatOf(txn)
		return err
	})
	if closing := s.db.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return up, fmt.Errorf("upgrading %s: %w", dir, err)
	}
	if up.From == 0 { // nothing was ever written
		up.From = formatVersion
	}
	up.Steps = upgradeSteps[up.From-1:]
	if dryRun || len(up.Steps) == 0 {
		return up, nil
	}
	upgraded, err := Open(dir, Options{})
	if err != nil {
		return up, err
	}
	return up, upgraded.Close()
}

// isStore reports whether a directory holds Badger's files.
func isStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, badger.ManifestFilename))
	return err == nil
}
