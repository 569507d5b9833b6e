package profile

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// found is the result of dbt, and of this package, for a directory in which they are
// started.
type found struct {
	Dir, Name, Profile, Target, Host  string
	TargetPath, LogPath, PackagesPath string
	MacroPaths                        []string
}

// searchCase is a start of dbt. ROOT stands for the folder of searchFiles.
type searchCase struct {
	Name string            `json:"name"`
	Dir  string            `json:"dir"`
	Args []string          `json:"args"`
	Env  map[string]string `json:"env"`
}

// profilesYML returns two profiles with two targets each. Every host begins with hosts.
func profilesYML(hosts string) string {
	var b strings.Builder
	for _, profile := range []string{"shop", "other"} {
		b.WriteString(profile + ":\n  target: dev\n  outputs:\n")
		for _, target := range []string{"dev", "prod"} {
			b.WriteString("    " + target + ": {type: postgres, host: " + hosts + "-" + profile + "-" + target +
				", user: u, password: p, port: 5432, dbname: d, schema: s}\n")
		}
	}
	return b.String()
}

var searchFiles = map[string]string{
	"home/.dbt/profiles.yml":  profilesYML("home"),
	"elsewhere/profiles.yml":  profilesYML("elsewhere"),
	"empty/README":            "no profiles here",
	"shop/dbt_project.yml":    "name: shop\nversion: '1.0'\nprofile: shop\n",
	"shop/models/deep/README": "",
	"local/dbt_project.yml":   "name: local\nversion: '1.0'\nprofile: shop\n",
	"local/profiles.yml":      profilesYML("local"),
	"jinja/dbt_project.yml": "name: jinja\nversion: '1.0'\nprofile: \"{{ env_var('PROFILE', 'shop') }}\"\n" +
		"macro-paths: [\"{{ env_var('M', 'm1') }}\", m2]\n" +
		"target-path: \"out/{{ target.name }}-{{ target.host }}\"\n" +
		"packages-install-path: \"{{ var('p', 'pkgs') }}\"\nlog-path: my_logs\n",
	"secret/dbt_project.yml": "name: secret\nversion: '1.0'\nprofile: shop\n" +
		"target-path: \"{{ env_var('DBT_ENV_SECRET_X') }}\"\n",
	"noprofile/dbt_project.yml":        "name: noprofile\nversion: '1.0'\n",
	"absolute/dbt_project.yml":         "name: absolute\nversion: '1.0'\nprofile: shop\ntarget-path: /tmp/out\n",
	"badmacros/dbt_project.yml":        "name: badmacros\nversion: '1.0'\nprofile: shop\nmacro-paths: macros\n",
	"noname/dbt_project.yml":           "version: '1.0'\nprofile: shop\n",
	"wrongprofile/sub/dbt_project.yml": "name: wrong\nversion: '1.0'\nprofile: nope\n",
}

