package dbt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThePythonOfAScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := "/srv/" + strings.Repeat("a/", 1000) + "bin/python"
	for name, tc := range map[string]struct {
		script string
		want   []string
	}{
		"pip or uv":             {"#!/venv/bin/python\n# -*- coding: utf-8 -*-\n", []string{"/venv/bin/python"}},
		"a path with a space":   {"#!/conda/envs/a b/bin/python\n", nil},
		"conda":                 {"#!/conda/bin/python3.12\n", []string{"/conda/bin/python3.12"}},
		"a distribution, flags": {"#! /usr/bin/python3 -s -E\r\n", []string{"/usr/bin/python3", "-s -E"}},
		"pip, a long path":      {"#!/bin/sh\n'''exec' " + long + ` "$0" "$@"` + "\n' '''\n", []string{long}},
		"pip, a path with a space": {
			"#!/bin/sh\n'''exec' \"/a b/python3\" \"$0\" \"$@\"\n' '''\n",
			[]string{"/a b/python3"},
		},
		"uv, a path with a space": {"#!/bin/sh\n'''exec' '/a b/python' \"$0\" \"$@\"\n' '''\n", []string{"/a b/python"}},
		"uv, relocatable": {
			"#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''\n",
			[]string{filepath.Join(dir, "python")},
		},

		"pyenv":                         {"#!/usr/bin/env bash\nset -e\nexec pyenv exec \"$program\" \"$@\"\n", nil},
		"a wrapper":                     {"#!/bin/sh\nexec /venv/bin/python -m dbt \"$@\"\n", nil},
		"a wrapper without an end":      {"#!/bin/sh", nil},
		"a command in a path":           {"#!/bin/sh\n'''exec' \"$(rm -r x)/python\" \"$0\" \"$@\"\n", nil},
		"a relative path":               {"#!bin/python\n", nil},
		"another language":              {"#!/usr/bin/perl\n", nil},
		"a name that env does not find": {"#!/usr/bin/env python9.99\n", nil},
		"a program":                     {"\x7fELF\x02\x01", nil},
		"an empty file":                 {"", nil},
	} {
		path := filepath.Join(dir, "dbt")
		if err := os.WriteFile(path, []byte(tc.script), 0o755); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, Python(CLI{Executable: path})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
