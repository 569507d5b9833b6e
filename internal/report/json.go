package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes the report in the format of report.json: indented, with a newline at
// the end, as docs/report.schema.json describes it.
func WriteJSON(w io.Writer, r Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
