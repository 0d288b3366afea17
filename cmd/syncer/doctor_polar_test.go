package main

import (
	"testing"

	"syncer/internal/fetch/fetchtest"
)

func TestDoctorSaysWhatIsWrongWithPolarAndTheToken(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	for name, test := range map[string]struct { //nolint:paralleltest // one Polar, one fault at a time
		play     fetchtest.Play
		times    int // 0: always
		code     int
		status   string
		message  string
		advice   string
		requests int
	}{
		"unknown token":       {p.polar.Recorded("401 unknown token"), 0, exitRefused, "problem", "Polar refused the token: status 401: ", "Make an organization access token with the scope checkout_links:read", 1},
		"scope missing":       {p.polar.Recorded("403 scope missing"), 0, exitRefused, "problem", "Polar refused the token: status 403: ", "Give the token the scope checkout_links:read", 1},
		"over the limit":      {fetchtest.TooMany("60"), 0, exitDone, "warning", "Polar limits the rate of requests: status 429", "try again in a minute", 1},
		"one server fault":    {fetchtest.HTML(502), 1, exitDone, "ok", "accepts the token; its organization has 20 links", "", 2},
		"a lasting one":       {fetchtest.HTML(502), 0, exitUnreachable, "problem", "Polar is unavailable: status 502", "Check POLAR_SERVER and the network", 2},
		"oldest link broken":  {fetchtest.Status(500, "Internal Server Error"), 1, exitDone, "ok", "its organization has 20 links", "", 2},
		"oldest links broken": {fetchtest.Status(500, "Internal Server Error"), 0, exitDone, "warning", "status 500", "Polar cannot show the organization's oldest links.", 2},
		"another server":      {fetchtest.Status(200, "<html>welcome</html>", "Content-Type: text/html"), 0, exitUnreachable, "problem", "something between here and Polar answered", "What answers there is not Polar's API", 2},
		"no such route":       {fetchtest.Status(404, `{"detail":"Not Found"}`, "Content-Type: application/json"), 0, exitUnreachable, "problem", "asked for 2027-01, 2026-10, 2026-04, and for none in particular", "Set SYNCER_API_VERSION to auto", 4},
		"a redirect":          {fetchtest.Redirect(307, "https://elsewhere.example/"), 0, exitUnreachable, "problem", "not followed", "What answers there is not Polar's API", 2},
		"no links":            {fetchtest.Status(200, `{"items":[],"pagination":{"total_count":0,"max_page":0}}`, "Content-Type: application/json"), 0, exitDone, "warning", "its organization has 0 links", "Is it the token for the right organization", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p.polar.ResetCounts()
			defer p.polar.Inject(fetchtest.Fault{Play: test.play, Times: test.times}).Stop()
			d := diagnosed(t, p.env, test.code)
			d.wants("polar", test.status, test.message, test.advice)
			d.wantsRest("ok", "polar", "links") // 20 links are more than none
			if n := p.polar.Requests().Total; n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
	d := diagnosed(t, p.env.with("POLAR_SERVER", "http://"+nobodyListens(t)), exitUnreachable)
	d.wants("polar", "problem", "connection refused", "Check POLAR_SERVER and the network")
	d.wantsRest("ok", "polar")
}
