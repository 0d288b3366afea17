// Package secret keeps secrets out of logs, errors and pages: a Text prints
// [hidden] under every verb and encoder, and only Reveal returns its content.
package secret

import (
	"fmt"
	"log/slog"
)

// Text is a secret text, such as a token.
type Text struct{ value string }

const hidden = "[hidden]"

// New makes a secret of value.
func New(value string) Text { return Text{value} }

// Reveal returns the secret itself. Call it only where the secret is used.
func (t Text) Reveal() string { return t.value }

// Empty reports whether there is no secret.
func (t Text) Empty() bool { return t.value == "" }

// Format implements fmt.Formatter, for every verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (t Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements slog.LogValuer.
func (t Text) LogValue() slog.Value { return slog.StringValue(hidden) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Text) UnmarshalText(text []byte) error {
	t.value = string(text)
	return nil
}
