package localpg_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"syncer/internal/localpg"
)

// These tests change the environment, so they are not parallel.

func TestAWrongPGBINIsAnErrorAndNoHint(t *testing.T) {
	for name, folder := range map[string]string{
		"missing": "/no/such/folder", "empty": t.TempDir(), "relative": "bin",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PGBIN", folder)
			_, err := localpg.Find()
			if !errors.Is(err, localpg.ErrNotFound) {
				t.Errorf("error is %v", err)
			}
			wantError(t, err, "PGBIN="+folder, "apt-get install postgresql", "brew install postgresql@17")
			if _, err := localpg.Start(t.Context(), localpg.Options{}); !errors.Is(err, localpg.ErrNotFound) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestFindTakesTheNewestVersion(t *testing.T) {
	t.Setenv("PGBIN", "")
	older, newest := fakeInstall(t, "98.10"), fakeInstall(t, "99beta1")
	t.Setenv("PATH", "relative:"+t.TempDir()+":"+older+":"+newest+":"+os.Getenv("PATH"))
	wantFound(t, newest)
}

func TestFindFollowsLinks(t *testing.T) {
	bin, links := fakeInstall(t, "99.1"), t.TempDir()
	check(t, os.Symlink(filepath.Join(bin, "postgres"), filepath.Join(links, "postgres")))
	t.Setenv("PGBIN", "")
	t.Setenv("PATH", links+":"+os.Getenv("PATH"))
	wantFound(t, bin)
	t.Setenv("PGBIN", links)
	wantFound(t, bin)
}

func wantFound(tb testing.TB, want string) {
	tb.Helper()
	got, err := localpg.Find()
	check(tb, err)
	if got != want {
		tb.Errorf("found %s, want %s", got, want)
	}
}

// fakeInstall makes server binaries of a version: postgres only prints it, and
// initdb never ends.
func fakeInstall(tb testing.TB, version string) string {
	tb.Helper()
	bin := folder(tb)
	for name, script := range map[string]string{
		"postgres": "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + " (made for a test)'\n",
		"initdb":   "#!/bin/sh\necho initdb hangs\nmkdir \"$2\" && echo $$ > \"$2/pid\" && exec sleep 1000\n",
	} {
		check(tb, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
	}
	return bin
}
