package gitlab

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSectionsOfTheLog(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	now := time.Unix(1700000000, 0)
	log := NewLog(&out, func() time.Time { now = now.Add(time.Second); return now })
	end := log.Section("dbt deps")
	out.WriteString("installing")
	end()
	log.Section("uv pip install")()
	want := "\x1b[0Ksection_start:1700000001:dbt_tally_1[collapsed=true]\r\x1b[0Kdbt deps\ninstalling\n" +
		"\x1b[0Ksection_end:1700000002:dbt_tally_1\r\x1b[0K\n" +
		"\x1b[0Ksection_start:1700000003:dbt_tally_2[collapsed=true]\r\x1b[0Kuv pip install\n\n" +
		"\x1b[0Ksection_end:1700000004:dbt_tally_2\r\x1b[0K\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
