package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// absolute resolves a path from the directory in which dbt is started.
func (o Options) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(o.WorkDir, path)
}

// setting returns the environment's value for a flag of dbt. Since 1.11 dbt reads
// DBT_ENGINE_TARGET before DBT_TARGET; an empty variable counts as unset.
func (o Options) setting(flag string) string {
	for _, prefix := range []string{"DBT_ENGINE_", "DBT_"} {
		if value, _ := o.LookupEnv(prefix + flag); value != "" {
			return value
		}
	}
	return ""
}

// withEnvironment returns the options with the variables of .env added, if this dbt
// reads that file. Variables of the environment win.
func (o Options) withEnvironment() (Options, error) {
	if !o.DotEnv {
		return o, nil
	}
	path, content, err := findUp(o.WorkDir, ".env")
	switch {
	case err != nil:
		return o, fmt.Errorf("read .env: %w", err)
	case path == "":
		return o, nil
	}
	outer := o.LookupEnv
	file := parseDotEnv(string(content), outer)
	o.LookupEnv = func(name string) (string, bool) {
		if value, ok := outer(name); ok {
			return value, true
		}
		value, ok := file[name]
		return value, ok
	}
	o.DotEnv = false
	return o, nil
}

// findUp reads the file of that name in dir or in the nearest parent that has one.
// path is "" if no directory has one.
func findUp(dir, name string) (path string, content []byte, err error) {
	for {
		path = filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			content, err = os.ReadFile(path)
			return path, content, err
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", nil, err
		case filepath.Dir(dir) == dir:
			return "", nil, nil
		}
		dir = filepath.Dir(dir)
	}
}
