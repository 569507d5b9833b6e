package fakedbtcloud

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// recorded returns the newest run of the job's own steps that is complete. The caller holds the lock.
func (s *Server) recorded() *run {
	for _, r := range slices.Backward(s.runs) {
		if r.status == 10 && len(r.trigger.Steps) == 0 {
			return r
		}
	}
	return nil
}

var invocationID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// replay repeats the step of another run as if it were this run's: with new invocation IDs
// and with the number of this run.
func (r *run) replay(model *run, name string, index int) (log string, ok bool) {
	if model == nil || len(model.steps) < index || model.steps[index-1].Name != name {
		return "", false
	}
	own := func(text string) string {
		text = invocationID.ReplaceAllStringFunc(text, func(id string) string {
			return uuid.NewSHA1(uuid.NameSpaceOID, []byte(id+strconv.FormatInt(r.id, 10))).String()
		})
		return strings.ReplaceAll(text, `"`+strconv.FormatInt(model.id, 10)+`"`, `"`+strconv.FormatInt(r.id, 10)+`"`)
	}
	if err := os.MkdirAll(r.artifacts(index), 0o755); err != nil {
		return "", false
	}
	for _, file := range []string{"manifest.json", "run_results.json"} {
		text, err := os.ReadFile(filepath.Join(model.artifacts(index), file))
		if err == nil {
			err = os.WriteFile(filepath.Join(r.artifacts(index), file), []byte(own(string(text))), 0o644)
		}
		if err != nil {
			return "", false
		}
	}
	return own(model.steps[index-1].Logs), true
}
