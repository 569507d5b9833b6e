package warehouse

import "testing"

func TestEveryProfileTypeIsReachedInOneWay(t *testing.T) {
	t.Parallel()
	for name, kind := range profileTypes {
		if (kind.connect == nil) != (kind.dialect == nil) {
			t.Errorf("%s has a connector without a dialect, or a dialect without a connector", name)
		}
	}
	if RollsBack("oracle") || len(Words("oracle").Missing) == 0 {
		t.Error("an unknown profile type has properties")
	}
}
