package app

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestALongStepReportsThatItGoesOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		took        time.Duration
		every       time.Duration
		begin, wipe string
		want        string
	}{
		"short": {took: 9 * time.Second, every: inLog},
		"log": {
			took: 25 * time.Second, every: inLog,
			want: "dbt-tally: reading, 10 s so far\ndbt-tally: reading, 20 s so far\n",
		},
		"terminal": {
			took: 2500 * time.Millisecond, every: inTerminal, begin: "\r", wipe: "\r\x1b[K",
			want: "\rdbt-tally: reading, 1 s so far\rdbt-tally: reading, 2 s so far\r\x1b[K",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b strings.Builder
				end := going(&b, "reading", tc.every, tc.begin, tc.wipe)
				time.Sleep(tc.took)
				end()
				end()
				if b.String() != tc.want {
					t.Errorf("wrote %q; want %q", b.String(), tc.want)
				}
			})
		})
	}
}
