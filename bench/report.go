package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// report collects the results. It writes them as they come, and keeps them for a file.
type report struct {
	out      io.Writer
	markdown bool
	all      strings.Builder // always Markdown
}

// section begins a part of the report. Text lines that begin with "- " are a list.
func (r *report) section(title string, text ...string) {
	r.write(fmt.Sprintf("### %s\n\n", title), fmt.Sprintf("%s\n%s\n\n", title, strings.Repeat("=", utf8.RuneCountInString(title))))
	r.text(text...)
}

func (r *report) text(lines ...string) {
	if len(lines) > 0 {
		text := strings.Join(lines, "\n") + "\n\n"
		r.write(text, text)
	}
}

// table writes rows under a head, all of the same length.
func (r *report) table(head []string, rows [][]string) {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var markdown, plain strings.Builder
	write := func(row []string) {
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 { // the row's subject; all others are numbers
				cell += gap
			} else {
				cell = gap + cell
			}
			fmt.Fprintf(&markdown, "| %s ", cell)
			fmt.Fprintf(&plain, "%s  ", cell)
		}
		markdown.WriteString("|\n")
		plain.WriteString("\n")
	}
	write(head)
	for i, width := range widths {
		if i == 0 {
			markdown.WriteString("|" + strings.Repeat("-", width+2))
		} else {
			markdown.WriteString("|" + strings.Repeat("-", width+1) + ":")
		}
		plain.WriteString(strings.Repeat("-", width) + "  ")
	}
	markdown.WriteString("|\n")
	plain.WriteString("\n")
	for _, row := range rows {
		write(row)
	}
	r.write(markdown.String()+"\n", plain.String()+"\n")
}

func (r *report) write(markdown, plain string) {
	r.all.WriteString(markdown)
	if r.markdown {
		plain = markdown
	}
	fmt.Fprint(r.out, plain)
}

// The last run's results stand between these lines of a file.
const (
	begin = "<!-- bench: from here on written by `go run . -markdown -update` -->\n"
	end   = "<!-- bench: until here -->\n"
)

// update replaces what stands between the two lines of a file.
func update(file, text string) error {
	before, after, err := around(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+text+end+after), 0o644) //nolint:gosec // documentation
}

// around returns what a file holds before the lines, and after them.
func around(file string) (before, after string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	before, rest, begun := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		return "", "", fmt.Errorf("%s lacks the lines between which to write:\n%s%s", file, begin, end)
	}
	return before, after, nil
}
