package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// once runs the command to its end and checks the exit code.
func once(tb testing.TB, env variables, code int, args ...string) *process {
	tb.Helper()
	return start(tb, env, args...).exits(code)
}

// commandLines lists every command, as typed after "syncer".
func commandLines(cmd *cobra.Command) [][]string {
	lines := [][]string{strings.Fields(cmd.CommandPath())[1:]}
	for _, sub := range cmd.Commands() {
		lines = append(lines, commandLines(sub)...)
	}
	return lines
}

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	root := newRoot(nil, nil, nil)
	root.InitDefaultHelpCmd()
	for _, line := range commandLines(root) {
		t.Run(strings.Join(line, " "), func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := realMain(append(line, "--help"), &stdout, &stderr, variables{}.lookup)
			if code != exitDone || stderr.Len() > 0 || !strings.Contains(stdout.String(), "Usage:\n  syncer") {
				t.Errorf("exit %d, stderr %q, stdout:\n%s", code, &stderr, &stdout)
			}
			for line := range strings.Lines(stdout.String()) {
				if len([]rune(line)) > 140 {
					t.Errorf("wider than a terminal: %s", line)
				}
			}
		})
	}
}

func TestMistakesInTheCommandLineExit2WithAHint(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"frobnicate":                      "unknown command for \"syncer\"; see `syncer --help`",
		"--frobnicate":                    "unknown flag: --frobnicate; see `syncer --help`",
		"--json=maybe":                    "see `syncer --help`",
		"run once":                        "unknown command for \"syncer run\"; see `syncer run --help`",
		"run --once":                      "unknown flag: --once; see `syncer run --help`",
		"migrate down":                    "unknown command for \"syncer migrate\"; see `syncer migrate --help`",
		"migrate status polar":            "see `syncer migrate status --help`",
		"backfill --everything":           "unknown flag: --everything; see `syncer backfill --help`",
		"backfill --source":               "flag needs an argument: --source; see `syncer backfill --help`",
		"health now":                      "see `syncer health --help`",
		"doctor now":                      "unknown command for \"syncer doctor\"; see `syncer doctor --help`",
		"dictionary polar":                "unknown command for \"syncer dictionary\"; see `syncer dictionary --help`",
		"dictionary --dbt --json":         "--dbt and --json contradict each other; give one or the other",
		"version now":                     "see `syncer version --help`",
		"demo now":                        "see `syncer demo --help`",
		"demo --every 1":                  "--every: needs a value of type duration; see `syncer demo --help`",
		"demo --every 10ms":               "--every: use whole seconds, 1s or more",
		"completion tcsh":                 "unknown command for \"syncer completion\"; see `syncer completion --help`",
		"completion bash now":             "see `syncer completion bash --help`",
		"run --config":                    "flag needs an argument: --config; see `syncer run --help`",
		"backfill --source other":         "--source: no source has this name; there are default",
		"backfill not-an-id":              "number 1 of 1 is not a checkout link id",
		"backfill all " + someID:          "number 1 of 2 is not a checkout link id",
		"backfill --all " + someID:        "--all and ids contradict each other; give one or the other",
		"backfill " + someID + "0":        "is not a checkout link id: an id is a UUID such as 01234567-",
		"backfill {" + someID + "}":       "is not a checkout link id",
		"run --config /there/is/no/file":  "configuration: open /there/is/no/file: no such file or directory",
		"health --config /there/is/no":    "configuration: open /there/is/no",
		"migrate --config /there/is/no":   "configuration: open /there/is/no",
		"backfill --config /there/is/no":  "configuration: open /there/is/no",
		"backfill --fail-if-running=soon": "see `syncer backfill --help`",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			p := once(t, nowhere, exitUsage, strings.Fields(line)...).saying("syncer: ", says)
			if p.stdout.String() != "" {
				t.Errorf("stdout: %s", p.stdout)
			}
		})
	}
}

const someID = "01234567-89ab-4cde-8f01-23456789abcd"

// nowhere is a complete configuration that leads nowhere.
var nowhere = variables{
	"DATABASE_URL":            "postgres://syncer:" + testPassword + "@127.0.0.1:1/syncer",
	"POLAR_ACCESS_TOKEN":      testToken,
	"POLAR_SERVER":            "http://127.0.0.1:1",
	"POLAR_CHECKOUT_LINK_IDS": someID,
	"SYNCER_HTTP_ADDR":        "127.0.0.1:0",
}

// lookup is os.LookupEnv for these variables.
func (v variables) lookup(name string) (value string, set bool) {
	value, set = v[name]
	return value, set
}

func TestWithoutACommandHelpIsShown(t *testing.T) {
	t.Parallel()
	p := once(t, nil, exitDone)
	if !strings.Contains(p.stdout.String(), "syncer demo") || p.stderr.String() != "" {
		t.Errorf("no help:\n%s", p)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if got, want := once(t, nil, exitDone, "version").stdout.String(), "syncer devel ("+runtime.Version()+")\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(once(t, nil, exitDone, "version", "--json").stdout.String()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"version": "devel", "go": runtime.Version()}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompletionIsAScriptOfItsShell(t *testing.T) {
	t.Parallel()
	for shell, has := range map[string]string{
		"bash":       "complete -o default",
		"zsh":        "#compdef syncer",
		"fish":       "complete -c syncer",
		"powershell": "Register-ArgumentCompleter -CommandName 'syncer'",
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			script := once(t, nil, exitDone, "completion", shell).stdout.String()
			if !strings.Contains(script, has) {
				t.Fatalf("no %q in it:\n%.2000s", has, script)
			}
			// Only bash is on every machine; the others are checked where they exist.
			if path, err := exec.LookPath(shell); err == nil && shell != "powershell" {
				check := exec.CommandContext(t.Context(), path, "-n")
				check.Stdin = strings.NewReader(script)
				if out, err := check.CombinedOutput(); err != nil {
					t.Errorf("%s does not accept it: %v\n%s", shell, err, out)
				}
			} else if shell == "bash" {
				t.Error("no bash on this machine")
			}
		})
	}
	got := once(t, nil, exitDone, "__complete", "back").stdout.String()
	if !strings.HasPrefix(got, "backfill\t") {
		t.Errorf("back completes to %q", got)
	}
}
