package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// This file words what people read: times, numbers, lists, names.

// moment writes a time for people, in UTC.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// between tells when something happened, as precisely as is known.
func between(notBefore *time.Time, notAfter time.Time) string {
	if notBefore == nil {
		return "by " + moment(notAfter)
	}
	if y, m, d := notBefore.UTC().Date(); time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Equal(notAfter.UTC().Truncate(24 * time.Hour)) {
		return fmt.Sprintf("%s between %s and %s", notBefore.UTC().Format("2006-01-02"), notBefore.UTC().Format("15:04:05"), notAfter.UTC().Format("15:04:05"))
	}
	return fmt.Sprintf("between %s and %s", moment(*notBefore), moment(notAfter))
}

// lasting writes a duration for people, rounded up to seconds, in at most two units.
func lasting(d time.Duration) string {
	left := int64((d + time.Second - 1) / time.Second)
	var parts []string
	for _, unit := range []struct {
		seconds   int64
		one, many string
	}{{86400, "day", "days"}, {3600, "h", "h"}, {60, "min", "min"}, {1, "s", "s"}} {
		if n := left / unit.seconds; n > 0 {
			parts = append(parts, counted(int(n), unit.one, unit.many))
		} else if len(parts) > 0 {
			break // 1 h 0 min 5 s is 1 h
		}
		left %= unit.seconds
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts[:min(2, len(parts))], " ")
}

// counted writes a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// verb agrees with how many do it.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// some lists the first texts, and counts the rest.
func some(texts []string, most int) string {
	if len(texts) <= most+1 { // "and 1 more" is no shorter
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
}

// sentence adds a capital and a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// linkTitle names a link, with its label in quotes if it has one.
func linkTitle(id string, label *string) string {
	if label == nil || *label == "" {
		return "link " + id
	}
	return fmt.Sprintf("link %s %q", id, *label)
}

// nameFrom looks up a thing's name by its id, for words.Lines.
func nameFrom(names map[uuid.UUID]string) func(id string) string {
	return func(text string) string {
		id, err := uuid.Parse(text)
		if err != nil {
			return ""
		}
		return names[id]
	}
}
