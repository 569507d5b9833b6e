package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/term"

	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/report/terminal"
	"github.com/dbt-tally/dbt-tally/internal/runner"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// deliver brings the report to every surface there is and returns the exit
// status. A surface that can't be reached is said and passed over: none of them
// changes the status, and none keeps the next from its turn.
func (s *story) deliver(ctx context.Context, made report.Report) int {
	files := s.writeFiles(made)
	s.printTable(made, files)
	if s.actions.Active() {
		s.annotate(made)
		s.summarise(made)
		s.output(made, files, s.inform(ctx, made))
	}
	return made.ExitCode
}

// writeFiles writes report.json and report.md and returns where report.json is,
// "" where it could not be written.
func (s *story) writeFiles(made report.Report) string {
	path := filepath.Join(s.reportDir, "report.json")
	err := errors.Join(
		writeFile(path, func(w io.Writer) error { return report.WriteJSON(w, made) }),
		writeFile(filepath.Join(s.reportDir, "report.md"), func(w io.Writer) error {
			text, err := markdown.Summary(made)
			if err != nil {
				return err
			}
			_, err = io.WriteString(w, text)
			return err
		}),
	)
	if err != nil {
		s.skip("report files", err)
		return ""
	}
	return path
}

// printTable shows the table after dbt's own output, and where the report is. A
// run that has nothing to show (dbt ls, dbt parse) prints nothing.
func (s *story) printTable(made report.Report, files string) {
	if len(made.Models) == 0 && len(made.Failures) == 0 && len(made.Audit.Problems) == 0 {
		return
	}
	options := terminal.Options{Width: 120}
	if file, ok := s.Stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		options.Color = s.getenv("NO_COLOR") == ""
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			options.Width = width
		}
	}
	fmt.Fprintln(s.Stdout)
	if err := terminal.Write(s.Stdout, made, options); err != nil {
		s.skip("table", err)
	}
	if files != "" {
		fmt.Fprintf(s.Stdout, "\nreport: %s\n", files)
	}
}

// repositoryPaths are the models' files relative to the repository, by their paths
// in the project.
func (s *story) repositoryPaths(models []tally.Model) map[string]string {
	files := make(map[string]string, len(models))
	for _, m := range models {
		files[m.Node.Path] = s.repositoryPath(m.Node.Path)
	}
	return files
}

// repositoryPath is a file of the project relative to the repository, "" where it
// is not there.
func (s *story) repositoryPath(file string) string {
	if file == "" || s.getenv("GITHUB_WORKSPACE") == "" {
		return ""
	}
	// dbt links a local package into dbt_packages: its file is elsewhere in the
	// repository.
	path, err := filepath.EvalSymlinks(filepath.Join(s.project.Dir, filepath.FromSlash(file)))
	if err != nil {
		return ""
	}
	if relative := s.inWorkspace(path); relative != path {
		return filepath.ToSlash(relative)
	}
	return ""
}

// inWorkspace makes a path relative to the checkout: the container's absolute
// path means nothing to the steps after it. What lies elsewhere stays as it is.
func (s *story) inWorkspace(path string) string {
	root := s.getenv("GITHUB_WORKSPACE")
	relative, err := filepath.Rel(root, path)
	if path == "" || root == "" || err != nil || !filepath.IsLocal(relative) {
		return path
	}
	return relative
}

func (s *story) summarise(made report.Report) {
	if !s.cfg.Summary {
		return
	}
	summary := markdown.Summary
	if s.event.PullRequest == 0 {
		summary = markdown.SummaryWithTrend // nobody compares it with a pull request's files: show how it went so far
	}
	text, err := summary(made)
	if err == nil {
		err = s.actions.Summary(text)
	}
	if err != nil {
		s.skip("job summary", err)
	}
}

func (s *story) output(made report.Report, files, commentURL string) {
	var ids []string
	for _, inv := range made.Invocations {
		ids = append(ids, inv.ID)
	}
	last := ""
	if len(ids) > 0 {
		last = ids[len(ids)-1]
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	dbtCode := 0
	for _, inv := range made.Invocations {
		dbtCode = cmp.Or(dbtCode, inv.ExitCode)
	}
	values := map[string]string{
		"invocation-id":  last,
		"dbt-exit-code":  strconv.Itoa(dbtCode),
		"status":         string(made.Status),
		"models":         strconv.Itoa(made.Totals.Models),
		"models-changed": strconv.Itoa(made.Totals.Changed),
		"rows-before":    number(made.Totals.RowsBefore),
		"rows-after":     number(made.Totals.RowsAfter),
		"rows-delta":     number(made.Totals.RowsDelta),
		"gates-breached": strconv.Itoa(made.Totals.GatesBreached),
		"comment-url":    commentURL,
		"report-json":    s.inWorkspace(files),
	}
	for _, output := range Outputs() {
		if err := s.actions.Output(output.Name, values[output.Name]); err != nil {
			s.skip("output "+output.Name, err)
			return
		}
	}
}

// skip says, once, that a surface was passed over and why. What nobody can help is
// no cause for alarm: that there is no pull request, and that a stranger's may not
// write, which is said of the first surface alone.
func (s *story) skip(surface string, why error) {
	level := runner.Warning
	switch {
	case errors.Is(why, github.ErrPermission) && (s.event.Fork || s.event.Dependabot):
		if s.readOnly {
			return
		}
		s.readOnly = true
		level, why = runner.Notice, errReadOnly
	case errors.Is(why, errNoPullRequest), errors.Is(why, errNoCommit):
		level = runner.Notice
	}
	s.tell(s.actions, level, s.redact.text(fmt.Sprintf("skip %s: %v", surface, why)))
}
