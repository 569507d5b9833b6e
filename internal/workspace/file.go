package workspace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MakeWritable creates the directory if necessary and checks that a file can be written
// in it, so that a run does not end without its report. The error contains the reason
// without the path.
func MakeWritable(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err != nil {
		return rootCause(err)
	}
	probe, err := os.CreateTemp(dir, ".dbt-tally-*") // another run may do the same now
	if err != nil {
		return rootCause(err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// WriteFile writes a complete file or leaves the old one in place.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".dbt-tally-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(write(file), file.Chmod(0o644), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return os.Rename(file.Name(), path)
}

// rootCause returns the operating system's error without the path.
func rootCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
