package dbtcloud

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// The refusals of dbt Cloud, for errors.Is.
var (
	ErrUnauthorized = errors.New("dbt Cloud does not accept the token")
	ErrForbidden    = errors.New("dbt Cloud refuses this to the token")
	ErrNotFound     = errors.New("dbt Cloud does not have it")
)

// refusal is an answer other than success.
type refusal struct {
	status  int
	message string // dbt Cloud's own
	retry   string // the header Retry-After
}

func (r *refusal) Error() string {
	if r.message == "" {
		return fmt.Sprintf("dbt Cloud answered %d %s", r.status, http.StatusText(r.status))
	}
	return fmt.Sprintf("dbt Cloud answered %d %s: %s", r.status, http.StatusText(r.status), r.message)
}

// Is maps the status to a sentinel.
func (r *refusal) Is(target error) bool {
	switch r.status {
	case http.StatusUnauthorized:
		return target == ErrUnauthorized
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	}
	return false
}

// Explain turns a refusal into one message that names the input to correct.
func (c Client) Explain(err error, job int64) error {
	switch {
	case errors.Is(err, ErrUnauthorized):
		return fmt.Errorf(`inputs "dbt-cloud-host" and "dbt-cloud-token": %s does not accept the token; `+
			"each region has its own host, so use your account's access URL, or create the token again; see %s",
			c.Host, docs.DBTCloud)
	case errors.Is(err, ErrForbidden):
		return fmt.Errorf(`input "dbt-cloud-token": the token may not do this in account %d; `+
			"give it the permission Job Admin to trigger runs, or use attach, which only reads; see %s",
			c.Account, docs.DBTCloud)
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf(`inputs "dbt-cloud-account" and "dbt-cloud-job": %s has no job %d in account %d `+
			"that the token may see; copy both numbers from the job's page; see %s", c.Host, job, c.Account, docs.DBTCloud)
	}
	if untrusted(err) {
		err = fmt.Errorf("%w; check dbt-cloud-host, or name the file of the authority in NODE_EXTRA_CA_CERTS", err)
	}
	return fmt.Errorf("%w; see %s", err, docs.DBTCloud)
}
