package app

import (
	"cmp"
	"context"
	"time"
)

// budget limits the time of a step after dbt: without an interrupt, and after one.
type budget struct{ calm, hurried time.Duration }

// The steps after dbt. Each has its own budget, so that the comment is written even if the
// warehouse does not answer. After an interrupt the runner kills this process within 10 s,
// some of which dbt has already used
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation).
var (
	collecting = budget{calm: 90 * time.Second, hurried: 2 * time.Second}
	recording  = budget{calm: 15 * time.Second, hurried: time.Second}
	delivering = budget{calm: 90 * time.Second, hurried: 4 * time.Second}

	// Reading a run of dbt Cloud may take a further run there.
	readingCloud = budget{calm: 30 * time.Minute, hurried: 2 * time.Second}
)

// within returns b with another calm limit, unless that is 0.
func (b budget) within(calm time.Duration) budget {
	b.calm = cmp.Or(calm, b.calm)
	return b
}

// context returns a context for one step. An interrupt shortens it instead of ending it at
// once, whether it comes before the step or during it.
func (b budget) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil {
		return context.WithTimeout(context.WithoutCancel(ctx), b.hurried)
	}
	step, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.calm)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(b.hurried, cancel) })
	return step, func() { stop(); cancel() }
}
