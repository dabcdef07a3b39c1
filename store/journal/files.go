package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// file is what a journal needs of one.
type file interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Size() (int64, error)
	Sync() error
	Close() error
}

// files are those of one journal: of a directory, or in memory.
type files struct {
	dir    string // "" in memory
	memory *memory
}

func openFiles(dir string) (files, error) {
	if dir == "" {
		return files{memory: &memory{files: make(map[string]*memoryFile)}}, nil
	}
	return files{dir: dir}, os.MkdirAll(dir, 0o700)
}

func (fs files) path(name string) string { return filepath.Join(fs.dir, name) }

// onDisk is a file of a directory.
type onDisk struct{ *os.File }

// Size returns how long the file is.
func (f onDisk) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (fs files) create(name string) (file, error) {
	if fs.memory != nil {
		return fs.memory.create(name), nil
	}
	f, err := os.OpenFile(fs.path(name), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	return onDisk{f}, err
}

func (fs files) open(name string) (file, error) {
	if fs.memory != nil {
		return fs.memory.open(name)
	}
	f, err := os.OpenFile(fs.path(name), os.O_RDWR, 0)
	return onDisk{f}, err
}

func (fs files) read(name string) ([]byte, error) {
	f, err := fs.open(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	var raw []byte
	if err == nil {
		raw = make([]byte, size)
		_, err = f.ReadAt(raw, 0)
	}
	return raw, errors.Join(err, f.Close())
}

// replace writes a file whole: who looks sees the old one or the new one.
func (fs files) replace(name string, content []byte) error {
	scratch := name + ".new"
	f, err := fs.create(scratch)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if fs.memory != nil {
		fs.memory.rename(scratch, name)
		return nil
	}
	return os.Rename(fs.path(scratch), fs.path(name))
}

// remove removes a segment. The rows go first: an index without rows is nothing.
func (fs files) remove(s *segment) error {
	return errors.Join(fs.removeFile(s.rowsName()), fs.removeFile(s.indexName()))
}

func (f files) removeFile(name string) error {
	if f.memory != nil {
		f.memory.remove(name)
		return nil
	}
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// numbers returns those of the segments that have rows, in order, and clears away what was
// left half done.
func (fs files) numbers() (list []uint64, err error) {
	names := []string{}
	if fs.memory == nil {
		found, err := os.ReadDir(fs.dir)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			names = append(names, f.Name())
		}
	}
	for _, name := range names {
		base, ext, _ := strings.Cut(name, ".")
		number, err := strconv.ParseUint(base, 10, 64)
		switch {
		case err != nil:
		case ext == "rows":
			list = append(list, number)
		case ext == "index.new" || ext == "index" && !slices.Contains(names, base+".rows"):
			if err := fs.removeFile(name); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// The name of the file that says, in decimal, which numbers of segments were never given.
// One is not given twice: positions tell by it what came after them.
const nextName = "next"

// nextNumber returns the first number that was never given, as far as the file says it: the
// segments that are there say the rest.
func (f files) nextNumber() (uint64, error) {
	raw, err := f.read(nextName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	n, _ := strconv.ParseUint(string(raw), 10, 64)
	return max(1, n), nil
}

func (fs files) saveNextNumber(n uint64) error {
	return fs.replace(nextName, strconv.AppendUint(nil, n, 10))
}

// memory are files that are gone with the process.
type memory struct {
	mu    sync.Mutex
	files map[string]*memoryFile
}

func (m *memory) create(name string) file {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = &memoryFile{}
	return m.files[name]
}

func (m *memory) open(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, is := m.files[name]
	if !is {
		return nil, fs.ErrNotExist
	}
	return f, nil
}

func (m *memory) rename(from, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[to] = m.files[from]
	delete(m.files, from)
}

func (m *memory) remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
}

// memoryFile is one of them.
type memoryFile struct {
	mu   sync.RWMutex
	body []byte
}

// ReadAt is io.ReaderAt's.
func (f *memoryFile) ReadAt(p []byte, at int64) (int, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if at > int64(len(f.body)) {
		return 0, io.EOF
	}
	n := copy(p, f.body[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt is io.WriterAt's; at is in the file or at its end.
func (f *memoryFile) WriteAt(p []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if more := at + int64(len(p)) - int64(len(f.body)); more > 0 {
		f.body = append(f.body, make([]byte, more)...)
	}
	return copy(f.body[at:], p), nil
}

// Truncate cuts the file.
func (f *memoryFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.body = f.body[:min(size, int64(len(f.body)))]
	return nil
}

// Size returns how long the file is.
func (f *memoryFile) Size() (int64, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return int64(len(f.body)), nil
}

// Sync does nothing: there is no disk.
func (f *memoryFile) Sync() error { return nil }

// Close keeps what is in the file for who opens it next.
func (f *memoryFile) Close() error { return nil }
