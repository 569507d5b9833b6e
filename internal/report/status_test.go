package report

import (
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestEachStatusHasOneLook(t *testing.T) {
	t.Parallel()
	entries := map[tally.Status]int{}
	for _, look := range looks {
		entries[look.Status]++
		if look.Words == "" || look.title == nil {
			t.Errorf("%s: words %q; want words and a title", look.Status, look.Words)
		}
	}
	for _, status := range tally.Statuses() {
		if entries[status] != 1 {
			t.Errorf("%s has %d entries; want 1", status, entries[status])
		}
		if look := LookOf(status); status.Changed() && !look.Attention {
			t.Errorf("%s is a change, and needs no attention", status)
		}
	}
	if len(entries) != len(tally.Statuses()) {
		t.Errorf("%d statuses have a look; want %d", len(entries), len(tally.Statuses()))
	}
}

func TestAStatusWithoutALookIsShownByItsWord(t *testing.T) {
	t.Parallel()
	if got := LookOf("great"); got.Words != "great" || got.title(2) != "2 great" {
		t.Errorf("got %q, folded as %q", got.Words, got.title(2))
	}
}
