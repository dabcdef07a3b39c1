package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeFile lets write fill a file, which appears under its name only once it is whole.
// "-" is the console. What is there and no file, such as a pipe or a device, is written to
// and not replaced; a link stays a link.
func writeFile(c *console, name string, write func(io.Writer) error) (err error) {
	if name == "-" {
		return write(c.out)
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return usagef("%s is a directory; name a file in it", name)
	} else if err == nil && !info.Mode().IsRegular() {
		return writeThrough(name, write)
	}
	// Not a temporary file, which is its owner's alone: the user's umask says who may read.
	f, err := os.OpenFile(name+"."+rand.Text()+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if err := errors.Join(fill(f, write), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// writeThrough writes to what cannot be replaced by a file.
func writeThrough(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f, write), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// fill has write write through a buffer. What ended write is not said twice: a buffer
// remembers it.
func fill(f *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(f)
	if err := write(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}
