package profile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Project contains the names and paths of dbt_project.yml. Paths are absolute.
type Project struct {
	Dir          string
	Name         string
	ProfileName  string   // "" if the file names none
	MacroPaths   []string // empty if dbt reads no macros of the project
	NodePaths    []string // of models, seeds and snapshots
	TargetPath   string
	LogPath      string
	PackagesPath string
	// Quoted lists which of "database" and "schema" the project configures dbt to quote.
	Quoted []string
	// DeclaresPackages means that packages.yml or dependencies.yml names a package, which
	// must be installed.
	DeclaresPackages bool
}

// projectFile is the file that makes a directory a dbt project.
const projectFile = "dbt_project.yml"

// LoadProject finds the project in ProjectDir or, if that is empty, in WorkDir or its
// nearest parent that is a project, and reads it.
func LoadProject(o Options) (Project, error) {
	o, err := o.withEnvironment()
	if err != nil {
		return Project{}, err
	}
	dir, err := o.findProject()
	if err != nil {
		return Project{}, err
	}
	path := filepath.Join(dir, projectFile)
	raw, err := readMapping(path)
	if err != nil {
		return Project{}, err
	}
	reader := projectReader{options: o, raw: raw, path: path, renderer: newRenderer(o)}
	p := Project{
		Dir:          dir,
		Name:         reader.text("name", "", true),
		ProfileName:  reader.text("profile", "", false),
		TargetPath:   cmp.Or(o.setting("TARGET_PATH"), reader.text("target-path", "target", true)),
		PackagesPath: reader.text("packages-install-path", "dbt_packages", true),
		MacroPaths:   reader.list("macro-paths", "macros"),
		NodePaths: slices.Concat(
			reader.list("model-paths", "models"),
			reader.list("seed-paths", "seeds"),
			reader.list("snapshot-paths", "snapshots"),
		),
		LogPath: o.logPath(dir, raw),
		Quoted:  reader.quoted(),
	}
	if reader.err != nil {
		return Project{}, reader.err
	}
	if p.Name == "" {
		return Project{}, fmt.Errorf("%w: %s has no name; add a line name: to it; see %s",
			ErrBadProject, path, docs.Troubleshooting)
	}
	p.TargetPath, p.PackagesPath = within(dir, p.TargetPath), within(dir, p.PackagesPath)
	for _, paths := range [][]string{p.MacroPaths, p.NodePaths} {
		for i, path := range paths {
			paths[i] = within(dir, path)
		}
	}
	p.DeclaresPackages, err = declaresPackages(dir)
	return p, err
}

func (o Options) findProject() (string, error) {
	dir := cmp.Or(o.ProjectDir, o.setting("PROJECT_DIR"))
	if dir != "" {
		dir = o.absolute(dir)
		switch _, err := os.Stat(filepath.Join(dir, projectFile)); {
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("read project: %w", err)
		}
		return "", fmt.Errorf("%w in %s; set project-dir to the directory that contains %s; see %s",
			ErrNoProject, dir, projectFile, docs.Troubleshooting)
	}
	path, _, err := findUp(o.WorkDir, projectFile)
	switch {
	case err != nil:
		return "", fmt.Errorf("read project: %w", err)
	case path == "":
		return "", fmt.Errorf("%w in %s or above it; set project-dir to the directory that contains %s; see %s",
			ErrNoProject, o.WorkDir, projectFile, docs.Troubleshooting)
	}
	return filepath.Dir(path), nil
}

// logPath returns the path of dbt's log. It is relative to the directory in which dbt is
// started if the environment sets it, otherwise to the project. dbt does not render the
// value in the file.
func (o Options) logPath(dir string, raw map[string]any) string {
	if path := o.setting("LOG_PATH"); path != "" {
		return o.absolute(path)
	}
	path, _ := raw["log-path"].(string)
	return within(dir, cmp.Or(path, "logs"))
}

// within resolves a path from the directory dir.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// projectReader renders keys of dbt_project.yml and keeps the first error.
type projectReader struct {
	options  Options
	raw      map[string]any
	path     string
	renderer *renderer
	err      error
}

// text returns the string at key, or fallback if there is none. Of these keys dbt allows
// secrets only in the profile's name.
func (r *projectReader) text(key, fallback string, noSecrets bool) string {
	value := r.rendered(key, r.raw[key], noSecrets)
	if value == nil {
		return fallback
	}
	text, ok := value.(string)
	if !ok {
		r.fail(key, "a string")
	}
	return text
}

func (r *projectReader) list(key, fallback string) []string {
	if r.raw[key] == nil {
		return []string{fallback}
	}
	items, ok := r.raw[key].([]any)
	if !ok {
		r.fail(key, "a list of folders")
	}
	var list []string
	for _, item := range items {
		text, ok := r.rendered(key, item, true).(string)
		if !ok {
			r.fail(key, "a list of folders")
		}
		list = append(list, text)
	}
	return list
}

func (r *projectReader) quoted() (names []string) {
	quoting, _ := r.raw["quoting"].(map[string]any)
	for _, name := range []string{"database", "schema"} {
		if quoted, _ := r.rendered("quoting", quoting[name], true).(bool); quoted {
			names = append(names, name)
		}
	}
	return names
}

// usesTarget matches Jinja that reads the target, as in "target/{{ target.name }}".
var usesTarget = regexp.MustCompile(`\{[{%][^}]*\btarget\b`)

func (r *projectReader) rendered(key string, value any, noSecrets bool) any {
	if text, ok := value.(string); ok && noSecrets && r.renderer.target == nil && usesTarget.MatchString(text) {
		r.resolveTarget()
	}
	rendered, err := r.renderer.value(value, r.path+": "+key, noSecrets)
	r.err = cmp.Or(r.err, err)
	return rendered
}

// resolveTarget resolves the connection only if a path needs it, because a project can
// be read without one.
func (r *projectReader) resolveTarget() {
	connection, err := Resolve(r.options, Project{ProfileName: r.text("profile", "", false)})
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return
	}
	target := maps.Clone(connection.Settings)
	maps.Copy(target, map[string]any{
		"name":         connection.Target,
		"target_name":  connection.Target,
		"profile_name": connection.ProfileName,
	})
	r.renderer.target = target
}

func (r *projectReader) fail(key, expected string) {
	r.err = cmp.Or(r.err, fmt.Errorf("%w: %s: %s has the wrong type; expected %s; see %s",
		ErrBadProject, r.path, key, expected, docs.Troubleshooting))
}

// declaresPackages reads both files that can declare packages.
func declaresPackages(dir string) (bool, error) {
	for _, name := range []string{"packages.yml", "dependencies.yml"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		value, err := parseYAML(content)
		if err != nil {
			return false, fmt.Errorf("%w: %s: %w; see %s",
				ErrYAML, filepath.Join(dir, name), err, docs.Troubleshooting)
		}
		if file, ok := value.(map[string]any); ok {
			if packages, ok := file["packages"].([]any); ok && len(packages) > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
