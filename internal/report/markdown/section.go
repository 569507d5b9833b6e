package markdown

import "strings"

// section is a part of a page that can be cut: the rows of a table, the items of
// a list, a paragraph each. What matters most comes first.
type section struct {
	Title    string // of the fold; "" where it is not folded
	Head     string // what comes before the first row: a table's head
	Rows     []string
	Left     int    // rows that were cut
	FullList string // URL of the page that has all rows; "" for none
}

// fit cuts rows from the end until the rest takes at most budget bytes, and
// returns how many bytes are over. When it had to cut, none are: what matters
// less is not to take the place of what matters more.
func (s *section) fit(budget int) int {
	if len(s.Rows) == 0 {
		return budget
	}
	budget -= len("\n") + len(s.Head)
	for i, row := range s.Rows {
		budget -= len(row) + len("\n")
		if budget < 0 {
			s.Left = len(s.Rows) - i
			s.Rows = s.Rows[:i]
			return 0
		}
	}
	return budget
}

// column is one column of a table of T.
type column[T any] struct {
	title string
	right bool
	cell  func(T) string
}

// tableOf makes the rows of a Markdown table. A pipe would end a cell even in a
// code span, so it is escaped; no other character of a cell is touched.
func tableOf[T any](items []T, columns []column[T]) section {
	var titles, rules strings.Builder
	for _, c := range columns {
		titles.WriteString("| " + escapePipes(c.title) + " ")
		rules.WriteString("| ---")
		if c.right {
			rules.WriteString(":")
		}
		rules.WriteString(" ")
	}
	s := section{Head: titles.String() + "|\n" + rules.String() + "|\n"}
	for _, item := range items {
		var row strings.Builder
		for _, c := range columns {
			row.WriteString("| " + escapePipes(c.cell(item)) + " ")
		}
		s.Rows = append(s.Rows, row.String()+"|")
	}
	return s
}

func escapePipes(cell string) string { return strings.ReplaceAll(cell, "|", `\|`) }
