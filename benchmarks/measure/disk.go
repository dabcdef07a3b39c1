package measure

import (
	"io/fs"
	"path/filepath"
	"syscall"
)

// DiskBytes is the room that the files below a directory take on the disk: Badger's are
// sparse, so that their sizes mislead.
func DiskBytes(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			total += stat.Blocks * 512
		}
		return nil
	})
	return total, err
}
