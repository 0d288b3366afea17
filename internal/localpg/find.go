package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNotFound means that this machine has no Postgres server binaries. The error that
// wraps it says where Find looked and how to install them.
var ErrNotFound = errors.New("no Postgres server binaries (initdb, postgres)")

const howToInstall = "install them (Debian, Ubuntu: apt-get install postgresql; " +
	"macOS: brew install postgresql@17) or set PGBIN to their folder"

// install is one set of server binaries.
type install struct {
	bin     string // the real folder that holds them
	version string // as printed: "15.13", "18beta1"
}

// Find returns the folder that holds initdb and postgres: $PGBIN if it is set,
// and otherwise the newest version on PATH or where packages put them.
func Find() (string, error) {
	installs, err := find(context.Background())
	if err != nil {
		return "", fmt.Errorf("find postgres: %w", err)
	}
	return installs[0].bin, nil
}

// find returns all that Find would accept, newest first, at least one.
func find(ctx context.Context) ([]install, error) {
	// No fallback: whoever set PGBIN wants these binaries and no others.
	if folder := os.Getenv("PGBIN"); folder != "" {
		found, err := look(ctx, folder)
		if err != nil {
			return nil, fmt.Errorf("%w in PGBIN=%s: %w; correct or unset it, or %s", ErrNotFound, folder, err, howToInstall)
		}
		return []install{found}, nil
	}

	var found []install
	folders := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range usualFolders() {
		match, _ := filepath.Glob(pattern) // fails only for a malformed pattern
		folders = append(folders, match...)
	}
	for _, folder := range folders {
		one, err := look(ctx, folder)
		if err != nil || slices.Contains(found, one) {
			continue // most folders on PATH hold no Postgres
		}
		found = append(found, one)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w on PATH or in %s: %s", ErrNotFound, strings.Join(usualFolders(), ", "), howToInstall)
	}
	slices.SortStableFunc(found, func(a, b install) int {
		return slices.CompareFunc(numbers(b.version), numbers(a.version), cmp.Compare)
	})
	return found, nil
}

// usualFolders lists where packages put the server binaries outside PATH.
func usualFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                   // packages of postgresql.org for Red Hat
		"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	}
}

// look describes the binaries in a folder. It follows links first, as postgres
// finds its support files relative to its real place.
func look(ctx context.Context, folder string) (install, error) {
	if !filepath.IsAbs(folder) {
		return install{}, errors.New("not an absolute path")
	}
	postgres, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	if err != nil {
		return install{}, err
	}
	bin := filepath.Dir(postgres)
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return install{}, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return install{}, fmt.Errorf("postgres --version: %w", err)
	}
	// postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)
	_, version, _ := strings.Cut(string(out), ") ")
	version, _, _ = strings.Cut(strings.TrimSpace(version), " ")
	if len(numbers(version)) == 0 {
		return install{}, fmt.Errorf("postgres --version: unexpected answer %q", out)
	}
	return install{bin: bin, version: version}, nil
}

// fitting returns the newest install that can run the cluster in a kept folder:
// a cluster belongs to one major version. A fresh folder takes the newest of all.
func fitting(installs []install, root string) (install, error) {
	text, err := os.ReadFile(filepath.Join(dataFolder(root), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return installs[0], nil
	}
	if err != nil {
		return install{}, err
	}
	needs := strings.TrimSpace(string(text)) // "15", and "9.6" before 10
	var have []string
	for _, in := range installs {
		major := numbers(in.version)
		major = major[:min(len(major), len(numbers(needs)))]
		if slices.Equal(major, numbers(needs)) {
			return in, nil
		}
		have = append(have, fmt.Sprintf("%s in %s", in.version, in.bin))
	}
	return install{}, fmt.Errorf("the cluster in %s needs Postgres %s, found %s: install that version, or choose another folder",
		root, needs, strings.Join(have, ", "))
}

// numbers turns "15.13" into 15, 13, and "18beta1" into 18, 1.
func numbers(version string) []int {
	var all []int
	for _, digits := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			return nil
		}
		all = append(all, n)
	}
	return all
}
