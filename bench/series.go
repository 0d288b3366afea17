package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncer/bench/relay"
)

// The scenarios of a series, in order.
const (
	firstLoad = iota
	nothingChanged
	someChanged
	scenarios
)

func scenario(i int) string {
	return [scenarios]string{"first load", "nothing changed", "1 % changed"}[i]
}

// setup is a series' starting point: a fresh database, and an organization.
type setup struct {
	links    int  // of the organization
	named    int  // links given to the program by id; 0: it is to sync all
	others   bool // the database already holds all links but those
	plain    bool // no triggers write history: only syncer offers that
	distance distance
}

// pass holds the figures of one run of a program.
type pass struct {
	outcome

	toRequest  time.Duration // from the program's start to its first request
	requests   int
	busy       time.Duration // while the api was answering
	statements int64         // 0 if no relay counts them
	roundTrips int64
	counters   counters
	atMost     bool // the peak of memory is the benchmark's own; the program's is not above it
}

// series is one pass of each scenario, in order, on one database.
type series [scenarios]pass

// series runs a program through all scenarios.
func (l *lab) series(ctx context.Context, run program, s setup) (result series, err error) {
	err = l.with(ctx, run, s, func(m *measurement) error {
		for i := range result {
			changed := 0
			switch i {
			case firstLoad:
				changed = s.links
			case someChanged:
				if changed, err = m.place.api.change(ctx); err != nil {
					return err
				}
			}
			if result[i], err = m.pass(ctx); err != nil {
				return fmt.Errorf("%s: %w", scenario(i), err)
			}
			if got := result[i].changed; s.named == 0 && got != changed {
				return fmt.Errorf("%s: %d links changed, and %d were to", scenario(i), got, changed)
			}
		}
		return nil
	})
	return result, err
}

// with calls measure with everything that a setup requires.
func (l *lab) with(ctx context.Context, run program, s setup, measure func(*measurement) error) (err error) {
	d, err := l.database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.drop(context.WithoutCancel(ctx))) }()
	a, err := l.startAPI(ctx, s.links, s.distance.api)
	if err != nil {
		return err
	}
	defer a.stop()
	m := &measurement{lab: l, database: d, run: run, place: place{api: a, database: d.url()}}
	if s.distance.database > 0 {
		if m.relay, err = l.relay(ctx, s.distance.database); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.relay.Stop()) }()
		m.place.database = m.relay.URL(user, d.name)
	}
	ids, err := a.ids(ctx)
	if err != nil {
		return err
	}
	if s.others {
		if _, err := runSyncer(ctx, l, place{api: a, database: d.url(), ids: ids[s.named:]}); err != nil {
			return err
		}
		if err := d.settle(ctx); err != nil {
			return err
		}
	}
	if s.plain {
		if err := d.withoutHistory(ctx); err != nil {
			return err
		}
	}
	m.place.ids = ids[:s.named]
	return measure(m)
}

// measurement is one program on one database.
type measurement struct {
	lab      *lab
	database *database
	relay    *relay.Relay // nil: none in the way
	run      program
	place    place
}

// pass runs the program once and measures it.
func (m *measurement) pass(ctx context.Context) (p pass, err error) {
	if _, err := m.place.api.served(ctx); err != nil { // count from here
		return p, err
	}
	before, err := m.database.counters(ctx)
	if err != nil {
		return p, err
	}
	statements, roundTrips := m.counts()
	own := ownPeak()

	if p.outcome, err = m.run(ctx, m.lab, m.place); err != nil {
		return p, err
	}

	after, err := m.database.counters(ctx)
	if err != nil {
		return p, err
	}
	p.counters = after.since(before)
	p.statements, p.roundTrips = m.counts()
	p.statements -= statements
	p.roundTrips -= roundTrips
	p.atMost = p.peak <= own
	s, err := m.place.api.served(ctx)
	if err != nil {
		return p, err
	}
	p.requests, p.busy, p.toRequest = s.Requests, s.Busy, s.First.Sub(p.started)
	return p, m.database.settle(ctx)
}

func (m *measurement) counts() (statements, roundTrips int64) {
	if m.relay == nil {
		return 0, 0
	}
	return m.relay.Counts()
}
