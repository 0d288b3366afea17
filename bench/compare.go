package main

import (
	"context"
	"fmt"
	"slices"
)

// pair is both programs, measured at one distance.
type pair struct {
	distance         distance
	syncer, baseline []series
}

// compare measures both programs, in turn, at several distances.
func (b *benchmark) compare(ctx context.Context) error {
	pairs := []*pair{
		{distance: distance{}},
		{distance: distance{database: farDatabase}},
		{distance: distance{database: farDatabase, api: farAPI}},
	}
	for _, p := range pairs {
		sample := b.sample
		if p.distance.api > 0 { // which takes much longer
			sample /= 3
		}
		for range b.runs {
			one, err := b.series(ctx, "syncer", runSyncer, setup{links: b.links, distance: p.distance})
			if err != nil {
				return err
			}
			other, err := b.series(ctx, "baseline", runBaseline, setup{plain: true, links: b.links, named: sample, others: true, distance: p.distance})
			if err != nil {
				return err
			}
			p.syncer, p.baseline = append(p.syncer, one), append(p.baseline, other)
		}
	}
	b.near = pairs[0].syncer

	b.section("Side by side",
		fmt.Sprintf("syncer syncs %s links, all of the organization. The baseline (the official SDK one by one, row by row, a transaction a link;", whole(b.links)),
		fmt.Sprintf("`bench/baseline`) syncs %s of them, a third of that where the API is far, into tables that hold all others already and write no", whole(b.sample)),
		fmt.Sprintf("history; its rates count only links that it could read. To the database and back it takes %s ms, and %s ms through the relay that makes it far.",
			number(milliseconds(b.lab.near)), number(milliseconds(b.lab.far))))
	b.speeds(pairs)
	b.text(of(pairs[0].baseline, firstLoad).unreadable()...)
	for i := range scenarios {
		b.work(i, pairs)
	}
	return nil
}

// speeds reports how fast both are.
func (b *benchmark) speeds(pairs []*pair) {
	var rates, waits [][]string
	for _, p := range pairs {
		for i := range scenarios {
			s, o := of(p.syncer, i), of(p.baseline, i)
			what := []string{scenario(i), fmt.Sprintf("%g ms", milliseconds(p.distance.database)), fmt.Sprintf("%g ms", milliseconds(p.distance.api))}
			rates = append(rates, append(slices.Clip(what), spread(s.all(rate)), spread(o.all(rate)), times(s.median(rate), o.median(rate))))
			waits = append(waits, append(slices.Clip(what),
				number(s.median(wall)), number(o.median(wall)), number(s.median(toRequest)), number(o.median(toRequest))))
		}
	}
	b.table([]string{"Links a second", "to database", "to API", "syncer", "baseline", "better by"}, rates)
	b.table([]string{"Time", "to database", "to API", "syncer, s", "baseline's sample, s", "syncer to first request, ms", "baseline, ms"}, waits)
}

// work reports the cost of one scenario. The figures do not depend on
// distances: statements are counted behind the relay, all else without it.
func (b *benchmark) work(which int, pairs []*pair) {
	s, o := of(pairs[0].syncer, which), of(pairs[0].baseline, which)
	sFar, oFar := of(pairs[1].syncer, which), of(pairs[1].baseline, which)
	var rows [][]string
	row := func(name string, s, o passes, m measure) {
		rows = append(rows, []string{name, number(s.median(m)), number(o.median(m)), times(o.median(m), s.median(m))})
	}
	row("requests", s, o, requests)
	row("SQL statements", sFar, oFar, per100(func(p pass) int64 { return p.statements }))
	row("round trips to the database", sFar, oFar, per100(func(p pass) int64 { return p.roundTrips }))
	row("row versions in the catalogue", s, o, per100(func(p pass) int64 { return p.counters.rows }))
	row("row versions in `changes`", s, o, per100(func(p pass) int64 { return p.counters.changes }))
	row("row versions in `sync_runs`", s, o, per100(func(p pass) int64 { return p.counters.runs }))
	row("sequential scans of the catalogue", s, o, per100(func(p pass) int64 { return p.counters.scans }))
	row("WAL, bytes a link", s, o, walALink)
	rows = append(rows, []string{"peak memory, MB a process", s.peak(), o.peak(), times(o.median(megabytes), s.median(megabytes))})
	b.table([]string{"Work for 100 links; " + scenario(which), "syncer", "baseline", "better by"}, rows)
}
