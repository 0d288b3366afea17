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

// judge turns everything but a whole JSON answer with status 200 into an error.
// broken is the error that cut the body short, if any.
func judge(response *http.Response, body []byte, broken error, token string) *Error {
	status, contentType := response.StatusCode, response.Header.Get("Content-Type")
	if status == http.StatusOK && broken == nil && len(body) <= maxBody && isJSON(contentType) {
		return nil
	}
	kept := excerpt(body, token)
	e := &Error{Kind: ErrBadAnswer, Status: status, Body: kept, Detail: detail(kept)}
	switch {
	case broken != nil && (status == http.StatusOK || status == http.StatusNotFound): // only these need the body
		e.Kind, e.Detail, e.retry = ErrUnavailable, "cut short: "+bare(broken), true
	case status == http.StatusOK && len(body) > maxBody:
		e.Detail, e.tooLong = fmt.Sprintf("longer than %d MiB", maxBody>>20), true
	case status == http.StatusOK: // an edge answered with a page of its own
		e.Detail, e.retry = fmt.Sprintf("content type %.100q instead of JSON", hide(contentType, token)), true
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind = ErrRefused
	case status == http.StatusNotFound && errorCode(kept) == "ResourceNotFound":
		e.Kind = ErrNotFound
	case status == http.StatusTooManyRequests:
		e.Kind, e.retry, e.retryAfter = ErrRateLimited, true, retryAfter(response.Header, time.Minute)
	case status >= 500:
		e.Kind, e.retry, e.retryAfter = ErrUnavailable, true, retryAfter(response.Header, 0)
	case status >= 300 && status < 400:
		e.Detail = fmt.Sprintf("redirect to %.200q not followed; is POLAR_SERVER right?", hide(response.Header.Get("Location"), token))
	}
	return e
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
