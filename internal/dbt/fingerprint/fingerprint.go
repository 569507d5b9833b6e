// Package fingerprint computes a fingerprint of the code of each node in dbt's
// manifest.json that has rows, or through which rows are read. Two manifests of the same
// code have the same fingerprints, whatever the target. The package reads the manifest as
// a stream; it neither runs dbt nor compares fingerprints.
package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Node is the code of a model, seed, snapshot, function or source.
type Node struct {
	ID          string
	Parents     []string // unique_ids of the nodes that it reads
	Fingerprint string   // equal if the code is equal; "" if it is unknown
	Unreadable  string   // why it is unknown, otherwise ""
	// Files are the project's files with its code, relative to the project: its own file,
	// the file of its properties, and those of its macros. Files of packages are left
	// out.
	Files   []string
	Inlined bool // ephemeral, or a source or function: part of what reads it
	Orphan  bool // the manifest does not list what it reads
	// ReadsVars reports that its code, or that of its macros, calls var(), and that the
	// values are unknown, so that a change of one does not change the fingerprint.
	ReadsVars bool
}

// ErrNoManifest means that the file is not a manifest.
var ErrNoManifest = errors.New("not a manifest")

// Read returns the nodes of a manifest, in its order. The fingerprint covers the body,
// the configuration as it is written, the contract, the version, the macros that the node
// calls, directly or indirectly, and the variables that these read. A manifest does not
// contain their values. It omits what cannot change a row (descriptions,
// tags, groups, docs, meta.tally) and the macros that the project cannot change: dbt's
// own and those of dbt-tally.
func Read(manifest io.Reader, vars Vars) ([]Node, error) {
	m := reading{macros: map[string]macro{}, seeds: map[string]string{}}
	if err := m.read(manifest); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	nodes := make([]Node, len(m.nodes))
	for i := range m.nodes {
		nodes[i] = m.withMacros(m.nodes[i], vars)
	}
	return nodes, nil
}

// reading is the state while a manifest is read. The texts of nodes and macros make up
// most of the file, so it keeps only their sums.
type reading struct {
	metadata metadata
	nodes    []unfinished
	macros   map[string]macro

	seeds map[string]string // by their relations
}

type metadata struct {
	ProjectName string `json:"project_name"` // dbt 1.6 and later
	AdapterType string `json:"adapter_type"`
}

// unfinished is a node without its macros, which follow it in the manifest.
type unfinished struct {
	node    Node
	pkg     string
	own     [sha256.Size]byte
	macros  []string // unique_ids of those that its own code calls
	vars    uses     // of its own code
	reasons []string // why it has no fingerprint
	source  string   // the relation, if it is a source
}

type macro struct {
	pkg, path string
	sum       [sha256.Size]byte
	calls     []string
	vars      uses
}

var lenient = []json.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func (m *reading) read(from io.Reader) error {
	dec := jsontext.NewDecoder(from, lenient...)
	if token, err := dec.ReadToken(); err != nil {
		return err
	} else if token.Kind() != '{' {
		return ErrNoManifest
	}
	found := false
	for dec.PeekKind() != '}' {
		section, err := dec.ReadToken()
		if err != nil {
			return err
		}
		switch section.String() {
		case "metadata":
			err = json.UnmarshalDecode(dec, &m.metadata, lenient...)
		case "nodes":
			found = true
			err = each(dec, m.addNode)
		case "functions":
			err = each(dec, m.addNode)
		case "sources":
			err = each(dec, m.addSource)
		case "macros":
			err = each(dec, m.addMacro)
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return ErrNoManifest
	}
	return nil
}

// each decodes the values of an object one by one. It skips the values of other kinds
// without decoding them.
func each[T any](dec *jsontext.Decoder, add func(id string, value T)) error {
	switch token, err := dec.ReadToken(); {
	case err != nil:
		return err
	case token.Kind() == 'n':
		return nil
	case token.Kind() != '{':
		return ErrNoManifest
	}
	for dec.PeekKind() != '}' {
		key, err := dec.ReadToken()
		if err != nil {
			return err
		}
		id := key.String()
		if kind, _, _ := strings.Cut(id, "."); !slices.Contains(kinds, kind) {
			err = dec.SkipValue()
		} else {
			var value T
			if err = json.UnmarshalDecode(dec, &value, lenient...); err == nil {
				add(id, value)
			}
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// kinds are the types of nodes to keep.
var kinds = []string{"model", "seed", "snapshot", "function", "source", "macro"}

// withMacros adds the macros and the variables to a node's fingerprint.
func (m *reading) withMacros(u unfinished, vars Vars) Node {
	node := u.node
	if seed := m.seeds[u.source]; seed != "" {
		node.Parents = []string{seed} // projects read a seed as a source, too
	}
	node.Files = m.project(u.pkg, node.Files)
	sum := sha256.New()
	sum.Write(u.own[:])
	for _, id := range m.called(u.macros) {
		called := m.macros[id]
		fmt.Fprintf(sum, "%q", id)
		sum.Write(called.sum[:])
		u.vars = u.vars.and(called.vars)
		node.Files = append(node.Files, m.project(called.pkg, []string{called.path})...)
	}
	vars.write(sum, u.pkg, u.vars)
	node.ReadsVars = vars == nil && u.vars.some()
	slices.Sort(node.Files)
	node.Files = slices.Compact(node.Files)
	if len(u.reasons) > 0 {
		node.Unreadable = u.reasons[0]
		return node
	}
	// Half of the sum is enough, because it is compared only with that of the same node.
	node.Fingerprint = hex.EncodeToString(sum.Sum(nil)[:sha256.Size/2])
	return node
}

// called lists the macros in open and those that they call, ordered by ID. It
// ignores a macro that the manifest lacks, because it was removed.
func (m *reading) called(open []string) []string {
	seen := map[string]bool{}
	var list []string
	for open = slices.Clone(open); len(open) > 0; {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		found, ok := m.macros[id]
		if seen[id] || !ok || m.foreign(id, found) {
			continue
		}
		seen[id] = true
		list = append(list, id)
		open = append(open, found.calls...)
	}
	slices.Sort(list)
	return list
}

// project returns files if they belong to the project itself. If the manifest lacks the
// project's name, it returns all, so a file of a package may be mistaken for a file of
// the project with the same path.
func (m *reading) project(pkg string, files []string) []string {
	if m.metadata.ProjectName != "" && pkg != m.metadata.ProjectName {
		return nil
	}
	return slices.DeleteFunc(files, func(file string) bool { return file == "" })
}
