package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheImageIsBuiltOfAllItNeeds holds .dockerignore, which lets in by name what the build reads, against what it reads.
func TestTheImageIsBuiltOfAllItNeeds(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	let := strings.Split(string(ignored), "\n")
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.Dir}}", "./cmd/syncer")
	cmd.Dir = root
	dirs, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for dir := range strings.Lines(string(dirs)) {
		path, inside := strings.CutPrefix(strings.TrimSpace(dir), root+string(filepath.Separator))
		if !inside {
			continue
		}
		ours++
		top, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		if !slices.Contains(let, "!"+top) {
			t.Errorf(".dockerignore keeps %s from the build: it needs a line !%s", path, top)
		}
	}
	if ours == 0 {
		t.Error("no package of this module is built")
	}
}
