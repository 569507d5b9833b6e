package bench

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// statements counts in dbt's JSON log the statements for models, and returns the number
// per model.
func statements(tb testing.TB, log string, models int) float64 {
	tb.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		tb.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(text) {
		var event struct {
			Info struct {
				Code string `json:"code"`
			} `json:"info"`
			Data struct {
				NodeInfo struct {
					UniqueID string `json:"unique_id"`
				} `json:"node_info"`
			} `json:"data"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			continue // an event with other data is not a statement
		}
		if event.Info.Code == "E016" && strings.HasPrefix(event.Data.NodeInfo.UniqueID, "model.") {
			n++
		}
	}
	return float64(n) / float64(models)
}
