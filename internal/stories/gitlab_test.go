package stories

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
)

// gitlab makes the story a job of GitLab CI: gitlab EVENT [fork|job-token|no-token]. The
// event is merge_request, merged_results, push, schedule or tag.
func (s stories) gitlab(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	if w.gitlab == nil {
		w.gitlab = fakegitlab.New(s.story(ts), fakegitlab.Options{Root: "/git"})
	}
	env := map[string]string{
		"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": args[0], "CI_PIPELINE_ID": "100", "CI_JOB_ID": "5001", "CI_JOB_NAME": "dbt",
		"CI_JOB_URL":    w.gitlab.ServerURL() + "/acme/shop/-/jobs/5001",
		"CI_PROJECT_ID": strconv.Itoa(fakegitlab.Project), "CI_PROJECT_PATH": fakegitlab.Path, "CI_PROJECT_DIR": w.env.WorkDir,
		"CI_COMMIT_SHA": fakegitlab.HeadSHA, "CI_COMMIT_REF_NAME": fakegitlab.SourceBranch, "CI_COMMIT_TAG": "",
		"CI_API_V4_URL": w.gitlab.URL(), "CI_SERVER_URL": w.gitlab.ServerURL(), "CI_JOB_TOKEN": fakegitlab.JobToken,
		"GITLAB_USER_LOGIN": "alice", "GITLAB_TOKEN": fakegitlab.Token,
		"CI_MERGE_REQUEST_IID": "", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "", "CI_OPEN_MERGE_REQUESTS": "",
	}
	switch event := args[0]; event {
	case "merge_request", "merged_results":
		env["CI_PIPELINE_SOURCE"] = "merge_request_event"
		env["CI_MERGE_REQUEST_IID"] = strconv.Itoa(fakegitlab.MergeRequest)
		env["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"] = fakegitlab.SourceBranch
		env["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "main"
		env["CI_MERGE_REQUEST_PROJECT_ID"] = strconv.Itoa(fakegitlab.Project)
		env["CI_MERGE_REQUEST_PROJECT_PATH"] = fakegitlab.Path
		env["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"] = strconv.Itoa(fakegitlab.Project)
		if event == "merged_results" {
			env["CI_COMMIT_SHA"], env["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"] = "beef", fakegitlab.HeadSHA
		}
	case "tag":
		env["CI_PIPELINE_SOURCE"], env["CI_COMMIT_TAG"], env["CI_COMMIT_REF_NAME"] = "push", "v1", "v1"
	case "schedule":
		env["CI_COMMIT_REF_NAME"] = "main"
	}
	switch strings.Join(args[1:], " ") {
	case "fork": // its pipeline runs in the fork
		env["CI_PROJECT_ID"], env["CI_PROJECT_PATH"], env["GITLAB_TOKEN"] = "12", "mallory/shop", ""
		env["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"] = "12"
	case "job-token":
		env["GITLAB_TOKEN"] = fakegitlab.JobToken
	case "no-token":
		env["GITLAB_TOKEN"] = ""
	}
	for name, value := range env {
		ts.Setenv(name, value)
	}
}

// note checks the notes on the merge request: note list prints every one, note count N
// fails unless there are N, note add AUTHOR FILE adds one, note copy adds the first again.
func (s stories) note(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	notes := w.gitlab.Notes(fakegitlab.MergeRequest)
	switch args[0] {
	case "list":
		for _, n := range notes {
			fmt.Fprintf(ts.Stdout(), "#%d by %s\n%s\n", n.ID, n.Author, n.Body)
		}
	case "count":
		wantCount(ts, "notes", len(notes), args[1])
	case "add":
		w.gitlab.AddNote(fakegitlab.Note{MergeRequest: fakegitlab.MergeRequest, Author: args[1], Body: ts.ReadFile(args[2])})
	case "copy":
		w.gitlab.AddNote(notes[0])
	default:
		ts.Fatalf("note %s: unknown", args[0])
	}
}

// discussion checks the discussions on the merge request's files: discussion list prints
// every one, discussion resolve AUTHOR resolves all, discussion diff PATH [HUNKS] makes
// the merge request change a file.
func (s stories) discussion(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	all := w.gitlab.Discussions(fakegitlab.MergeRequest)
	switch args[0] {
	case "list":
		for _, n := range all {
			fmt.Fprintf(ts.Stdout(), "%s line %d resolved by %q\n%s\n", n.Position.NewPath, n.Position.NewLine, n.ResolvedBy, n.Body)
		}
	case "resolve":
		for _, n := range all {
			w.gitlab.Resolve(n.Discussion, args[1])
		}
	case "diff":
		f := fakegitlab.File{MergeRequest: fakegitlab.MergeRequest, Path: args[1]}
		if len(args) > 2 {
			f.Patch = strings.TrimSuffix(ts.ReadFile(args[2]), "\n")
		}
		w.gitlab.AddFile(f)
	default:
		ts.Fatalf("discussion %s: unknown", args[0])
	}
}

// ticket prints the issues of the project on GitLab.
func (s stories) ticket(ts *testscript.TestScript, _ bool, _ []string) {
	for _, i := range s.world(ts).gitlab.Issues() {
		fmt.Fprintf(ts.Stdout(), "%s: %s\n%s\n", i.State, i.Title, i.Description)
	}
}

func wantCount(ts *testscript.TestScript, what string, got int, want string) {
	if n, err := strconv.Atoi(want); err != nil || got != n {
		ts.Fatalf("%d %s, want %s", got, what, want)
	}
}

// pipeline runs the job of a GitLab CI file as a runner does, in a shell with the job's
// variables: pipeline FILE [INPUT=VALUE...]. A file with a header is a component.
func (s stories) pipeline(ts *testscript.TestScript, _ bool, args []string) {
	header, body, isComponent := strings.Cut(ts.ReadFile(args[0]), "\n---\n")
	if !isComponent {
		body = header
	}
	var spec struct {
		Spec struct {
			Inputs map[string]struct{ Default any }
		}
	}
	ts.Check(yaml.Unmarshal([]byte(header), &spec))
	for name, input := range spec.Spec.Inputs {
		value := fmt.Sprint(input.Default)
		for _, given := range args[1:] {
			if v, ok := strings.CutPrefix(given, name+"="); ok {
				value = v
			}
		}
		body = strings.ReplaceAll(body, "$[[ inputs."+name+" ]]", value)
	}
	var jobs map[string]struct {
		Script    []string
		Variables map[string]struct{ Value string }
	}
	ts.Check(yaml.Unmarshal([]byte(body), &jobs))
	for _, job := range jobs {
		for name, variable := range job.Variables {
			ts.Setenv(name, variable.Value)
		}
		ts.Check(ts.Exec("sh", "-e", "-c", strings.Join(job.Script, "\n")))
	}
}
