package markdown

import "strings"

// section is a part of a page that can be cut: the rows of a table, the items of a list,
// or paragraphs. The most important ones come first.
type section struct {
	Title    string // of the fold; "" if it is not folded
	Head     string // text before the first row: a table's head
	Rows     []string
	Left     int    // rows that were cut
	FullList string // URL of the page with all rows; "": none
}

// fit cuts rows from the end until the rest takes at most budget bytes, and returns how
// many bytes are left. If it cut rows, it returns 0, so that less important sections do
// not use the space instead.
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

// tableOf returns the rows of a Markdown table. It escapes pipes, which would end a cell
// even within a code span, and changes no other character of a cell.
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
