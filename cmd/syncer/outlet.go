package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"syncer/internal/plain"
	"syncer/internal/secret"
)

// outlet is where all text leaves the program, to people, logs and other programs.
// It masks secrets that show what they are, and escapes what could drive a terminal.
// A secret must arrive in one Write, as it does from fmt, slog and encoding/json.
//
// Line breaks pass, so a value of others goes through plain.Line before it becomes
// part of a line.
type outlet struct {
	to    io.Writer
	draws bool // escape sequences pass: they are our own
}

// Write implements io.Writer.
func (o outlet) Write(p []byte) (int, error) {
	text := secret.Mask(string(p))
	if !o.draws {
		text = plain.Text(text)
	}
	if _, err := io.WriteString(o.to, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// screen returns the outlet to the same place that lets escape sequences pass. What
// is written between them must be plain already.
func screen(w io.Writer) io.Writer {
	if o, ok := w.(outlet); ok {
		o.draws = true
		return o
	}
	return w
}

// isTerminal tells a terminal from a file, a pipe, or a buffer of a test.
func isTerminal(w io.Writer) bool {
	if o, ok := w.(outlet); ok {
		w = o.to
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
