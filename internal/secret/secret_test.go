package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"syncer/internal/secret"
)

func TestTextNeverShows(t *testing.T) {
	t.Parallel()
	text := secret.New("hunter2")
	holder := struct{ Token secret.Text }{text}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, text)
		fmt.Fprintf(&out, verb, holder)
		fmt.Fprintf(&out, verb, &holder)
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", slog.Any("token", text), slog.Any("holder", holder))
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", slog.Any("token", text), slog.Any("holder", holder))
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "68756e7465723") {
		t.Errorf("the secret shows: %s", &out)
	}
	if text.Reveal() != "hunter2" {
		t.Error("Reveal does not give the secret")
	}
}
