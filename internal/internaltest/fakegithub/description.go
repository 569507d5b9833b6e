package fakegithub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// descriptionPath is the path below .cache at which `make tools` installs npm's
// @octokit/openapi.
const descriptionPath = "openapi/node_modules/@octokit/openapi/generated/api.github.com.json"

// load reads the description once per test process, because it has 13 MB. It returns nil
// if the description is not installed.
var load = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := os.ReadFile(filepath.Join(server.Cache(), descriptionPath))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if text, err = cut(text); err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

// document is an OpenAPI document, decoded only as deep as cut needs.
type document struct {
	OpenAPI    string                                `json:"openapi"`
	Info       json.RawMessage                       `json:"info"`
	Paths      map[string]json.RawMessage            `json:"paths"`
	Components map[string]map[string]json.RawMessage `json:"components"`
}

var reference = regexp.MustCompile(`"\$ref":\s*"#/components/([^/"]+)/([^"]+)"`)

// cut removes everything from a description that the fake's operations do not need,
// because resolving all of it takes seconds and hundreds of megabytes.
func cut(text []byte) ([]byte, error) {
	var whole document
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	part := document{
		OpenAPI: whole.OpenAPI, Info: whole.Info,
		Paths: map[string]json.RawMessage{}, Components: map[string]map[string]json.RawMessage{},
	}
	var follow func(json.RawMessage)
	follow = func(text json.RawMessage) {
		for _, ref := range reference.FindAllSubmatch(text, -1) {
			kind, name := string(ref[1]), string(ref[2])
			if _, seen := part.Components[kind][name]; seen {
				continue
			}
			if part.Components[kind] == nil {
				part.Components[kind] = map[string]json.RawMessage{}
			}
			part.Components[kind][name] = whole.Components[kind][name]
			follow(whole.Components[kind][name])
		}
	}
	for _, o := range operations {
		item, ok := whole.Paths[o.path]
		if !ok {
			return nil, fmt.Errorf("GitHub's description has no path %s", o.path)
		}
		part.Paths[o.path] = item
		follow(item)
	}
	return json.Marshal(part)
}
