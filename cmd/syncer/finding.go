package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncer/internal/db"
	"syncer/internal/plain"
)

// finding is the result of one of doctor's checks: a line of its report, and an
// entry of `doctor --json`.
type finding struct {
	Source  string `json:"source"` // "": all of them
	Check   string `json:"check"`
	Status  string `json:"status"` // ok, warning, problem, skipped
	Message string `json:"message"`
	Advice  string `json:"advice"` // what to do; "": nothing

	code  int  // of a problem: the exit code
	stops bool // checks that need this one are skipped
}

func good(format string, args ...any) finding {
	return finding{Status: "ok", Message: fmt.Sprintf(format, args...)}
}

func warn(message, advice string) finding {
	return finding{Status: "warning", Message: message, Advice: advice}
}

func wrong(code int, message, advice string) finding {
	return finding{Status: "problem", Message: message, Advice: advice, code: code, stops: true}
}

func skip(message string) finding {
	return finding{Status: "skipped", Message: message, stops: true}
}

// unreadable is the finding for a database error.
func unreadable(ctx context.Context, err error) finding {
	code := exitCode(ctx, err)
	if code == exitUnexpected {
		code = exitDatabase
	}
	if errors.Is(err, db.ErrDenied) { // the check of the rights gives the advice
		return skip("not checked: the role may not read that")
	}
	advice := hint(err)
	if errors.Is(err, db.ErrConfig) {
		advice = "Correct DATABASE_URL, or database_url in the file."
	}
	text := tidied(err.Error())
	if errors.Is(err, db.ErrUnfit) {
		text, advice, _ = strings.Cut(text, "; ")
		advice = sentence(advice)
	}
	return wrong(code, text, advice)
}

// tidied drops indentation and repetition from an error of several lines: pgx
// makes one for each address that it tries.
func tidied(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(slices.Compact(lines), "\n")
}

// firstProblem returns nil if there is none.
func firstProblem(all []finding) error {
	for _, f := range all {
		if f.Status == "problem" {
			return foundError{f.code}
		}
	}
	return nil
}

// printFindings writes the findings, a line each, with advice below.
func (a *app) printFindings(all []finding) error {
	if a.json {
		return json.NewEncoder(a.stdout).Encode(all)
	}
	count := map[string]int{}
	last := ""
	for _, f := range all {
		if f.Source != last {
			fmt.Fprintf(a.stdout, "source %s\n", plain.Line(f.Source))
			last = f.Source
		}
		a.printFinding(f)
		count[f.Status]++
	}
	switch {
	case count["problem"] > 0:
		fmt.Fprintf(a.stdout, "\n%s, %s\n", counted(count["problem"], "problem", "problems"), counted(count["warning"], "warning", "warnings"))
	case count["warning"] > 0:
		fmt.Fprintf(a.stdout, "\nno problem, %s\n", counted(count["warning"], "warning", "warnings"))
	default:
		fmt.Fprintln(a.stdout, "\neverything is in order")
	}
	return nil
}

// printFinding starts with a word, so that no one needs colour to read it.
func (a *app) printFinding(f finding) {
	mark, colour := f.Status, ""
	switch f.Status {
	case "ok":
		colour = "32"
	case "warning":
		mark, colour = "WARNING", "33"
	case "problem":
		mark, colour = "PROBLEM", "31"
	}
	const indent = "                         " // as wide as mark and check
	fmt.Fprint(a.stdout, "  ")
	a.paint(colour, fmt.Sprintf("%-7s", mark))
	fmt.Fprintf(a.stdout, "  %-13s %s\n", strings.ReplaceAll(f.Check, "_", " "), strings.ReplaceAll(f.Message, "\n", "\n"+indent))
	if f.Advice != "" {
		fmt.Fprintf(a.stdout, "%s%s\n", indent, strings.ReplaceAll(f.Advice, "\n", "\n"+indent))
	}
}
