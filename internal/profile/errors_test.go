package profile

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

func TestErrorsStateTheProblemAndTheFix(t *testing.T) {
	t.Parallel()
	const project = "name: shop\nprofile: shop\n"
	tests := []struct {
		name     string
		project  string
		profiles string
		options  Options
		want     error
		says     []string
	}{
		{
			"no project", "", "",
			Options{ProjectDir: "x"},
			ErrNoProject,
			[]string{"DIR/x;", "dbt_project.yml", "project-dir"},
		},
		{"no project above", "", "", Options{}, ErrNoProject, []string{"DIR or above", "project-dir"}},
		{"project is a list", "- a\n", "", Options{}, ErrYAML, []string{"DIR/dbt_project.yml", "not a mapping"}},
		{"no name", "profile: shop\n", "", Options{}, ErrBadProject, []string{"no name"}},
		{"name is a list", "name: [a]\n", "", Options{}, ErrBadProject, []string{"wrong type; expected a string"}},
		{"no profiles file", project, "", Options{}, ErrNoProfilesFile, []string{"DIR or DIR/home/.dbt;", "profiles-dir"}},
		{
			"no profiles file in the named folder", project, "",
			Options{ProfilesDir: "p"},
			ErrNoProfilesFile,
			[]string{" DIR/p;"},
		},
		{"no profile named", "name: shop\n", "shop: {}\n", Options{}, ErrNoProfile, []string{"names none", "profile:"}},
		{
			"unknown profile", project, "config: {}\nb: {}\na: {}\n",
			Options{},
			ErrNoProfile,
			[]string{`"shop"`, `expected one of "a", "b";`, "DIR/profiles.yml"},
		},
		{
			"unknown target", project, "shop: {outputs: {dev: {}, ci: {}}}\n",
			Options{Target: "prod"},
			ErrNoTarget,
			[]string{`"prod"`, `expected one of "ci", "dev";`},
		},
		{"no outputs", project, "shop: {target: dev}\n", Options{}, ErrBadProfile, []string{"no outputs"}},
		{"outputs are none", project, "shop: {outputs: {}}\n", Options{}, ErrNoTarget, []string{"but it has none"}},
		{
			"output is text", project, "shop: {outputs: {default: s3cret}}\n",
			Options{},
			ErrBadProfile,
			[]string{"not a mapping"},
		},
		{"no type", project, "shop: {outputs: {default: {pass: s3cret}}}\n", Options{}, ErrBadProfile, []string{"no type"}},
		{
			"broken YAML", project, "shop:\n  password: \"s3cret\n",
			Options{},
			ErrYAML,
			[]string{"DIR/profiles.yml", "line "},
		},
		{"unknown anchor", project, "shop:\n  password: *s3cret\n", Options{}, ErrYAML, []string{"unknown anchor"}},
		{"unknown tag", project, "shop:\n  password: !s3cret x\n", Options{}, ErrYAML, []string{"line 2", "tag"}},
		{"merge of text", project, "shop:\n  <<: s3cret\n", Options{}, ErrYAML, []string{"line 2", "<<"}},
		{"alias that contains itself", project, "shop: &a\n  b: *a\n", Options{}, ErrYAML, []string{"contains itself"}},
		{"number too large", project, "shop: 99999999999999999999\n", Options{}, ErrYAML, []string{"line 1", "too large"}},
		{"float too large", project, "shop: 1.0e+999\n", Options{}, ErrYAML, []string{"line 1", "too large"}},
		{"no such day", project, "shop: 2024-02-31\n", Options{}, ErrYAML, []string{"line 1", "date"}},
		{"two documents", project, "shop: {}\n--- \nshop: {}\n", Options{}, ErrYAML, []string{"more than one document"}},
		{
			"too many aliases", project,
			"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" +
				"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n" +
				"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
			Options{},
			ErrYAML,
			[]string{"too many"},
		},
		{
			"syntax error", project, "shop: {outputs: {default: {type: x, pass: 's3cret{{'}}}\n",
			Options{},
			nil,
			[]string{"shop.outputs.default.pass", "syntax error"},
		},
		{
			"cannot be rendered", project, "shop: {outputs: {default: {type: x, pass: '{{ s3cret }}'}}}\n",
			Options{},
			nil,
			[]string{"shop.outputs.default.pass", "cannot be rendered"},
		},
		{
			"no number", project, "shop: {outputs: {default: {type: x, port: '{{ \"s3cret\" | as_number }}'}}}\n",
			Options{},
			nil,
			[]string{"as_number"},
		},
		{
			"variable not set", project, "shop: {outputs: {default: {type: x, port: '{{ var(\"v\") }}'}}}\n",
			Options{},
			nil,
			[]string{"variable v", "--vars"},
		},
		{
			"variable that reads itself", project, "shop: {outputs: {default: {type: x, port: '{{ var(\"v\") }}'}}}\n",
			Options{Vars: map[string]any{"v": "{{ var('v') }}"}},
			nil,
			[]string{"variable v"},
		},
		{
			"variable that reads an unset one", project,
			"shop: {outputs: {default: {type: x, port: '{{ var(\"v\") }}'}}}\n",
			Options{Vars: map[string]any{"v": "{{ env_var('NOPE') }}"}},
			nil,
			[]string{"NOPE is not set"},
		},
		{
			"folder is a mapping", project + "packages-install-path: {}\n", "",
			Options{},
			ErrBadProject,
			[]string{"packages-install-path"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range map[string]string{"dbt_project.yml": tt.project, "profiles.yml": tt.profiles} {
				if content != "" {
					writeFile(t, filepath.Join(dir, name), content)
				}
			}
			o := tt.options
			o.WorkDir, o.HomeDir, o.LookupEnv = dir, filepath.Join(dir, "home"), mapEnv(nil)
			p, err := LoadProject(o)
			if err == nil {
				_, err = Resolve(o, p)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			text := strings.ReplaceAll(err.Error(), dir, "DIR")
			for _, part := range append(tt.says, "; see "+docs.Troubleshooting) {
				if !strings.Contains(text, part) {
					t.Errorf("error %q lacks %q", text, part)
				}
			}
			if strings.Contains(text, "s3cret") {
				t.Errorf("error %q contains a secret", text)
			}
		})
	}
}

func TestEnvVarErrorNamesVariableAndPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "profiles.yml")
	writeFile(t, path, "shop: {outputs: {default: {type: x, hosts: [a, '{{ env_var(\"DB_HOST\") }}']}}}\n")
	_, err := Resolve(Options{WorkDir: dir, LookupEnv: mapEnv(nil)}, Project{ProfileName: "shop"})
	var missing *EnvVarError
	if !errors.As(err, &missing) {
		t.Fatalf("error %v, want an EnvVarError", err)
	}
	if want := (EnvVarError{Name: "DB_HOST", Where: path + ": shop.outputs.default.hosts.1"}); *missing != want {
		t.Errorf("got %+v, want %+v", *missing, want)
	}
}

