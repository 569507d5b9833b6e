// Package fingerprint computes from dbt's manifest.json a fingerprint of the code of
// each node that has rows, or that rows are read through. Two manifests of the same
// code have the same fingerprints, whatever the target. It reads the manifest as a
// stream and knows neither dbt's process nor what the fingerprints are compared for.
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
	Parents     []string // unique_ids of what it reads
	Fingerprint string   // equal if the code is equal; "" if it is unknown
	Unreadable  string   // why it cannot be told, else ""
	// Files are those of the project that its code is in, relative to the project:
	// its own, the one with its properties, and those of its macros. A package's are
	// left out.
	Files   []string
	Inlined bool // ephemeral, or a source or function: part of what reads it
	// ReadsVars says that its code, or that of its macros, calls var(). The values in
	// dbt_project.yml are in no manifest, so a change of one leaves the fingerprint.
	ReadsVars bool
}

// ErrNoManifest means that the file is not a manifest.
var ErrNoManifest = errors.New("not a manifest")

// Read returns the nodes of a manifest, in its order. The fingerprint covers the
// body, the configuration as it is written, the contract, the version and the macros
// that the node calls, directly or not. It leaves out what changes no row
// (descriptions, tags, groups, docs, meta.tally) and macros that are not the
// project's to change: dbt's own and those of dbt-tally.
func Read(manifest io.Reader) ([]Node, error) {
	m := reading{macros: map[string]macro{}}
	if err := m.read(manifest); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	nodes := make([]Node, len(m.nodes))
	for i := range m.nodes {
		nodes[i] = m.finish(m.nodes[i])
	}
	return nodes, nil
}

// reading is what is kept of a manifest while it is read: of a node and of a macro,
// whose texts make up most of the file, only the sums.
type reading struct {
	metadata metadata
	nodes    []unfinished
	macros   map[string]macro
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
	macros  []string // unique_ids of those that it calls itself
	reasons []string // why it has no fingerprint
}

type macro struct {
	pkg, path string
	sum       [sha256.Size]byte
	calls     []string
	readsVars bool
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

// each decodes the values of an object one by one. A key for which add is not to
// be asked is skipped without decoding.
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

// kinds are those of which anything is kept.
var kinds = []string{"model", "seed", "snapshot", "function", "source", "macro"}

// finish adds the macros to a node's fingerprint.
func (m *reading) finish(u unfinished) Node {
	node := u.node
	node.Files = m.project(u.pkg, node.Files)
	sum := sha256.New()
	sum.Write(u.own[:])
	for _, id := range m.called(u.macros) {
		called := m.macros[id]
		fmt.Fprintf(sum, "%q", id)
		sum.Write(called.sum[:])
		node.ReadsVars = node.ReadsVars || called.readsVars
		node.Files = append(node.Files, m.project(called.pkg, []string{called.path})...)
	}
	slices.Sort(node.Files)
	node.Files = slices.Compact(node.Files)
	if len(u.reasons) > 0 {
		node.Unreadable = u.reasons[0]
		return node
	}
	node.Fingerprint = hex.EncodeToString(sum.Sum(nil))
	return node
}

// called lists the macros that are reached from some of them, ordered by ID. One
// that the manifest lacks was removed, and is passed over.
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

// project keeps the files of the project itself. A manifest without the project's
// name keeps all: a file of a package then stands for one of the same path.
func (m *reading) project(pkg string, files []string) []string {
	if m.metadata.ProjectName != "" && pkg != m.metadata.ProjectName {
		return nil
	}
	return slices.DeleteFunc(files, func(file string) bool { return file == "" })
}
