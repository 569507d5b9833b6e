package tally

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// graph reads nodes from lines such as "orders*! = stg_orders customers", a node
// and its parents. The marks of a node: * edited, + new, ? without a fingerprint,
// ! differs, ^ not counted, - not built, ~ inlined.
func graph(lines ...string) CauseInput {
	in := CauseInput{
		Built: map[string]bool{}, Counted: map[string]bool{}, Differs: map[string]bool{},
		Baseline: map[string]string{},
	}
	for _, line := range lines {
		name, parents, _ := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		id := strings.TrimRight(name, "*~!?+-^")
		marks := name[len(id):]
		has := func(mark string) bool { return strings.Contains(marks, mark) }
		node := CodeNode{ID: id, Parents: strings.Fields(parents), Fingerprint: "same", Files: []string{id + ".sql"}}
		in.Baseline[id] = "same"
		switch {
		case has("*"):
			node.Fingerprint = "other"
		case has("?"):
			node.Fingerprint, node.Unreadable = "", "it has no unrendered_config"
		case has("+"):
			delete(in.Baseline, id)
		}
		node.Inlined = has("~")
		in.Built[id] = !has("-") && !has("~")
		in.Counted[id] = !has("^") && !has("~") && !has("-")
		in.Differs[id] = has("!")
		in.Nodes = append(in.Nodes, node)
	}
	return in
}

// words returns the causes in the form "orders: downstream of stg_orders, root raw".
func words(c Causes) []string {
	var list []string
	for _, id := range slices.Sorted(maps.Keys(c.ByNode)) {
		cause := c.ByNode[id]
		text := id + ": " + string(cause.Kind)
		if cause.Of != "" {
			text += " of " + cause.Of
		}
		if cause.Root != id && cause.Root != cause.Of {
			text += ", root " + cause.Root
		}
		if cause.Reason != "" {
			text += " (" + cause.Reason + ")"
		}
		list = append(list, text)
	}
	return list
}

