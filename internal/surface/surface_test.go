package surface

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// recorder records its calls and returns the errors that a test sets.
type recorder struct {
	comments []forge.Comment
	reviews  []forge.Review
	checks   []forge.Check
	issues   []forge.Issue
	fail     error
}

func (f *recorder) Comment(_ context.Context, c forge.Comment) (forge.Posted, error) {
	f.comments = append(f.comments, c)
	return forge.Posted{URL: "https://github.com/acme/shop/pull/7#1"}, f.fail
}

func (f *recorder) Review(_ context.Context, r forge.Review) error {
	f.reviews = append(f.reviews, r)
	return f.fail
}

func (f *recorder) Check(_ context.Context, c forge.Check) (forge.Posted, error) {
	f.checks = append(f.checks, c)
	return forge.Posted{}, f.fail
}

func (f *recorder) Issue(_ context.Context, i forge.Issue) (forge.Posted, error) {
	f.issues = append(f.issues, i)
	return forge.Posted{}, f.fail
}

var job = run{
	Key: "default", ID: 11, Attempt: 2, URL: "https://github.com/acme/shop/actions/runs/11",
	Commit: "c0ffee",
}

func text(report.Report) (string, error) { return "### text", nil }

// pull returns a pull request whose look-up returns the number or the error.
func pull(number int, err error) *pullRequest {
	return &pullRequest{find: func(context.Context) (int, error) { return number, err }}
}

func TestSurfacesAfterAFailedOneAreStillWritten(t *testing.T) {
	t.Parallel()
	lost := errors.New("no pull request found")
	for name, test := range map[string]struct {
		pr      *pullRequest
		fail    error
		skipped []string
		reviews int
	}{
		"no error":        {pr: pull(7, nil), reviews: 1},
		"no pull request": {pr: pull(0, lost), skipped: []string{"comment: no pull request found"}},
		"the comment is refused": {
			pr: pull(7, nil), fail: errors.New("422"),
			skipped: []string{"comment: 422", "review comments: 422", "check run: 422"}, reviews: 1,
		},
		"GitHub is unreachable": {
			pr: pull(7, nil), fail: &forge.Error{Kind: forge.ErrPermission},
			skipped: []string{"comment", "check run"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &recorder{fail: test.fail}
			var skipped []string
			Deliver(t.Context(), []Surface{
				Comment{Forge: f, PullRequest: test.pr, Run: job, When: config.Always, Text: text},
				ReviewComments{Forge: f, PullRequest: test.pr, Run: job},
				Check{Forge: f, Run: job, Text: text},
			}, report.Report{}, func(s Skipped) {
				if test.fail != nil && forge.General(test.fail) {
					skipped = append(skipped, s.Surface)
					return
				}
				skipped = append(skipped, s.Surface+": "+s.Err.Error())
			})
			if diff := cmp.Diff(test.skipped, skipped); diff != "" {
				t.Errorf("skipped (-want +got)\n%s", diff)
			}
			if len(f.reviews) != test.reviews || len(f.checks) != 1 {
				t.Errorf("%d reviews and %d check runs; want %d and 1", len(f.reviews), len(f.checks), test.reviews)
			}
		})
	}
}

func TestLinksReachLaterSurfaces(t *testing.T) {
	t.Parallel()
	set := map[string]string{}
	links := Deliver(t.Context(), []Surface{
		Files{Dir: t.TempDir()},
		Comment{Forge: &recorder{}, PullRequest: pull(7, nil), Run: job, Text: text},
		Outputs{Set: func(name, value string) error { set[name] = value; return nil }},
	}, report.Report{}, func(s Skipped) { t.Errorf("skipped %s: %v", s.Surface, s.Err) })
	if set["comment-url"] != "https://github.com/acme/shop/pull/7#1" ||
		set["report-json"] != links.ReportJSON || links.ReportJSON == "" ||
		set["report-html"] != links.ReportHTML || links.ReportHTML == "" {
		t.Errorf("outputs %v with the links %+v", set, links)
	}
	if len(set) != len(AllOutputs()) {
		t.Errorf("%d outputs were set, want %d", len(set), len(AllOutputs()))
	}
}

