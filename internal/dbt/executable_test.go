package dbt

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProfileMayHaveADBTOfItsOwn(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	own := filepath.Join(bin, "dbt-mysql")
	if err := os.WriteFile(own, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for profileType, want := range map[string]string{
		"mysql": own, "postgres": "dbt", "": "dbt", "/../" + filepath.Base(bin) + "/dbt-mysql": "dbt",
	} {
		if got := ForProfile(profileType); got != want {
			t.Errorf("%q: %s; want %s", profileType, got, want)
		}
	}
}
