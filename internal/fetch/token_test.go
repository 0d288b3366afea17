package fetch_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
)

// Whoever rotates a token empties its file, writes a part of the new one, and then
// the rest.
func TestATokenIsReadAgainWhileItsFileIsWritten(t *testing.T) {
	t.Parallel()
	for name, reads := range map[string][]string{
		"an empty file":       {"", "", fakeToken},
		"half a token":        {fakeToken[:10], fakeToken},
		"the one before":      {"revoked-token", fakeToken},
		"all of it in a row":  {"revoked-token", "", "", fakeToken[:5], fakeToken},
		"nothing of the kind": {fakeToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.Start(t, "seed-ads")
			s.SetToken(fakeToken)
			left := reads
			client := newClient(t, s, func(c *fetch.Config) {
				c.Token = func() (secret.Text, error) {
					token := left[0]
					left = left[min(1, len(left)-1):]
					if token == "" {
						return secret.Text{}, errors.New("/run/secrets/token is empty")
					}
					return secret.New(token), nil
				}
			})
			observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0])
			if err != nil || observed.Err != nil {
				t.Errorf("%v, %v", err, observed.Err)
			}
		})
	}
}

func TestATokenFileThatStaysEmptyEndsTheWalk(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	path := filepath.Join(t.TempDir(), "token")
	reads := 0
	client := newClient(t, s, func(c *fetch.Config) {
		c.Token = func() (secret.Text, error) {
			reads++
			_, err := os.ReadFile(path)
			return secret.Text{}, err
		}
	})
	_, err := client.List(t.Context(), 1, 100)
	if kindName(t, err) != "refused" || !strings.Contains(err.Error(), path) || reads != tries || s.Requests().Total != 0 {
		t.Errorf("%v after %d reads and %d requests", err, reads, s.Requests().Total)
	}
}

func TestATokenThatPolarRefusesIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	client := newClient(t, s)
	s.SetToken("another")
	if _, err := client.List(t.Context(), 1, 100); kindName(t, err) != "refused" || s.Requests().Total != 1 {
		t.Errorf("%v after %d requests", err, s.Requests().Total)
	}
}
