package fetch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// judge turns everything but a whole JSON answer with status 200 into an error. What
// is not in Polar's form is not Polar's word. broken is the error that cut the body
// short, if any.
func judge(response *http.Response, body []byte, broken error, token string) *Error {
	status := response.StatusCode
	form := isJSON(response.Header.Get("Content-Type")) && readable(response)
	if status == http.StatusOK && broken == nil && len(body) <= maxBody && form {
		return nil
	}
	kept := excerpt(body, token)
	e := &Error{Kind: ErrBadAnswer, Status: status, Body: kept, Detail: detail(kept)}
	if !form && len(kept) > 0 && !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") { // as Polar's own 500
		e.Detail = hide(stranger(response), token)
	}
	switch {
	case status == http.StatusTooManyRequests:
		e.Kind, e.retry, e.retryAfter = ErrRateLimited, true, retryAfter(response.Header, time.Minute)
	case status >= 500:
		e.Kind, e.retry, e.retryAfter = ErrUnavailable, true, retryAfter(response.Header, 0)
	case broken != nil && form: // the rest needs the body
		e.Kind, e.Detail, e.retry = ErrUnavailable, "cut short: "+bare(broken), true
	case status == http.StatusOK && len(body) > maxBody && form:
		e.Detail, e.tooLong = fmt.Sprintf("longer than %d MiB", maxBody>>20), true
	case status == http.StatusNotFound && form && isUnknownRoute(kept):
		e.Kind, e.Detail = ErrVersion, "check POLAR_SERVER"
		e.unversioned = response.Header.Get(versionHeader) == ""
	case !form || errorCode(kept) == "":
		e.Kind, e.Detail, e.retry = ErrBetween, hide(stranger(response), token), true
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind = ErrRefused
	case status == http.StatusNotFound && errorCode(kept) == "ResourceNotFound":
		e.Kind = ErrNotFound
	}
	return e
}

// stranger describes an answer that is not Polar's, without its body: that may show
// anything.
func stranger(response *http.Response) string {
	if to, err := response.Location(); err == nil && response.StatusCode < 400 && response.StatusCode >= 300 { // without its query
		return fmt.Sprintf("redirect to %.200q not followed; is POLAR_SERVER right?", to.Scheme+"://"+to.Host+to.Path)
	}
	h := response.Header
	text := fmt.Sprintf("content type %.100q", h.Get("Content-Type"))
	if !readable(response) {
		text += fmt.Sprintf(", content encoding %.100q, which was not asked for", h.Get("Content-Encoding"))
	}
	if server := h.Get("Server"); server != "" {
		text += fmt.Sprintf(", server %.100q", server)
	}
	return text
}

// readable reports whether the body is as it was before any packing: net/http
// unpacks what it asked for, and takes the header away.
func readable(response *http.Response) bool {
	encoding := response.Header.Get("Content-Encoding")
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// excerpt cuts body to a size worth keeping, without the token, which a server may echo.
func excerpt(body []byte, token string) []byte {
	if len(body) < keptBody {
		return []byte(hide(string(body), token))
	}
	text := hide(string(body[:keptBody]), token)
	return []byte(text[:len(text)-max(0, len(token)-1)]) // the cut may have split a token
}

func hide(text, token string) string {
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "[hidden]")
}

// errorCode returns the "error" of one of Polar's error answers, or "".
func errorCode(body []byte) string {
	var e struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return e.Error
}

// isUnknownRoute reports whether body is the API's answer to a route or version that
// it does not have.
func isUnknownRoute(body []byte) bool {
	var e struct {
		Error  any `json:"error"`
		Detail any `json:"detail"`
	}
	return json.Unmarshal(body, &e) == nil && e.Error == nil && e.Detail == "Not Found"
}

// detail returns what one of Polar's error answers says to a person.
func detail(body []byte) string {
	var e struct {
		Error       string          `json:"error"`
		Description string          `json:"error_description"`
		Detail      json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &e) != nil {
		line, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
		return strings.ToValidUTF8(string(line[:min(len(line), 200)]), "")
	}
	switch {
	case e.Description != "":
		return e.Description
	case len(e.Detail) > 0:
		return strings.Trim(string(e.Detail[:min(len(e.Detail), 400)]), `"`)
	}
	return e.Error
}

// retryAfter reads Retry-After, in seconds or as a date, capped.
func retryAfter(header http.Header, otherwise time.Duration) time.Duration {
	text := header.Get("Retry-After")
	wait := otherwise
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = max(0, time.Until(at))
	}
	return min(wait, maxPause)
}
