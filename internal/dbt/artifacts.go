package dbt

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// lenient reads JSON as Python writes it: it is fast, and accepts what dbt accepts.
var lenient = []json.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// runResults is run_results.json, versions 4 to 6
// (https://schemas.getdbt.com/dbt/run-results/v6.json).
type runResults struct {
	Metadata struct {
		InvocationID string `json:"invocation_id"`
		DBTVersion   string `json:"dbt_version"`
		GeneratedAt  string `json:"generated_at"`
	} `json:"metadata"`
	ElapsedTime float64 `json:"elapsed_time"` // seconds
	Args        struct {
		InvocationCommand string `json:"invocation_command"`
	} `json:"args"`
	Results []struct {
		UniqueID      string  `json:"unique_id"`
		Status        string  `json:"status"`
		Message       *string `json:"message"`
		ExecutionTime float64 `json:"execution_time"`
		Response      any     `json:"adapter_response"` // an object, different for each adapter
	} `json:"results"`
}

// AdapterFigures is what an adapter reports of a node's statement. Each adapter reports
// some of it: a text is "" and a number nil if it is unknown.
type AdapterFigures struct {
	Code           string // of the statement, such as SELECT or SUCCESS
	RowsAffected   *int64
	QueryID        string // Snowflake, Databricks
	JobID          string // BigQuery, as the next two
	ProjectID      string
	Location       string
	BytesProcessed *int64 // BigQuery, Athena
	BytesBilled    *int64 // BigQuery, as the next
	SlotMS         *int64
}

// figures reads an adapter_response. It ignores what it does not know or cannot use: an
// adapter may use the same word for something else.
func figures(response any) (f AdapterFigures) {
	entries, _ := response.(map[string]any)
	text := func(name string) string {
		value, _ := entries[name].(string)
		return bounded(value)
	}
	number := func(names ...string) *int64 {
		for _, name := range names {
			if value, ok := entries[name].(float64); ok && 0 <= value && value < 1<<53 {
				return new(int64(value))
			}
		}
		return nil
	}
	return AdapterFigures{
		Code: text("code"), RowsAffected: number("rows_affected"), QueryID: text("query_id"),
		JobID: text("job_id"), ProjectID: text("project_id"), Location: text("location"),
		BytesProcessed: number("bytes_processed", "data_scanned_in_bytes"),
		BytesBilled:    number("bytes_billed"), SlotMS: number("slot_ms"),
	}
}

func (c CLI) runResultsFile() string { return filepath.Join(c.TargetPath, "run_results.json") }

// readRunResults reads the results of the last command that wrote any. If none did, the
// error is fs.ErrNotExist.
func (c CLI) readRunResults() (runResults, error) {
	var r runResults
	file, err := os.Open(c.runResultsFile())
	if err != nil {
		return r, fmt.Errorf("read run_results.json: %w", err)
	}
	defer file.Close()
	if err := json.UnmarshalRead(file, &r, lenient...); err != nil {
		return r, fmt.Errorf("read run_results.json: %w", incomplete(err))
	}
	return r, nil
}

// resultsID returns the invocation ID in run_results.json, or "" if there is no such
// file.
func (c CLI) resultsID() string {
	results, err := c.readRunResults()
	if err != nil {
		return ""
	}
	return results.Metadata.InvocationID
}

// ManifestNode contains the fields of a manifest's node that dbt-tally uses.
type ManifestNode struct {
	ID           string `json:"unique_id"`
	Name         string `json:"name"`
	Version      any    `json:"version"` // of a versioned model: a number or a string; nil otherwise
	ResourceType string `json:"resource_type"`
	Package      string `json:"package_name"`
	Path         string `json:"original_file_path"` // relative to the root of its package, forward slashes
	Relation     string `json:"relation_name"`      // "" if it has no relation
	Config       struct {
		Materialized string         `json:"materialized"`
		HardDeletes  string         `json:"hard_deletes"`            // of a snapshot, since dbt 1.9
		Invalidates  bool           `json:"invalidate_hard_deletes"` // the same before
		Meta         map[string]any `json:"meta"`
	} `json:"config"`
}

// Title returns the name as dbt shows it, with the version if the model is versioned.
func (n ManifestNode) Title() string {
	if n.Version == nil {
		return n.Name
	}
	return fmt.Sprintf("%s.v%v", n.Name, n.Version)
}

// HardDeletes returns what a snapshot does with keys that are gone: ignore, invalidate or
// new_record.
func (n ManifestNode) HardDeletes() string {
	if n.Config.HardDeletes == "" && n.Config.Invalidates {
		return "invalidate"
	}
	return cmp.Or(n.Config.HardDeletes, "ignore")
}

// Counted reports whether nodes of this type have rows to count.
func (n ManifestNode) Counted() bool {
	return slices.Contains([]string{"model", "seed", "snapshot"}, n.ResourceType)
}

// ReadManifest returns every model, seed and snapshot of target/manifest.json, and the
// other nodes that also names. It reads the file as a stream and stops as early as
// possible, because manifests can be hundreds of megabytes large. If the project was
// never parsed, the error is fs.ErrNotExist.
func (c CLI) ReadManifest(also []string) ([]ManifestNode, error) {
	file, err := os.Open(filepath.Join(c.TargetPath, "manifest.json"))
	if err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	defer file.Close()
	nodes, err := readManifest(file, also)
	if err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", incomplete(err))
	}
	return nodes, nil
}

// incomplete explains the error of a file that ends too early.
func incomplete(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the file is incomplete; free space on the disk if it is full, and run dbt again; see %s",
			err, docs.Troubleshooting)
	}
	return err
}

func readManifest(r io.Reader, also []string) ([]ManifestNode, error) {
	sections := []string{"nodes"}
	if slices.ContainsFunc(also, func(id string) bool { return strings.HasPrefix(id, "unit_test.") }) {
		sections = append(sections, "unit_tests")
	}
	dec := jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	var nodes []ManifestNode
	for len(sections) > 0 && dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		if i := slices.Index(sections, name.String()); i >= 0 {
			sections = slices.Delete(sections, i, i+1)
			nodes, err = readNodes(dec, nodes, also)
		} else {
			err = dec.SkipValue()
		}
		if err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// readNodes reads a JSON object of nodes by ID.
func readNodes(dec *jsontext.Decoder, nodes []ManifestNode, also []string) ([]ManifestNode, error) {
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != '}' {
		key, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		id := key.String()
		kind, _, _ := strings.Cut(id, ".")
		node := ManifestNode{ResourceType: kind}
		if !node.Counted() && !slices.Contains(also, id) {
			if err := dec.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if err := json.UnmarshalDecode(dec, &node, lenient...); err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	_, err := dec.ReadToken()
	return nodes, err
}
