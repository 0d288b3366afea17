package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/lmittmann/tint"

	"syncer/internal/plain"
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
			return nil, usageError{errors.New("--log-level: use debug, info, warn or error")}
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
			return slog.New(tint.NewTextHandler(screen(a.stderr), &tint.Options{
				Level: level, TimeFormat: "15:04:05", NoColor: a.env.get("NO_COLOR") != "", ReplaceAttr: plainAttr,
			})), nil
		}
		return slog.New(slog.NewTextHandler(a.stderr, options)), nil
	}
	return nil, usageError{errors.New("--log-format: use auto, text or json")}
}

// plainAttr makes an attribute's text plain: unlike slog's own handlers, tint passes
// escape sequences on, and makes some of what is escaped as \x1b.
func plainAttr(_ []string, attr slog.Attr) slog.Attr {
	value := attr.Value.Resolve()
	_, failed := value.Any().(error)
	if failed || value.Kind() == slog.KindString {
		attr.Value = slog.StringValue(strings.ReplaceAll(plain.Line(value.String()), `\x1b`, `\u001b`))
	}
	return attr
}

// paint prints text on stdout, coloured by ANSI number on a terminal that wants it.
func (a *app) paint(colour, text string) {
	if colour == "" || !isTerminal(a.stdout) || a.env.get("NO_COLOR") != "" {
		fmt.Fprint(a.stdout, text)
		return
	}
	fmt.Fprint(screen(a.stdout), "\x1b["+colour+"m")
	fmt.Fprint(a.stdout, text)
	fmt.Fprint(screen(a.stdout), "\x1b[0m")
}
