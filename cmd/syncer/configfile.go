package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"syncer/internal/secret"
)

// fileConfig is the configuration file. See syncer.example.yaml.
type fileConfig struct {
	DatabaseURL secretText `yaml:"database_url"`
	// MigrateDatabaseURL is for `syncer migrate` alone, such as the server behind a pooler.
	MigrateDatabaseURL secretText `yaml:"migrate_database_url"`
	// ReaderRole may read the views; "": nobody is given the right.
	ReaderRole *string `yaml:"reader_role"`
	HTTPAddr   *string `yaml:"http_addr"`
	Schema     string  `yaml:"schema"`
	// KeepChangesDays limits the age of rows in the table changes; 0: no limit.
	KeepChangesDays int `yaml:"keep_changes_days"`
	// KeepRunsDays limits the age of rows in the table sync_runs; 0: no limit.
	KeepRunsDays *int         `yaml:"keep_runs_days"`
	Sources      []fileSource `yaml:"sources"`
}

type fileSource struct {
	Name              string     `yaml:"name"`
	Server            string     `yaml:"server"`
	AccessToken       secretText `yaml:"access_token"`
	AccessTokenFile   string     `yaml:"access_token_file"`
	CheckoutLinkIDs   linkIDs    `yaml:"checkout_link_ids"`
	Fetch             string     `yaml:"fetch"`
	Schedule          string     `yaml:"schedule"`
	Schema            string     `yaml:"schema"`
	RequestsPerMinute *int       `yaml:"requests_per_minute"`
	APIVersion        string     `yaml:"api_version"`
}

// secretText is a secret.Text whose errors name their place in the file.
type secretText struct{ secret.Text }

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (s *secretText) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	s.Text = secret.New(text)
	return nil
}

// linkIDs is a list of ids, a text of several, or `all`.
type linkIDs []string

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (l *linkIDs) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		*l = splitIDs(text)
		return nil
	}
	return unmarshal((*[]string)(l))
}

// readFile reads a configuration file. Unknown keys are errors.
func readFile(path string) (fileConfig, error) {
	var c fileConfig
	content, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("configuration: %w", withoutPath(err))
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // Windows editors begin a file with it
	err = yaml.NewDecoder(bytes.NewReader(content), yaml.Strict()).Decode(&c)
	if err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("configuration: %s", describe(path, content, err))
	}
	return c, nil
}

// lineKey matches the key that begins a line.
var lineKey = regexp.MustCompile(`^[\s-]*[A-Za-z_]+:`)

// describe locates an error in the file and shows the key of that line, but
// nothing else of it: it may be a secret.
func describe(path string, content []byte, err error) string {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok || e.GetToken() == nil {
		return path + ": " + strings.TrimSpace(yaml.FormatError(err, false, false))
	}
	line := e.GetToken().Position.Line
	text := fmt.Sprintf("%s:%d: %s", path, line, reason(e))
	if lines := strings.Split(string(content), "\n"); line >= 1 && line <= len(lines) {
		if key := lineKey.FindString(lines[line-1]); key != "" {
			text += fmt.Sprintf("\n  %4d | %s …", line, key)
		}
	}
	return text
}

// reason tells what is wrong, without the value and without Go's names for things.
func reason(e yaml.Error) string {
	if wrong, ok := errors.AsType[*yaml.TypeError](e); ok {
		switch wrong.DstType.Kind() {
		case reflect.Int:
			return "this needs a whole number"
		case reflect.String:
			return "this needs text"
		default:
			return "this has the wrong type"
		}
	}
	if _, ok := errors.AsType[*yaml.OverflowError](e); ok {
		return "the number is too large"
	}
	if strings.HasPrefix(e.GetMessage(), "could not find alias") {
		return "a value that begins with * needs quotes"
	}
	return e.GetMessage()
}
