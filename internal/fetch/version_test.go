package fetch_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

// asked lists the versions that requests named, in their order.
func asked(s *fetchtest.Server) (versions []string) {
	for _, r := range s.Log() {
		versions = append(versions, r.Header.Get("Polar-Version"))
	}
	return versions
}

func TestTheNewestVersionThatPolarKnowsIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		known, asked []string
		want         string
	}{
		"autumn 2026":          {[]string{"2026-04", "2026-10", "2027-01"}, []string{"2027-01", "2027-01"}, "2027-01"},
		"before it":            {[]string{"2026-04", "2026-10"}, []string{"2027-01", "2026-10", "2026-10"}, "2026-10"},
		"spring 2026":          {[]string{"2026-04"}, []string{"2027-01", "2026-10", "2026-04", "2026-04"}, "2026-04"},
		"only later ones left": {[]string{"2028-01"}, []string{"2027-01", "2026-10", "2026-04", "", ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.Start(t, "alpha")
			s.SetVersions(row.known...)
			client := newClient(t, s)
			if _, known := client.Version(); known {
				t.Error("known before anyone has asked")
			}
			for range 2 {
				if _, err := client.List(t.Context(), 1, 100); err != nil {
					t.Fatal(err)
				}
			}
			if got := asked(s); !slices.Equal(got, row.asked) || client.Requests() != int64(len(row.asked)) {
				t.Errorf("asked for %q, %d counted", got, client.Requests())
			}
			if got, known := client.Version(); got != row.want || !known {
				t.Errorf("keeps %q, %t", got, known)
			}
		})
	}
}

func TestOneRequestFindsTheVersionAndTheOthersFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServer(alpha(t))
		s.SetVersions("2026-10")
		client := bubbleClient(s, 5)
		began := time.Now()
		exhaust(t, client.Walk(t.Context(), unknown(20), nil))
		versions := map[string]int{}
		for i, r := range s.Log() {
			versions[r.Header.Get("Polar-Version")]++
			if i >= 5 && r.Began.Sub(began) < time.Minute {
				t.Fatal("the one that was refused is not in the budget")
			}
		}
		if want := map[string]int{"2027-01": 1, "2026-10": 40}; !maps.Equal(versions, want) {
			t.Errorf("asked for %v, want %v", versions, want)
		}
	})
}

func TestAVersionThatIsRemovedIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServer(alpha(t))
		s.SetVersions("2026-04")
		client := bubbleClient(s, 0)
		exhaust(t, client.Walk(t.Context(), unknown(4), nil))
		s.ResetCounts()
		s.SetVersions("2026-10", "2027-01") // as in January 2027
		exhaust(t, client.Walk(t.Context(), unknown(20), nil))
		versions := map[string]int{}
		for _, version := range asked(s) {
			versions[version]++
		}
		if got, _ := client.Version(); got != "2027-01" || versions["2027-01"] != 40 || versions["2026-04"] > 4 || len(versions) != 2 {
			t.Errorf("asked for %v, keeps %q", versions, got)
		}
	})
}

func TestNoVersionThatAnswersIsOneErrorOfTheSource(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		pinned   string
		breaks   func(*fetchtest.Server)
		requests int // at most
		says     string
	}{
		"all are refused": {"", func(s *fetchtest.Server) { s.SetVersions() }, 4, "asked for 2027-01, 2026-10, 2026-04, and for none in particular; check POLAR_SERVER"},
		"the pinned one":  {"2026-04", func(s *fetchtest.Server) { s.SetVersions("2026-10") }, 1, "asked for 2026-04 alone, as api_version says; set it to auto"},
		"another address": {"", func(s *fetchtest.Server) { s.Inject(fetchtest.Fault{Play: s.Recorded("404 unknown route")}) }, 1 + 4, "check POLAR_SERVER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fetchtest.NewServer(alpha(t))
				s.SetClock(time.Now)
				row.breaks(s)
				client := clientOver(wireless{s: s}, 0, func(c *fetch.Config) { c.Version = row.pinned })
				batches, err := collect(client.Walk(t.Context(), unknown(20), nil))
				if len(batches) != 0 || kindName(t, err) != "version" || fetch.Unreachable(err) || !strings.Contains(err.Error(), row.says) {
					t.Errorf("%d batches, %v", len(batches), err)
				}
				if got := asked(s); len(got) > row.requests {
					t.Errorf("%d requests: %q", len(got), got)
				}
				if _, known := client.Version(); known {
					t.Error("is known")
				}
				<-time.After(time.Minute)
				s.ResetCounts()
				if _, err := client.List(t.Context(), 1, 100); !errors.Is(err, fetch.ErrVersion) || s.Requests().Total == 0 {
					t.Errorf("the next run's, after %d requests: %v", s.Requests().Total, err)
				}
			})
		})
	}
}

func TestAPinnedVersionIsTheOnlyOneAskedFor(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "alpha")
	s.SetVersions("2026-10", "2029-07")
	client := newClient(t, s, func(c *fetch.Config) { c.Version = "2029-07" })
	if _, err := client.List(t.Context(), 1, 100); err != nil {
		t.Fatal(err)
	}
	if got, known := client.Version(); got != "2029-07" || !known || !slices.Equal(asked(s), []string{"2029-07"}) {
		t.Errorf("asked for %q, keeps %q", asked(s), got)
	}
}

func TestAnOutageSaysNothingAboutVersions(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "alpha")
	s.SetVersions("2026-10")
	for _, play := range []fetchtest.Play{fetchtest.HTML(404), fetchtest.Status(502, ""), fetchtest.Hangup()} {
		s.Inject(fetchtest.Fault{Play: play, Times: 1})
	}
	client := newClient(t, s)
	if _, err := client.List(t.Context(), 1, 100); err != nil {
		t.Fatal(err)
	}
	if got, _ := client.Version(); got != "2026-10" {
		t.Errorf("keeps %q, asked for %q", got, asked(s))
	}
}

func TestAVersionIsAYearAndAMonth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "auto", "auto": "auto", "2026-10": "2026-10", "2031-12": "2031-12"} {
		if got, err := fetch.ParseVersion(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"latest", "2026-13", "2026-1", "2026-10-01", " 2026-10", "v1", "1999-10"} {
		if got, err := fetch.ParseVersion(text); err == nil || !strings.Contains(err.Error(), "2027-01, 2026-10, 2026-04") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// alpha is a catalogue of a server that knows versions.
func alpha(t *testing.T) *fetchtest.Recording {
	t.Helper()
	rec, err := fetchtest.Load("alpha")
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
