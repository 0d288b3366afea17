package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/bench/relay"
)

// distance is the round-trip time to what a program works with.
type distance struct{ database, api time.Duration }

// Far is as far as within one data centre, and as Polar is from there.
const (
	farDatabase = time.Millisecond
	farAPI      = 50 * time.Millisecond
)

// user is the role of localpg's servers.
const user = "syncer"

// relay lengthens the way to the database to roundTrip, including the delay of
// the relay itself and of the kernel's timers, see calibrate.
func (l *lab) relay(ctx context.Context, roundTrip time.Duration) (*relay.Relay, error) {
	return relay.Start(ctx, relay.Options{Socket: l.socket, RoundTrip: max(0, roundTrip-l.late)})
}

// calibrate measures the ways: without a relay, and with one, once it makes up
// for its own delay.
func (l *lab) calibrate(ctx context.Context) (err error) {
	if l.near, err = roundTrip(ctx, l.postgres.URL(migrated)); err != nil {
		return err
	}
	for range 2 {
		r, err := l.relay(ctx, farDatabase)
		if err != nil {
			return err
		}
		l.far, err = roundTrip(ctx, r.URL(user, migrated))
		if err := errors.Join(err, r.Stop()); err != nil {
			return err
		}
		if l.late == 0 {
			l.late = l.far - farDatabase
		}
	}
	return nil
}

// roundTrip returns how long an empty statement takes.
func roundTrip(ctx context.Context, url string) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var took [200]time.Duration
	for i := range took {
		began := time.Now()
		if err := conn.Ping(ctx); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took[:])
	return took[len(took)/2], nil
}
