package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// dialect lists words and forms that readers stumble over, each with the text to write
// instead.
var dialect = []struct {
	form    *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)[;,] want `), `"; use X", "; set X" or "expected X"`},
	{regexp.MustCompile(`(?i)\b(?:is|are) told\b|\bcan(?:'t|not) be told\b`), "is reported, cannot be determined"},
	{regexp.MustCompile(`(?i)\bwhere there (?:is|are)\b`), "if there is"},
	{regexp.MustCompile(`(?i)\bone an? \w`), "one per"},
	{regexp.MustCompile(`(?i)\b(?:nobody|somebody)\b`), "the actor"},
	{regexp.MustCompile(`(?i)\bis no (?:number|report|time|mapping|list|file|name)\b`), "is not a number"},
	{regexp.MustCompile(`(?i)\bwhat (?:nobody|is wrong|it takes|equals)\b`), "a noun: the problem"},
	{regexp.MustCompile(`(?i)\bmeanwhile\b`), "in the meantime, while dbt runs"},
	{regexp.MustCompile(`(?i)\btaken for\b`), "mistaken for, treated as"},
	{regexp.MustCompile(`[^\w.]\d+ %[^\w.]`), "5%, without a space"},
}

// ownWords lists the files that are not in plain English yet. Rewrite one and remove it
// from the list; do not add any.
var ownWords = []string{}

func TestUsersReadPlainEnglish(t *testing.T) {
	t.Parallel()
	excused := excuses(t, ownWords)
	for _, name := range tracked(t) {
		for _, text := range readByUsers(t, name) {
			for _, d := range dialect {
				if found := d.form.FindString(text); found != "" && !excused(name) {
					t.Errorf("%s: %q in %q; write %s", name, found, shortened(text), d.instead)
				}
			}
		}
	}
}

// Comments follow the same rules.
func TestEngineersReadPlainEnglish(t *testing.T) {
	t.Parallel()
	for _, name := range tracked(t) {
		for _, comment := range comments(t, name) {
			for _, d := range dialect {
				if found := d.form.FindString(comment); found != "" && name != "words_test.go" {
					t.Errorf("%s: %q in the comment %q; write %s", name, found, shortened(comment), d.instead)
				}
			}
		}
	}
}

// comments returns the comments of a file: of Go, of the shell, of Python, of a workflow or
// of a user story.
func comments(t *testing.T, name string) []string {
	t.Helper()
	if path.Ext(name) != ".go" {
		if !slices.Contains([]string{".sh", ".py", ".yml", ".txtar"}, path.Ext(name)) {
			return nil
		}
		var texts []string
		for _, found := range regexp.MustCompile(`(?m)^ *# (.*)$`).FindAllSubmatch(read(t, name), -1) {
			texts = append(texts, string(found[1]))
		}
		return texts
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, read(t, name), parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, group := range file.Comments {
		texts = append(texts, strings.ReplaceAll(group.Text(), "\n", " "))
	}
	return texts
}

// readByUsers returns the texts for users in a file: all of a page or a template, and the
// string literals of Go.
func readByUsers(t *testing.T, name string) []string {
	t.Helper()
	switch {
	case strings.Contains(name, "testdata/"):
		return nil
	case path.Ext(name) == ".go" && !forTests(name) && path.Dir(name) != "bench":
		return literals(t, name)
	case slices.Contains([]string{".md", ".tmpl"}, path.Ext(name)), strings.HasPrefix(name, "docs/examples/"):
		return strings.Split(string(read(t, name)), "\n")
	}
	return nil
}

// literals returns the strings in a Go file; those of one expression are joined.
func literals(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, read(t, name), parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	ast.Inspect(file, func(node ast.Node) bool {
		if _, ok := node.(*ast.ImportSpec); ok {
			return false
		}
		expr, ok := node.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := joined(expr)
		if ok {
			texts = append(texts, text)
		}
		return !ok
	})
	return texts
}

// joined returns the text of a literal, or of a sum with at least one, in which other
// operands become X.
func joined(expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, isLeft := joined(e.X)
		right, isRight := joined(e.Y)
		if e.Op != token.ADD || !isLeft && !isRight {
			return "", false
		}
		if !isLeft {
			left = "X"
		}
		if !isRight {
			right = "X"
		}
		return left + right, true
	}
	return "", false
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return text
}

func TestLiteralsOfAnExpressionAreJoined(t *testing.T) {
	t.Parallel()
	expr, err := parser.ParseExpr(`"a; " + "want b, " + name + " c"`)
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := joined(expr); !ok || text != "a; want b, X c" {
		t.Errorf("got %q, %t", text, ok)
	}
}
