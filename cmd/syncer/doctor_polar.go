package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"syncer/internal/fetch"
	"syncer/internal/plain"
)

// probeTimeout bounds a request: whoever asks what is wrong does not want to wait.
const probeTimeout = 20 * time.Second

func (e *examination) checkPolar(ctx context.Context) finding {
	if e.source.Token == nil {
		return skip("not checked: there is no access token")
	}
	client := fetch.New(fetch.Config{
		Server: e.source.Server, Token: e.source.Token, Version: e.source.APIVersion, UserAgent: userAgent(), Timeout: probeTimeout,
	})
	defer client.Close()
	total, err := client.Probe(ctx)
	if err != nil {
		return probeFailed(e.source.Server.String(), err)
	}
	e.total = int(total)
	text := e.source.Server.String() + " accepts the token; its organization has " + counted(e.total, "link", "links")
	if version, known := client.Version(); known {
		text += "; API version " + cmp.Or(version, "left to Polar, which knows none that this program does")
	}
	if total == 0 {
		return warn(text, "Is it the token for the right organization and the right server? Production and sandbox each have their own.")
	}
	return good("%s", text)
}

// probeFailed explains the error of the one request.
func probeFailed(server string, err error) finding {
	status := 0
	if e, ok := errors.AsType[*fetch.Error](err); ok {
		status = e.Status
	}
	text := server + ": " + plain.Line(err.Error())
	switch {
	case strings.Contains(text, unknownAuthority):
		return wrong(exitUnreachable, text, authorityAdvice)
	case status == http.StatusForbidden:
		return wrong(exitRefused, text, "Give the token the scope checkout_links:read in Polar's settings, or make another one that has it.")
	case errors.Is(err, fetch.ErrRefused):
		return wrong(exitRefused, text, "Make an organization access token with the scope checkout_links:read in Polar's settings, and put it where\n"+
			"POLAR_ACCESS_TOKEN or POLAR_ACCESS_TOKEN_FILE takes it from. Production and sandbox each have their own tokens.")
	case errors.Is(err, fetch.ErrRateLimited):
		return warn(text, "Something else uses up the organization's requests: try again in a minute. If that does not help, lower requests_per_minute.")
	case status == http.StatusInternalServerError:
		return warn(text, "Polar cannot show the organization's oldest links. A run still gets the others; `syncer status` says which fail.")
	case errors.Is(err, fetch.ErrVersion):
		return wrong(exitUnreachable, text, hint(err))
	case errors.Is(err, fetch.ErrBadAnswer), errors.Is(err, fetch.ErrBetween):
		return wrong(exitUnreachable, text, "What answers there is not Polar's API: check POLAR_SERVER, and whether anything sits in between.")
	}
	return wrong(exitUnreachable, text, "Check POLAR_SERVER and the network: name server, firewall, proxy (HTTPS_PROXY). If Polar is down, try again later.")
}
