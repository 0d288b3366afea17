package fetchtest

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"sync"
)

//go:embed recordings
var recordings embed.FS

func readTitle(name string, step int) (string, error) {
	doc, err := recordings.ReadFile(stepFile(name, step, "step.json"))
	if err != nil {
		return "", fmt.Errorf("recording %q: %w", name, err)
	}
	var head struct{ Title string }
	if err := json.Unmarshal(doc, &head); err != nil {
		return "", fmt.Errorf("recording %q: step %d: %w", name, step, err)
	}
	return head.Title, nil
}

func readStep(name, title string, i int) (*Step, error) {
	doc, err := recordings.ReadFile(stepFile(name, i, "step.json"))
	if err != nil {
		return nil, fmt.Errorf("recording %q: %w", name, err)
	}
	links, err := readLinks(name, i)
	if err != nil {
		return nil, err
	}
	pages := sync.OnceValues(func() ([]Page, error) {
		return readLines(stepFile(name, i, "list-pages.jsonl.gz"), line.page)
	})
	return &Step{Title: title, Links: links, Doc: doc, pages: pages}, nil
}

func readLinks(name string, step int) ([]Answer, error) {
	return readLines(stepFile(name, step, "links.jsonl.gz"), line.answer)
}

func stepFile(name string, step int, file string) string {
	return path.Join("recordings", name, fmt.Sprintf("step-%02d", step), file)
}

// line is one line of either file. It keeps a body as a JSON string whose UTF-8
// encoding is exactly what was sent.
type line struct {
	ID          string `json:"id"`
	Path        string `json:"path"`
	Page        int    `json:"page"`
	Limit       int    `json:"limit"`
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        text   `json:"body"`
}

// text is a JSON string as bytes.
type text []byte

func (t *text) UnmarshalText(plain []byte) error {
	*t = bytes.Clone(plain)
	return nil
}

func (l line) answer() Answer {
	return Answer{ID: l.ID, Status: l.Status, ContentType: l.ContentType, Body: l.Body}
}

func (l line) page() Page {
	return Page{Path: l.Path, Page: l.Page, Limit: l.Limit, Status: l.Status, ContentType: l.ContentType, Body: l.Body}
}

func readLines[T any](name string, as func(line) T) ([]T, error) {
	packed, err := recordings.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unzip %s: %w", name, err)
	}
	plain, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, fmt.Errorf("unzip %s: %w", name, err)
	}
	var all []T
	for raw := range bytes.Lines(plain) {
		l, err := parseLine(raw)
		if err != nil {
			return nil, fmt.Errorf("parse %s: line %d: %w", name, len(all)+1, err)
		}
		all = append(all, as(l))
	}
	return all, nil
}
