package forge

import "testing"

func TestFirstChangeOfAPatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, patch string
		line        int
		side        string
	}{
		{"added", "@@ -1,2 +1,3 @@\n select\n+  id,\n   1 as one", 2, "RIGHT"},
		{"new file", "@@ -0,0 +1 @@\n+select 1", 1, "RIGHT"},
		{"changed", "@@ -10,3 +12,3 @@ with a as (\n one\n-two\n+zwei\n three", 13, "RIGHT"},
		{"removed, then added", "@@ -1,2 +1 @@\n-one\n two\n@@ -8 +7,2 @@\n eight\n+nine", 8, "RIGHT"},
		{"only removed", "@@ -4,3 +4 @@\n four\n-five\n-six", 5, "LEFT"},
		{"no newline at the end", "@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one", 1, "RIGHT"},
		{"looks like a hunk", "@@ -3,2 +3,2 @@\n-@@ -9 +9 @@\n+@@ -7 +7 @@\n x", 3, "RIGHT"},
		{"a blank line", "@@ -1,2 +1,3 @@\n \n+b\n c", 2, "RIGHT"},
		{"no hunk", "", 0, "LEFT"},
	} {
		if line, side := FirstChange(tt.patch); line != tt.line || string(side) != tt.side {
			t.Errorf("%s: %s %d, want %s %d", tt.name, side, line, tt.side, tt.line)
		}
	}
}
