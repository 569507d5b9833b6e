package cloudrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Nothing can be added to a run of dbt Cloud that exists. Whether its counts were accepted
// is in its own cause, or in that of a further run.
var (
	acceptedItself = regexp.MustCompile(`\(accepted by ([^()]+)\)`)
	acceptedLater  = regexp.MustCompile(`^` + acceptsCause + `(\d+) \(accepted by ([^()]+)\)`)
)

// acceptedBy ends the cause of a run whose counts this job accepts.
func (s Session) acceptedBy() string {
	if !s.Accept {
		return ""
	}
	return fmt.Sprintf(" (accepted by %s)", strings.Trim(cmp.Or(s.Event.Actor, "unknown"), "()"))
}

// acceptedRuns returns the persons who accepted runs, by the run's number.
func acceptedRuns(runs []dbtcloud.Run) map[int64]string {
	by := map[int64]string{}
	for _, run := range runs {
		if match := acceptedLater.FindStringSubmatch(run.Trigger.Cause); match != nil {
			if id, err := strconv.ParseInt(match[1], 10, 64); err == nil {
				by[id] = match[2]
			}
		} else if match := acceptedItself.FindStringSubmatch(run.Trigger.Cause); match != nil {
			by[run.ID] = match[1]
		}
	}
	return by
}

// KeepAccepted makes the counts of a run a baseline although they breach gates. A run that
// this session triggered has that in its cause; for another one it takes a further run.
func (s Session) KeepAccepted(ctx context.Context, run dbtcloud.Run) error {
	if acceptedItself.MatchString(run.Trigger.Cause) {
		return nil
	}
	recording, err := s.furtherRun(ctx, run, further{
		cause: acceptsCause + strconv.FormatInt(run.ID, 10) + s.acceptedBy(), does: "records that run %d is accepted",
	})
	if errors.Is(err, dbtcloud.ErrForbidden) {
		return fmt.Errorf("run %d is not accepted for later runs, because the token may not start a run that "+
			"records this; give dbt-cloud-token the permission Job Admin; see %s", run.ID, docs.DBTCloud)
	}
	if err == nil && recording.Status != dbtcloud.Success {
		err = fmt.Errorf("the further run that records this ended with %s: %s", recording.Status, recording.URL)
	}
	if err != nil {
		return fmt.Errorf("run %d is not accepted for later runs: %w", run.ID, err)
	}
	return nil
}
