package surface

import (
	"context"
	"fmt"
	"net/http"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
)

// GitHub describes the surfaces that GitHub's API writes.
type GitHub struct {
	HTTP  *http.Client
	Event ci.Event

	Token          string
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

// Surfaces returns the surfaces that the user asked for. If no request to GitHub is
// possible, it returns one surface that fails with the reason.
func (g GitHub) Surfaces() []Surface {
	first := g.first()
	if first == "" {
		return nil
	}
	client, err := g.client()
	if err != nil {
		return []Surface{unreachable{name: first, err: err}}
	}
	return g.surfaces(client, &pullRequest{find: func(ctx context.Context) (int, error) {
		return findPullRequest(ctx, client, g.Event)
	}})
}

// ChangedFiles returns the files that the event's pull request changes, relative to
// the repository.
func (g GitHub) ChangedFiles(ctx context.Context) ([]string, error) {
	client, err := g.client()
	if err != nil {
		return nil, err
	}
	return client.ChangedFiles(ctx, g.Event.PullRequest)
}

// surfaces returns the surfaces that the user asked for, in the order in which they are
// written.
func (g GitHub) surfaces(client *github.Client, pr *pullRequest) []Surface {
	from := run{
		Key: g.Key, ID: g.Event.RunID, Attempt: g.Event.RunAttempt, URL: g.Event.RunURL, Commit: g.Event.HeadSHA,
		Report: g.ReportURL,
	}
	text := g.text
	var list []Surface
	if g.Published {
		list = append(list, posting{pr})
	}
	if asked(g.Comment) {
		list = append(list, Comment{
			Forge: client, PullRequest: pr, Run: from, When: g.Comment, Text: text, OnlyNewer: g.Published,
		})
	}
	// The event of a comment does not contain the pull request's commit, so it is unknown
	// what was checked out.
	if asked(g.ReviewComments) && g.Event.HeadSHA != "" {
		list = append(list, ReviewComments{Forge: client, PullRequest: pr, Run: from})
	}
	if asked(g.Check) {
		check := Check{Forge: client, Run: from, When: g.Check, Text: text}
		if g.Published {
			check.PullRequest = pr
		}
		list = append(list, check)
	}
	if asked(g.Issue) && g.Event.PullRequest == 0 {
		list = append(list, Issue{Forge: client, Run: from, When: g.Issue, Target: g.Target})
	}
	return list
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
func (g GitHub) text(r report.Report) (string, error) {
	if g.Published {
		return markdown.PublishedComment(r, markdown.Links{Run: g.Event.RunURL, Report: g.ReportURL})
	}
	return markdown.Comment(r, g.links())
}

// links returns the pages of the run and, on a pull request, of its changed files.
func (g GitHub) links() markdown.Links {
	links := markdown.Links{Run: g.Event.RunURL, Report: g.ReportURL}
	if g.Event.PullRequest != 0 && g.Event.ServerURL != "" {
		links.Files = fmt.Sprintf("%s/%s/pull/%d/files", g.Event.ServerURL, g.Event.Repository, g.Event.PullRequest)
	}
	return links
}

// first returns the name of the first surface that the user asked for, or "".
func (g GitHub) first() string {
	switch {
	case g.Published:
		return posting{}.Name()
	case asked(g.Comment):
		return Comment{}.Name()
	case asked(g.ReviewComments):
		return ReviewComments{}.Name()
	case asked(g.Check):
		return Check{}.Name()
	case asked(g.Issue):
		return Issue{}.Name()
	}
	return ""
}

func (g GitHub) client() (*github.Client, error) {
	if g.Token == "" {
		return nil, errNoToken
	}
	return github.New(github.Config{
		HTTP: g.HTTP, APIURL: g.Event.APIURL, GraphQLURL: g.Event.GraphQLURL,
		Token: g.Token, Repository: g.Event.Repository,
	})
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
