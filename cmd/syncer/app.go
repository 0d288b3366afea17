package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// app holds what every command can use.
type app struct {
	stdout, stderr io.Writer
	env            environment

	configPath, logLevel, logFormat string
	json                            bool
}

// config loads the configuration. A mistake in it is a usage error.
func (a *app) config() (config, error) {
	c, err := loadConfig(a.configPath, a.env)
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// logger writes to stderr, from level up unless --log-level overrides it.
func (a *app) logger(level slog.Level) (*slog.Logger, error) {
	if a.logLevel != "" {
		if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
			return nil, usageError{fmt.Errorf("--log-level %q: use debug, info, warn or error", a.logLevel)}
		}
	}
	options := &slog.HandlerOptions{Level: level}
	switch a.logFormat {
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(a.stderr, options)), nil
	case "auto":
		if isTerminal(a.stderr) {
			return slog.New(tint.NewTextHandler(a.stderr, &tint.Options{Level: level, TimeFormat: "15:04:05", NoColor: a.env.get("NO_COLOR") != ""})), nil
		}
		return slog.New(slog.NewTextHandler(a.stderr, options)), nil
	}
	return nil, usageError{fmt.Errorf("--log-format %q: use auto, text or json", a.logFormat)}
}

// painted colours text, by ANSI number, on a terminal that wants it.
func (a *app) painted(colour, text string) string {
	if colour == "" || !isTerminal(a.stdout) || a.env.get("NO_COLOR") != "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// isTerminal tells a terminal from a file, a pipe, or a buffer of a test.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
