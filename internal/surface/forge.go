package surface

import (
	"context"
	"net/http"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
)

// Forge describes the surfaces that a forge's API writes. The zero Vendor has none.
type Forge struct {
	Vendor Vendor
	HTTP   *http.Client
	Event  ci.Event

	Token          string
	JobToken       string // of GitLab's job, which is no use here
	Key            string // distinguishes the jobs of one pull request
	Comment        config.When
	ReviewComments config.When
	Check          config.When
	Issue          config.When

	Target    string // the target's name, for the issue's title
	ReportURL string // the address of report.html, "" if it is not known
	// Published means that the report is posted on behalf of another run, which the event
	// describes.
	Published bool
}

// client is what each forge offers. A check run is only possible if it is a checker too.
type client interface {
	Comment(ctx context.Context, comment forge.Comment) (forge.Posted, error)
	Review(ctx context.Context, review forge.Review) error
	Issue(ctx context.Context, issue forge.Issue) (forge.Posted, error)
	ChangedFiles(ctx context.Context, pullRequest int) ([]string, error)
	finder
}

type checker interface {
	Check(ctx context.Context, check forge.Check) (forge.Posted, error)
}

// Surfaces returns the surfaces that the user asked for. If no request to the forge is
// possible, it returns one surface that fails with the reason.
func (f Forge) Surfaces() []Surface {
	first := f.first()
	if first == "" || f.Vendor.open == nil {
		return nil
	}
	client, err := f.Vendor.open(f)
	if err != nil {
		return []Surface{unreachable{name: first, err: err}}
	}
	return f.surfaces(client, &pullRequest{find: func(ctx context.Context) (int, error) {
		return findPullRequest(ctx, client, f.Event, f.Vendor.none)
	}})
}

// ChangedFiles returns the files that the event's pull request changes, relative to
// the repository.
func (f Forge) ChangedFiles(ctx context.Context) ([]string, error) {
	if f.Vendor.open == nil {
		return nil, ErrNoPullRequest
	}
	client, err := f.Vendor.open(f)
	if err != nil {
		return nil, err
	}
	return client.ChangedFiles(ctx, f.Event.PullRequest)
}

// surfaces returns the surfaces that the user asked for, in the order in which they are
// written.
func (f Forge) surfaces(client client, pr *pullRequest) []Surface {
	from := run{
		Key: f.Key, ID: f.Event.RunID, Attempt: f.Event.RunAttempt, URL: f.Event.RunURL, Commit: f.Event.HeadSHA,
		Report: f.ReportURL,
	}
	text := f.text
	var list []Surface
	if f.Published {
		list = append(list, posting{pr})
	}
	if asked(f.Comment) {
		list = append(list, Comment{
			Forge: client, PullRequest: pr, Run: from, When: f.Comment, Text: text, OnlyNewer: f.Published,
		})
	}
	// The event of a comment does not contain the pull request's commit, so it is unknown
	// what was checked out.
	if asked(f.ReviewComments) && f.Event.HeadSHA != "" {
		list = append(list, ReviewComments{Forge: client, PullRequest: pr, Run: from})
	}
	if asked(f.Check) {
		list = append(list, f.check(client, pr, from))
	}
	if asked(f.Issue) && f.Event.PullRequest == 0 {
		list = append(list, Issue{Forge: client, Run: from, When: f.Issue, Target: f.Target})
	}
	return list
}

func (f Forge) check(client client, pr *pullRequest, from run) Surface {
	checks, ok := client.(checker)
	if !ok {
		return unreachable{name: Check{}.Name(), err: errNoChecks}
	}
	check := Check{Forge: checks, Run: from, When: f.Check, Text: f.text}
	if f.Published {
		check.PullRequest = pr
	}
	return check
}

// run is the CI run that a surface is written for.
type run struct {
	Key     string
	ID      int64
	Attempt int
	URL     string
	Report  string // the address of report.html, "" if it is not known
	Commit  string // "" if the event does not contain it
}

// text renders the comment and the text of the check run.
func (f Forge) text(r report.Report) (string, error) {
	links := markdown.Links{Run: f.Event.RunURL, Report: f.ReportURL}
	if f.Published {
		return markdown.PublishedComment(r, links)
	}
	if f.Event.PullRequest != 0 && f.Event.ServerURL != "" {
		links.File = f.Vendor.file(f.Event)
	}
	return markdown.Comment(r, links)
}

// first returns the name of the first surface that the user asked for, or "".
func (f Forge) first() string {
	switch {
	case f.Published:
		return posting{}.Name()
	case asked(f.Comment):
		return Comment{}.Name()
	case asked(f.ReviewComments):
		return ReviewComments{}.Name()
	case asked(f.Check):
		return Check{}.Name()
	case asked(f.Issue):
		return Issue{}.Name()
	}
	return ""
}

// unreachable replaces surfaces that cannot be written at all.
type unreachable struct {
	name string
	err  error
}

func (u unreachable) Name() string { return u.name }

func (u unreachable) Deliver(_ context.Context, _ report.Report, links Links) (Links, error) {
	return links, u.err
}

// posting looks up the pull request for which a report is published. If there is none, it
// fails, and nothing is published.
type posting struct{ pr *pullRequest }

func (posting) Name() string { return "publish" }

func (p posting) Deliver(ctx context.Context, _ report.Report, links Links) (Links, error) {
	_, err := p.pr.get(ctx)
	return links, err
}

// asked reports whether the user asked for a surface at all.
func asked(when config.When) bool { return when != config.Never && when != "" }
