package redact

import (
	"slices"
	"sort"
	"strings"
)

// dictionary finds the words of a set with which a text begins.
type dictionary struct {
	words []string // sorted
	inner []int    // for each word, the longest other word that is its prefix; -1: none
}

func newDictionary(words []string) dictionary {
	slices.Sort(words)
	words = slices.Compact(words)
	d := dictionary{words: words, inner: make([]int, len(words))}
	for i, word := range words {
		j := i - 1
		for j >= 0 && !strings.HasPrefix(word, words[j]) {
			j = d.inner[j]
		}
		d.inner[i] = j
	}
	return d
}

// look returns the length of the longest word with which the text begins, and of the
// longest common prefix of the text and a word.
func (d dictionary) look(text string) (word, common int) {
	// The longest such word is the last one that does not sort after the text, or is a
	// prefix of that word.
	next := sort.Search(len(d.words), func(i int) bool { return d.words[i] > text })
	if next < len(d.words) {
		common = commonPrefix(text, d.words[next])
	}
	if next == 0 {
		return 0, common
	}
	i := next - 1
	common = max(common, commonPrefix(text, d.words[i]))
	for i >= 0 && !strings.HasPrefix(text, d.words[i]) {
		i = d.inner[i]
	}
	if i < 0 {
		return 0, common
	}
	return len(d.words[i]), common
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
