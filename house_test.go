package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The limits of a file, a line, a function, a type and a package.
const (
	fileLines  = 300
	lineLength = 120

	testLineLength = 200
	functionLines  = 60
	typeMethods    = 20
	structFields   = 15
	packageFiles   = 20
)

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	excused := excuses(t, longFiles)
	for _, name := range goFiles(t) {
		lines := bytes.Count(read(t, name), []byte("\n"))
		if lines > fileLines && !forTests(name) && !excused(name) {
			t.Errorf("%s has %d lines; want at most %d", name, lines, fileLines)
		}
	}
}

func TestLinesFitOnAScreen(t *testing.T) {
	t.Parallel()
	excused := excuses(t, longLines)
	for _, name := range goFiles(t) {
		limit := lineLength
		if forTests(name) {
			limit = testLineLength // they quote SQL, logs and messages
		}
		for i, line := range bytes.Split(read(t, name), []byte("\n")) {
			length := utf8.RuneCount(line)
			if length > limit && !bytes.Contains(line, []byte("// https://")) && !excused(path.Dir(name)) {
				t.Errorf("%s:%d has %d characters; want at most %d", name, i+1, length, limit)
			}
		}
	}
}

func TestFunctionsAndTypesDoOneThing(t *testing.T) {
	t.Parallel()
	excusedStruct, excusedType := excuses(t, wideStructs), excuses(t, wideTypes)
	excusedFunction := excuses(t, longFunctions)
	methods := map[string]int{}
	for _, name := range goFiles(t) {
		if forTests(name) {
			continue
		}
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, name, read(t, name), parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(name)
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.FuncDecl:
				if receiver := receiverOf(n); receiver != "" {
					methods[dir+"."+receiver]++
				}
				lines := positions.Position(n.End()).Line - positions.Position(n.Pos()).Line + 1
				if lines > functionLines && !excusedFunction(name+" "+n.Name.Name) {
					t.Errorf("%s: %s has %d lines; want at most %d", name, n.Name.Name, lines, functionLines)
				}
			case *ast.TypeSpec:
				fields := fieldsOf(n)
				if fields > structFields && !isAllFields(dir) && !excusedStruct(dir+"."+n.Name.Name) {
					t.Errorf("%s: %s has %d fields; want at most %d", name, n.Name.Name, fields, structFields)
				}
			}
			return true
		})
	}
	for name, n := range methods {
		if n > typeMethods && !excusedType(name) {
			t.Errorf("%s has %d methods; want at most %d", name, n, typeMethods)
		}
	}
}

func TestPackagesAreSmall(t *testing.T) {
	t.Parallel()
	excused := excuses(t, widePackages)
	files := map[string]int{}
	for _, name := range goFiles(t) {
		if !forTests(name) {
			files[path.Dir(name)]++
		}
	}
	for dir, n := range files {
		if n > packageFiles && !excused(dir) {
			t.Errorf("%s has %d files; want at most %d", dir, n, packageFiles)
		}
	}
}

// goFiles lists the Go files that git tracks.
func goFiles(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(tracked(t), func(name string) bool { return path.Ext(name) != ".go" })
}

func forTests(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "internal/internaltest/")
}

// isAllFields reports whether a package's structs are lists of what users see.
func isAllFields(dir string) bool {
	return dir == "internal/config" || dir == "internal/report" || strings.HasPrefix(dir, "internal/report/")
}

// receiverOf returns the type of a method, or "" for a function.
func receiverOf(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return ""
	}
	receiver := function.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	name, _ := receiver.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

// fieldsOf returns the number of fields of a struct type, or 0 for any other.
func fieldsOf(spec *ast.TypeSpec) int {
	made, ok := spec.Type.(*ast.StructType)
	if !ok {
		return 0
	}
	n := 0
	for _, field := range made.Fields.List {
		n += max(1, len(field.Names))
	}
	return n
}

// excuses returns whether a name is on the list. At the end of the test an unused name is
// an error, so the list can only get shorter.
func excuses(t *testing.T, list []string) func(name string) bool {
	t.Helper()
	used := map[string]bool{}
	t.Cleanup(func() {
		broken := t.Failed() // if so, some names may not have been checked
		for _, name := range list {
			if !used[name] && !broken {
				t.Errorf("%s keeps the rule: remove it from the list", name)
			}
		}
	})
	return func(name string) bool {
		used[name] = used[name] || slices.Contains(list, name)
		return used[name]
	}
}
