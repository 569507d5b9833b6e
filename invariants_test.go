package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dbt-tally/dbt-tally"

// mayImport lists what each package of the project imports, from main and app down to
// tally: never upward, and no adapter imports another one. Tests may import internaltest
// too.
var mayImport = map[string][]string{
	".": {"internal/app", "internal/buildinfo", "internal/pid1"},
	"internal/app": {
		"internal/audit", "internal/cloudrun", "internal/ci", "internal/ci/github", "internal/ci/gitlab", "internal/config", "internal/dbt",
		"internal/dbt/fingerprint", "internal/dbtcloud", "internal/docs", "internal/job", "internal/profile",
		"internal/redact", "internal/report", "internal/report/html", "internal/report/terminal", "internal/surface",
		"internal/tally", "internal/warehouse", "internal/workspace",
	},

	// The steps before, around and after dbt.
	"internal/job": {
		"internal/ci", "internal/config", "internal/dbt", "internal/docs", "internal/profile", "internal/redact",
		"internal/tally", "internal/workspace",
	},
	"internal/audit": {
		"internal/config", "internal/dbt", "internal/docs", "internal/job", "internal/redact", "internal/tally",
		"internal/warehouse",
	},
	"internal/cloudrun": {
		"internal/ci", "internal/config", "internal/dbt", "internal/dbtcloud", "internal/docs", "internal/tally",
		"internal/warehouse",
	},
	"internal/surface": {
		"internal/ci", "internal/config", "internal/docs", "internal/forge", "internal/forge/github",
		"internal/forge/gitlab", "internal/report", "internal/report/formats", "internal/report/html", "internal/report/markdown", "internal/report/terminal",
		"internal/tally", "internal/workspace",
	},

	// Adapters, each to one external system.
	"internal/ci":              {"internal/docs"},
	"internal/ci/github":       {"internal/ci", "internal/docs"},
	"internal/ci/gitlab":       {"internal/ci", "internal/docs"},
	"internal/config":          {"internal/docs", "internal/redact", "internal/tally"},
	"internal/dbt":             {"internal/docs"},
	"internal/dbt/fingerprint": {},
	"internal/dbtcloud":        {"internal/docs"},
	"internal/forge":           {"internal/docs"},
	"internal/forge/github":    {"internal/docs", "internal/forge"},
	"internal/forge/gitlab":    {"internal/docs", "internal/forge"},
	"internal/buildinfo":       {},
	"internal/pid1":            {},
	"internal/profile":         {"internal/docs"},
	"internal/workspace":       {"internal/docs"},
	"internal/warehouse": {
		"internal/docs", "internal/tally", "internal/warehouse/connect", "internal/warehouse/connect/duckdb",
		"internal/warehouse/connect/mysql", "internal/warehouse/connect/postgres",
		"internal/warehouse/connect/snowflake",
	},
	"internal/warehouse/connect":           {"internal/docs"},
	"internal/warehouse/connect/duckdb":    {"internal/docs", "internal/warehouse/connect"},
	"internal/warehouse/connect/mysql":     {"internal/docs", "internal/warehouse/connect"},
	"internal/warehouse/connect/postgres":  {"internal/docs", "internal/warehouse/connect"},
	"internal/warehouse/connect/snowflake": {"internal/docs", "internal/warehouse/connect"},

	// The domain and its presentation.
	"internal/docs":            {},
	"internal/redact":          {},
	"internal/report":          {"internal/tally"},
	"internal/report/formats":  {"internal/report", "internal/tally"},
	"internal/report/html":     {"internal/report", "internal/tally"},
	"internal/report/markdown": {"internal/report", "internal/tally"},
	"internal/report/terminal": {"internal/report", "internal/tally"},
	"internal/tally":           {"internal/docs"},

	"scripts/comment": {"internal/report", "internal/report/markdown"}, // for the demo
}

// onlyStandardLibrary are the packages that import no other module either.
var onlyStandardLibrary = []string{"internal/docs", "internal/redact", "internal/report", "internal/tally"}

// importer maps each SDK to the only package that imports it, so that it can be replaced.
var importer = map[string]string{
	"github.com/google/go-github":           "internal/forge/github",
	"github.com/jackc/pgx":                  "internal/warehouse/connect/postgres",
	"github.com/jedib0t/go-pretty":          "internal/report/terminal",
	"github.com/go-sql-driver/mysql":        "internal/warehouse/connect/mysql",
	"github.com/nikolalohinski/gonja":       "internal/profile",
	"github.com/sethvargo/go-githubactions": "internal/ci/github",
	"github.com/snowflakedb/gosnowflake":    "internal/warehouse/connect/snowflake",
	"gitlab.com/gitlab-org/api/client-go":   "internal/forge/gitlab",
}

// A source is one Go file of the repository.
type source struct {
	path string // slash-separated, relative to the root
	dir  string
	file *ast.File
}