func TestDeclaresPackages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file, content string
		want          bool
	}{
		"packages":      {"packages.yml", "packages: [{package: a/b, version: 1.0.0}]\n", true},
		"dependencies":  {"dependencies.yml", "packages: [{local: ../x}]\n", true},
		"projects only": {"dependencies.yml", "projects: [{name: x}]\n", false},
		"empty list":    {"packages.yml", "packages: []\n", false},
		"empty file":    {"packages.yml", "", false},
		"no such file":  {"README", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "dbt_project.yml"), "name: shop\n")
			writeFile(t, filepath.Join(dir, tt.file), tt.content)
			p, err := LoadProject(Options{WorkDir: dir, LookupEnv: mapEnv(nil)})
			if err != nil || p.DeclaresPackages != tt.want {
				t.Errorf("DeclaresPackages %v, error %v; want %v", p.DeclaresPackages, err, tt.want)
			}
		})
	}
}

func TestNamesThatDBTQuotesAreReported(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]string{
		"name: shop\n": nil,
		"name: shop\nquoting: {database: false, schema: true, identifier: true}\n": {"schema"},
		"name: shop\nquoting: {database: true, schema: true}\n":                    {"database", "schema"},
	} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "dbt_project.yml"), content)
		p, err := LoadProject(Options{WorkDir: dir, LookupEnv: mapEnv(nil)})
		if err != nil || !slices.Equal(p.Quoted, want) {
			t.Errorf("%s: quoted %q, error %v; want %q", content, p.Quoted, err, want)
		}
	}
}

func TestBrokenPackagesFileIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "dbt_project.yml"), "name: shop\n")
	writeFile(t, filepath.Join(dir, "packages.yml"), "packages: [\n")
	if _, err := LoadProject(Options{WorkDir: dir, LookupEnv: mapEnv(nil)}); !errors.Is(err, ErrYAML) {
		t.Errorf("error %v, want %v", err, ErrYAML)
	}
}
