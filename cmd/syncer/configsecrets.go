package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"syncer/internal/fetch"
	"syncer/internal/secret"
)

// secretFiles lists the files with secrets that a source needs.
func secretFiles(path string, file fileConfig, s fileSource, env environment) []string {
	var all []string
	if !s.AccessToken.Empty() || secret.Mask(file.DatabaseURL.Reveal()) != file.DatabaseURL.Reveal() {
		all = append(all, path)
	}
	for _, file := range []string{tokenFile(s, env, filepath.Dir(path)), env.get("PGPASSWORD_FILE")} {
		if file != "" {
			all = append(all, file)
		}
	}
	return all
}

// tokenFile returns the path of the file with a source's token, or "".
func tokenFile(s fileSource, env environment, folder string) string {
	path := env.get("POLAR_ACCESS_TOKEN_FILE")
	if path != "" || env.get("POLAR_ACCESS_TOKEN") != "" || s.AccessTokenFile == "" {
		return path
	}
	if filepath.IsAbs(s.AccessTokenFile) {
		return s.AccessTokenFile
	}
	return filepath.Join(folder, s.AccessTokenFile) // relative to the configuration file
}

// loadToken finds where the token comes from. A file is read at every use, so
// that its token can rotate without a restart.
func loadToken(s fileSource, env environment, folder string) (fetch.Token, error) {
	where, token, path := "POLAR_ACCESS_TOKEN", env.get("POLAR_ACCESS_TOKEN"), tokenFile(s, env, folder)
	if token != "" && path != "" {
		return nil, errors.New("POLAR_ACCESS_TOKEN and POLAR_ACCESS_TOKEN_FILE are both set; keep one")
	}
	if token == "" && env.get("POLAR_ACCESS_TOKEN_FILE") == "" {
		if !s.AccessToken.Empty() && s.AccessTokenFile != "" {
			return nil, errors.New("access_token and access_token_file are both set; keep one")
		}
		where, token = "access_token", trimmed(s.AccessToken.Reveal())
	}
	switch {
	case token != "":
		return fetch.FixedToken(secret.New(token)), checkToken(where, token)
	case path != "":
		read := func() (secret.Text, error) {
			text, err := readSecret("POLAR_ACCESS_TOKEN_FILE", path)
			if err != nil {
				return text, err
			}
			return text, checkToken("POLAR_ACCESS_TOKEN_FILE", text.Reveal())
		}
		if _, err := read(); err != nil {
			return nil, err
		}
		return read, nil
	}
	return nil, nil
}

// checkToken names what a copied token may have around or in it that is none of it.
// Its end and beginning are trimmed already. The error does not show the token.
func checkToken(where, token string) error {
	for i, r := range token {
		what := ""
		switch {
		case strings.ContainsRune("\"'`\u2018\u2019\u201c\u201d", r):
			what = "a quote"
		case r == '\ufeff', r == utf8.RuneError:
			what = "a byte order mark, or it is not UTF-8 text" // UTF-16 begins with bytes that UTF-8 has not
		case r <= ' ', r > '~':
			what = fmt.Sprintf("the character %U, which may be invisible", r)
		default:
			continue
		}
		return fmt.Errorf("%s: at position %d of the token is %s; put the bare token there, as Polar showed it", where, utf8.RuneCountInString(token[:i])+1, what)
	}
	return nil
}

// readSecret reads the secret in a file, without white space around it.
func readSecret(variable, path string) (secret.Text, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return secret.Text{}, fmt.Errorf("%s: %w", variable, withoutPath(err))
	}
	text := trimmed(string(content))
	if text == "" {
		return secret.Text{}, fmt.Errorf("%s: %s is empty", variable, path)
	}
	return secret.New(text), nil
}

// withoutPath hides the path in an error about a file unless it looks like one: a
// secret itself may have been put where a file's name belongs.
func withoutPath(err error) error {
	e, ok := errors.AsType[*os.PathError](err)
	if !ok || strings.ContainsAny(e.Path, "/.") && secret.Mask(e.Path) == e.Path {
		return err
	}
	return fmt.Errorf("%w; it needs the name of a file, which is not shown as it may be a secret", e.Err)
}
