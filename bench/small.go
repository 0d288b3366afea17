package main

import (
	"context"
	"errors"
	"fmt"
)

// grow measures what a link costs if there are ten times as many.
func (b *benchmark) grow(ctx context.Context) error {
	large, err := b.series(ctx, "syncer", runSyncer, setup{links: 10 * b.links})
	if err != nil {
		return err
	}
	var rows [][]string
	for i := range scenarios {
		s, l := of(b.near, i), passes{large[i]}
		row := func(name string, m measure) {
			rows = append(rows, []string{scenario(i) + ": " + name, number(s.median(m)), number(l.median(m)), times(l.median(m), s.median(m))})
		}
		row("µs a link", micros)
		row("WAL, bytes a link", walALink)
		row("sequential scans of the catalogue", func(p pass) float64 { return float64(p.counters.scans) })
		row("peak memory, MB", megabytes)
	}
	b.section("Ten times as many links", "syncer, nothing far; one run of the larger organization. The baseline takes as long for every link, however many there are.")
	b.table([]string{"", whole(b.links) + " links", whole(10*b.links) + " links", "grows by"}, rows)
	return nil
}

// byID gives all links by id instead of asking for all.
func (b *benchmark) byID(ctx context.Context) error {
	named, err := b.series(ctx, "syncer, by id", runSyncer, setup{links: b.links, named: b.links})
	if err != nil {
		return err
	}
	var rows [][]string
	for i := range scenarios {
		rows = append(rows, []string{scenario(i), whole(named[i].requests), number(rate(named[i])), number(wall(named[i]))})
	}
	b.section("Links given by id", fmt.Sprintf("The %s ids of the organization in the configuration, instead of `all`; syncer, one run, nothing far.", whole(b.links)))
	b.table([]string{"", "requests", "links/s", "whole process, s"}, rows)
	return nil
}

// everyday is the usual run: a hundred links, none changed.
func (b *benchmark) everyday(ctx context.Context) error {
	const links = 100
	columns := make([]passes, 2)
	for i, p := range []struct {
		name  string
		run   program
		setup setup
	}{
		{"syncer", runSyncer, setup{links: links}},
		{"baseline", runBaseline, setup{plain: true, links: links, named: links}},
	} {
		b.doing("%s, %d links of which none changed, %d times", p.name, links, b.often)
		err := b.lab.with(ctx, p.run, p.setup, func(m *measurement) error {
			if _, err := m.pass(ctx); err != nil { // the first load
				return err
			}
			for range b.often {
				one, err := m.pass(ctx)
				if err != nil {
					return err
				}
				if one.changed > 0 {
					return errors.New("a link changed, and none was to")
				}
				columns[i] = append(columns[i], one)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var rows [][]string
	row := func(name string, m measure) {
		s, o := columns[0], columns[1]
		rows = append(rows, []string{name, spread(s.all(m)), spread(o.all(m)), times(o.median(m), s.median(m))})
	}
	busy := func(p pass) float64 { return milliseconds(p.busy) }
	inside := func(p pass) float64 { return p.inside * 1000 }
	process := func(p pass) float64 { return milliseconds(p.wall) }
	row("the whole process", process)
	row("the run in it", inside)
	row("the API, answering", busy)
	row("the process without the API's part", func(p pass) float64 { return process(p) - busy(p) })
	row("the run without the API's part", func(p pass) float64 { return inside(p) - busy(p) })
	row("from start to first request", toRequest)
	b.section("Everyday: 100 links, nothing changed", fmt.Sprintf("%d runs, nothing far; the database is migrated.", b.often))
	b.table([]string{"ms", "syncer", "baseline", "better by"}, rows)
	return nil
}
