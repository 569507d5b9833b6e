package bench

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// BenchmarkGrowth compares dbt-tally with plain dbt on projects of more and more tables,
// rebuilt, because the cost per model must not grow with the project.
func BenchmarkGrowth(b *testing.B) {
	eachSize(b, fmt.Sprintf("tables rebuilt, %d threads, dbt %s, PostgreSQL", threads, *dbtVersion), "models", *sizes, growth)
}

// eachSize measures each size of a list, with dbt-tally's program, and prints the ratios.
// The first one of each size is kept for the picture.
func eachSize(b *testing.B, title, what, list string, measure func(b *testing.B, program string, size int) []paired) {
	b.Helper()
	program := binary(b)
	t := newTable(title)
	for text := range strings.SplitSeq(list, ",") {
		size, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			ratios := measure(b, program, size)
			keep(b, what, size, ratios[0])
			t.ratios(ratios)
		})
	}
	t.print(b)
}

func growth(b *testing.B, program string, models int) []paired {
	b.Helper()
	db := postgres.New(b)
	plain, tally := newProject(b, db, "plain", "", models), newProject(b, db, "tally", "", models)
	tally.binary = program
	projects := []*project{tally, plain}
	for _, p := range projects {
		p.warmUp(b)
		p.onlyRebuild = true
	}
	limits := func() []paired {
		what := fmt.Sprintf("%d models, dbt-tally ÷ plain, ", models)
		return []paired{
			{what + "time of the process", tally.rebuilt.process, plain.rebuilt.process, 1.04},
			{what + "CPU", tally.rebuilt.cpu, plain.rebuilt.cpu, 1.04},
		}
	}
	for b.Loop() {
		measureUntilDecided(b, projects, limits)
	}
	return limits()
}
