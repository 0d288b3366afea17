package fetch_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch"
)

func TestAServerIsNamedOrABaseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "https://api.polar.sh",
		"production":                      "https://api.polar.sh",
		"sandbox":                         "https://sandbox-api.polar.sh",
		"https://api.polar.sh":            "https://api.polar.sh",
		"https://api.polar.sh/":           "https://api.polar.sh",
		"https://api.polar.sh//":          "https://api.polar.sh",
		"HTTPS://polar.example:8443/api/": "https://polar.example:8443/api",
		"http://localhost:8080":           "http://localhost:8080",
		"http://127.0.0.1":                "http://127.0.0.1",
		"http://127.8.9.10:1":             "http://127.8.9.10:1",
		"http://[::1]:8080/":              "http://[::1]:8080",
		"https://[2001:db8::1]":           "https://[2001:db8::1]",
	} {
		got, err := fetch.ParseServer(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	const neither = "neither production, sandbox, nor a base URL"
	const base = "a base URL has no user, query or fragment"
	const loopback = "plain http is for loopback only, the token would be readable on the way; use https"
	for text, want := range map[string]string{
		"Production":                   neither,
		"staging":                      neither,
		"api.polar.sh":                 neither,
		"api.polar.sh:443":             neither,
		"localhost:8080":               neither,
		"//api.polar.sh":               "a base URL begins with https://",
		"https://":                     neither,
		"https:///v1":                  neither,
		"https://:8443":                neither,
		"https:api.polar.sh":           neither,
		"https://api polar.sh":         neither,
		"https://api.polar.sh:port":    neither,
		"https://[::1":                 neither,
		"https://user@api.polar.sh":    base,
		"https://u:hunter2@polar.sh":   base,
		"http://u:hunter2@polar.sh":    base,
		"https://api.polar.sh?a=b":     base,
		"https://api.polar.sh?":        base,
		"https://api.polar.sh/?":       base,
		"https://api.polar.sh/#top":    base,
		"http://api.polar.sh":          loopback,
		"http://10.0.0.1":              loopback,
		"http://0.0.0.0:8080":          loopback,
		"http://[2001:db8::1]":         loopback,
		"http://localhost.example.com": loopback,
		"http://127.0.0.1.example.com": loopback,
		"ftp://api.polar.sh":           "a base URL begins with https://",
		"file:///etc/passwd":           neither,
		"unix://tmp/socket":            "a base URL begins with https://",
	} {
		got, err := fetch.ParseServer(text)
		if err == nil {
			t.Errorf("%q: %s", text, got)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want ... %s", text, err, want)
		}
	}
}

func TestABudgetLeavesAFifthToOthers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"production": 400, "sandbox": 80, "https://sandbox-api.polar.sh/": 80, "https://polar.example": 400, "http://localhost:1": 400,
	} {
		server, err := fetch.ParseServer(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := fetch.DefaultBudget(server); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
	if got := fetch.DefaultBudget(&url.URL{Scheme: "https", Host: "sandbox-api.polar.sh"}); got != 80 {
		t.Errorf("%d", got)
	}
}