func (s source) test() bool {
	return strings.HasSuffix(s.path, "_test.go") || strings.HasPrefix(s.dir, "internal/internaltest")
}

func (s source) imports(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

func TestImportsPointInward(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		allowed, listed := mayImport[s.dir]
		if !listed {
			t.Errorf("%s: package is missing in mayImport", s.path)
		}
		for _, imported := range s.imports(t) {
			dir, ours := strings.CutPrefix(imported, module+"/")
			foreign := !ours && strings.Contains(strings.Split(imported, "/")[0], ".")
			switch {
			case foreign && slices.Contains(onlyStandardLibrary, s.dir):
				t.Errorf("%s imports %s; want the standard library only", s.path, imported)
			case ours && !slices.Contains(allowed, dir):
				t.Errorf("%s imports %s; want %v", s.path, dir, allowed)
			}
		}
	}
}

// If a package may import another one, that one must not import it, directly or
// indirectly.
func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	below := map[string]int{} // the length of the longest chain of imports; -1 while it is computed
	var floors func(dir string, way []string) int
	floors = func(dir string, way []string) int {
		way = append(way, dir)
		if below[dir] < 0 {
			t.Fatalf("mayImport has a cycle: %s", strings.Join(way, ", "))
		}
		if below[dir] == 0 {
			below[dir] = -1
			deepest := 0
			for _, imported := range mayImport[dir] {
				deepest = max(deepest, floors(imported, way))
			}
			below[dir] = deepest + 1
		}
		return below[dir]
	}
	for dir := range mayImport {
		floors(dir, nil)
	}
}

func TestEachSDKHasOneImporter(t *testing.T) {
	t.Parallel()
	excused := excuses(t, importsAnSDK)
	for _, s := range sources(t) {
		for _, imported := range s.imports(t) {
			for sdk, dir := range importer {
				if strings.HasPrefix(imported, sdk) && s.dir != dir && !s.test() && !excused(s.dir) {
					t.Errorf("%s imports %s; only %s does", s.path, imported, dir)
				}
			}
		}
	}
}

func TestEachPackageSaysWhatItOwns(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		want := "Package " + s.file.Name.Name + " "
		if s.dir == "." {
			want = "Command dbt-tally "
		}
		documented[s.dir] = documented[s.dir] || strings.HasPrefix(s.file.Doc.Text(), want)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has the package's comment", dir)
		}
	}
}

func TestNamesSayWhatIsInside(t *testing.T) {
	t.Parallel()
	empty := regexp.MustCompile(`^(util|utils|common|helper|helpers|misc|pkg)(_test)?$`)
	for _, name := range tracked(t) {
		for part := range strings.SplitSeq(strings.TrimSuffix(name, path.Ext(name)), "/") {
			if empty.MatchString(part) {
				t.Errorf("%s: %q is too general; use a name that describes the contents", name, part)
			}
		}
	}
}

// A path in a home directory or in this checkout does not exist on other machines.
func TestNothingIsTiedToOneMachine(t *testing.T) {
	t.Parallel()
	checkout, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	local := regexp.MustCompile(`(^|[^\w./-])(/(home|Users)/[\w.-]+/|` + regexp.QuoteMeta(checkout) + `\b)`)
	for _, name := range tracked(t) {
		for i, line := range bytes.Split(read(t, name), []byte("\n")) {
			if found := local.Find(line); found != nil {
				t.Errorf("%s:%d: %q exists on one machine only", name, i+1, found)
			}
		}
	}
	if regexp.MustCompile(`(?m)^\s*replace\b`).Match(read(t, "go.mod")) {
		t.Error("go.mod has a replace directive: go install would refuse the module")
	}
}

func TestEachDependencyIsExplained(t *testing.T) {
	t.Parallel()
	explained := read(t, "CONTRIBUTING.md")
	direct := regexp.MustCompile(`(?m)^(?:require )?\t?(\S+\.\S+/\S+) v\S+$`)
	for _, found := range direct.FindAllSubmatch(read(t, "go.mod"), -1) {
		if !bytes.Contains(explained, append(append([]byte("`"), found[1]...), '`')) {
			t.Errorf("CONTRIBUTING.md does not say why %s is needed", found[1])
		}
	}
}

func TestMainStaysSmall(t *testing.T) {
	t.Parallel()
	if lines := bytes.Count(read(t, "main.go"), []byte("\n")); lines > 30 {
		t.Errorf("main.go has %d lines; want at most 30: what it does belongs in internal/app", lines)
	}
}

// sources parses the Go files of the repository up to their imports.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case path.Ext(name) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		name = filepath.ToSlash(name)
		list = append(list, source{path: name, dir: path.Dir(name), file: file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// tracked lists the existing files that git tracks.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Fatalf("list tracked files: %v", err)
	}
	names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	return slices.DeleteFunc(names, func(name string) bool {
		_, err := os.Stat(name)
		return err != nil
	})
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
