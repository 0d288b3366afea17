package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"

	"syncer/internal/secret"
)

// fileConfig is the configuration file. See syncer.example.yaml.
type fileConfig struct {
	DatabaseURL secret.Text  `yaml:"database_url"`
	HTTPAddr    *string      `yaml:"http_addr"`
	Schema      string       `yaml:"schema"`
	Sources     []fileSource `yaml:"sources"`
}

type fileSource struct {
	Name              string      `yaml:"name"`
	Server            string      `yaml:"server"`
	AccessToken       secret.Text `yaml:"access_token"`
	AccessTokenFile   string      `yaml:"access_token_file"`
	CheckoutLinkIDs   linkIDs     `yaml:"checkout_link_ids"`
	Schedule          string      `yaml:"schedule"`
	Schema            string      `yaml:"schema"`
	RequestsPerMinute *int        `yaml:"requests_per_minute"`
}

// linkIDs is a list of ids, or a text of several, or `all`.
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

// readFile reads a configuration file. An unknown key is an error.
func readFile(path string) (fileConfig, error) {
	var c fileConfig
	content, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	err = yaml.NewDecoder(bytes.NewReader(content), yaml.Strict()).Decode(&c)
	if err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("configuration: %s", describe(path, content, err))
	}
	return c, nil
}

// describe says where in the file an error is and shows that line up to its
// value, which may be a secret.
func describe(path string, content []byte, err error) string {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok || e.GetToken() == nil {
		return path + ": " + strings.TrimSpace(yaml.FormatError(err, false, false))
	}
	line := e.GetToken().Position.Line
	text := path + ":" + fmt.Sprint(line) + ": " + e.GetMessage()
	if lines := strings.Split(string(content), "\n"); line >= 1 && line <= len(lines) {
		key, value, hasValue := strings.Cut(strings.TrimRight(lines[line-1], "\r"), ":")
		if hasValue && strings.TrimSpace(value) != "" {
			key += ": …"
		} else if hasValue {
			key += ":"
		}
		text += fmt.Sprintf("\n  %4d | %s", line, key)
	}
	return text
}