func TestWhichReportsCreateASurface(t *testing.T) {
	t.Parallel()
	change := int64(-1)
	quiet := report.Report{Status: report.Success}
	differs := report.Report{Status: report.Success, Models: []report.Model{{BaselineChange: &change}}}
	breached := report.Report{Status: report.Success, Gates: []report.Gate{{}}}
	for _, test := range []struct {
		when   config.When
		report report.Report
		want   bool
	}{
		{config.Always, quiet, true},
		{config.Changes, quiet, false},
		{config.Changes, differs, true},
		{config.Problems, differs, false},
		{config.Problems, breached, true},
		{config.Problems, report.Report{Status: report.Failed}, true},
	} {
		if got := deserves(test.when, test.report); got != test.want {
			t.Errorf("%s, %+v: got %v", test.when, test.report, got)
		}
	}
}

func TestAnIssueIsClosedOnlyByACompleteRun(t *testing.T) {
	t.Parallel()
	breach := []report.Gate{{Severity: tally.SeverityError}}
	for name, test := range map[string]struct {
		report   report.Report
		breached []bool
	}{
		"a breach opens it":         {report.Report{Status: report.Success, Gates: breach}, []bool{true}},
		"a breach beside a failure": {report.Report{Status: report.Failed, Gates: breach}, []bool{true}},
		"a clean run closes it":     {report.Report{Status: report.Success}, []bool{false}},
		"a failed run leaves it":    {report.Report{Status: report.Failed}, nil},
		"a warning is not a breach": {report.Report{
			Status: report.Success,
			Gates:  []report.Gate{{Severity: tally.SeverityWarn}},
		}, []bool{false}},
		"an interrupted run leaves it": {report.Report{Status: report.Incomplete}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &recorder{}
			if _, err := (Issue{
				Forge: f, Run: job, When: config.Problems,
				Target: "ci",
			}).Deliver(t.Context(), test.report, Links{}); err != nil {
				t.Fatal(err)
			}
			var breached []bool
			for _, issue := range f.issues {
				breached = append(breached, issue.Breached)
			}
			if diff := cmp.Diff(test.breached, breached); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestACheckRunNeedsACommit(t *testing.T) {
	t.Parallel()
	f := &recorder{}
	_, err := Check{Forge: f, Run: run{Key: "default"}, Text: text}.Deliver(t.Context(), report.Report{}, Links{})
	if !errors.Is(err, errNoCommit) || len(f.checks) > 0 {
		t.Errorf("got %v and %d check runs, want %v", err, len(f.checks), errNoCommit)
	}
}

func TestConditionsThatTheUserCannotFixAreNotices(t *testing.T) {
	t.Parallel()
	denied := &forge.Error{Kind: forge.ErrPermission}
	fork := ci.Event{Fork: true}
	for name, test := range map[string]struct {
		event ci.Event
		errs  []error
		want  []ci.Level
	}{
		"no pull request": {
			ci.Event{},
			[]error{ErrNoPullRequest, errNoCommit},
			[]ci.Level{ci.Notice, ci.Notice},
		},
		"a fork's token, reported once": {fork, []error{denied, denied}, []ci.Level{ci.Notice}},
		"a token that may write":        {ci.Event{}, []error{denied, denied}, []ci.Level{ci.Warning, ci.Warning}},
		"another error on a fork":       {fork, []error{errors.New("422")}, []ci.Level{ci.Warning}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			describe := Reporter(test.event, GitHub)
			var got []ci.Level
			for _, err := range test.errs {
				if level, _, ok := describe(Skipped{Surface: "comment", Err: err}); ok {
					got = append(got, level)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// defective is a surface with a defect.
type defective struct{}

func (defective) Name() string { return "check" }

func (defective) Deliver(context.Context, report.Report, Links) (Links, error) {
	var answer *report.Report
	return Links{}, errors.New(answer.TallyVersion)
}

// slow is a surface that does not answer.
type slow struct{}

func (slow) Name() string { return "comment" }

func (slow) Deliver(ctx context.Context, _ report.Report, links Links) (Links, error) {
	<-ctx.Done()
	return links, ctx.Err()
}

func TestASurfaceThatPanicsOrHangsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var names []string
	written := Outputs{Set: func(string, string) error { return ctx.Err() }}
	links := Deliver(ctx, []Surface{slow{}, defective{}, written}, report.Report{}, func(s Skipped) {
		names = append(names, s.Surface)
		if s.Surface == "check" && !strings.Contains(s.Err.Error(), docs.NewIssue) {
			t.Errorf("the defect is reported as %v", s.Err)
		}
	})
	if diff := cmp.Diff([]string{"comment", "check"}, names); diff != "" || links != (Links{}) {
		t.Errorf("skipped (-want +got), links %v\n%s", links, diff)
	}
}