var searchCases = []searchCase{
	{Name: "home", Dir: "shop"},
	{Name: "parent is the project", Dir: "shop/models/deep"},
	{Name: "no project above", Dir: "empty"},
	{Name: "profiles beside the project", Dir: "local"},
	{
		Name: "profiles beside a project elsewhere do not count", Dir: "empty",
		Args: []string{"--project-dir", "../local"},
	},
	{Name: "profiles where dbt is started", Dir: "elsewhere", Args: []string{"--project-dir", "../shop"}},
	{Name: "project dir absolute", Dir: "empty", Args: []string{"--project-dir", "ROOT/shop"}},
	{Name: "project dir is not searched upward", Dir: "empty", Args: []string{"--project-dir", "../shop/models"}},
	{Name: "project dir by environment", Dir: "empty", Env: map[string]string{"DBT_PROJECT_DIR": "../shop"}},
	{Name: "profiles dir", Dir: "local", Args: []string{"--profiles-dir", "../elsewhere"}},
	{Name: "profiles dir counts alone", Dir: "local", Args: []string{"--profiles-dir", "../empty"}},
	{Name: "profiles dir by environment", Dir: "local", Env: map[string]string{"DBT_PROFILES_DIR": "ROOT/elsewhere"}},
	{Name: "profiles dir empty in the environment", Dir: "local", Env: map[string]string{"DBT_PROFILES_DIR": ""}},
	{
		Name: "engine variable wins", Dir: "shop",
		Env: map[string]string{"DBT_TARGET": "dev", "DBT_ENGINE_TARGET": "prod"},
	},
	{Name: "profile", Dir: "shop", Args: []string{"--profile", "other"}, Env: map[string]string{"DBT_PROFILE": "nope"}},
	{Name: "profile by environment", Dir: "shop", Env: map[string]string{"DBT_PROFILE": "other"}},
	{Name: "profile unknown", Dir: "wrongprofile/sub"},
	{Name: "no profile named", Dir: "noprofile"},
	{Name: "target", Dir: "shop", Args: []string{"--target", "prod"}, Env: map[string]string{"DBT_TARGET": "nope"}},
	{Name: "target by environment", Dir: "shop", Env: map[string]string{"DBT_TARGET": "prod"}},
	{Name: "paths with Jinja", Dir: "jinja", Env: map[string]string{"M": "mm", "PROFILE": "other"}},
	{Name: "paths with Jinja and target", Dir: "jinja", Args: []string{"--target", "prod"}},
	{Name: "secret in a path", Dir: "secret", Env: map[string]string{"DBT_ENV_SECRET_X": "x"}},
	{Name: "absolute path", Dir: "absolute"},
	{
		Name: "paths by environment", Dir: "empty", Args: []string{"--project-dir", "../shop"},
		Env: map[string]string{"DBT_TARGET_PATH": "tt", "DBT_LOG_PATH": "ll"},
	},
	{Name: "macro paths are not a list", Dir: "badmacros"},
	{Name: "no name", Dir: "noname"},
}

func TestFindsWhatDBTFinds(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range searchFiles {
		writeFile(t, filepath.Join(root, path), content)
	}
	var cases []searchCase
	for _, c := range searchCases {
		env := map[string]string{"HOME": filepath.Join(root, "home")}
		for name, value := range c.Env {
			env[name] = strings.ReplaceAll(value, "ROOT", root)
		}
		args := []string{}
		for _, arg := range c.Args {
			args = append(args, strings.ReplaceAll(arg, "ROOT", root))
		}
		cases = append(cases, searchCase{Name: c.Name, Dir: filepath.Join(root, c.Dir), Args: args, Env: env})
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	answer, log := askDBT(t, "1.11", "testdata/search.py", input)
	var want map[string]found
	if err := json.Unmarshal(answer, &want); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got, err := find(c)
		if diff := cmp.Diff(want[c.Name], got); diff != "" {
			t.Errorf("%s (-dbt +here), error %v:\n%s", c.Name, err, diff)
		}
	}
	if failed := bytes.Count(answer, []byte("{}")); failed != 8 {
		t.Errorf("dbt failed in %d cases, want 8:\n%s", failed, log)
	}
}

func find(c searchCase) (found, error) {
	o := Options{WorkDir: c.Dir, HomeDir: c.Env["HOME"], LookupEnv: mapEnv(c.Env)}
	for name, field := range map[string]*string{
		"--project-dir": &o.ProjectDir, "--profiles-dir": &o.ProfilesDir, "--profile": &o.Profile, "--target": &o.Target,
	} {
		if i := slices.Index(c.Args, name); i >= 0 {
			*field = c.Args[i+1]
		}
	}
	p, err := LoadProject(o)
	if err != nil {
		return found{}, err
	}
	connection, err := Resolve(o, p)
	if err != nil {
		return found{}, err
	}
	return found{
		Dir: p.Dir, Name: p.Name, Profile: connection.ProfileName, Target: connection.Target,
		Host:       connection.Settings["host"].(string),
		TargetPath: p.TargetPath, LogPath: p.LogPath, PackagesPath: p.PackagesPath, MacroPaths: p.MacroPaths,
	}, nil
}
