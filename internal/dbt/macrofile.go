package dbt

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// folderMark notes in the file that its directory was created for it.
	folderMark = "{#- Its folder, too. -#}\n"
	// fileInUse limits how long a run waits for another one that needs different macros:
	// prune and report need theirs for seconds.
	fileInUse = time.Minute
)

// sharedFile is the macro file while this run uses it, with a shared lock. The kernel
// releases the lock of a killed run, so a file without a lock is a left-over.
type sharedFile struct {
	path    string
	file    *os.File
	madeDir bool // this run created its directory
}

// shareFile writes the parts to the file at path, or shares another run's file if it has
// the same parts.
func shareFile(path string, parts []string) (*sharedFile, error) {
	for deadline := time.Now().Add(fileInUse); ; time.Sleep(20 * time.Millisecond) {
		s, err := openShared(path)
		if err != nil {
			return nil, err
		}
		if ok, err := s.share(parts); ok {
			return s, nil
		} else if err != nil {
			return nil, errors.Join(err, s.file.Close())
		}
		if err := s.file.Close(); err != nil {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, ErrMacroFileInUse
		}
	}
}

// openShared opens the file at path. It creates the file and its directory if necessary.
func openShared(path string) (*sharedFile, error) {
	dir := filepath.Dir(path)
	_, err := os.Stat(dir)
	madeDir := errors.Is(err, fs.ErrNotExist)
	for {
		if err := os.MkdirAll(dir, 0o755); errors.Is(err, fs.ErrExist) {
			continue // another run has just created and removed the directory
		} else if err != nil {
			return nil, err
		}
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another run has just removed the directory
		}
		return &sharedFile{path: path, file: file, madeDir: madeDir}, err
	}
}

// share takes the lock. It returns false if the file must be opened again first.
func (s *sharedFile) share(parts []string) (bool, error) {
	free, err := lock(s.file, exclusive)
	if err != nil {
		return false, err
	}
	if free {
		if err := s.write(parts); err != nil {
			return false, err
		}
	}
	// A lock is not converted atomically: in between, another run may have started or the
	// last one may have ended.
	if ok, err := lock(s.file, shared); !ok || err != nil {
		return false, err
	}
	text, err := s.text()
	if err != nil {
		return false, err
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false, nil
		}
	}
	return s.inPlace(), nil
}

// write fills a file that no run uses.
func (s *sharedFile) write(parts []string) error {
	old, err := s.text()
	if err != nil {
		return err
	}
	head := macroMark
	switch {
	case old != "" && !strings.HasPrefix(old, macroMark):
		return ErrForeignMacroFile
	case s.madeDir, strings.HasPrefix(old, macroMark+folderMark):
		head += folderMark
	}
	text := head + "\n" + strings.Join(parts, "\n")
	if text == old {
		return nil
	}
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	_, err = s.file.WriteAt([]byte(text), 0)
	return err
}

// release unlocks the file, and removes it if this run was its last user.
func (s *sharedFile) release() error {
	if !s.inPlace() {
		return nil // released before, or removed by another process
	}
	defer s.file.Close()
	// Unlocked first: if two runs end at once, one of them must notice that it is the
	// last.
	if _, err := lock(s.file, unlocked); err != nil {
		return err
	}
	return s.removeFree()
}

// removeUnused removes the file at path if it is ours and no run uses it.
func removeUnused(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Close()
	return (&sharedFile{path: path, file: file}).removeFree()
}

func (s *sharedFile) removeFree() error {
	free, err := lock(s.file, exclusive)
	if !free || err != nil || !s.inPlace() {
		return err
	}
	text, err := s.text()
	if err != nil || !strings.HasPrefix(text, macroMark) {
		return err
	}
	if err := os.Remove(s.path); err != nil {
		return err
	}
	if strings.HasPrefix(text, macroMark+folderMark) {
		_ = os.Remove(filepath.Dir(s.path)) // fails if it contains other files
	}
	return nil
}

// inPlace reports whether the open file is still the one at its path.
func (s *sharedFile) inPlace() bool {
	own, err := s.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(s.path)
	return err == nil && os.SameFile(own, there)
}

func (s *sharedFile) text() (string, error) {
	info, err := s.file.Stat()
	if err != nil {
		return "", err
	}
	text := make([]byte, info.Size())
	_, err = s.file.ReadAt(text, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(text), err
}
