package redact

import (
	"encoding/binary"
	"slices"
	"strings"
)

// partial is the shortest part of a secret, in bytes, that is replaced.
const partial = 8

// index finds all forms in one pass over a text.
type index struct {
	whole dictionary
	tails dictionary // the rest of each form if its beginning was cut off
	maybe []uint64   // one bit per hash: false if no form begins with bytes that have this hash
	tiny  []string   // the forms that are too short for the hash
}

// span is a part of a text.
type span struct{ from, to int }

// head is how many bytes of a form are hashed before the form itself is compared.
const head, hashBits = 4, 16

// newIndex indexes forms. hasTails selects the forms whose tails are forms as well.
func newIndex(forms []string, hasTails func(form string) bool) index {
	x := index{maybe: make([]uint64, 1<<hashBits/64)}
	var whole, tails []string
	for _, form := range forms {
		if len(form) < head {
			x.tiny = append(x.tiny, form)
			continue
		}
		whole = append(whole, form)
		h := hash(binary.BigEndian.Uint32([]byte(form[:head])))
		x.maybe[h/64] |= 1 << (h % 64)
		for from := 1; from+partial <= len(form) && hasTails(form); from++ {
			tails = append(tails, form[from:])
		}
	}
	x.whole, x.tails = newDictionary(whole), newDictionary(tails)
	return x
}

func hash(head uint32) uint32 { return head * 0x9e3779b1 >> (32 - hashBits) }

// find returns the parts of a text to replace, in order. They do not touch each other.
func (x index) find(text string) []span {
	spans := x.findTiny(text)
	if len(x.whole.words) > 0 {
		starts, ends := edges(text)
		spans = append(spans, x.findWhole(text, ends)...)
		spans = append(spans, x.findTails(text, starts, ends)...)
	}
	return merge(spans)
}

func (x index) findTiny(text string) []span {
	var spans []span
	for _, form := range x.tiny {
		for from := 0; ; from += len(form) {
			i := strings.Index(text[from:], form)
			if i < 0 {
				break
			}
			from += i
			spans = append(spans, span{from, from + len(form)})
		}
	}
	return spans
}

// findWhole finds complete forms, and forms whose end was cut off.
func (x index) findWhole(text string, ends []int) []span {
	var spans []span
	var h uint32
	for i := range len(text) {
		h = h<<8 | uint32(text[i])
		if x.maybe[hash(h)/64]&(1<<(hash(h)%64)) == 0 || i < head-1 {
			continue
		}
		from := i - head + 1
		if length := longest(x.whole, text, from, ends); length > 0 {
			spans = append(spans, span{from, from + length})
		}
	}
	return spans
}

// findTails finds forms whose beginning was cut off, and perhaps also their end.
func (x index) findTails(text string, starts, ends []int) []span {
	var spans []span
	for _, from := range starts {
		if length := longest(x.tails, text, from, ends); length > 0 {
			spans = append(spans, span{from, from + length})
		}
	}
	return spans
}

// longest returns the length of the longest word at an offset of a text, or of the
// longest prefix of a word that was cut off there.
func longest(d dictionary, text string, from int, ends []int) int {
	word, common := d.look(text[from:])
	if cut := lastEdge(ends, from+common) - from; cut >= partial {
		return max(word, cut)
	}
	return word
}

// lastEdge returns the last edge at or before offset, or -1 if there is none.
func lastEdge(edges []int, offset int) int {
	i, found := slices.BinarySearch(edges, offset)
	switch {
	case found:
		return offset
	case i == 0:
		return -1
	}
	return edges[i-1]
}

// cuts mark where a line was cut: the ellipsis of PostgreSQL and that of reports, a line
// break in JSON, and the end of MySQL's quotation of a statement.
var cuts = []string{"...", "…", `\n`, "' at line "}

// edges returns the offsets at which a text may have been cut, in order: text may be
// missing before a start and after an end.
func edges(text string) (starts, ends []int) {
	from := 0
	add := func(to, next int) {
		line := text[from:to]
		starts = append(starts, from+len(line)-len(strings.TrimLeft(line, " \t\r")))
		ends = append(ends, from+len(strings.TrimRight(line, " \t\r")))
		from = next
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			add(i, i+1)
		case '.', '\\', '\'', "…"[0]:
			for _, cut := range cuts {
				if strings.HasPrefix(text[i:], cut) {
					add(i, i+len(cut))
					i += len(cut) - 1
					break
				}
			}
		}
	}
	add(len(text), len(text))
	return starts, ends
}

// merge sorts spans and joins those that touch.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var merged []span
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.from <= merged[last].to {
			merged[last].to = max(merged[last].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
