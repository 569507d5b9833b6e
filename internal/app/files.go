package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// makeWritable makes the report's folder and proves that a file can be written
// there, so that a run does not end without its report.
func makeWritable(dir string) error {
	probe := filepath.Join(dir, ".dbt-tally")
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(probe, nil, 0o644)
	}
	if err != nil {
		return fmt.Errorf("input \"report-dir\": nothing can be written in %q (%w); want a folder that can be made and written; see docs/inputs.md", dir, rootCause(err))
	}
	return os.Remove(probe)
}

// writeFile writes a whole file or leaves the old one.
func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".dbt-tally-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(write(file), file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// rootCause is what the operating system said, without the path.
func rootCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
