package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"syncer/internal/db"
	"syncer/internal/syncer"
)

// place names what a program works on.
type place struct {
	api      *api
	database string   // URL
	ids      []string // the links to sync; none: all of the organization
}

// outcome is the result of one run of a program, by its own report.
type outcome struct {
	process

	links      int     // that it had to sync
	done       int     // those it could read, and write or leave alone
	seconds    float64 // spent on those
	inside     float64 // seconds of all its work, from the first link on
	changed    int     // links; only syncer knows
	unreadable map[string]int
}

// program runs one of the two compared programs once.
type program func(context.Context, *lab, place) (outcome, error)

// token is one the api never checks.
const token = "bench"

// runSyncer runs `syncer backfill`, which exits with 0 only if all links are in place.
func runSyncer(ctx context.Context, l *lab, at place) (o outcome, err error) {
	env := []string{
		"DATABASE_URL=" + at.database, "POLAR_SERVER=" + at.api.url, "POLAR_ACCESS_TOKEN=" + token,
		"SYNCER_REQUESTS_PER_MINUTE=1000000",
	}
	if len(at.ids) == 0 {
		env = append(env, "POLAR_CHECKOUT_LINK_IDS=all")
	} else {
		// A variable may not hold them all.
		config := filepath.Join(l.dir, "syncer.yaml")
		text := "sources:\n  - name: default\n    checkout_link_ids: [" + strings.Join(at.ids, ", ") + "]\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return o, err
		}
		env = append(env, "SYNCER_CONFIG="+config)
	}
	if o.process, err = l.run(ctx, env, "syncer", "backfill", "--json", "--restart"); err != nil {
		return o, err
	}
	var r syncer.Report
	if err := json.Unmarshal(o.stdout, &r); err != nil {
		return o, fmt.Errorf("read syncer's report: %w", err)
	}
	o.links, o.done, o.changed = r.Links.Total, r.Links.Changed+r.Links.Unchanged, r.Links.Changed
	o.seconds = float64(r.DurationMS) / 1000
	o.inside = o.seconds
	return o, nil
}

// runBaseline runs the straightforward program, see bench/baseline.
func runBaseline(ctx context.Context, l *lab, at place) (o outcome, err error) {
	file := filepath.Join(l.dir, "ids")
	if err := os.WriteFile(file, []byte(strings.Join(at.ids, "\n")+"\n"), 0o600); err != nil {
		return o, err
	}
	o.process, err = l.run(ctx, nil, "baseline",
		"-server", at.api.url, "-token", token, "-database", at.database, "-schema", db.DefaultSchema, "-ids", file)
	if err != nil {
		return o, err
	}
	var r struct {
		Links             int     `json:"links"`
		Written           int     `json:"written"`
		Seconds           float64 `json:"seconds"`
		UnreadableSeconds float64 `json:"unreadable_seconds"`
		Unreadable        []struct {
			Error string `json:"error"`
		} `json:"unreadable"`
	}
	if err := json.Unmarshal(o.stdout, &r); err != nil {
		return o, fmt.Errorf("read the baseline's report: %w", err)
	}
	o.links, o.done, o.seconds, o.inside = r.Links, r.Written, r.Seconds, r.Seconds+r.UnreadableSeconds
	o.unreadable = map[string]int{}
	for _, u := range r.Unreadable {
		o.unreadable[u.Error]++
	}
	return o, nil
}
