package redact

import (
	"encoding/binary"
	"slices"
	"strings"
)

// partial is the least that a part of a secret has to have before it counts.
const partial = 8

// index finds forms in a text in one pass, however many they are.
type index struct {
	whole dictionary
	tails dictionary // what is left of each form when its beginning was cut off
	maybe []uint64   // one bit each: false if no form begins with what has this hash
	tiny  []string   // the forms that are too short for that
}

// span is a part of a text.
type span struct{ from, to int }

// head is how much of a form is looked at before the form itself.
const head, hashBits = 4, 16

// newIndex takes forms, and of which of them the tails are forms too.
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

// find returns the parts of a text to take out, in order; no two touch.
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

// findWhole finds the forms, and those whose end was cut off.
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

// findTails finds the forms whose beginning was cut off, and maybe their end too.
func (x index) findTails(text string, starts, ends []int) []span {
	var spans []span
	for _, from := range starts {
		if length := longest(x.tails, text, from, ends); length > 0 {
			spans = append(spans, span{from, from + length})
		}
	}
	return spans
}

// longest returns the length of the longest word that stands at a place of a text,
// or of the longest beginning of one that was cut off there.
func longest(d dictionary, text string, from int, ends []int) int {
	word, common := d.look(text[from:])
	if cut := lastEdge(ends, from+common) - from; cut >= partial {
		return max(word, cut)
	}
	return word
}

// lastEdge returns the last of the edges that is not behind a place, -1 for none.
func lastEdge(edges []int, place int) int {
	i, found := slices.BinarySearch(edges, place)
	switch {
	case found:
		return place
	case i == 0:
		return -1
	}
	return edges[i-1]
}

// cuts are what marks the place of a cut inside a line: the ellipsis of PostgreSQL
// and that of reports, a line break in JSON, and the end of what MySQL quotes of a
// statement.
var cuts = []string{"...", "…", `\n`, "' at line "}

// edges returns where a text may have been cut, in order: after a start something
// may be missing in front, before an end something behind.
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

// merge orders spans and joins those that touch.
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
