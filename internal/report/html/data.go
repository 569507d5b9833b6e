package html

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// maxPoints is how many earlier runs a trend has.
const maxPoints = 90

// about contains the data about a model that the script needs besides its row.
type about struct {
	id, relation  string
	file, path    string // relative to the repository, and to the project
	status, cause string
	rows          *int64
	trend         report.Trend
	written       *report.Written
	notes         []string
}

// data is the JSON for the script. Its keys are short, because there are many models.
type data struct {
	Now    int64      `json:"now"` // seconds since 1970; 0: the page shows no run
	Files  string     `json:"files"`
	Runs   []runData  `json:"runs"` // newest first
	Words  []string   `json:"words"`
	Models []nodeData `json:"models"`
}

type runData struct {
	At     int64  `json:"t"`
	Branch string `json:"b,omitempty"`
	Commit string `json:"c,omitempty"`
	URL    string `json:"u,omitempty"`
}

// nodeData refers to data.Words by index for texts that several models share.
type nodeData struct {
	ID      string     `json:"i"`           // after its last dot
	Prefix  int        `json:"q"`           // of the ID, with its last dot
	Folder  int        `json:"f"`           // relative to the project
	Dir     int        `json:"k"`           // of the file, relative to the repository if that is known
	File    string     `json:"l,omitempty"` // in that directory; "": named as the ID
	Package int        `json:"p"`
	Place   int        `json:"d"`           // database and schema of the relation, with its last dot
	Called  string     `json:"r,omitempty"` // the relation's own name; "": the ID in double quotes
	Status  int        `json:"s"`
	Cause   int        `json:"c"`
	Rows    *int64     `json:"z,omitempty"`
	Past    string     `json:"h,omitempty"` // see encode
	Wrote   []string   `json:"w,omitempty"` // inserted, updated, deleted: as Past, with this run's number last
	Range   *[2]int64  `json:"x,omitempty"`
	Gates   []gateData `json:"g,omitempty"`
	Notes   []int      `json:"n,omitempty"`
}

type gateData struct {
	Label string `json:"l"`
	At    int64  `json:"y"`
}

// words is a list of distinct texts.
type words struct {
	list  []string
	index map[string]int
}

func (w *words) of(text string) int {
	if i, known := w.index[text]; known {
		return i
	}
	w.index[text] = len(w.list)
	w.list = append(w.list, text)
	return len(w.list) - 1
}

// data returns the data with the counts of so many of the newest runs.
func (t table) data(runs int) data {
	d := data{Files: t.files, Runs: []runData{}, Models: []nodeData{}}
	if !t.now.IsZero() {
		d.Now = t.now.Unix()
	}
	for _, run := range t.runs[:min(runs, len(t.runs))] {
		d.Runs = append(d.Runs, runData{
			At: run.CompletedAt.Unix(), Branch: name(run.Branch), Commit: name(run.Commit), URL: webAddress(run.URL),
		})
	}
	w := &words{index: map[string]int{}}
	for _, row := range t.Rows {
		d.Models = append(d.Models, row.about.data(w, len(d.Runs)))
	}
	d.Words = w.list
	return d
}

func (a about) data(w *words, runs int) nodeData {
	id := name(a.id)
	last := id[strings.LastIndexByte(id, '.')+1:]
	in := ""
	if parts := strings.Split(id, "."); len(parts) > 2 {
		in = parts[1]
	}
	dir, file := path.Split(cmp.Or(a.file, a.path))
	if file == last+".sql" {
		file = ""
	}
	place := strings.LastIndexByte(a.relation, '.') + 1
	called := a.relation[place:]
	if called == `"`+last+`"` {
		called = ""
	}
	n := nodeData{
		ID: last, Prefix: w.of(strings.TrimSuffix(id, last)), Folder: w.of(path.Dir(a.path)), Package: w.of(in),
		Dir: w.of(dir), File: file, Place: w.of(a.relation[:place]), Called: called,
		Status: w.of(a.status), Cause: w.of(a.cause), Rows: a.rows,
	}
	for _, note := range a.notes {
		n.Notes = append(n.Notes, w.of(note))
	}
	n.history(a, runs)
	if e := a.trend.Expected; e != nil {
		n.Range = &[2]int64{e.Low, e.High}
	}
	for _, g := range a.trend.Gates {
		n.Gates = append(n.Gates, gateData{g.Gate, g.At})
	}
	return n
}

// history adds what the newest runs counted and wrote.
func (n *nodeData) history(a about, runs int) {
	counts, ins, upd, del := make([]*int64, runs), make([]*int64, runs), make([]*int64, runs), make([]*int64, runs)
	wrote := false
	for _, p := range a.trend.Points {
		if p.Run >= runs {
			continue
		}
		at := runs - 1 - p.Run
		counts[at] = &p.Count
		if p.Written != nil && p.Written.Inserted != nil {
			ins[at], upd[at], del[at] = p.Written.Inserted, p.Written.Updated, p.Written.Deleted
			wrote = wrote || *p.Written.Updated+*p.Written.Deleted > 0
		}
	}
	n.Past = encode(counts)
	var now report.Written
	if w := a.written; w != nil && w.Inserted != nil && w.Updated != nil && w.Deleted != nil {
		now = *w
		wrote = wrote || *now.Updated+*now.Deleted > 0
	}
	ins, upd, del = append(ins, now.Inserted), append(upd, now.Updated), append(del, now.Deleted)
	if wrote {
		n.Wrote = []string{encode(ins), encode(upd), encode(del)}
	}
}

// encode writes counts, oldest first, as differences from the count before in base 36,
// separated by spaces; "." is an unknown count, and "x*3" is x three times. Leading unknown
// counts are left out.
func encode(counts []*int64) string {
	first := slices.IndexFunc(counts, func(n *int64) bool { return n != nil })
	if first < 0 {
		return ""
	}
	var tokens []string
	var times []int
	was := int64(0)
	for _, n := range counts[first:] {
		token := "."
		if n != nil {
			token, was = strconv.FormatInt(*n-was, 36), *n
		}
		if last := len(tokens) - 1; last >= 0 && tokens[last] == token {
			times[last]++
			continue
		}
		tokens, times = append(tokens, token), append(times, 1)
	}
	for i, n := range times {
		if n > 1 {
			tokens[i] += "*" + strconv.Itoa(n)
		}
	}
	return strings.Join(tokens, " ")
}