func TestCauses(t *testing.T) {
	t.Parallel()
	const unreadable = "it has no unrendered_config, and the changed files are not known"
	for name, test := range map[string]struct {
		graph []string
		want  []string
	}{
		"nothing differs":          {[]string{"a", "b = a"}, nil},
		"edited, and differs":      {[]string{"a*!"}, []string{"a: edited"}},
		"edited, and does not":     {[]string{"a*", "b = a"}, []string{"a: edited"}},
		"a parent was edited":      {[]string{"a*", "b! = a"}, []string{"a: edited", "b: downstream of a"}},
		"new against the baseline": {[]string{"a+", "b! = a"}, []string{"a: edited", "b: downstream of a"}},
		"the sources moved":        {[]string{"source~", "a! = source"}, []string{"a: data"}},
		"the sources of a parent moved": {
			[]string{"a!", "b! = a", "c! = b"},
			[]string{"a: data", "b: data of a", "c: data of b, root a"},
		},
		"a source was edited": {
			[]string{"source~*", "a! = source"},
			[]string{"a: downstream of source", "source: edited"},
		},
		"a source that is a seed": {
			[]string{"seed*!", "source~ = seed", "a! = source"},
			[]string{"a: downstream of seed", "seed: edited"},
		},
		"a parent not in the graph": {[]string{"a! = source.x"}, []string{"a: data"}},
		"through a view": {
			[]string{"a*!", "view^ = a", "b! = view"},
			[]string{"a: edited", "b: downstream of a"},
		},
		"an edited view": {
			[]string{"view^*", "a! = view", "b = a", "c! = b"},
			[]string{"a: downstream of view", "c: downstream of a, root view", "view: edited"},
		},
		"through an ephemeral model": {
			[]string{"a*", "e~ = a", "b! = e"},
			[]string{"a: edited", "b: downstream of a"},
		},
		"an edited ephemeral model": {
			[]string{"e~*", "b! = e"},
			[]string{"b: downstream of e", "e: edited"},
		},
		"the nearest that differs": {
			[]string{"a*!", "b! = a", "c! = a b", "d! = b"},
			[]string{"a: edited", "b: downstream of a", "c: downstream of a", "d: downstream of b, root a"},
		},
		"an edit below an edit is its own": {
			[]string{"a*!", "b*! = a", "c! = b"},
			[]string{"a: edited", "b: edited", "c: downstream of b"},
		},
		"at the same distance, the first by name": {
			[]string{"b*!", "a*!", "c! = b a"},
			[]string{"a: edited", "b: edited", "c: downstream of a"},
		},
		"an edit that was not built": {
			[]string{"a*-", "b! = a"},
			[]string{"b: data"},
		},
		"a model that was not built hides those upstream": {
			[]string{"a*!", "b- = a", "c! = b"},
			[]string{"a: edited", "c: data"},
		},
		"data stops at an equal count": {
			[]string{"a!", "b = a", "c! = b"},
			[]string{"a: data", "c: data"},
		},
		"data goes through a view": {
			[]string{"a!", "v^ = a", "c! = v"},
			[]string{"a: data", "c: data of a"},
		},
		"no fingerprint": {[]string{"a?!"}, []string{"a: unknown (" + unreadable + ")"}},
		"no fingerprint upstream": {
			[]string{"a?", "b! = a"},
			[]string{"b: unknown (upstream: " + unreadable + ")"},
		},
		"no fingerprint, but an edit upstream": {
			[]string{"a*", "b?! = a"},
			[]string{"a: edited", "b: downstream of a"},
		},
		"a cycle": {
			[]string{"a! = b", "b! = a", "c! = b", "x* = a", "d! = c x"},
			[]string{"a: data of b", "b: data of a", "c: data of b, root a", "d: downstream of x", "x: edited"},
		},
		"an edit in a cycle": {
			[]string{"a*! = c", "b! = a", "c! = b", "d! = c"},
			[]string{
				"a: edited", "b: downstream of a",
				"c: downstream of b, root a", "d: downstream of c, root a",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, words(FindCauses(graph(test.graph...)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCausesWithoutStoredFingerprintsUseTheFiles(t *testing.T) {
	t.Parallel()
	const none = "the baseline has no fingerprints, and "
	for name, test := range map[string]struct {
		changed []string
		want    []string
	}{
		"a model's file": {[]string{"a.sql"}, []string{"a: edited", "b: downstream of a"}},
		"another file":   {[]string{"README.md"}, []string{"b: data"}},
		"no file":        {[]string{}, []string{"b: data"}},
		"not known": {nil, []string{
			"b: unknown (" + none + "the changed files are not known)",
		}},
		"the project's": {[]string{"packages.yml"}, []string{
			"b: unknown (" + none + "packages.yml changed, which can affect every model)",
		}},
		"a model's and the project's": {[]string{"dbt_project.yml", "a.sql"}, []string{"a: edited", "b: downstream of a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := graph("a", "b! = a")
			in.Baseline, in.ChangedFiles = nil, test.changed
			if diff := cmp.Diff(test.want, words(FindCauses(in))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatANodeReadsMayBeUnknown(t *testing.T) {
	t.Parallel()
	in := graph("a!", "b! = a", "c?!")
	in.ChangedFiles = []string{}
	in.Nodes[0].Orphan, in.Nodes[0].Fingerprint, in.Nodes[0].Unreadable = true, "", "no depends_on"
	want := []string{"a: unknown (no depends_on)", "b: unknown of a (upstream: no depends_on)", "c: data"}
	if diff := cmp.Diff(want, words(FindCauses(in))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.ChangedFiles = []string{"a.sql"}
	if diff := cmp.Diff("a: edited", words(FindCauses(in))[0]); diff != "" {
		t.Errorf("its own file changed (-want +got):\n%s", diff)
	}
}

func TestAVariableMayHaveChangedWithTheProject(t *testing.T) {
	t.Parallel()
	in := graph("a!", "b! = a", "c!", "d*")
	in.Nodes[0].ReadsVars, in.Nodes[3].ReadsVars = true, true
	if diff := cmp.Diff([]string{"a: data", "b: data of a", "c: data", "d: edited"}, words(FindCauses(in))); diff != "" {
		t.Errorf("unknown files (-want +got):\n%s", diff)
	}
	in.ChangedFiles = []string{"dbt_project.yml"}
	const why = "dbt_project.yml changed, and its code reads variables"
	want := []string{
		"a: unknown (" + why + ")", "b: unknown of a (upstream: " + why + ")", "c: data", "d: edited",
	}
	if diff := cmp.Diff(want, words(FindCauses(in))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRemovedNodesAreListed(t *testing.T) {
	t.Parallel()
	in := graph("renamed+", "child*! = renamed")
	in.Baseline["original"], in.Baseline["deleted"] = "same", "same"
	causes := FindCauses(in)
	if diff := cmp.Diff([]string{"deleted", "original"}, causes.Removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"child: edited", "renamed: edited"}, words(causes)); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

func TestCausesAreGroupedByTheirRoot(t *testing.T) {
	t.Parallel()
	got := FindCauses(graph(
		"lonely*!", "view^*", "b! = view", "c! = b",
		"raw!", "mart! = raw", "odd?!",
	)).Groups()
	want := []CauseGroup{
		{Root: "view", Kind: CauseEdited, Members: []string{"b", "c"}},
		{Root: "lonely", Kind: CauseEdited},
		{Root: "raw", Kind: CauseData, Members: []string{"mart"}},
		{Root: "odd", Kind: CauseUnknown},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
