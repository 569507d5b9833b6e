//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// TestReleaseDay rehearses RELEASING.md with a local registry and a local Git remote: two
// releases, a user's workflow with uses: dbt-tally/dbt-tally@v1 on each, and what must be
// refused.
func TestReleaseDay(t *testing.T) {
	day := newReleaseDay(t)
	day.release("1.0.0")
	day.userRunsV1("1.0.0")
	day.release("1.0.1")
	day.userRunsV1("1.0.1")

	day.changelog("0.9.9")
	day.refuses("0.9.9", "v1.0.1 is already released; use a version after it")
	day.refuses("1.0.2", "has no section")
	day.changelog("1.0.2")
	day.write("README.md", "changed, and not committed\n")
	day.refuses("1.0.2", "the checkout has changes")
	day.git("checkout", "--quiet", "-b", "mine")
	day.git("commit", "--quiet", "--all", "--message", "mine")
	day.refuses("1.0.2", "HEAD is not the newest commit of origin/main")
}

// releaseDay is a clone of main, its remote, and a registry for the image.
type releaseDay struct {
	t      *testing.T
	clone  string
	remote string
	image  string
}

func newReleaseDay(t *testing.T) releaseDay {
	t.Helper()
	day := releaseDay{t: t, clone: checkout(t, repositoryRoot(t)), remote: t.TempDir()}
	day.image = registry(t) + "/dbt-tally/dbt-tally"
	run(t, "git", "init", "--quiet", "--bare", "--initial-branch", "main", day.remote)
	day.git("config", "user.name", "release")
	day.git("config", "user.email", "release")
	day.git("branch", "--move", "main")
	day.git("remote", "add", "origin", day.remote)
	day.git("push", "--quiet", "origin", "main")
	return day
}

// registry starts a registry on this machine and returns its address.
func registry(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "registry.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %q}\n",
		t.TempDir(), address)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("docker-registry", "serve", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	eventually(t, "the registry answers", func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})
	return address
}

func (d releaseDay) git(args ...string) string {
	d.t.Helper()
	return run(d.t, "git", append([]string{"-C", d.clone}, args...)...)
}

func (d releaseDay) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.clone, name), []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// changelog adds a version's section on main.
func (d releaseDay) changelog(version string) {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.clone, "CHANGELOG.md"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.write("CHANGELOG.md", string(text)+"\n## ["+version+"]\n")
	d.git("commit", "--quiet", "--all", "--message", "CHANGELOG: "+version)
	d.git("push", "--quiet", "origin", "main")
}

// script runs a script of the clone, as the release workflow does.
func (d releaseDay) script(name string, args ...string) string {
	d.t.Helper()
	return run(d.t, filepath.Join(d.clone, "scripts", name), args...)
}

// release does what the jobs of the release workflow do, for this machine's platform.
func (d releaseDay) release(version string) {
	d.t.Helper()
	d.changelog(version)
	d.script("release.sh", "check", version)
	name := d.image + ":" + version
	d.t.Cleanup(func() { _ = exec.Command("docker", "rmi", "--force", name).Run() })
	run(d.t, "env", "DOCKER_BUILDKIT=0", "docker", "build", "--quiet", "--tag", name,
		"--build-arg", "VERSION="+version, "--build-arg", "REVISION="+d.git("rev-parse", "HEAD"), d.clone)
	run(d.t, "docker", "push", "--quiet", name)
	pushed := run(d.t, "docker", "inspect", "--format", "{{index .RepoDigests 0}}", name)
	_, digest, _ := strings.Cut(pushed, "@")

	d.isSmall(version)

	// From now on it comes from the registry. The layers stay for the next version's build.
	run(d.t, "docker", "rmi", "--no-prune", name)
	d.script("smoke.sh", pushed, version)
	d.script("release.sh", "tag", version, d.image, digest)
	d.git("fetch", "--quiet", "--force", "--tags", "origin")
	for _, tag := range []string{"v" + version, "v1"} {
		d.script("release.sh", "guard", tag, d.image, digest)
	}
	run(d.t, "docker", "rmi", "--no-prune", pushed)
	d.git("checkout", "--quiet", "main")
}

// isSmall checks the size that a runner downloads. docs/image.md promises it.
func (d releaseDay) isSmall(version string) {
	d.t.Helper()
	address, repository, _ := strings.Cut(d.image, "/")
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet,
		"http://"+address+"/v2/"+repository+"/manifests/"+version, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	var manifest struct{ Layers []struct{ Size int } }
	if err := json.NewDecoder(response.Body).Decode(&manifest); err != nil {
		d.t.Fatal(err)
	}
	size := 0
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	d.t.Logf("%s: %d MB in %d layers", version, size/1e6, len(manifest.Layers))
	if size < 1e6 || size > 160e6 {
		d.t.Errorf("%d MB; want 160 MB at most", size/1e6)
	}
}

// userRunsV1 runs a user's workflow on a pull request. The runner has v1 of the action from
// the Git remote, and its image from the registry.
func (d releaseDay) userRunsV1(version string) {
	d.t.Helper()
	action, shop := d.t.TempDir(), d.t.TempDir()
	run(d.t, "git", "clone", "--quiet", "--branch", "v1", d.remote, action)
	run(d.t, "cp", "-R", filepath.Join(d.clone, "examples/shop")+"/.", shop)
	run(d.t, "mkdir", "-p", filepath.Join(shop, ".github/workflows"))
	workflow := `on: pull_request
jobs:
  dbt:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - uses: dbt-tally/dbt-tally@v1
`
	if err := os.WriteFile(filepath.Join(shop, ".github/workflows/dbt.yml"), []byte(workflow), 0o644); err != nil {
		d.t.Fatal(err)
	}
	run(d.t, "sh", "-c", `cd "$1" && git init -q && git add -A && git -c user.name=u -c user.email=u commit -q -m shop`, "sh", shop)

	github := emulate.Start(d.t)
	act(d.t, shop, github, "pull_request", github.Event(), "--local-repository", "dbt-tally/dbt-tally@v1="+action)
	comments := github.Comments(d.t)
	if len(comments) != 1 || !strings.Contains(comments[0], "`dim_customers`") || !strings.Contains(comments[0], version) {
		d.t.Errorf("comments %q; want one with the model dim_customers, by dbt-tally %s", comments, version)
	}
}

// refuses checks that a release of the clone as it is is refused and creates no tag.
func (d releaseDay) refuses(version, reason string) {
	d.t.Helper()
	tags := run(d.t, "git", "-C", d.remote, "tag")
	out, err := exec.CommandContext(d.t.Context(), filepath.Join(d.clone, "scripts/release.sh"), "check", version).CombinedOutput()
	if err == nil || !strings.Contains(string(out), reason) {
		d.t.Errorf("release %s: %v, %q; want a refusal: %s", version, err, out, reason)
	}
	if now := run(d.t, "git", "-C", d.remote, "tag"); now != tags {
		d.t.Errorf("the refused release left the tags %q", now)
	}
}
