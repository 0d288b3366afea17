package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// recordedAnswers returns all recorded answers to GET, except for 200s whose
// body was not kept. Their Retry-After: 60 becomes 0: a process would really
// wait that long, several times.
func recordedAnswers(tb testing.TB) []fetchtest.ErrorAnswer {
	tb.Helper()
	all, err := fetchtest.Errors()
	if err != nil {
		tb.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(row fetchtest.ErrorAnswer) bool {
		return row.Request.Method != http.MethodGet || row.Status == http.StatusOK && row.Body == nil
	})
	for i := range all {
		headers := slices.Clone(all[i].Headers)
		for j, h := range headers {
			if strings.EqualFold(h.Name, "Retry-After") {
				headers[j].Value = "0"
			}
		}
		all[i].Headers = headers
	}
	return all
}

// wantedExits returns the exit codes if one of three links gets that answer,
// and if each does.
func wantedExits(row fetchtest.ErrorAnswer) (one, each int) {
	switch {
	case row.Status == http.StatusOK, strings.Contains(string(row.Body), `"ResourceNotFound"`):
		return exitDone, exitDone
	case row.Status == http.StatusUnauthorized, row.Status == http.StatusForbidden:
		return exitRefused, exitRefused
	case row.Status == http.StatusNotFound: // the route or the version
		return exitUnreachable, exitUnreachable
	case row.Status == http.StatusTooManyRequests, row.Status < 400:
		return exitPartial, exitUnreachable
	}
	return exitPartial, exitPartial
}

// inside runs the command in this process: starting one for each of so many
// runs takes too long.
func inside(tb testing.TB, env variables, args ...string) (code int, said string) {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	code = realMain(args, &stdout, &stderr, env.lookup)
	said = stdout.String() + stderr.String()
	noSecrets(tb, said)
	return code, said
}

// byStatus tests each status in parallel, and its answers in turn, in one
// place: a place for each answer would take much longer.
func byStatus(t *testing.T, rows []fetchtest.ErrorAnswer, test func(*testing.T, *place, fetchtest.ErrorAnswer)) {
	t.Helper()
	groups := map[string][]fetchtest.ErrorAnswer{}
	for i, row := range rows {
		group := strconv.Itoa(row.Status)
		// Retried each time, or with links that are gone the next time: each gets its own place.
		if row.Status == http.StatusInternalServerError || isOfList(row) {
			group += " " + strconv.Itoa(i)
		}
		groups[group] = append(groups[group], row)
	}
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "seed-ads")
			for _, row := range group {
				t.Run(row.Server+"/"+row.Name, func(t *testing.T) {
					defer p.polar.Reset()
					test(t, p, row)
				})
			}
		})
	}
}

func isOfList(row fetchtest.ErrorAnswer) bool {
	return row.Status == http.StatusOK && strings.Contains(row.Name, "LIST")
}

func TestEveryRecordedAnswerToOneOrAllLinks(t *testing.T) {
	t.Parallel()
	byStatus(t, slices.DeleteFunc(recordedAnswers(t), isOfList), func(t *testing.T, p *place, row fetchtest.ErrorAnswer) {
		t.Helper()
		ids := slices.Clone(p.polar.LinkIDs()[:3])
		if row.Status == http.StatusOK {
			ids[1] = idOf(t, row.Body)
			p.polar.Add(fetchtest.Answer{ID: ids[1], Body: row.Body})
		}
		backfill := func(when string, want int) {
			t.Helper()
			if code, said := inside(t, p.only(ids...), "backfill"); code != want {
				t.Errorf("%s: exit %d, want %d\n%s", when, code, want, said)
			}
		}
		wantGone := func(when string, want int) {
			t.Helper()
			if n := gone(t, p); n != want {
				t.Errorf("%s: %d marked as gone, want %d", when, n, want)
			}
		}
		one, each := wantedExits(row)
		removes := 0
		if row.Status == http.StatusNotFound && one == exitDone {
			removes = 1
		}
		backfill("before", exitDone)
		wantGone("before", 0)
		fault := p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(ids[1]), Play: fetchtest.Replay(row)})
		backfill("one link", one)
		wantGone("one link", removes)
		fault.Stop()
		if row.Status == http.StatusOK {
			return // a link's answer makes sense only for that link
		}
		defer p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(), Play: fetchtest.Replay(row)}).Stop()
		backfill("every link", each)
		wantGone("every link", 3*removes)
	})
}

func idOf(tb testing.TB, body []byte) string {
	tb.Helper()
	var link struct{ ID string }
	if err := json.Unmarshal(body, &link); err != nil {
		tb.Fatal(err)
	}
	return link.ID
}

// TestEveryRecordedAnswerToTheList gives that answer to the first page of LIST.
// A 500 means that one link of the page is broken, so its parts are asked for;
// whatever a 200 leaves out is asked for by id.
func TestEveryRecordedAnswerToTheList(t *testing.T) {
	t.Parallel()
	rows := slices.DeleteFunc(recordedAnswers(t), func(row fetchtest.ErrorAnswer) bool {
		return row.Status == http.StatusOK && !isOfList(row)
	})
	byStatus(t, rows, func(t *testing.T, p *place, row fetchtest.ErrorAnswer) {
		t.Helper()
		if code, said := inside(t, p.env, "backfill", "--all"); code != exitDone {
			t.Fatalf("before: exit %d\n%s", code, said)
		}
		want := exitUnexpected // the answer makes no sense for a list
		switch row.Status {
		case http.StatusOK, http.StatusInternalServerError:
			want = exitDone
		case http.StatusUnauthorized, http.StatusForbidden:
			want = exitRefused
		case http.StatusTooManyRequests, http.StatusTemporaryRedirect:
			want = exitUnreachable
		case http.StatusNotFound:
			if !strings.Contains(string(row.Body), `"ResourceNotFound"`) { // no such route or version
				want = exitUnreachable
			}
		}
		defer p.polar.Inject(fetchtest.Fault{Match: firstPage, Play: fetchtest.Replay(row)}).Stop()
		if code, said := inside(t, p.env, "backfill", "--all"); code != want {
			t.Errorf("exit %d, want %d\n%s", code, want, said)
		}
		if n := gone(t, p); n != 0 {
			t.Errorf("%d links marked as gone", n)
		}
	})
}

func firstPage(r *http.Request) bool {
	return fetchtest.OnList(1)(r) && r.URL.Query().Get("limit") == "100"
}
